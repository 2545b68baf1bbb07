"""Labels of pictures: what they say, and how wide they are."""

from collections.abc import Sequence

from gradscribe.model.network import Network
from gradscribe.typeset.layers import DrawnLayer
from gradscribe.typeset.measure import estimated
from gradscribe.typeset.scene import Label, Symbol, label_latex


def symbols_of(network: Network, layers: Sequence[DrawnLayer]) -> list[str]:
    """Return the names of the sizes: N_0 of the inputs, and of each layer."""
    return [str(network.input.shape[0]), *(str(layer.size) for layer in layers)]


def size_label(symbol: str, size: int | None) -> Label:
    """Return N_m = 10, or only N_m where the size is not known."""
    name = Symbol("N", (symbol.partition("_")[2],))
    return (name,) if size is None else (name, "=", str(size))


def convention() -> Label:
    """Return what says how weights are numbered: w_{i,j}^m leads from j to i."""
    return (Symbol("W", ("i", "j"), layer="m"), ":", Symbol("j"), "→", Symbol("i"))


def width_of(label: Label, *, small: bool = False) -> float:
    """Return the width of a label in points."""
    size = r"\scriptsize" if small else r"\small"
    return estimated([label_latex(label)], fontsize=size)[0].width


def fits(label: Label, width: float, *, small: bool = False) -> bool:
    """Return whether a label fits into so many points."""
    return width_of(label, small=small) <= width
