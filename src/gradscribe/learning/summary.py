"""What a run has found, in a few lines of text."""

from collections.abc import Iterator

from gradscribe.learning.evaluation import cost_of, cost_range, part_name, quality
from gradscribe.learning.live import clock
from gradscribe.learning.telling import english, spoken
from gradscribe.learning.training import Trained
from gradscribe.lecture.words import Words


def summary(trained: Trained, words: Words | None = None) -> str:
    """Return what a run has found, for a terminal.

    Args:
        trained: what it has found.
        words: the language; English where none is given.
    """
    return "\n".join(_lines(trained, words or english()))


def _lines(trained: Trained, words: Words) -> Iterator[str]:
    run, best = trained.run, trained.best
    count = words.text("report.parameters", count=str(trained.objective.K))
    yield f"{trained.network.spec}, {count}, {run.settings.method}"
    total = str(len(trained.results))
    yield words.text(
        "report.work",
        done=total,
        starts=str(run.settings.starts),
        time=clock(sum(r.seconds for r in trained.results)),
    )
    yield words.text(
        "report.best",
        start=str(best.start + 1),
        cost=cost_of(best.cost, words),
        iterations=str(best.iterations),
        why="; ".join(spoken(why, words) for why in (best.why, *best.notes)),
    )
    yield from penalized(trained, words)
    for part in trained.parts:
        yield f"{part_name(part, words) + ':':<12} {quality(part, words)}"
    for found in trained.minima[:3]:
        cost = cost_range(found.cost, found.highest, words)
        yield words.text("report.at", count=str(found.count), total=total, cost=cost)
    if len(trained.minima) > 3:
        yield words.text("report.others", count=str(len(trained.minima) - 3))
    if trained.verdict is not None:
        yield words.text("report.verdict_line", verdict=trained.verdict.told(words))


def penalized(trained: Trained, words: Words) -> Iterator[str]:
    """Yield what J is and with the penalty of a method that has found one, and what is best."""
    best = trained.best
    if best.penalty:
        whole = cost_of(trained.objective.cost(best.w), words)
        yield words.text("report.penalized", penalty=cost_of(best.penalty, words), whole=whole)
