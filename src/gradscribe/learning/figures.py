"""The pictures of a run's report."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from gradscribe.learning.data import Data
from gradscribe.learning.drawing import Drawing, Picture, colour, mark, shared, thinned
from gradscribe.learning.evaluation import Part
from gradscribe.learning.starts import StartResult
from gradscribe.learning.surface import Plane, plane_picture
from gradscribe.learning.targets import decided
from gradscribe.learning.telling import english
from gradscribe.learning.training import Trained, surface_of
from gradscribe.learning.verdict import Verdict
from gradscribe.lecture.words import Words

Numbers = npt.NDArray[np.floating[Any]]
_POINTS = 600  # of a curve or a cloud
_SINGLE = 20  # rows, up to which each is drawn large
_GRID = 120
_CELLS = 20  # classes, up to which numbers stand in a confusion matrix


def pictures(trained: Trained, words: Words | None = None) -> Iterator[Picture]:
    """Yield the pictures of what a run has found, in a language (English where none is given)."""
    words = words or english()
    yield curve_picture(trained.results, 0, words, "iteration", "cost_per_iteration")
    yield curve_picture(trained.results, 3, words, "seconds", "cost_per_second")
    part = trained.parts[-1]
    yield (
        _confusion(part, trained.run.data, words)
        if trained.run.data.classes
        else _against(part, trained.run.data, words)
    )
    yield from _over_inputs(trained, words)
    if trained.verdict is not None:
        yield spectrum_picture(trained.verdict, words)
        if trained.verdict.eigenvalues.size > 1:
            plane = Plane.leading(surface_of(trained.objective), trained.verdict, trained.best.w)
            yield plane_picture(plane, trained.best.places, "surface", words=words)


def curve_picture(
    results: tuple[StartResult, ...], column: int, words: Words, label: str, name: str
) -> Picture:
    """Return the picture of the cost of each start.

    Args:
        results: the starts.
        column: of their curves, which goes along: 0 the iteration, 3 seconds.
        words: the language.
        label: the key of what goes along.
        name: of the file.
    """
    drawing = Drawing(comma=words.comma)
    every = np.concatenate([r.curve[:, 1] for r in results])
    every = every[np.isfinite(every)]
    best = min(results, key=lambda r: (r.score if np.isfinite(r.score) else np.inf, r.start))
    for r in results:
        rows = thinned(r.curve, _POINTS)
        front = r is best
        drawing.plot.plot(
            rows[:, column],
            rows[:, 1],
            color=colour(0) if front else "#999999",
            linewidth=1.8 if front else 0.9,
            zorder=3 if front else 2,
            label=words.text("figures.start", start=str(r.start + 1)) if front else "_",
        )
    if len(results) > 1:
        others = words.text("figures.other_starts")
        drawing.plot.plot([], [], color="#999999", linewidth=0.9, label=others)
    if every.size and every.min() > 0 and every.max() > 10 * every.min():
        drawing.plot.set_yscale("log")
        drawing.logarithmic(drawing.plot.yaxis)
    if column == 0:
        drawing.whole(drawing.plot.xaxis)
    drawing.plot.set_xlabel(words.text(f"figures.{label}"))
    drawing.plot.set_ylabel(words.text("report.cost"))
    if len(results) == 1:
        return drawing.picture(name, words.text("figures.cost_of_one"))
    drawing.plot.legend()
    return drawing.picture(name, words.text("figures.costs", start=str(best.start + 1)))


def _confusion(part: Part, data: Data, words: Words) -> Picture:
    """Return the picture of a confusion matrix."""
    assert part.confusion is not None
    count = len(data.classes)
    side = min(7.0, 2.2 + 0.38 * count)
    drawing, table = Drawing(side + 0.6, side), part.confusion
    rows = table.sum(axis=1, keepdims=True)
    share = table / np.where(rows > 0, rows, 1)
    drawing.plot.imshow(share, cmap="Blues", vmin=0, vmax=1)
    drawing.plot.grid(visible=False)
    labels = [_short(label) for label in data.classes]
    if count <= _CELLS:
        drawing.plot.set_xticks(range(count), labels, rotation=0 if count < 11 else 90)
        drawing.plot.set_yticks(range(count), labels)
        for (i, j), number in np.ndenumerate(table):
            if number:
                ink = "white" if share[i, j] > 0.5 else "black"
                drawing.plot.text(j, i, str(number), ha="center", va="center", color=ink)
    drawing.plot.set_xlabel(words.text("figures.said"))
    drawing.plot.set_ylabel(words.text("figures.true"))
    caption = words.text(_of("confusion", part), rows=str(part.rows))
    return drawing.picture("confusion", caption)


def _of(key: str, part: Part) -> str:
    """Return the key of a caption, of rows of training or of those held out."""
    return f"figures.{key}" if part.name == "training" else f"figures.{key}_held_out"


def _short(label: object) -> str:
    text = str(label)
    return text if len(text) <= 14 else text[:13] + "…"


def _against(part: Part, data: Data, words: Words) -> Picture:
    """Return the picture of outputs against what is desired."""
    drawing = Drawing(4.4, 4.0, comma=words.comma)
    every = np.concatenate([part.outputs.ravel(), part.desired.ravel()])
    ends = [float(every.min()), float(every.max())]
    drawing.plot.plot(ends, ends, color="#999999", linewidth=1, zorder=1)
    for k, name in enumerate(data.outputs):
        pairs = thinned(np.column_stack([part.desired[:, k], part.outputs[:, k]]), _POINTS)
        drawing.plot.plot(
            *pairs.T, mark(k), color=colour(k), markersize=3, alpha=0.7, label=_short(name)
        )
    if shared(data.outputs):
        drawing.plot.legend()
    drawing.plot.set_xlabel(words.text("figures.desired"))
    drawing.plot.set_ylabel(words.text("figures.output"))
    return drawing.picture("predictions", words.text(_of("against", part)))


def _over_inputs(trained: Trained, words: Words) -> Iterator[Picture]:
    """Yield the outputs over the inputs, if there are one or two."""
    count = len(trained.run.data.inputs)
    if count == 2 and trained.run.data.classes:
        yield _regions(trained, words)
    elif count == 2 and len(trained.run.data.outputs) == 1:
        yield _relief(trained, words)
    elif count == 1:
        yield _curve(trained, words)


def _outputs(trained: Trained, scaled: Numbers) -> Numbers:
    params = trained.objective.params(trained.best.w)
    with np.errstate(all="ignore"):
        return np.asarray(trained.objective.module.forward(params, scaled), float)


def _ranges(X: Numbers) -> list[Numbers]:
    """Return a grid along each input, a little wider than the data."""
    low, high = X.min(axis=0), X.max(axis=0)
    margin = np.where(high > low, 0.15 * (high - low), 0.5)
    return [np.linspace(a - m, b + m, _GRID) for a, b, m in zip(low, high, margin, strict=True)]


def _regions(trained: Trained, words: Words) -> Picture:
    """Return the regions of classes over two inputs."""
    data = trained.run.data
    X = data.input_scaling.back(np.concatenate([data.X, data.X_test]))
    D = np.concatenate([data.D, data.D_test])
    across, up = _ranges(X)
    grid = np.stack(np.meshgrid(across, up), axis=-1).reshape(-1, 2)
    Y = _outputs(trained, data.input_scaling(grid))
    said = decided(Y, data.labels, data.logits)
    drawing = Drawing(5.2, 4.2, comma=words.comma)
    count = len(data.classes)
    drawing.plot.contourf(
        across, up, said.reshape(_GRID, _GRID),
        levels=np.arange(count + 1) - 0.5, colors=[colour(k) for k in range(count)], alpha=0.22,
    )  # fmt: skip
    true = decided(D, data.labels)
    for k, label in enumerate(data.classes):
        points = thinned(X[true == k], _POINTS)
        drawing.plot.plot(
            *points.T, mark(k), color=colour(k), markeredgecolor="white", markeredgewidth=0.5,
            markersize=11 if len(X) <= _SINGLE else None, label=_short(label),
        )  # fmt: skip
    if count <= 10:
        drawing.plot.legend(title=_short(data.target))
    drawing.plot.set_xlabel(_short(data.inputs[0]))
    drawing.plot.set_ylabel(_short(data.inputs[1]))
    return drawing.picture("regions", words.text("figures.regions"))


def _relief(trained: Trained, words: Words) -> Picture:
    """Return one output over two inputs."""
    data = trained.run.data
    X = data.input_scaling.back(np.concatenate([data.X, data.X_test]))
    across, up = _ranges(X)
    grid = np.stack(np.meshgrid(across, up), axis=-1).reshape(-1, 2)
    Y = data.output_scaling.back(_outputs(trained, data.input_scaling(grid)))
    drawing = Drawing(5.4, 4.2, comma=words.comma)
    filled = drawing.plot.contourf(across, up, Y.reshape(_GRID, _GRID), levels=14, cmap="viridis")
    drawing.figure.colorbar(filled, ax=drawing.plot, label=_short(data.outputs[0]))
    drawing.plot.plot(*thinned(X, _POINTS).T, ".", color="black", markersize=2.5)
    drawing.plot.set_xlabel(_short(data.inputs[0]))
    drawing.plot.set_ylabel(_short(data.inputs[1]))
    return drawing.picture("regions", words.text("figures.relief"))


def _curve(trained: Trained, words: Words) -> Picture:
    """Return outputs over one input."""
    data = trained.run.data
    X = data.input_scaling.back(np.concatenate([data.X, data.X_test]))
    D = data.output_scaling.back(np.concatenate([data.D, data.D_test]))
    (across,) = _ranges(X)
    Y = data.output_scaling.back(_outputs(trained, data.input_scaling(across[:, None])))
    drawing = Drawing(comma=words.comma)
    rows = thinned(np.column_stack([X, D]), _POINTS)
    known = (across >= X.min()) & (across <= X.max())
    for k, name in enumerate(data.outputs):
        drawing.plot.plot(
            rows[:, 0], rows[:, 1 + k], "o", color="#bbbbbb", markersize=5,
            label=words.text("figures.rows") if k == 0 else "_",
        )  # fmt: skip
        label = _short(name) if len(data.outputs) > 1 else words.text("figures.network")
        drawing.plot.plot(across, Y[:, k], color=colour(k), linewidth=1, linestyle=":")
        drawing.plot.plot(across[known], Y[known, k], color=colour(k), label=label)
    if len(data.outputs) == 1 or shared(data.outputs):
        drawing.plot.legend()
    seen = np.concatenate([D.ravel(), Y[known].ravel()])
    room = 0.3 * (seen.max() - seen.min()) or 1.0
    if np.isfinite(room):  # what is far from all rows does not set the scale
        low, high = drawing.plot.get_ylim()
        drawing.plot.set_ylim(max(low, seen.min() - room), min(high, seen.max() + room))
    drawing.plot.set_xlabel(_short(data.inputs[0]))
    drawing.plot.set_ylabel(_short(data.target))
    return drawing.picture("curve", words.text("figures.curve"))


def spectrum_picture(verdict: Verdict, words: Words) -> Picture:
    """Return the picture of the eigenvalues of H: their size, and their signs as colours."""
    drawing = Drawing(comma=words.comma)
    values = verdict.eigenvalues[::-1]
    zero = np.abs(values) <= verdict.tolerance
    tau = max(verdict.tolerance, np.finfo(float).tiny)
    kinds = (("positive", values > 0, 2), ("negative", values < 0, 1))
    place = np.arange(1, values.size + 1)
    for label, chosen, k in kinds:
        rows = chosen & ~zero
        if rows.any():
            points = thinned(np.column_stack([place[rows], np.abs(values[rows])]), _POINTS)
            drawing.plot.plot(
                *points.T,
                mark(k),
                color=colour(k),
                markersize=4,
                label=f"{words.text(f'figures.{label}')} ({rows.sum()})",
            )
    if zero.any():
        points = thinned(place[zero], _POINTS)
        drawing.plot.plot(
            points, np.full(len(points), tau), "x", color="#999999", markersize=4,
            label=f"{words.text('figures.zero')} ({zero.sum()})",
        )  # fmt: skip
    drawing.plot.axhline(tau, color="#999999", linewidth=0.8, linestyle="--")
    drawing.plot.set_yscale("log")
    drawing.logarithmic(drawing.plot.yaxis)
    drawing.plot.set_xlabel(words.text("figures.eigenvalues"))
    drawing.plot.set_ylabel("|λ|")
    drawing.plot.legend()
    drawing.whole(drawing.plot.xaxis)
    return drawing.picture("spectrum", words.text("figures.spectrum"))
