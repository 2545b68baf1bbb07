"""What a run has found, as blocks: sentences, tables and pictures, in no format yet."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gradscribe.errors import shortened
from gradscribe.learning.drawing import Picture
from gradscribe.learning.evaluation import Part, quality
from gradscribe.learning.live import clock
from gradscribe.learning.starts import STOPPED
from gradscribe.learning.training import Trained

_ROWS = 40  # starts that are listed
_LONG = 400  # characters of a list of names


@dataclass(frozen=True)
class Sentence:
    """A paragraph; `code` stands behind it as it is."""

    text: str
    code: str = ""


@dataclass(frozen=True)
class Rows:
    """A table."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


Block = Sentence | Rows | Picture


@dataclass(frozen=True)
class Section:
    """A part of a report."""

    heading: str
    blocks: tuple[Block, ...]


def report(trained: Trained, pictures: tuple[Picture, ...]) -> tuple[Section, ...]:
    """Return the report of a run."""
    by_name = {p.name: p for p in pictures}

    def shown(*names: str) -> tuple[Block, ...]:
        return tuple(by_name[name] for name in names if name in by_name)

    return (
        Section("", tuple(_head(trained))),
        Section(
            "Quality",
            (
                *(Sentence(f"{part.name}: {quality(part)}.") for part in trained.parts),
                *_errors(trained.parts, trained.run.data.classes),
                *shown("confusion", "predictions", "regions", "curve"),
            ),
        ),
        Section(
            "The way there",
            (*shown("cost_per_iteration", "cost_per_second"), _starts(trained)),
        ),
        Section("What the starts found", tuple(_minima(trained))),
        Section("The point where it ended", (*_verdict(trained), *shown("spectrum", "surface"))),
        Section("The data", tuple(_data(trained))),
        Section("How to go on", tuple(_next(trained))),
    )


def _head(trained: Trained) -> Iterator[Block]:
    settings = trained.run.settings
    yield Sentence("The network:", trained.network.spec)
    yield Sentence(
        f"{trained.objective.K} parameters, trained with {settings.method} on "
        f"{trained.parts[0].rows} rows of {settings.source}; the best of "
        f"{len(trained.results)} starts is start {trained.best.start + 1}, J = "
        f"{trained.best.cost:.6g}."
    )
    if trained.ending.interrupted or trained.ending.out_of_time:
        yield Sentence(
            "The run was stopped before its end; what follows is what there was by then."
        )


def _errors(parts: tuple[Part, ...], labels: Sequence[object]) -> Iterator[Block]:
    """Yield how much of each class is right."""
    table = parts[-1].confusion
    if table is None:
        return
    right = table.diagonal()
    rows = table.sum(axis=1)
    said = table.sum(axis=0)
    if len(rows) <= _ROWS:
        yield Rows(
            ("class", "rows", "of these right", "of those said so right"),
            tuple(
                (shortened(str(label)), str(n), _share(r, n), _share(r, s))
                for label, r, n, s in zip(labels, right, rows, said, strict=True)
            ),
        )


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.1%}" if whole else "–"


def _starts(trained: Trained) -> Block:
    best_first = sorted(trained.results, key=lambda r: (r.score != r.score, r.score, r.start))
    rows = tuple(
        (
            str(r.start + 1),
            f"{r.cost:.6g}",
            f"{r.gradient_norm:.1e}",
            str(r.iterations),
            clock(r.seconds),
            "not at its end" if r.reason == STOPPED else "; ".join([r.why, *r.notes]),
        )
        for r in best_first[:_ROWS]
    )
    return Rows(("start", "cost J", "|∇J|", "iterations", "time", "why it ended"), rows)


def _minima(trained: Trained) -> Iterator[Block]:
    total = len(trained.results)
    yield Sentence(
        f"{total} starts found {len(trained.minima)} different functions. Starts are counted "
        "together where their outputs are the same: hidden nodes that are permuted, or have "
        "their signs flipped on both sides, make other parameters and the same function."
    )
    yield Rows(
        ("function", "found by", "cost J", "starts"),
        tuple(
            (
                str(k + 1),
                f"{found.count} of {total}",
                f"{found.cost:.6g}"
                + (f" to {found.highest:.6g}" if found.highest != found.cost else ""),
                shortened(", ".join(str(s + 1) for s in found.starts)),
            )
            for k, found in enumerate(trained.minima[:_ROWS])
        ),
    )


def _verdict(trained: Trained) -> Iterator[Block]:
    verdict = trained.verdict
    if verdict is None:
        yield Sentence("The Hessian has not been computed: there are too many parameters.")
        return
    yield Sentence(f"Verdict: {verdict.sentence}.")
    yield Sentence(
        f"The gradient counts as 0 up to {verdict.tolerances.stationary:g} times the scale of "
        f"the cost, {verdict.scale:.4g}; an eigenvalue up to {verdict.tolerances.zero:g} times "
        "the largest one."
    )
    down = verdict.steepest_descent
    if down is not None:
        names = trained.parameter_names
        order = sorted(range(len(down)), key=lambda k: -abs(down[k]))[:6]
        parts = ", ".join(f"{names[k]}: {down[k]:+.3f}" for k in order)
        yield Sentence(
            f"The cost curves down most steeply, by λ = {verdict.eigenvalues[0]:.3e}, along "
            f"{parts}{', …' if len(down) > 6 else ''}."
        )


def _data(trained: Trained) -> Iterator[Block]:
    data = trained.run.data
    yield Sentence(f"Inputs: {shortened(', '.join(data.inputs), _LONG)}.")
    yield Sentence(f"Target: {shortened(data.target, _LONG)}.")
    if data.classes:
        listed = ", ".join(f"{k}: {label}" for k, label in enumerate(data.classes, 1))
        yield Sentence(f"Classes: {shortened(listed, _LONG)}.")
    yield Sentence(f"{len(data.X)} rows to train with, {len(data.X_test)} held out.")
    for note in (*(f"caution: {text}" for text in data.cautions), *data.notes):
        yield Sentence(f"{note[0].upper()}{note[1:]}.")


def _next(trained: Trained) -> Iterator[Block]:
    path = trained.run.path
    data = trained.run.data
    names = "predict, classify" if data.classes else "predict"
    if any(len(column) > 1 for column in data.columns):
        names += ", encode, COLUMNS"
    yield Sentence("Outputs and classes of the rows of a table:", f"gradscribe predict {path} DATA")
    yield Sentence("The same in Python:", f"from trained import {names}, INPUTS")
    yield Sentence("More iterations:", f"gradscribe train --resume {path} --iterations 5000")
    yield Sentence("The surface around the point:", f"gradscribe surface {path} -o surface.svg")
