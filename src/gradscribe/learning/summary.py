"""What a run has found, in a few lines of text."""

from collections.abc import Iterator

from gradscribe.learning.evaluation import quality
from gradscribe.learning.live import clock
from gradscribe.learning.training import Trained


def summary(trained: Trained) -> str:
    """Return what a run has found, for a terminal."""
    return "\n".join(_lines(trained))


def _lines(trained: Trained) -> Iterator[str]:
    run, best = trained.run, trained.best
    yield f"{trained.network.spec}, {trained.objective.K} parameters, {run.settings.method}"
    yield (
        f"{len(trained.results)} of {run.settings.starts} starts, "
        f"{clock(sum(r.seconds for r in trained.results))} of work"
    )
    yield (
        f"best: start {best.start + 1}, J = {best.cost:.6g}, "
        f"after {best.iterations} iterations: {'; '.join([best.why, *best.notes])}"
    )
    for part in trained.parts:
        yield f"{part.name + ':':<10} {quality(part)}"
    for found in trained.minima[:3]:
        several = f" to {found.highest:.6g}" if found.count > 1 else ""
        yield f"{found.count} of {len(trained.results)} starts at J = {found.cost:.6g}{several}"
    if len(trained.minima) > 3:
        yield f"and {len(trained.minima) - 3} more functions"
    if trained.verdict is not None:
        yield f"verdict: {trained.verdict.sentence}"
