"""`gradscribe train`."""

from pathlib import Path
from typing import Any

import click

from gradscribe.commands.data_options import (
    chosen_options,
    data_argument,
    data_options,
    named_numbers,
    needed,
    network_argument,
)
from gradscribe.commands.options import lang_option
from gradscribe.errors import InputError
from gradscribe.learning.extras import library
from gradscribe.learning.folder import RunFolder, opened
from gradscribe.learning.live import display
from gradscribe.learning.methods import find_method
from gradscribe.learning.summary import summary
from gradscribe.learning.telling import told_in
from gradscribe.learning.training import NothingYetError, Plan, Trained, new_run, train
from gradscribe.learning.writing import write_report

INTERRUPTED = 130
_RESUMED = ("iterations", "seconds", "processes", "quiet", "resume", "lang")
_LIBRARIES = ("polars", "matplotlib", "rich", "threadpoolctl")


@click.command("train")
@network_argument
@data_argument
@data_options
@click.option("--method", default="l-bfgs", metavar="NAME", show_default=True)
@click.option("--set", "numbers", multiple=True, metavar="NAME=NUMBER", help="Of the method.")
@click.option("--starts", type=click.IntRange(1, 10_000), default=5, show_default=True)
@click.option(
    "--init", "initial", default="random", metavar="random|equal|zeros|FILE", show_default=True
)
@click.option("--iterations", type=click.IntRange(0), help="Of each start, at most: 500.")
@click.option("--time", "seconds", type=click.FloatRange(0, min_open=True), metavar="SECONDS")
@click.option("--processes", type=click.IntRange(0), help="One a core; 0: none but this one.")
@lang_option
@click.option("--quiet", is_flag=True, help="Without progress.")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), metavar="DIR", help="NAME-run of NAME.csv."
)
@click.option("--resume", type=click.Path(path_type=Path), metavar="DIR", help="Go on with a run.")
@click.pass_context
def command(ctx: click.Context, /, **values: Any) -> int:
    """Train a network on the rows of DATA (CSV, Parquet, .npz), from several random starts.

    SPEC may leave the sizes of its ends to the data: "?-10-? tanh,softmax loss=cross_entropy".
    Ctrl-C stops with everything saved, and --resume DIR goes on, whatever stopped it. The folder
    gets report.html, the parameters and trained.py, which has the scaling in it.
    """
    for name in _LIBRARIES:
        library(name, "gradscribe train")
    run = _resumed(ctx, values) if values["resume"] is not None else _begun(values)
    try:
        with display(quiet=values["quiet"]) as shown:
            trained = train(
                run, processes=values["processes"], seconds=values["seconds"], display=shown
            )
    except NothingYetError:
        click.echo(f"stopped; to go on: gradscribe train --resume {run.path}", err=True)
        return INTERRUPTED
    write_report(trained)
    return _told(trained)


def _begun(values: dict[str, Any]) -> RunFolder:
    """Make the folder of a new run."""
    network, data = needed(values["network"], values["data"], "train", "--resume DIR")
    find_method(values["method"])
    plan = Plan(
        method=values["method"],
        options=named_numbers(values["numbers"], "--set", "rate=0.1"),
        iterations=500 if values["iterations"] is None else values["iterations"],
        starts=values["starts"],
        seed=values["seed"],
        initial=values["initial"],
        sizes=values["sizes"],
        lang=values["lang"],
    )
    output = values["output"] or Path(f"{data.name.split('.')[0] or 'data'}-run")
    run = new_run(network, data, output, plan, chosen_options(values))
    for caution in run.data.cautions:
        click.echo(f"caution: {caution}", err=True)
    for note in run.data.notes:
        click.echo(f"note: {note}", err=True)
    return run


def _resumed(ctx: click.Context, values: dict[str, Any]) -> RunFolder:
    """Return the run to go on with; nothing is said of it but how far.

    Raises:
        InputError: something else is.
    """
    default = click.core.ParameterSource.DEFAULT
    for name in values:
        if name not in _RESUMED and ctx.get_parameter_source(name) is not default:
            raise InputError(
                "a run that goes on has its settings",
                where="--resume",
                received=name if name in ("network", "data") else f"--{name}",
                allowed="--iterations, --time, --processes, --lang, --quiet",
            )
    run = opened(values["resume"])
    if values["iterations"] is not None:
        run = run.with_settings(iterations=values["iterations"])
    if ctx.get_parameter_source("lang") is not default:
        run = run.with_settings(lang=values["lang"])
    return run


def _told(trained: Trained) -> int:
    """Print what was found; return the exit code."""
    click.echo(summary(trained, told_in(trained.run.settings.lang)))
    path = trained.run.path
    click.echo(f"wrote {path}/report.html, report.md, parameters.npz, trained.py", err=True)
    if trained.ending.interrupted or trained.ending.out_of_time:
        click.echo(f"to go on: gradscribe train --resume {path}", err=True)
    return INTERRUPTED if trained.ending.interrupted else 0
