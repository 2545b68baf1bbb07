"""What a run has found, as blocks: sentences, tables and pictures, in no format yet."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gradscribe.errors import shortened
from gradscribe.learning.drawing import Picture
from gradscribe.learning.evaluation import Part, cost_of, cost_range, part_name, quality
from gradscribe.learning.live import clock
from gradscribe.learning.starts import STOPPED
from gradscribe.learning.summary import penalized
from gradscribe.learning.telling import numeral, spoken
from gradscribe.learning.training import Trained
from gradscribe.lecture.words import Words

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


def report(trained: Trained, pictures: tuple[Picture, ...], words: Words) -> tuple[Section, ...]:
    """Return the report of a run in a language."""
    by_name = {p.name: p for p in pictures}

    def shown(*names: str) -> tuple[Block, ...]:
        return tuple(by_name[name] for name in names if name in by_name)

    def section(key: str, *blocks: Block) -> Section:
        return Section(words.text(f"report.{key}"), blocks)

    quality_of = (f"{part_name(p, words)}: {quality(p, words)}." for p in trained.parts)
    return (
        Section("", tuple(_head(trained, words))),
        section(
            "quality",
            *(Sentence(f"{text[0].upper()}{text[1:]}") for text in quality_of),
            *_errors(trained.parts, trained.run.data.classes, words),
            *shown("confusion", "predictions", "regions", "curve"),
        ),
        section("way", *shown("cost_per_iteration", "cost_per_second"), _starts(trained, words)),
        section("found", *_minima(trained, words)),
        section("point", *_verdict(trained, words), *shown("spectrum", "surface")),
        section("data", *_data(trained, words)),
        section("next", *_next(trained, words)),
    )


def _head(trained: Trained, words: Words) -> Iterator[Block]:
    settings = trained.run.settings
    yield Sentence(words.text("report.network"), trained.network.spec)
    said = {
        "count": str(trained.objective.K),
        "method": settings.method,
        "rows": str(trained.parts[0].rows),
        "source": settings.source,
        "cost": cost_of(trained.best.cost, words),
    }
    if len(trained.results) == 1:
        yield Sentence(words.text("report.head_one", **said))
    else:
        said |= {"starts": str(len(trained.results)), "best": str(trained.best.start + 1)}
        yield Sentence(words.text("report.head", **said))
    for text in penalized(trained, words):
        yield Sentence(text)
    if trained.ending.interrupted or trained.ending.out_of_time:
        yield Sentence(words.text("report.stopped"))


def _heads(words: Words, *keys: str) -> tuple[str, ...]:
    return tuple(words.text(f"report.{key}") for key in keys)


def _errors(parts: tuple[Part, ...], labels: Sequence[object], words: Words) -> Iterator[Block]:
    """Yield how much of each class is right."""
    table = parts[-1].confusion
    if table is None:
        return
    right = table.diagonal()
    rows = table.sum(axis=1)
    said = table.sum(axis=0)
    if len(rows) <= _ROWS:
        yield Rows(
            _heads(words, "class", "rows", "recall", "precision"),
            tuple(
                (shortened(str(label)), str(n), _share(r, n, words), _share(r, s, words))
                for label, r, n, s in zip(labels, right, rows, said, strict=True)
            ),
        )


def _share(part: int, whole: int, words: Words) -> str:
    return numeral(f"{part / whole:.1%}", words) if whole else "–"


def _starts(trained: Trained, words: Words) -> Block:
    best_first = sorted(trained.results, key=lambda r: (r.score != r.score, r.score, r.start))
    rows = tuple(
        (
            str(r.start + 1),
            cost_of(r.cost, words),
            numeral(f"{r.gradient_norm:.2g}", words),
            str(r.iterations),
            clock(r.seconds),
            words.text("report.not_yet")
            if r.reason == STOPPED
            else "; ".join(spoken(why, words) for why in (r.why, *r.notes)),
        )
        for r in best_first[:_ROWS]
    )
    start, cost, *others = _heads(words, "start", "cost", "iterations", "time", "why")
    return Rows((start, cost, "|∇J|", *others), rows)


def _minima(trained: Trained, words: Words) -> Iterator[Block]:
    total, count = str(len(trained.results)), len(trained.minima)
    if len(trained.results) == 1:
        yield Sentence(words.text("report.one_start"))
        return
    key = "report.functions" if count > 1 else "report.one_function"
    found = words.text(key, total=total, count=str(count))
    yield Sentence(f"{found} {words.text('report.same')}")
    yield Rows(
        _heads(words, "function", "found_by", "cost", "starts"),
        tuple(
            (
                str(k + 1),
                words.text("report.of", count=str(found.count), total=total),
                cost_range(found.cost, found.highest, words),
                shortened(", ".join(str(s + 1) for s in found.starts)),
            )
            for k, found in enumerate(trained.minima[:_ROWS])
        ),
    )


def _verdict(trained: Trained, words: Words) -> Iterator[Block]:
    verdict = trained.verdict
    if verdict is None:
        yield Sentence(words.text("report.no_hessian"))
        return
    yield Sentence(words.text("report.verdict", verdict=verdict.told(words)))
    yield Sentence(
        words.text(
            "report.tolerances",
            stationary=numeral(f"{verdict.tolerances.stationary:g}", words),
            scale=numeral(f"{verdict.scale:.4g}", words),
            zero=numeral(f"{verdict.tolerances.zero:g}", words),
        )
    )
    down = verdict.steepest_descent
    if down is not None:
        names = trained.parameter_names
        order = sorted(range(len(down)), key=lambda k: -abs(down[k]))[:6]
        comma = "; " if words.comma else ", "
        parts = [f"{names[k]}: {numeral(f'{down[k]:+.3f}', words)}" for k in order]
        parts += ["…"] * (len(down) > 6)
        value = numeral(f"{verdict.eigenvalues[0]:.4g}", words)
        yield Sentence(words.text("report.downhill", value=value, parts=comma.join(parts)))


def _data(trained: Trained, words: Words) -> Iterator[Block]:
    data = trained.run.data
    yield Sentence(words.text("report.inputs", names=shortened(", ".join(data.inputs), _LONG)))
    yield Sentence(words.text("report.target", name=shortened(data.target, _LONG)))
    if data.classes:
        listed = ", ".join(f"{k}: {label}" for k, label in enumerate(data.classes, 1))
        yield Sentence(words.text("report.classes", names=shortened(listed, _LONG)))
    rows, held = str(len(data.X)), str(len(data.X_test))
    yield Sentence(words.text("report.divided", rows=rows, held=held))
    cautions = (words.text("report.caution", caution=spoken(text, words)) for text in data.cautions)
    for note in (*cautions, *(spoken(note, words) for note in data.notes)):
        yield Sentence(f"{note[0].upper()}{note[1:]}.")


def _next(trained: Trained, words: Words) -> Iterator[Block]:
    path, data = trained.run.path, trained.run.data
    names = "predict, classify" if data.classes else "predict"
    if any(len(column) > 1 for column in data.columns):
        names += ", encode, COLUMNS"
    rows = words.text("report.predict" if data.classes else "report.predict_numbers")
    same, more, surface = _heads(words, "in_python", "more", "surface")
    yield Sentence(rows, f"gradscribe predict {path} DATA")
    yield Sentence(same, f"from trained import {names}, INPUTS")
    yield Sentence(more, f"gradscribe train --resume {path} --iterations 5000")
    yield Sentence(surface, f"gradscribe surface {path} -o surface.svg")
