"""What every section of the lecture is told with: a network, its formulas and a language."""

from dataclasses import dataclass
from functools import cached_property

from sympy import Derivative, Expr, Integer, KroneckerDelta

from gradscribe.derivation import rules
from gradscribe.derivation.steps import Derivation
from gradscribe.equation import Equation, Role
from gradscribe.lecture.display import Atom, Node, Renamed, Whole, renamed
from gradscribe.lecture.layering import Group, Layering, layering
from gradscribe.lecture.matrices import NoMatrixFormError, Recogniser
from gradscribe.lecture.model import (
    Block,
    Display,
    Frame,
    Line,
    Piece,
    Points,
    Remark,
    Sentence,
)
from gradscribe.lecture.shown import Shower
from gradscribe.lecture.style import Style
from gradscribe.lecture.words import Words
from gradscribe.model.network import Network
from gradscribe.notation import SAMPLE, index
from gradscribe.symbols import component


@dataclass(frozen=True)
class Teller:
    """Tells about a network in a language.

    Attributes:
        derivation: the network's derivation.
        words: the sentences.
        style: how the lecture is given.
        setting: the key of the network among the lecture's settings.
    """

    derivation: Derivation
    words: Words
    style: Style
    setting: str = "network"

    @property
    def network(self) -> Network:
        """The network."""
        return self.derivation.network

    @cached_property
    def shower(self) -> Shower:
        """Turns expressions into displayed formulas."""
        return Shower(self.network, self.derivation.by_name)

    @cached_property
    def recogniser(self) -> Recogniser:
        """Finds matrix forms."""
        return Recogniser(self.shower)

    @cached_property
    def layering(self) -> Layering:
        """The groups of layers."""
        return layering(self.derivation)

    @property
    def loss_words(self) -> str:
        """What the loss is called."""
        key = f"losses.{self.network.loss.name}"
        return self.words.table.get(key, self.network.loss.meaning)

    @cached_property
    def gradient(self) -> tuple[Equation, Group]:
        """The derivative of J by the weights of a layer that stands for all, and its names."""
        layers = self.layering
        group = layers.hidden[0] if layers.hidden else layers.last
        every = [q for q in self.derivation.equations if q.variable.role is Role.GRADIENT]
        found = self.derivation.by_name.get(f"dJ_dW{group.shown}", every[-1])
        if not group.layers or found is every[-1]:
            return found, layers.last if not layers.hidden else Group(group.shown, (), {})
        names = {**group.layers, str(layers.count): "M"}
        return found, Group(group.shown, group.members, names)

    # -- formulas --

    def tree(self, expr: Expr, *, braces: bool = False) -> Node:
        """Return an expression as a displayed formula."""
        return self.shower.tree(expr, braces=braces)

    def matrix(self, equation: Equation) -> Node | None:
        """Return the matrix form of an equation's right side, if it has one."""
        try:
            return self.recogniser.form(equation.right, equation.indices)
        except NoMatrixFormError:
            return None

    def elementwise(self, equation: Equation) -> Expr:
        """Return the chain rule's first step, less the terms that a Kronecker delta makes zero.

        Where ∂v_k/∂u_i is 0 for k ≠ i, the sum over k has one term.
        """
        start = equation.steps[0].after
        values: dict[Expr, Expr] = {}
        for derivative in start.atoms(Derivative):
            name = str(derivative.variables[0].base.name)
            variable = self.network.variables[name]
            slope = rules.collapse(
                rules.evaluate_derivatives(derivative, self.derivation.by_name, {name: variable})
            )
            deltas = [f for f in rules.flattened(slope)[0] if isinstance(f, KroneckerDelta)]
            for delta in deltas:
                values[derivative] = values.get(derivative, derivative) * delta
        return rules.tidy(rules.collapse(start.xreplace(values)), equation.indices, ("k", "l", "s"))

    # -- words --

    def pieces(self, key: str, **values: Piece) -> tuple[Piece, ...]:
        """Return a sentence as its pieces."""
        return self.words.pieces(key, **values)

    def sentence(self, key: str, *, step: int = 1, head: bool = False, **values: Piece) -> Sentence:
        """Return a sentence as a block."""
        return Sentence(self.words.pieces(key, **values), head, step)

    def remark(self, key: str, **values: Piece) -> Remark:
        """Return a line at the foot of a frame."""
        return Remark(self.words.pieces(key, **values))

    def points(self, *items: tuple[Piece, ...]) -> Points:
        """Return a list of sentences, each after the other."""
        return Points(tuple(Sentence(p, step=k) for k, p in enumerate(items, 1)))

    def rules_of(self, *equations: Equation) -> tuple[tuple[Piece, ...], ...]:
        """Return a sentence for each rule that led to equations, for the lecturer's note."""
        names = dict.fromkeys(step.rule for q in equations for step in q.steps)
        return tuple(self.words.pieces(f"rules.{rule_key(name)}") for name in names)

    def frame(
        self,
        key: str,
        *blocks: Block | None,
        note: tuple[tuple[Piece, ...], ...] = (),
        title: str = "",
        name: str = "",
        **values: Piece,
    ) -> Frame:
        """Return a frame; its title and the first words of its note come from the locale.

        Args:
            key: the table of its sentences.
            blocks: what it shows; None for what it leaves out.
            note: more to say, after the frame's own note.
            title: the key of another title in the table.
            name: the frame's own key, where several have the same sentences.
            values: what stands in the title.
        """
        heading = self.words.pieces(f"{key}.{title or 'title'}", **values)
        own = self.words.pieces(f"{key}.note")
        kept = tuple(b for b in blocks if b is not None)
        return Frame(name or key, heading, kept, (own, *note), self.setting)


def rule_key(name: str) -> str:
    """Return the key of a rule's sentence: "chain rule, symmetry" -> "chain_rule_symmetry"."""
    return "".join(c for c in name.replace(" ", "_") if c.isalnum() or c == "_")


def display(*lines: Line, boxed: bool = False) -> Display:
    """Return lines under each other."""
    return Display(lines, boxed)


def whole(name: str, group: Group | None = None) -> Node:
    """Return a whole variable, its layer named as in a group."""
    return renamed(Whole(name), group.layers if group else {})


def atom(expr: Expr, group: Group | None = None) -> Node:
    """Return an expression, its layers named as in a group."""
    return renamed(Atom(expr), group.layers if group else {})


def in_group(node: Node, group: Group) -> Node:
    """Return a formula with the names of layers of a group."""
    return Renamed(node, tuple(group.layers.items())) if group.layers else node


# Symbols of any layer are those of a layer 5 that is written m.
_ANY = {"4": "m-1", "5": "m", "6": "m+1"}
_LAST = {"4": "M-1", "5": "M"}


def general(stem: str, *letters: str, above: int = 0, last: bool = False) -> Node:
    """Return a symbol of layer m (or M): `general("W", "i", "j")` is w_ij^m.

    Args:
        stem: the stem of its name; those of derivatives with "#" for the number of the layer.
        letters: its indices; none for the whole vector or matrix.
        above: 1 for layer m + 1, -1 for m - 1.
        last: whether the layer is M.
    """
    number = str(5 + above)
    name = stem.replace("#", number) if "#" in stem else stem + number
    at = tuple(Integer(k) if k.isdigit() else index(k) for k in letters)
    body: Node = Atom(component(name, at)) if letters else Whole(name)
    return renamed(body, _LAST if last else _ANY)


def plain(name: str, *letters: str, of_sample: bool = False) -> Node:
    """Return a symbol without a layer: `plain("e", "k")` is e_k."""
    at = tuple(Integer(k) if k.isdigit() else index(k) for k in letters)
    if not letters and not of_sample:
        return Whole(name)
    return Atom(component(name, (*((SAMPLE,) if of_sample else ()), *at)))
