"""Arguments and options that several commands take."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from gradscribe.compiler import cautions_on, languages_known
from gradscribe.errors import InputError, nearest
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


def one_of(words: tuple[str, ...], name: str) -> Callable[[Any, Any, str], str]:
    """Return a check that a word is one of a few; its message names the nearest."""

    def check(context: Any, parameter: Any, word: str) -> str:
        del context, parameter
        if word in words:
            return word
        raise InputError(
            f"unknown {name}",
            received=word,
            allowed=", ".join(words),
            nearest=nearest(word, words),
        )

    return check


lang_option: Callable[[Any], Any] = click.option(
    "--lang",
    default="en",
    callback=one_of(languages_known(), "language"),
    metavar="|".join(languages_known()),
    help="The language of a lecture or of a report.",
)


def joined(spec: tuple[str, ...]) -> str | None:
    """Return the words of a specification as one text; None where there are none."""
    return " ".join(spec) or None


def warn(spec: str | None) -> None:
    """Say on stderr which numbers do not suit the formulas that a specification defines."""
    for sentence in cautions_on(spec):
        click.echo(f"caution: {sentence}", err=True)


def is_same(output: Path, given: str | Path) -> bool:
    """Whether an output is a file that was given."""
    try:
        return output.samefile(given)
    except (OSError, ValueError):
        return False


def deliver(text: str, output: Path | None, spec: str | None = None) -> None:
    """Write a result to a file, and say so on stderr, or to stdout.

    Args:
        text: the result.
        output: the file; None for stdout.
        spec: what the result is made of, in case it is a file.

    Raises:
        InputError: the result would replace that file, or cannot be written.
    """
    if output is None:
        click.echo(text, nl=False)
        return
    if spec is not None and output.exists() and is_same(output, spec):
        raise InputError(
            "the output would replace the specification", where="-o", received=str(output),
            allowed="another file",
        )  # fmt: skip
    write(output, text)
    click.echo(f"wrote {output}", err=True)
