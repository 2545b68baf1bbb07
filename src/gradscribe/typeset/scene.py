"""A picture as shapes, wires and labels in points: what TikZ and SVG are printed from."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum

from gradscribe.notation import name_latex, split


class Tint(Enum):
    """What a thing stands for, which is its colour."""

    INK = "ink"
    MUTED = "muted"
    ERROR = "error"
    SLOPE = "slope"
    WEIGHT = "weight"
    INPUT = "input"


class Form(Enum):
    """The form of a shape."""

    CIRCLE = "circle"
    BOX = "box"
    SQUARE = "filled square"
    GROUP = "dashed frame"
    CHIP = "label that covers what is below it"


@dataclass(frozen=True)
class Symbol:
    """A symbol of the notation.

    Attributes:
        name: its identifier: "W2", "u1", "N".
        indices: the indices of a component; none for the whole.
        whole: whether it is a whole vector or matrix, which is bold.
        layer: the layer where the name has none: a word or a number.
    """

    name: str
    indices: tuple[str, ...] = ()
    whole: bool = False
    layer: str = ""

    @property
    def stem(self) -> str:
        """The letter: that of a component of a matrix W is w."""
        stem = split(self.name).stem
        return "w" if stem == "W" and self.indices else stem

    @property
    def superscript(self) -> str:
        """The number of the layer."""
        return self.layer or split(self.name).layer


# A label: symbols and signs side by side. Signs are single characters of Unicode.
Label = tuple[Symbol | str, ...]

LATEX_SIGNS = {
    "Σ": r"\Sigma", "⋯": r"\cdots", "⋮": r"\vdots", "→": r"\to ", "·": r"\cdot ", ":": r"\colon ",
    "×": r"\times ",
}  # fmt: skip


@dataclass(frozen=True)
class Shape:
    """A shape around its centre.

    Attributes:
        form: its form.
        x, y: its centre.
        width, height: its size.
        label: what stands in it.
        tint: the colour of outline and label.
        small: whether the label is in small letters.
    """

    form: Form
    x: float
    y: float
    width: float
    height: float
    label: Label = ()
    tint: Tint = Tint.INK
    small: bool = False


@dataclass(frozen=True)
class Wire:
    """A straight arrow, or a line without a head.

    Attributes:
        start, end: its two ends.
        faint: whether it is drawn in grey.
        arrow: whether it has a head.
    """

    start: tuple[float, float]
    end: tuple[float, float]
    faint: bool = False
    arrow: bool = True


@dataclass(frozen=True)
class Text:
    """A label without a shape.

    Attributes:
        x, y: the middle of the label, or of its left or right edge.
        label: what it says.
        tint: its colour.
        anchor: "center", "west" (x is its left edge) or "east".
        small: whether it is in small letters.
    """

    x: float
    y: float
    label: Label
    tint: Tint = Tint.INK
    anchor: str = "center"
    small: bool = False


Thing = Shape | Wire | Text


@dataclass(frozen=True)
class Scene:
    """A picture.

    Attributes:
        width, height: its size in points; the origin is its lower left corner.
        things: what it shows; later things cover earlier ones.
        description: what it shows, in one sentence, for those who do not see it.
    """

    width: float
    height: float
    things: tuple[Thing, ...] = field(default=())
    description: str = ""


def symbol_latex(symbol: Symbol) -> str:
    r"""Return a symbol in LaTeX.

    >>> symbol_latex(Symbol("W2", ("1", "3"))), symbol_latex(Symbol("b1", whole=True))
    ('w_{1,3}^{2}', '\\boldsymbol{b}^{1}')
    """
    letter = name_latex(symbol.stem, bold=symbol.whole)
    indices = ",".join(f"N_{{{k[2:]}}}" if k.startswith("N_") else k for k in symbol.indices)
    below = f"_{{{indices}}}" if indices else ""
    above = f"^{{{symbol.superscript}}}" if symbol.superscript else ""
    return letter + below + above


def label_latex(label: Label, write: Callable[[Symbol], str] = symbol_latex) -> str:
    """Return a label in LaTeX, without dollars."""
    return "".join(LATEX_SIGNS.get(p, p) if isinstance(p, str) else write(p) for p in label)


def shifted(things: Sequence[Thing], dx: float, dy: float) -> tuple[Thing, ...]:
    """Return things moved to the right and up."""
    return tuple(_moved(thing, dx, dy) for thing in things)


def _moved(thing: Thing, dx: float, dy: float) -> Thing:
    match thing:
        case Wire():
            (a, b), (c, d) = thing.start, thing.end
            return replace(thing, start=(a + dx, b + dy), end=(c + dx, d + dy))
        case _:
            return replace(thing, x=thing.x + dx, y=thing.y + dy)
