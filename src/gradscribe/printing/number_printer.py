"""Expressions of single numbers as Python source: what `math` has, and comparisons.

A function keeps the name that it has in NumPy, so that the same source works with NumPy's
functions where numbers are complex.
"""

from dataclasses import dataclass, field
from fractions import Fraction

from sympy import Expr

from gradscribe.printing.numpy_printer import source
from gradscribe.program.ir import Add, Call, Const, Mul, Node, Power, Ref
from gradscribe.program.lower import lower

# Functions by NumPy's names and by those in `math`, where they differ.
MATH_NAMES = {
    "arctan": "atan", "arcsin": "asin", "arccos": "acos", "arcsinh": "asinh", "arctanh": "atanh",
}  # fmt: skip
_SIGNS = {"greater": ">", "greater_equal": ">=", "less": "<", "less_equal": "<="}
_WRITTEN_OUT = 4  # the largest power that is a product, which is faster and does not raise


@dataclass
class NumberPrinter:
    """Prints expressions and notes the functions that they call.

    Attributes:
        functions: the names of these functions, in order.
    """

    functions: dict[str, None] = field(default_factory=dict)

    def source(self, expr: Expr) -> str:
        """Return an expression in symbols as Python source.

        `1 - 2 a²` is "1.0 - 2.0 * a * a".
        """
        names = {s: s.name for s in expr.free_symbols}
        return _bare(source(self.prepared(lower(expr, (), names))))

    def prepared(self, node: Node) -> Node:
        """Return a tree in which calls are texts, numbers floats and small powers products."""
        match node:
            case Const(value) if value != -1:
                exact = isinstance(value, float) or Fraction(float(value)) == value
                return Ref(repr(float(value))) if exact else node
            case Add(terms):
                return Add(tuple(map(self.prepared, terms)))
            case Mul(factors):
                return Mul(tuple(f for factor in factors for f in self.factors(factor)))
            case Power(base, exponent) if exponent < 0:
                return Mul((Ref("1.0"), Power(self.prepared(base), exponent)))
            case Power():
                factors = self.factors(node)
                return factors[0] if len(factors) == 1 else Mul(factors)
            case Call(function, arguments):
                return Ref(self.call(function, tuple(source(self.prepared(a)) for a in arguments)))
        return node

    def factors(self, factor: Node) -> tuple[Node, ...]:
        """Return a factor, a small power of a name as so many factors."""
        if not isinstance(factor, Power):
            return (self.prepared(factor),)
        base = self.prepared(factor.base)
        if isinstance(base, Ref) and 1 < factor.exponent <= _WRITTEN_OUT:
            return (base,) * factor.exponent
        return (Power(base, factor.exponent),)

    def call(self, function: str, arguments: tuple[str, ...]) -> str:
        """Return a call, or the comparison that it means."""
        if function in ("minimum", "maximum"):
            return _extreme(function, *arguments)
        if function in _SIGNS:
            return f"(1.0 if {_compared(function, arguments)} else 0.0)"
        if function in ("where", "choice"):
            condition, yes, no = arguments[:3]
            condition = condition.removeprefix("(1.0 if ").removesuffix(" else 0.0)")
            return f"({yes} if {condition} else {no})"
        if function == "sign":
            (a,) = arguments
            return f"(1.0 if {a} > 0.0 else -1.0 if {a} < 0.0 else 0.0)"
        if function == "power":
            return f"(({arguments[0]}) ** ({arguments[1]}))"
        function = function.removeprefix("_")  # as `math` has it
        if function != "abs":
            self.functions[function] = None
        return f"{function}({', '.join(map(_bare, arguments))})"


def _compared(function: str, arguments: tuple[str, ...]) -> str:
    """Return a comparison: `u > -709` rather than `-u < 709`."""
    left, right = arguments
    sign = _SIGNS[function]
    if not _is_number(right):
        return f"{left} {sign} {right}"
    limit = float(right)
    if left.startswith("-") and left[1:].isidentifier():
        left, limit = left[1:], -limit
        sign = sign.translate(str.maketrans("<>", "><"))
    return f"{left} {sign} {limit + 0.0:.17g}"


def _extreme(function: str, left: str, right: str) -> str:
    """Return the smaller or larger of two numbers; a comparison is faster than a call."""
    left, right = (right, left) if _is_number(left) else (left, right)
    name = left.removeprefix("-")
    negative = left != name
    sign = ">" if (function == "maximum") != negative else "<"
    if name.isidentifier() and _is_number(right):
        limit = float(right) * (-1 if negative else 1)
        return f"({left} if {name} {sign} {limit:.17g} else {right})"
    if name.isidentifier() and right == f"-{left}":
        return f"({left} if {left} {sign} 0 else {right})"
    return f"{function[:3]}({_bare(left)}, {_bare(right)})"


def _is_number(text: str) -> bool:
    return text.removeprefix("-").replace(".", "", 1).isdigit()


def _bare(text: str) -> str:
    """Return an expression without the parentheses around all of it, where there are any."""
    if not (text.startswith("(") and text.endswith(")")):
        return text
    depth = 0
    for position, character in enumerate(text):
        depth += {"(": 1, ")": -1}.get(character, 0)
        if depth == 0:
            return text[1:-1] if position == len(text) - 1 else text
    return text
