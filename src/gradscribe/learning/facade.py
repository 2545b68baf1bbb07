"""Training from Python, in one call."""

import inspect
import warnings
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from gradscribe.errors import InputError, nearest
from gradscribe.learning.data import DataOptions
from gradscribe.learning.live import display
from gradscribe.learning.training import Plan, Trained, new_run
from gradscribe.learning.training import train as carried_out
from gradscribe.learning.writing import write_report
from gradscribe.model.network import Network


def train(
    network: str | Path | Network,
    data: Any,
    folder: str | Path,
    *,
    method: str = "l-bfgs",
    options: Mapping[str, float] | None = None,
    starts: int = 5,
    iterations: int = 500,
    seconds: float | None = None,
    initial: str = "random",
    sizes: str | None = None,
    seed: int = 0,
    processes: int = 0,
    report: bool = True,
    lang: str = "en",
    quiet: bool = True,
    **said: Any,
) -> Trained:
    """Train a network on data, as `gradscribe train` does, and return what was found.

    Args:
        network: a specification, whose ends may be open ("?-10-? tanh,linear"), the path of a
            generated module, or a network.
        data: the path of a file, arrays of inputs and targets (X, D), or a frame of polars or
            pandas (or a mapping from names to columns).
        folder: a folder for the run, which is not there yet.
        method: a name in the table of methods.
        options: numbers of the method, by name.
        starts: how many.
        iterations: of each start, at most.
        seconds: stop after so many.
        initial: "random", "equal", "zeros" or the path of parameters.
        sizes: of a formula, "?-8-?".
        seed: of all that is drawn.
        processes: how many, 0 for this one alone; guard a program by `if __name__ == "__main__":`.
        report: whether the report is written.
        lang: its language.
        quiet: whether no progress is shown.
        said: of the data, as the command's options: target, drop, categorical (a name or several),
            classes, header, decimal, thousands, missing, scale, test; see `DataOptions`.

    Returns:
        What was found: `.predict(X)` and, for classes, `.classify(X)` of new rows; `.best.w`,
        `.parts`, `.verdict`, `.minima`. The folder has the files. A likely mistake is a warning.

    Raises:
        InputError: the network, the data, the folder or a number cannot be taken.
    """
    plan = Plan(method, dict(options or {}), iterations, starts, seed, initial, sizes, lang)
    spec = network.spec if isinstance(network, Network) else str(network)
    run = new_run(spec, data, Path(folder), plan, _options(said))
    for caution in run.data.cautions:
        warnings.warn(caution, stacklevel=2)
    with display(quiet=quiet) as shown:
        trained = carried_out(run, processes=processes, seconds=seconds, display=shown)
    if report:
        write_report(trained)
    return trained


def _options(said: Mapping[str, Any]) -> DataOptions:
    """Return what is said of the data; a text is one name of a column.

    Raises:
        InputError: there is no such argument.
    """
    of_data = {field.name: field.default for field in fields(DataOptions)}
    every = [name for name in (*inspect.signature(train).parameters, *of_data) if name != "said"]
    found = {}
    for name, value in said.items():
        if name not in every:
            raise InputError(
                "no such argument",
                where="train",
                received=name,
                allowed=", ".join(dict.fromkeys(every)),
                nearest=nearest(name, every),
            )
        if of_data[name] == ():
            value = (value,) if isinstance(value, str) else tuple(value)
        found[name] = value
    return DataOptions(**found)
