"""Pictures as SVG, by matplotlib, the same bytes for the same numbers."""

import io
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradscribe.learning.extras import library

# Colours of classes and starts: Okabe and Ito's, which people with colour blindness can tell.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000", "#999999")
_DECIMAL = re.compile(r">(−?\d+)\.(\d+)</text>")
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
MARKS = ("o", "s", "^", "D", "v", "P", "X", "*")
_STYLE = {
    "svg.fonttype": "none",
    "svg.hashsalt": "gradscribe",
    "font.family": "sans-serif",
    "font.size": 9.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.alpha": 0.25,
    "legend.frameon": False,
    "path.simplify": True,
    "text.parse_math": False,  # names of columns may have dollar signs
}


_FEW = 100.0  # times, that the ends of an axis with powers of ten are apart


@dataclass(frozen=True)
class Picture:
    """A picture.

    Attributes:
        name: of its file, without the ending.
        caption: what it shows.
        svg: the picture.
    """

    name: str
    caption: str
    svg: str


class Drawing:
    """A figure that is drawn without any state of matplotlib's.

    Args:
        width: in inches.
        height: in inches.
        kinds: of the plots that stand side by side: "flat", or "solid" with three axes.
        comma: whether decimals are written with a comma.
    """

    def __init__(
        self,
        width: float = 5.6,
        height: float = 3.4,
        kinds: Sequence[str] = ("flat",),
        *,
        comma: bool = False,
    ) -> None:
        self.comma = comma
        self.style = library("matplotlib", "drawing").rc_context
        with self.style(_STYLE):
            figure = library("matplotlib.figure", "drawing").Figure
            self.figure: Any = figure(figsize=(width, height), layout="constrained")
            self.axes: list[Any] = [
                self.figure.add_subplot(
                    1, len(kinds), k + 1, **({"projection": "3d"} if kind == "solid" else {})
                )
                for k, kind in enumerate(kinds)
            ]

    @property
    def plot(self) -> Any:
        """The first plot."""
        return self.axes[0]

    def logarithmic(self, *axes: Any) -> None:
        """Write powers of ten as such at axes with a logarithmic scale, without TeX's notation."""
        ticker = library("matplotlib.ticker", "drawing")
        for axis in axes:
            low, high = axis.get_view_interval()
            if high < _FEW * low:  # powers of ten alone would be one mark or two
                axis.set_major_locator(ticker.LogLocator(subs=(1.0, 2.0, 5.0)))
            axis.set_major_formatter(ticker.FuncFormatter(_power))
            axis.set_minor_formatter(ticker.NullFormatter())

    def whole(self, axis: Any) -> None:
        """Mark an axis at whole numbers alone."""
        ticker = library("matplotlib.ticker", "drawing")
        axis.set_major_locator(ticker.MaxNLocator(integer=True))

    def picture(self, name: str, caption: str) -> Picture:
        """Return what is drawn."""
        buffer = io.StringIO()
        # A text keeps what was said of formulas when it was made, which was outside of the style.
        for text in self.figure.findobj(library("matplotlib.text", "drawing").Text):
            text.set_parse_math(False)
        with self.style(_STYLE):
            self.figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
        svg = buffer.getvalue()
        if self.comma:
            svg = _DECIMAL.sub(r">\1,\2</text>", svg)
        return Picture(name, caption, svg[svg.index("<svg") :])


def _power(value: float, _: int) -> str:
    """Return a power of ten as 10⁻³; any other number as it is."""
    if value == 0:
        return "0"
    exponent = math.log10(abs(value))
    if abs(exponent - round(exponent)) > 1e-9:
        return f"{value:g}"
    sign = "−" if value < 0 else ""
    return sign + "10" + str(round(exponent)).translate(_RAISED)


def colour(k: int) -> str:
    """Return the colour of class or start k."""
    return COLOURS[k % len(COLOURS)]


def mark(k: int) -> str:
    """Return the mark of class k."""
    return MARKS[(k // len(COLOURS) + k) % len(MARKS)]


def thinned(values: Any, most: int) -> Any:
    """Return at most so many of the rows, evenly taken, the last one among them."""
    if len(values) <= most:
        return values
    places = np.unique(np.linspace(0, len(values) - 1, most).round().astype(int))
    return values[places]


def shared(names: Sequence[str], most: int = 8) -> bool:
    """Whether so many names fit into a legend."""
    return 1 < len(names) <= most
