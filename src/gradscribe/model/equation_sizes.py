"""The sizes of the variables of a text of equations, and which of these are parameters."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field

from sympy import Symbol

from gradscribe.equation import Equation, Role, Variable
from gradscribe.model.equation_text import Declaration, EquationText, Statements
from gradscribe.model.slots import Slot, Slots
from gradscribe.model.source import Field, Source, quoted
from gradscribe.notation import size
from gradscribe.symbols import names

INPUT = "x"


@dataclass
class Sized:
    """What is known of the variables of some statements.

    Attributes:
        source: the text, for messages.
        read: the statements.
        slots: which indices have the same size.
        ranks: how many indices each variable has, and where it was first seen.
        equations: with a symbol of its own for the size of each letter of each equation.
        limits: the slot of each of these symbols.
        shapes: the slots of each variable that is defined.
        symbols: of each class of slots, once all is read.
    """

    source: Source
    read: Statements
    slots: Slots = field(default_factory=Slots)
    ranks: dict[str, tuple[int, Field]] = field(default_factory=dict)
    equations: list[Equation] = field(default_factory=list)
    limits: dict[Symbol, Slot] = field(default_factory=dict)
    shapes: dict[str, tuple[Slot, ...]] = field(default_factory=dict)
    symbols: dict[Slot, Symbol] = field(default_factory=dict)

    def declare(self, declaration: Declaration) -> None:
        """Note declared sizes."""
        name = declaration.name
        if name.word in self.ranks:
            raise name.error(f"the sizes of {quoted(name.word)} are declared twice", allowed="once")
        self.note(name, len(declaration.sizes))
        for position, length in enumerate(declaration.sizes):
            origin = f"index {position + 1} of {name.word} in '{declaration.text}'"
            self.slots.declare((name.word, position), length, origin)

    def note(self, name: Field, rank: int) -> None:
        """Note how many indices a variable has."""
        known = self.ranks.setdefault(name.word, (rank, name))
        if known[0] != rank:
            counts = [f"{n} {'index' if n == 1 else 'indices'}" for n in (rank, known[0])]
            raise name.error(
                f"{quoted(name.word)} has {counts[0]} here and {counts[1]} {self.where(known[1])}",
                allowed="the same number of indices everywhere",
            )

    def where(self, place: Field) -> str:
        """Return where something stands in the text, in words."""
        before = self.source.text[: place.at or 0]
        line = before.count("\n") + before.count(";") + 1
        return f"in statement {line}"

    def numbered(self) -> tuple[tuple[int, ...] | None, tuple[Symbol, ...]]:
        """Number the sizes in order: those of x, then as they come; return their values."""
        if INPUT not in self.ranks or not any(INPUT in names(q.right) for q in self.equations):
            raise self.source.error("the input x does not occur", 0, allowed="x[j]")
        order = [INPUT]
        for equation in self.read.equations:
            order += [n for n in (*self.in_order(equation), equation.name.word) if n in self.ranks]
        order += self.shapes
        for word in order:
            rank = self.ranks[word][0] if word in self.ranks else len(self.shapes[word])
            for position in range(rank):
                root = self.slots.root((word, position))
                self.symbols.setdefault(root, size(len(self.symbols)))
        for slot in self.limits.values():
            self.symbols.setdefault(self.slots.root(slot), size(len(self.symbols)))
        values = [self.slots.sizes.get(root) for root in self.symbols]
        known = [v for v in values if v is not None]
        if known and len(known) < len(values):
            root = next(r for r in self.symbols if r not in self.slots.sizes)
            raise self.source.error(
                f"sizes are declared, but not that of index {root[1] + 1} of {root[0]}",
                allowed="declarations that give all sizes, or none at all",
            )
        return (tuple(known) if known else None), tuple(self.symbols.values())

    def final(self, equation: Equation) -> Equation:
        """Return an equation with the sizes' own symbols."""
        values = {s: self.symbols[self.slots.root(slot)] for s, slot in self.limits.items()}
        shape = tuple(values[s] for s in equation.variable.shape)
        variable = Variable(equation.name, shape, Role.VALUE, meaning=equation.variable.meaning)
        return Equation(variable, equation.indices, equation.right.xreplace(values))

    def variable(self, name: str, role: Role, meaning: str) -> Variable:
        """Return the input or a parameter."""
        rank = self.ranks[name][0]
        shape = tuple(self.symbols[self.slots.root((name, p))] for p in range(rank))
        return Variable(name, shape, role, role is not Role.PARAMETER, meaning)

    def parameters(self) -> Iterator[Variable]:
        """Yield the parameters in the order in which they are written."""
        found = [n for q in self.read.equations for n in self.in_order(q)]
        for name in dict.fromkeys(found):
            if name not in self.shapes and name != INPUT and name in self.ranks:
                rank = self.ranks[name][0]
                meaning = {0: "number", 1: "vector", 2: "weights"}.get(rank, "tensor")
                yield self.variable(name, Role.PARAMETER, f"{meaning} of the equations")

    def in_order(self, equation: EquationText) -> list[str]:
        """Return the names of an equation from left to right."""
        found = [n for n in ast.walk(equation.right) if isinstance(n, ast.Name)]
        return [n.id for n in sorted(found, key=lambda n: n.col_offset)]
