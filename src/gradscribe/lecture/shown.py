"""From SymPy's expressions to displayed formulas: the lecture's order, each factor in its tone."""

from collections.abc import Mapping
from dataclasses import dataclass

from sympy import (
    Add,
    Derivative,
    Expr,
    Indexed,
    KroneckerDelta,
    Mul,
    Number,
    Pow,
    S,
    Sum,
    Symbol,
)

from gradscribe.derivation import rules
from gradscribe.derivation.outputs import with_outputs
from gradscribe.equation import Equation, Role
from gradscribe.lecture.display import (
    Atom,
    Big,
    Brace,
    Minus,
    Node,
    Plus,
    Power,
    Product,
    Quotient,
    Ratio,
    Tone,
    Toned,
)
from gradscribe.model.network import Network
from gradscribe.notation import derivative_of, split
from gradscribe.symbols import ScalarFunction, component, factor_order, term_order


@dataclass(frozen=True)
class Shower:
    """Turns expressions of a network into displayed formulas.

    Attributes:
        network: the network.
        equations: its equations and the derived ones, by name.
    """

    network: Network
    equations: Mapping[str, Equation]

    def tone(self, expr: Expr) -> Tone | None:
        """Return the role of a factor."""
        inner = expr.base if isinstance(expr, Pow) else expr
        if isinstance(inner, ScalarFunction):
            return Tone.SLOPE if inner.order else None
        if isinstance(inner, Derivative):
            return self.tone_of_derivative(inner)
        if isinstance(inner, Add):
            tones = {self.tone(a) for a in inner.args}
            return tones.pop() if len(tones) == 1 else self.tone_of_difference(inner)
        name = name_of(inner)
        return self.tone_of_name(name) if name else None

    def tone_of_difference(self, expr: Add) -> Tone | None:
        """Return the tone of d − y, which is the error written out."""
        names = {name_of(a.as_coeff_Mul()[1]) for a in expr.args}
        return Tone.ERROR if self.network.target.name in names else None

    def tone_of_name(self, name: str) -> Tone | None:
        """Return the role of a variable."""
        above, *below = derivative_of(name) or ("",)
        if above == "E":
            return Tone.ERROR if below[0] in self.after_output else None
        if above:
            return None
        variable = self.network.variables.get(name)
        if variable is None or name in ("E", "J") or split(name).stem == "u":
            return None
        if name == self.network.target.name or name in self.after_output:
            return Tone.ERROR if name != self.network.output.name else Tone.INPUT
        if variable.role is Role.PARAMETER:
            return Tone.WEIGHT if len(variable.shape) == 2 else None
        return Tone.INPUT

    @property
    def after_output(self) -> set[str]:
        """The output and what is computed of it: their ∂E are the error's."""
        names = [q.name for q in self.network.equations]
        return set(names[names.index(self.network.output.name) : -1])

    def tone_of_derivative(self, expr: Derivative) -> Tone | None:
        """Return the tone of what a derivative is equal to."""
        value = self.value_of(expr)
        factors = [f for f in Mul.make_args(value) if not f.is_Number]
        tones = [t for f in factors if (t := self.tone(f)) is not None]
        if name_of(expr.variables[0]) in self.after_output and not tones:
            return Tone.ERROR
        return tones[0] if tones else None

    def value_of(self, expr: Derivative) -> Expr:
        """Return what a derivative is where its indices fit: Kronecker deltas are 1."""
        name = name_of(expr.variables[0])
        variable = self.network.variables.get(name) or self.equations[name].variable
        found = rules.collapse(rules.evaluate_derivatives(expr, self.equations, {name: variable}))
        found = with_outputs(found, [self.equations[name_of(expr.expr)]])
        found = rules.tidy(found, tuple(sorted(expr.free_symbols, key=str)))
        if not all(term.has(KroneckerDelta) for term in Add.make_args(found)):
            return found  # as of softmax: other nodes matter too
        return found.replace(KroneckerDelta, lambda *_: 1)

    def is_total(self, expr: Derivative) -> bool:
        """Whether what is differentiated is a function of that one variable alone."""
        equation = self.equations[name_of(expr.expr)]
        return isinstance(equation.right, ScalarFunction)

    # -- trees --

    def tree(self, expr: Expr, *, braces: bool = False) -> Node:
        """Return a displayed formula.

        Args:
            expr: the expression.
            braces: whether derivatives have what they are equal to under a brace.
        """
        match expr:
            case Add():
                return self.sum(expr, braces)
            case Sum():
                return self.total(expr, braces)
            case Mul():
                return self.product(expr, braces)
            case Pow() if is_inverse(expr):
                return Ratio(Atom(S.One), self.tree(Pow(expr.base, -expr.exp), braces=braces))
            case Pow() if expr.exp.is_Integer and expr.exp > 1:
                return self.toned(expr, Power(self.plain(expr.base, braces), int(expr.exp)))
            case _:
                return self.toned(expr, self.plain(expr, braces))

    def plain(self, expr: Expr, braces: bool) -> Node:
        """Return an expression without its tone."""
        if isinstance(expr, Derivative):
            return self.derivative(expr)
        if isinstance(expr, Add):
            terms = tuple(self.term(a, braces) for a in sorted(expr.args, key=term_order))
            return untoned(Plus(terms)) if self.tone(expr) else Plus(terms)
        return Atom(expr)

    def toned(self, expr: Expr, node: Node) -> Node:
        """Return a formula in the tone of an expression."""
        tone = self.tone(expr)
        return Toned(tone, node) if tone else node

    def derivative(self, expr: Derivative) -> Quotient:
        """Return a derivative as a quotient."""
        above, below = Atom(expr.expr), Atom(expr.variables[0])
        return Quotient(above, below, total=self.is_total(expr))

    def sum(self, expr: Add, braces: bool) -> Node:
        """Return a sum, in one tone where it is an error."""
        tone = self.tone_of_difference(expr)
        node = Plus(tuple(self.term(a, braces) for a in sorted(expr.args, key=term_order)))
        return Toned(tone, untoned(node)) if tone else node

    def term(self, expr: Expr, braces: bool) -> Node:
        """Return a term, as a negative where it begins with a minus."""
        if expr.could_extract_minus_sign():
            return Minus(self.tree(-expr, braces=braces))
        return self.tree(expr, braces=braces)

    def total(self, expr: Sum, braces: bool) -> Node:
        """Return a sum over indices."""
        node = self.tree(expr.function, braces=braces)
        for k, _, stop in reversed(expr.limits):
            node = Big(k, stop, node)
        return node

    def product(self, expr: Mul, braces: bool) -> Node:
        """Return a product in the order of the lecture."""
        coefficient, rest = expr.as_coeff_Mul()
        below = [Pow(f.base, -f.exp) for f in Mul.make_args(rest) if is_inverse(f)]
        if below and not any(_is_size(f) for f in below):
            above = Mul(coefficient, *[f for f in Mul.make_args(rest) if not is_inverse(f)])
            return Ratio(self.tree(above), self.tree(Mul(*below)))
        fraction = [f for f in Mul.make_args(rest) if _is_size(f)]
        ordered = sorted((f for f in Mul.make_args(rest) if not _is_size(f)), key=self.order)
        nodes = [self.factor(f, braces) for f in ordered]
        if fraction:
            return self.scaled(Mul(coefficient, *fraction), nodes)
        if coefficient == 1:
            return nodes[0] if len(nodes) == 1 else Product(tuple(nodes))
        if coefficient == -1:
            return Minus(nodes[0] if len(nodes) == 1 else Product(tuple(nodes)))
        first = nodes[0]
        number = Atom(coefficient)
        if isinstance(first, Toned) and first.tone is Tone.ERROR:
            together = Toned(Tone.ERROR, Product((number, first.body)))
            rest_nodes = (together, *nodes[1:])
            return rest_nodes[0] if len(rest_nodes) == 1 else Product(rest_nodes)
        return Product((number, *nodes))

    def written_out(self, node: Node) -> Node:
        """Return a formula with the error written out: e_i is (d_i − y_i)."""
        error = self.equations.get("e")
        match node:
            case Atom(expr=Indexed() as expr) if error is not None and name_of(expr) == "e":
                return untoned(self.tree(error.at(expr.indices)))
            case Toned():
                return Toned(node.tone, self.written_out(node.body))
            case Product():
                return Product(tuple(map(self.written_out, node.factors)), node.sign)
            case Minus():
                return Minus(self.written_out(node.body))
            case Power():
                return Power(self.written_out(node.base), node.exponent)
            case _:
                return node

    def order(self, factor: Expr) -> tuple[bool, tuple[int, str]]:
        """Return the place of a factor: the error first, then as in any formula."""
        return self.tone(factor) is not Tone.ERROR, factor_order(factor)

    def scaled(self, scale: Expr, nodes: list[Node]) -> Node:
        """Return a product with a factor of sizes before it."""
        return Product((Atom(scale), *nodes)) if nodes else Atom(scale)

    def factor(self, expr: Expr, braces: bool) -> Node:
        """Return a factor, with what it is equal to under it if asked for."""
        if braces and isinstance(expr, Derivative):
            label = self.tree(self.value_of(expr))
            return Brace(self.toned(expr, self.derivative(expr)), label)
        name = name_of(expr)
        if braces and name and split(name).stem == "delta" and isinstance(expr, Indexed):
            value = component(f"dE_du{split(name).layer}", expr.indices)
            return Brace(Atom(value), Atom(expr))
        known = self.equations.get(name)
        if braces and known is not None and name.startswith("dE_d") and not known.right.has(Sum):
            label = known.right.xreplace(dict(zip(known.indices, expr.indices, strict=True)))
            return Brace(self.toned(expr, Atom(expr)), self.tree(label))
        return self.tree(expr, braces=braces)


def untoned(node: Node) -> Node:
    """Return a sum whose terms have no tone of their own."""
    match node:
        case Toned():
            return node.body
        case Minus():
            return Minus(untoned(node.body))
        case Plus():
            return Plus(tuple(untoned(t) for t in node.terms))
        case _:
            return node


def is_inverse(expr: Expr) -> bool:
    """Whether a factor stands below a fraction bar."""
    power = isinstance(expr, Pow) and expr.exp.is_Integer and bool(expr.exp < 0)
    return power and not _is_size(expr)


def _is_size(expr: Expr) -> bool:
    """Whether a factor is a power of sizes, such as 1/(N N_M)."""
    base = expr.base if isinstance(expr, Pow) else expr
    return isinstance(base, Symbol) and (base.name == "N" or base.name.startswith("N_"))


def name_of(expr: Expr) -> str:
    """Return the name of a component's variable; "" for anything else."""
    if isinstance(expr, Indexed):
        return str(expr.base.name)
    return expr.name if isinstance(expr, Symbol) and not isinstance(expr, Number) else ""
