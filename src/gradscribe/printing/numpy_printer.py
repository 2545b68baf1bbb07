"""Array expressions as Python source with NumPy. Knows syntax, and nothing of networks."""

from fractions import Fraction

from gradscribe.errors import DerivationError
from gradscribe.notation import LARGEST_NUMERATOR, LONGEST_DENOMINATOR, size_python
from gradscribe.program.ir import (
    Add,
    Apply,
    Call,
    Const,
    Contract,
    Expand,
    Greatest,
    MatMul,
    Mul,
    Node,
    Ones,
    Permute,
    Power,
    Reduce,
    Ref,
    Size,
    Statement,
    Transpose,
    walk,
)

_COMPARISON, _SUM, _PRODUCT, _UNARY, _POWER, _ATOM = range(6)
_SIGNS = {"greater": ">", "greater_equal": ">=", "less": "<", "less_equal": "<=", "equal": "=="}


def source(node: Node, level: int = _COMPARISON) -> str:
    """Return an expression as Python source, in parentheses where its place asks for them.

    >>> source(Add((Const(Fraction(1)), Mul((Const(Fraction(-1)), Power(Ref("y1"), 2))))))
    '1 - y1**2'
    """
    own, text = _written(node)
    return f"({text})" if own < level else text


def statement_source(statement: Statement) -> str:
    """Return a statement as one line of Python source."""
    if statement.update == "diagonal":
        return f"_diagonal({statement.target})[...] += {source(statement.value)}"
    if statement.update:
        return f"{statement.target} {statement.update}= {source(statement.value)}"
    value = source(statement.value)
    if statement.reuse:
        value = f"{value[:-1]}, out={statement.reuse})"
    return f"{statement.target} = {value}"


def _written(node: Node) -> tuple[int, str]:
    """Return how tightly an expression binds, and its text."""
    match node:
        case Const(value):
            return _number(value)
        case Size(name):
            return _ATOM, size_python(name)
        case Ones(size):
            return _ATOM, f"np.ones({size_python(size)}, D.dtype)"
        case Ref(name):
            return _ATOM, name
        case Add(terms):
            return _SUM, _sum(terms)
        case Mul(factors):
            return _product(factors)
        case Power(base, exponent):
            return _power(base, exponent)
        case MatMul(left, right):
            return _PRODUCT, f"{source(left, _PRODUCT)} @ {source(right, _UNARY)}"
        case Permute(operand) | Transpose(operand):
            how = f"transpose{node.axes}" if isinstance(node, Permute) else "T"
            return _ATOM, f"{source(operand, _ATOM)}.{how}"
        case Reduce(operand, axes):
            return _ATOM, _total(operand, axes)
        case Greatest(operand, axis):
            return _ATOM, f"np.max({source(operand)}, axis={axis})"
        case Apply(left, right, 0):
            return _ATOM, f"_apply({source(left)}, {source(right)})"
        case Apply(left, right, _):
            return _PRODUCT, f"{source(left, _PRODUCT)} @ {source(right, _UNARY)}"
        case Contract(letters, left, right):
            return _ATOM, f'_product("{letters}", {source(left)}, {source(right)})'
        case Expand(operand, axes):
            places = ", ".join("None" if a in axes else ":" for a in range(max(axes) + 1))
            return _ATOM, f"{source(operand, _ATOM)}[{places}]"
        case Call(function, arguments):
            return _call(function, arguments)


def _number(value: Fraction | float) -> tuple[int, str]:
    level = _UNARY if value < 0 else _ATOM
    if isinstance(value, Fraction) and not _is_short(value):
        if Fraction(float(value)) != value and value.denominator <= LONGEST_DENOMINATOR:
            return _PRODUCT, f"{value.numerator} / {value.denominator}"
        return level, repr(float(value))
    return level, str(value)


def _is_short(value: Fraction) -> bool:
    """Whether a number is a whole one that NumPy takes as such."""
    return value.denominator == 1 and abs(value.numerator) <= LARGEST_NUMERATOR


def _sum(terms: tuple[Node, ...]) -> str:
    text = ""
    for term in terms:
        part = source(term, _SUM)
        if part.startswith("-"):
            text += f" - {part[1:]}" if text else part
        else:
            text += f" + {part}" if text else part
    return text


def _product(factors: tuple[Node, ...]) -> tuple[int, str]:
    above = [f for f in factors if not _is_inverse(f)]
    below = [Power(f.base, -f.exponent) for f in factors if isinstance(f, Power) and _is_inverse(f)]
    sign = ""
    if above and above[0] == Const(Fraction(-1)):
        sign, above = "-", above[1:]
    text = _chain(above) if above else "1"
    if below:
        squared = below[0].base if len(below) == 1 and below[0].exponent == 2 else None
        if isinstance(squared, Ref):  # the square of a small number is 0
            return _PRODUCT, f"{sign}{text} / {squared.name} / {squared.name}"
        under = _chain([b if b.exponent != 1 else b.base for b in below])
        text += f" / ({under})" if len(below) > 1 else f" / {source(_plain(below[0]), _UNARY)}"
    single = len(above) == 1 and not below
    return (_UNARY if sign and single else _PRODUCT), sign + text


def _chain(factors: list[Node]) -> str:
    """Join factors by `*`; a matrix product among them keeps its parentheses."""
    if len(factors) == 1:
        return source(factors[0], _PRODUCT)
    first, *rest = factors
    left = source(first, _UNARY if isinstance(first, MatMul) else _PRODUCT)
    return " * ".join([left, *(source(f, _UNARY) for f in rest)])


def _plain(power: Power) -> Node:
    return power.base if power.exponent == 1 else power


def _is_inverse(node: Node) -> bool:
    return isinstance(node, Power) and node.exponent < 0


def _power(base: Node, exponent: int) -> tuple[int, str]:
    if exponent < 0:
        return _PRODUCT, f"1 / {source(_plain(Power(base, -exponent)), _UNARY)}"
    return _POWER, f"{source(base, _ATOM)}**{exponent}"


def _total(operand: Node, axes: tuple[int, ...]) -> str:
    inside = source(operand)
    axis = f", axis={axes[0]}" if len(axes) == 1 else ("" if axes == (0, 1) else f", axis={axes}")
    return f"np.sum({inside}{axis})"


def _call(function: str, arguments: tuple[Node, ...]) -> tuple[int, str]:
    if function in _SIGNS:
        left, right = (source(a, _SUM) for a in arguments)
        return _COMPARISON, f"{left} {_SIGNS[function]} {right}"
    if function == "raised":
        base, exponent = arguments
        return _POWER, f"{source(base, _ATOM)}**{source(exponent, _ATOM)}"
    if function == "choice":
        condition, *values, like = arguments
        typed = (Ref(f"{source(like)}.dtype.type({source(value)})") for value in values)
        return _call("where", (condition, *typed))
    # Of sizes alone, a number of Python: it leaves the type of the arrays that it meets.
    inside = [n for a in arguments for n in walk(a)]
    of_sizes = all(isinstance(n, Size | Const | Add | Mul | Power) for n in inside)
    of_sizes = of_sizes and any(isinstance(n, Size) for n in inside)
    name = function if function.startswith("_") else f"np.{function}"
    if not name.isidentifier() and not name.startswith("np."):
        raise DerivationError(f"no NumPy function {function!r}")
    text = f"{name}({', '.join(source(a) for a in arguments)})"
    return _ATOM, f"float({text})" if of_sizes else text
