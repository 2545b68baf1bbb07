"""From the syntax tree of an equation's right side to an expression in index notation.

An index that is not on the left and stands in two factors of a product or more is summed over in
that product; `sum(j, …)` sums over one wherever it stands. Nothing is evaluated: the tree is read
by a list of what is allowed.
"""

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from sympy import Expr, Mul, Pow, Rational, S, Symbol, pi

from gradscribe.errors import nearest
from gradscribe.model.equation_text import EquationText, check_index
from gradscribe.model.formula_words import SMOOTH
from gradscribe.model.own_formula import MAX_EXPONENT
from gradscribe.model.source import Field, quoted
from gradscribe.notation import index
from gradscribe.symbols import component, total

_REDUCING = ("sum", "mean")
_ALLOWED = "components such as W1[i,j], numbers, + - * / **, sum(j, …), mean(j, …), size(j)"


@dataclass(frozen=True)
class Part:
    """A part of a right side.

    Attributes:
        expr: the expression.
        open: how often each letter that is neither on the left nor summed over stands there.
    """

    expr: Expr
    open: Mapping[str, int] = field(default_factory=dict)


@dataclass
class Reader:
    """Reads the right side of one equation.

    Attributes:
        equation: the equation as it was read.
        left: the symbols of the left side's indices by their letters.
        place: called with a name, its letters and where it stands: checks and notes a component.
        size: called with a letter: the symbol of its size.
        functions: names of the catalog's functions.
        apply: called with a function, the letter that it joins or "", its argument, the symbols
            of the letters in it: the expression that stands for its value.
    """

    equation: EquationText
    left: Mapping[str, Symbol]
    place: Callable[[Field, tuple[Field, ...]], None]
    size: Callable[[str], Symbol]
    functions: tuple[str, ...]
    apply: Callable[[Field, str, Expr, Mapping[str, Symbol]], Expr]
    used: dict[str, Field] = field(default_factory=dict)
    bound: list[str] = field(default_factory=list)

    def read(self) -> Expr:
        """Return the right side.

        Raises:
            InputError: anything in it cannot be taken.
        """
        whole = self.part(self.equation.right)
        for letter in whole.open:
            raise self.used[letter].error(
                f"index {quoted(letter)} stands on the right side alone, and once",
                allowed=f"an index of the left side, one in two factors, or sum({letter}, …)",
            )
        for letter in self.left:
            if letter not in self.used:
                raise self.equation.name.error(
                    f"index {quoted(letter)} stands on the left side alone",
                    allowed="an index of the right side",
                )
        return whole.expr

    def symbol(self, letter: str) -> Symbol:
        """Return the symbol of an index."""
        return self.left.get(letter) or index(f"{letter}_b")

    def part(self, node: ast.expr) -> Part:
        """Return a part of the right side."""
        match node:
            case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
                return Part(self.number(node, value))
            case ast.Name(id=name):
                return self.named(node, name)
            case ast.Subscript(value=ast.Name(id=name), slice=inner):
                return self.component(node, name, inner)
            case ast.BinOp(left=base, op=ast.Pow(), right=exponent):
                return self.power(node, self.part(base), self.part(exponent))
            case ast.BinOp(op=ast.Add() | ast.Sub()):
                return self.sum(node)
            case ast.BinOp(op=ast.Mult() | ast.Div()) | ast.UnaryOp(op=ast.USub()):
                return self.product(node)
            case ast.UnaryOp(op=ast.UAdd(), operand=inner):
                return self.part(inner)
            case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]):
                return self.call(node, name, arguments)
        raise self.equation.error(node, "this cannot stand in an equation", allowed=_ALLOWED)

    def number(self, node: ast.expr, value: float) -> Expr:
        """Return a number as a fraction."""
        if not abs(value) < 1e30 or (value and abs(value) < 1e-30):
            allowed = "1e-30 to 1e30"
            raise self.equation.error(node, "the number is too large or too small", allowed=allowed)
        return Rational(repr(value))

    def named(self, node: ast.expr, name: str) -> Part:
        """Return π or a variable without indices."""
        if name == "pi":
            return Part(pi)
        self.place(self.equation.field(node, name), ())
        return Part(component(name, ()))

    def component(self, node: ast.expr, name: str, inner: ast.expr) -> Part:
        """Return a component of a variable."""
        items = inner.elts if isinstance(inner, ast.Tuple) else [inner]
        letters = tuple(self.letter(item) for item in items)
        words = [field.word for field in letters]
        if len(set(words)) < len(words):
            raise self.equation.error(
                node, "an index stands twice in one component", allowed="different letters"
            )
        self.place(self.equation.field(node, name), letters)
        for letter in letters:
            self.used.setdefault(letter.word, letter)
        found = {w: 1 for w in words if w not in self.left and w not in self.bound}
        return Part(component(name, [self.symbol(w) for w in words]), found)

    def letter(self, node: ast.expr) -> Field:
        """Return an index."""
        if not isinstance(node, ast.Name):
            raise self.equation.error(
                node, "an index is a letter", allowed="letters such as i, j, t"
            )
        letter = self.equation.field(node, node.id)
        check_index(letter)
        return letter

    def sum(self, node: ast.BinOp) -> Part:
        """Return a sum or a difference."""
        left, right = self.part(node.left), self.part(node.right)
        expr = left.expr + (right.expr if isinstance(node.op, ast.Add) else -right.expr)
        return Part(expr, {**left.open, **right.open})

    def factors(self, node: ast.expr) -> list[tuple[Part, int]]:
        """Return the factors of a product with their exponents, 1 or -1."""
        match node:
            case ast.UnaryOp(op=ast.USub(), operand=inner):
                return [(Part(S.NegativeOne), 1), *self.factors(inner)]
            case ast.BinOp(left=left, op=ast.Mult(), right=right):
                return [*self.factors(left), *self.factors(right)]
            case ast.BinOp(left=left, op=ast.Div(), right=right):
                return [*self.factors(left), (self.part(right), -1)]
        return [(self.part(node), 1)]

    def product(self, node: ast.expr) -> Part:
        """Return a product, the sum over each index that stands in two factors or more."""
        parts = self.factors(node)
        counts: dict[str, int] = {}
        for part, _ in parts:
            for letter in part.open:
                counts[letter] = counts.get(letter, 0) + 1
        if any(part.expr == 0 and exponent < 0 for part, exponent in parts):
            raise self.equation.error(node, "this divides by 0")
        expr = Mul(*[Pow(part.expr, exponent) for part, exponent in parts])
        repeated = [letter for letter, count in counts.items() if count > 1]
        limits = {self.symbol(letter): self.size(letter) for letter in repeated}
        return Part(total(expr, limits), {k: 1 for k, c in counts.items() if c == 1})

    def power(self, node: ast.expr, base: Part, exponent: Part) -> Part:
        """Return a power whose exponent is a small number."""
        number = exponent.expr
        if not (number.is_Rational and abs(number) <= MAX_EXPONENT) or (
            base.expr == 0 and number < 0
        ):
            raise self.equation.error(
                node,
                "the power cannot be taken",
                allowed=f"an exponent that is a number of at most {MAX_EXPONENT}",
            )
        return Part(Pow(base.expr, number), base.open)

    # -- functions --

    def call(self, node: ast.Call, name: str, arguments: list[ast.expr]) -> Part:
        """Return the value of a function, a sum or a size."""
        if name in _REDUCING:
            return self.reduced(node, name, arguments)
        if name == "size":
            return self.length(node, arguments)
        if name in self.functions:
            return self.applied(node, name, arguments)
        if name in SMOOTH:
            (argument,) = self.only(node, name, arguments)
            inner = self.part(argument)
            return Part(SMOOTH[name](inner.expr), inner.open)
        known = (*_REDUCING, "size", *SMOOTH, *self.functions)
        what = f"unknown function {quoted(name)}"
        if name not in known and name[:1].isupper():
            what += f"; a factor before a parenthesis is written {name} * (…)"
        raise self.equation.error(
            node, what, allowed=", ".join(dict.fromkeys(known)), nearest=nearest(name, known)
        )

    def only(self, node: ast.Call, name: str, arguments: list[ast.expr]) -> list[ast.expr]:
        """Return the argument of a function of one."""
        if len(arguments) != 1:
            said = f"{name} takes 1 argument, not {len(arguments)}"
            raise self.equation.error(node, said, allowed=f"{name}(u1[i])")
        return arguments

    def length(self, node: ast.Call, arguments: list[ast.expr]) -> Part:
        """Return the size of an index."""
        letter = self.letter(self.only(node, "size", arguments)[0])
        self.known(letter)
        return Part(self.size(letter.word))

    def known(self, letter: Field) -> None:
        """Check that an index stands at a variable somewhere in the equation."""
        stands = {
            item.id
            for part in ast.walk(self.equation.right)
            if isinstance(part, ast.Subscript)
            for item in ast.walk(part.slice)
            if isinstance(item, ast.Name)
        } | {f.word for f in self.equation.indices}
        if letter.word not in stands:
            raise letter.error(
                f"index {quoted(letter.word)} stands at no variable of the equation",
                allowed=", ".join(sorted(stands)) or "an index in [ ]",
            )

    def reduced(self, node: ast.Call, name: str, arguments: list[ast.expr]) -> Part:
        """Return a sum or a mean over indices."""
        if len(arguments) < 2:
            raise self.equation.error(node, f"{name} needs an index", allowed=f"{name}(j, x[j])")
        letters = [self.letter(a) for a in arguments[:-1]]
        inner = self.within(letters, arguments[-1])
        limits = {self.symbol(f.word): self.size(f.word) for f in letters}
        expr = total(inner.expr, limits)
        if name == "mean":
            expr = expr / Mul(*limits.values())
        return Part(expr, inner.open)

    def within(self, letters: list[Field], argument: ast.expr) -> Part:
        """Return a part in which some indices are summed over, which must stand there."""
        for letter in letters:
            if letter.word in self.left or letter.word in self.bound:
                raise letter.error(
                    f"index {quoted(letter.word)} is not free to be summed over",
                    allowed="another letter than those of the left side and of a sum around",
                )
            self.known(letter)
        words = [f.word for f in letters]
        if len(set(words)) < len(words):
            raise letters[-1].error("an index is summed over twice", allowed="different letters")
        self.bound += words
        inner = self.part(argument)
        del self.bound[len(self.bound) - len(words) :]
        for letter in letters:
            if self.symbol(letter.word) not in inner.expr.free_symbols:
                raise letter.error(
                    f"index {quoted(letter.word)} does not stand in what is summed over it",
                    allowed=f"a component with the index {letter.word}",
                )
        return inner

    def applied(self, node: ast.Call, name: str, arguments: list[ast.expr]) -> Part:
        """Return the value of a function of the catalog."""
        function, joined = self.equation.field(node, name), ""
        if len(arguments) == 2:
            joined = self.letter(arguments[0]).word
            if joined not in self.left:
                allowed = ", ".join(self.left) or "none: the left side has no index"
                raise self.equation.error(
                    arguments[0], f"{name} goes over an index of the left side", allowed=allowed
                )
        elif len(arguments) != 1:
            raise self.equation.error(
                node, f"{name} takes an argument, or an index and an argument",
                allowed=f"{name}(u1[i]), softmax(s, A[t,s])",
            )  # fmt: skip
        inner = self.part(arguments[-1])
        letters = {w: self.symbol(w) for w in self.used if self.has(inner.expr, w)}
        return Part(self.apply(function, joined, inner.expr, letters), inner.open)

    def has(self, expr: Expr, letter: str) -> bool:
        """Whether an index stands in an expression, not only summed over."""
        return self.symbol(letter) in expr.free_symbols
