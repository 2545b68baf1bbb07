"""What a run has found, in a few lines of text."""

from collections.abc import Iterator

from gradscribe.learning.evaluation import Part
from gradscribe.learning.live import clock
from gradscribe.learning.telling import english, numeral, spoken
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
    yield f"{run.settings.spec}, {count}, {run.settings.method}"
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
        why=spoken(best.why, words),
    )
    for part in trained.parts:
        yield f"{part_name(part, words) + ':':<12} {quality(part, words)}"
    for found in trained.minima[:3]:
        cost = cost_range(found.cost, found.highest, words)
        yield words.text("report.at", count=str(found.count), total=total, cost=cost)
    if len(trained.minima) > 3:
        yield words.text("report.others", count=str(len(trained.minima) - 3))
    if trained.verdict is not None:
        yield words.text("report.verdict_line", verdict=trained.verdict.told(words))


def part_name(part: Part, words: Words) -> str:
    """Return what the rows of a part are called."""
    return words.text("report.training" if part.name == "training" else "report.held_out")


def cost_of(cost: float, words: Words) -> str:
    """Return a cost with as many digits as are of interest."""
    return numeral(f"{cost:.6g}", words)


def cost_range(low: float, high: float, words: Words) -> str:
    """Return the costs of several starts, once where they look the same."""
    first, last = cost_of(low, words), cost_of(high, words)
    return first if first == last else words.text("report.range", low=first, high=last)


def quality(part: Part, words: Words) -> str:
    """Return how good outputs are: the share that is right, or the errors."""
    said = [f"J = {cost_of(part.cost, words)}"]
    if part.confusion is not None and part.accuracy is not None:
        right, share = int(part.confusion.trace()), numeral(f"{part.accuracy:.1%}", words)
        said.append(words.text("report.right", right=str(right), rows=str(part.rows), share=share))
    else:
        comma = "; " if words.comma else ", "
        errors = comma.join(numeral(f"{e:.4g}", words) for e in part.root_mean_square)
        explained = comma.join(numeral(f"{r:.4f}", words) for r in part.explained)
        said.append(words.text("report.error", errors=errors))
        said.append(words.text("report.explained", values=explained))
    return ("; " if words.comma else ", ").join(said)
