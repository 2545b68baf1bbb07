"""Log-log plots of growth, one figure a sweep: the same data give the same bytes."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cases import SWEEPS
from ours import TARGETS
from report import case_of

# Okabe and Ito's colours, which the colour-blind tell apart; ours is black.
COLORS = {
    "JAX": "#0072B2",
    "torch": "#D55E00",
    "CasADi": "#009E73",
    "PyTensor": "#CC79A7",
    "autograd": "#E69F00",
    "SymPy": "#56B4E9",
}
GREY = "#777777"
LINES = ("-", "--", ":")  # of variants of one peer
PANELS = (
    ("gradient", "seconds", "Gradient"),
    ("product", "seconds", "Hessian-vector product"),
    ("diagonal", "seconds", "Diagonal of the Hessian"),
    ("gauss_newton", "seconds", "Gauss-Newton matrix"),
    ("hessian", "seconds", "Hessian"),
    ("hessian", "memory", "Hessian, memory of a call"),
)
UNITS = {"seconds": ("time (s)", 1.0), "memory": ("resident memory (MiB)", 2.0**-20)}
STYLE = {
    "svg.hashsalt": "gradscribe",
    "svg.fonttype": "none",  # text stays text: small files
    "font.size": 8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 9,
    "axes.titlelocation": "left",
}
GAP = 0.055  # least distance of labels, as a share of the axis
ROOM = 1.9  # how many times wider than the lines an axis is, in logarithms, for the labels


def styles(names: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Return the colour and the line of each variant."""
    found, count = {}, {}
    for name in names:
        peer = next((peer for peer in COLORS if name.startswith(peer)), "")
        number = count[peer] = count.get(peer, -1) + 1
        found[name] = (COLORS.get(peer, "#000000"), LINES[number % len(LINES)])
    return found


def points(
    entries: Sequence[Mapping[str, Any]], at: Sequence[int], quantity: str, what: str, name: str
) -> tuple[list[int], list[float]]:
    """Return where a variant has figures, and the figures."""
    scale = UNITS[what][1]
    found = [entry["found"][quantity].get(name, {}) for entry in entries]
    pairs = [(x, f[what] * scale) for x, f in zip(at, found, strict=False) if what in f]
    return [x for x, _ in pairs], [max(y, 1e-9) for _, y in pairs]


def spread(heights: Mapping[str, float], gap: float) -> dict[str, float]:
    """Return heights at least a gap apart, in the same order and near where they were.

    >>> spread({"a": 0.5, "b": 0.5, "c": 0.9}, 0.1)
    {'a': 0.45, 'b': 0.55, 'c': 0.9}
    """
    groups = [[name] for name in sorted(heights, key=lambda name: heights[name])]

    def middle(group: Sequence[str]) -> float:
        return sum(heights[name] for name in group) / len(group)

    def crowded(low: Sequence[str], high: Sequence[str]) -> bool:
        between = (len(low) + len(high)) / 2 * gap
        return middle(high) - middle(low) < between - 1e-12

    number = 0
    while number + 1 < len(groups):
        if crowded(groups[number], groups[number + 1]):
            groups[number : number + 2] = [groups[number] + groups[number + 1]]
            number = max(0, number - 1)
        else:
            number += 1
    return {
        name: round(middle(group) + (place - (len(group) - 1) / 2) * gap, 9)
        for group in groups
        for place, name in enumerate(group)
    }


def draw(axes: Any, entries: Sequence[Mapping[str, Any]], at: Sequence[int], panel: Any) -> None:
    """Draw one panel: a line a variant, named at its end."""
    quantity, what, title = panel
    names = list(dict.fromkeys(name for entry in entries for name in entry["found"][quantity]))
    ends = {}
    for name, (color, line) in styles(names).items():
        x, y = points(entries, at, quantity, what, name)
        if x:
            width = 2.0 if name in TARGETS else 1.1
            axes.plot(x, y, line, color=color, linewidth=width, marker="o", markersize=2.5)
            ends[name] = (x[-1], y[-1], color)
    if what == "memory":
        sizes = [8 * case_of(entry).K ** 2 * UNITS[what][1] for entry in entries]
        axes.plot(at, sizes, color=GREY, linewidth=1.1, linestyle=":")
        ends["the result, 8 K² bytes"] = (at[-1], sizes[-1], GREY)
    axes.set(xscale="log", yscale="log", title=title, ylabel=UNITS[what][0])
    axes.set_xlim(at[0] / 1.2, at[-1] * (at[-1] / at[0]) ** (ROOM - 1))
    axes.minorticks_off()
    axes.grid(color="#dddddd", linewidth=0.5)
    axes.set_axisbelow(True)
    label(axes, ends, at)


def label(axes: Any, ends: Mapping[str, tuple[float, float, str]], at: Sequence[int]) -> None:
    """Write the names to the right of the lines, apart, each with a thin line to its end."""
    low, high = map(math.log, axes.get_ylim())
    left, right = map(math.log, axes.get_xlim())
    column = (math.log(at[-1]) - left) / (right - left) + 0.05
    shares = {name: (math.log(y) - low) / (high - low) for name, (_, y, _) in ends.items()}
    for name, height in spread(shares, GAP).items():
        x, y, color = ends[name]
        axes.annotate(
            name,
            (x, y),
            xytext=(column, height),
            textcoords="axes fraction",
            color=color,
            fontsize=6.5,
            fontweight="bold" if name in TARGETS else "normal",
            va="center",
            annotation_clip=False,
            arrowprops={"arrowstyle": "-", "color": color, "linewidth": 0.4, "shrinkB": 2},
        )


def write(parts: Mapping[str, Sequence[Mapping[str, Any]]], folder: Path) -> None:
    """Write growth_NAME.svg of every sweep that there is.

    Raises:
        ModuleNotFoundError: matplotlib is not installed.
    """
    import matplotlib as mpl

    mpl.use("svg")
    from matplotlib import pyplot

    with mpl.rc_context(STYLE):
        for name in [name for name in SWEEPS if name in parts]:
            sweep, entries = SWEEPS[name], parts[name]
            figure, grid = pyplot.subplots(3, 2, figsize=(9, 10), layout="constrained")
            for axes, panel in zip(grid.flat, PANELS, strict=True):
                draw(axes, entries, sweep.at[: len(entries)], panel)
                axes.set_xlabel(sweep.title)
            figure.suptitle(f"{sweep.about}: growth with the {sweep.title}", fontsize=10)
            figure.savefig(folder / f"growth_{name}.svg", metadata={"Date": None})
            pyplot.close(figure)
