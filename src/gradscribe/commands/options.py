"""Arguments and options that several commands take."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from gradscribe.compiler import cautions_on
from gradscribe.files import write

# Words of a specification may come as one argument or as several.
spec_argument: Callable[[Any], Any] = click.argument("spec", nargs=-1, metavar="[SPEC]")
output_option: Callable[[Any], Any] = click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write here, not to stdout.",
)

with_option: Callable[[Any], Any] = click.option(
    "--with",
    "rules",
    metavar="RULES",
    help="Update rules and schedules too: adam,newton (see `gradscribe list`).",
)


def joined(spec: tuple[str, ...]) -> str | None:
    """Return the words of a specification as one text; None where there are none."""
    return " ".join(spec) or None


def warn(spec: str | None) -> None:
    """Say on stderr which numbers do not suit the formulas that a specification defines."""
    for sentence in cautions_on(spec):
        click.echo(f"caution: {sentence}", err=True)


def deliver(text: str, output: Path | None) -> None:
    """Write a result to a file, and say so on stderr, or to stdout."""
    if output is None:
        click.echo(text, nl=False)
        return
    write(output, text)
    click.echo(f"wrote {output}", err=True)
