"""Training from Python, in one call."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from gradscribe.learning.data import DataOptions
from gradscribe.learning.live import display
from gradscribe.learning.training import Plan, Trained, new_run
from gradscribe.learning.training import train as carried_out
from gradscribe.learning.writing import write_report


def train(
    network: str,
    data: str | Path,
    folder: str | Path,
    *,
    target: Sequence[str] = (),
    method: str = "l-bfgs",
    options: Mapping[str, float] | None = None,
    starts: int = 5,
    iterations: int = 500,
    seconds: float | None = None,
    initial: str = "random",
    sizes: str | None = None,
    scale: str = "standard",
    test: float | None = None,
    classes: bool = False,
    seed: int = 0,
    processes: int = 0,
    report: bool = True,
    lang: str = "en",
    quiet: bool = True,
) -> Trained:
    """Train a network on a table, as `gradscribe train` does, and return what was found.

    Args:
        network: a specification, "?-10-? tanh,linear", or the path of a generated module.
        data: the file of the data.
        folder: a folder for the run, which is not there yet.
        target: names of the target's columns; the last one unless told otherwise.
        method: a name in the table of methods.
        options: numbers of the method, by name.
        starts: how many.
        iterations: of each start, at most.
        seconds: stop after so many.
        initial: "random", "equal", "zeros" or the path of parameters.
        sizes: of a formula, "?-8-?".
        scale: "standard", "minmax" or "none".
        test: the share of rows that is held out; None for 0.3 of 50 rows and more.
        classes: whether the target's numbers are names of classes.
        seed: of all that is drawn.
        processes: how many, 0 for this one alone; guard a program by `if __name__ == "__main__":`.
        report: whether the report is written.
        lang: its language.
        quiet: whether no progress is shown.

    Returns:
        What was found: `.best.w`, `.parts`, `.verdict`, `.minima`; the folder has the files.

    Raises:
        InputError: the network, the data, the folder or a number cannot be taken.
    """
    said = DataOptions(target=tuple(target), classes=classes, scale=scale, test=test, seed=seed)
    plan = Plan(method, dict(options or {}), iterations, starts, seed, initial, sizes, lang)
    run = new_run(network, Path(data), Path(folder), plan, said)
    with display(quiet=quiet) as shown:
        trained = carried_out(run, processes=processes, seconds=seconds, display=shown)
    if report:
        write_report(trained)
    return trained
