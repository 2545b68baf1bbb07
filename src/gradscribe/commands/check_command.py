"""`gradscribe check`."""

import sys
from pathlib import Path

import click

from gradscribe.checking.examine import examine
from gradscribe.checking.load import load_module, network_of
from gradscribe.checking.report import render


@click.command("check")
@click.argument("module", type=click.Path(path_type=Path), metavar="MODULE.py")
@click.option("--spec", help="The network that the module is for, where it does not say so itself.")
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="Of the random parameters and data.",
)
def command(module: Path, spec: str | None, seed: int) -> None:
    """Compare a module's cost and gradient with independent computations.

    MODULE.py is a generated module, or any file with `cost(params, X, D)` and
    `gradient(params, X, D)`. Exits with 1 when anything disagrees, and says what is wrong
    where it can tell.
    """
    loaded = load_module(module)
    report = examine(loaded, network_of(loaded, spec), seed)
    click.echo(render(report))
    if not report.ok:
        sys.exit(1)
