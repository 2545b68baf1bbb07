"""`gradscribe train`."""

from collections.abc import Iterable
from pathlib import Path

import click

from gradscribe.errors import InputError
from gradscribe.learning.data import DataOptions
from gradscribe.learning.folder import opened
from gradscribe.learning.live import display
from gradscribe.learning.methods import METHODS
from gradscribe.learning.scaling import KINDS
from gradscribe.learning.summary import summary
from gradscribe.learning.training import Plan, Trained, new_run, train

INTERRUPTED = 130
_RESUMED = ("iterations", "seconds", "processes", "quiet", "resume")


def _list(text: str | None) -> tuple[str, ...]:
    """Return the names of a list with commas."""
    return tuple(word.strip() for word in text.split(",") if word.strip()) if text else ()


def _numbers(words: Iterable[str]) -> dict[str, float]:
    """Return the numbers of NAME=VALUE words."""
    found: dict[str, float] = {}
    for word in words:
        name, equals, value = word.partition("=")
        try:
            found[name.strip()] = float(value)
        except ValueError as error:
            raise InputError(
                "not NAME=NUMBER", where="--set", received=word, allowed="--set rate=0.1"
            ) from error
    return found


@click.command("train")
@click.argument("network", required=False, metavar="[MODULE|SPEC]")
@click.argument("data", required=False, type=click.Path(path_type=Path), metavar="[DATA]")
@click.option("--target", metavar="COL[,COL]", help="What is to be learnt; the last column.")
@click.option("--drop", metavar="COL[,COL]", help="Columns that are left out.")
@click.option("--categorical", metavar="COL[,COL]", help="Columns whose numbers are names.")
@click.option("--classes", is_flag=True, help="The target's numbers are names of classes.")
@click.option("--header/--no-header", default=None, help="Whether the first line has names.")
@click.option(
    "--missing",
    type=click.Choice(("refuse", "drop")),
    default="refuse",
    help="What is done with rows that lack a value.",
    show_default=True,
)
@click.option(
    "--scale", type=click.Choice(KINDS), default="standard", show_default=True, help="Of inputs."
)
@click.option(
    "--test",
    type=click.FloatRange(0, 1, max_open=True),
    metavar="SHARE",
    help="Rows that are held out; 0.3 of 50 rows and more.",
)
@click.option("--sizes", metavar="?-8-?", help="Of a formula, which has none.")
@click.option("--method", default="l-bfgs", metavar="NAME", show_default=True)
@click.option("--set", "numbers", multiple=True, metavar="NAME=NUMBER", help="Of the method.")
@click.option("--starts", type=click.IntRange(1, 10_000), default=5, show_default=True)
@click.option(
    "--init", "initial", default="random", metavar="random|equal|zeros|FILE", show_default=True
)
@click.option("--iterations", type=click.IntRange(0), help="Of each start, at most [500].")
@click.option("--time", "seconds", type=click.FloatRange(0, min_open=True), metavar="SECONDS")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
@click.option("--processes", type=click.IntRange(1), help="One a core, unless told otherwise.")
@click.option("--quiet", is_flag=True, help="Without progress.")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), metavar="DIR", help="[DATA's name-run]"
)
@click.option(
    "--resume", type=click.Path(path_type=Path), metavar="DIR", help="Go on with a run."
)
@click.pass_context
def command(
    ctx: click.Context,
    network: str | None,
    data: Path | None,
    target: str | None,
    drop: str | None,
    categorical: str | None,
    classes: bool,
    header: bool | None,
    missing: str,
    scale: str,
    test: float | None,
    sizes: str | None,
    method: str,
    numbers: tuple[str, ...],
    starts: int,
    initial: str,
    iterations: int | None,
    seconds: float | None,
    seed: int,
    processes: int | None,
    quiet: bool,
    output: Path | None,
    resume: Path | None,
) -> int:
    """Train a network on the rows of DATA (CSV, Parquet, .npz), from several random starts.

    SPEC may leave the sizes of its ends to the data: "?-10-? tanh,softmax loss=cross_entropy".
    Ctrl-C stops with everything saved, and --resume DIR goes on, whatever stopped it.
    """
    if resume is not None:
        _check_resumed(ctx)
        run = opened(resume)
        if iterations is not None:
            run = run.with_settings(iterations=iterations)
    else:
        if network is None or data is None:
            raise InputError(
                "a network and a file of data are needed",
                where="train",
                allowed='gradscribe train "?-10-? tanh,linear" data.csv, or --resume DIR',
            )
        METHODS.find(method, where="--method")
        options = DataOptions(
            target=_list(target),
            drop=_list(drop),
            categorical=_list(categorical),
            classes=classes,
            header=header,
            missing=missing,
            scale=scale,
            test=test,
        )
        plan = Plan(
            method=method,
            options=_numbers(numbers),
            iterations=500 if iterations is None else iterations,
            starts=starts,
            seed=seed,
            initial=initial,
            sizes=sizes,
        )
        run = new_run(network, data, output or _beside(data), plan, options)
        for note in run.data.notes:
            click.echo(f"note: {note}", err=True)
    with display(quiet=quiet) as shown:
        trained = train(run, processes=processes, seconds=seconds, display=shown)
    return _told(trained)


def _told(trained: Trained) -> int:
    """Print what was found; return the exit code."""
    click.echo(summary(trained))
    path = trained.run.path
    click.echo(f"wrote {path}/", err=True)
    if trained.ending.interrupted or trained.ending.out_of_time:
        click.echo(f"to go on: gradscribe train --resume {path}", err=True)
    return INTERRUPTED if trained.ending.interrupted else 0


def _beside(data: Path) -> Path:
    """Return the folder of a run unless it is named."""
    return Path(f"{data.name.split('.')[0] or 'data'}-run")


def _check_resumed(ctx: click.Context) -> None:
    """Check that nothing is said of a run that goes on but how far.

    Raises:
        InputError: something else is.
    """
    source = click.core.ParameterSource.DEFAULT
    for name in ctx.params:
        if name not in _RESUMED and ctx.get_parameter_source(name) is not source:
            raise InputError(
                "a run that goes on has its settings",
                where="--resume",
                received=f"--{name}",
                allowed="--iterations, --time, --processes, --quiet",
            )
