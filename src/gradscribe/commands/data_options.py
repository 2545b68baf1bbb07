"""Options that say how a file of data is read: of `train`, `predict` and `surface`."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from gradscribe.errors import InputError
from gradscribe.learning.data import LACKING, DataOptions
from gradscribe.learning.scaling import KINDS
from gradscribe.learning.table import DECIMALS, THOUSANDS, TextForm

Decorator = Callable[[Any], Any]
_TEXT_OPTIONS: tuple[Decorator, ...] = (
    click.option("--header/--no-header", default=None, help="Whether the first line has names."),
    click.option("--decimal", type=click.Choice(DECIMALS), help="The sign before decimals."),
    click.option("--thousands", type=click.Choice(THOUSANDS), help="The sign between thousands."),
)
_OPTIONS: tuple[Decorator, ...] = (
    click.option("--target", metavar="COL[,COL]", help="What is to be learnt; the last column."),
    click.option("--drop", metavar="COL[,COL]", help="Columns that are left out."),
    click.option("--categorical", metavar="COL[,COL]", help="Columns whose numbers are names."),
    click.option("--classes", is_flag=True, help="The target's numbers are names of classes."),
    *_TEXT_OPTIONS,
    click.option(
        "--missing",
        type=click.Choice(LACKING),
        default="refuse",
        help="What is done with rows that lack a value.",
        show_default=True,
    ),
    click.option(
        "--scale",
        type=click.Choice(KINDS),
        default="standard",
        show_default=True,
        help="Of inputs, and of targets behind a linear layer.",
    ),
    click.option(
        "--test",
        type=click.FloatRange(0, 1, max_open=True),
        metavar="SHARE",
        help="Rows that are held out; 0.3 of 50 rows and more.",
    ),
    click.option("--sizes", metavar="?-8-?", help="Of a formula, which has none."),
    click.option("--seed", type=click.IntRange(0), default=0, show_default=True),
)
# The options that say something of data alone, as parameters of a command.
NAMES = (
    "target", "drop", "categorical", "classes", "header", "decimal", "thousands", "missing",
    "scale", "test",
)  # fmt: skip

network_argument: Decorator = click.argument("network", required=False, metavar="[MODULE|SPEC]")
data_argument: Decorator = click.argument(
    "data", required=False, type=click.Path(path_type=Path), metavar="[DATA]"
)


def data_options(command: Any) -> Any:
    """Add the options to a command; `chosen_options` makes one value of them."""
    return _with(_OPTIONS, command)


def text_options(command: Any) -> Any:
    """Add the options that say how a text file writes its table."""
    return _with(_TEXT_OPTIONS, command)


def _with(options: tuple[Decorator, ...], command: Any) -> Any:
    for option in reversed(options):
        command = option(command)
    return command


def chosen_options(values: dict[str, Any]) -> DataOptions:
    """Return what a user says of the data.

    Args:
        values: of all options, by name.
    """
    return DataOptions(
        target=listed(values["target"]),
        drop=listed(values["drop"]),
        categorical=listed(values["categorical"]),
        classes=values["classes"],
        header=values["header"],
        decimal=values["decimal"],
        thousands=values["thousands"],
        missing=values["missing"],
        scale=values["scale"],
        test=values["test"],
        seed=values["seed"],
    )


def text_form(values: dict[str, Any]) -> TextForm:
    """Return what a user says of how a text file writes its table."""
    return TextForm(values["header"], values["decimal"], values["thousands"])


def listed(text: str | None) -> tuple[str, ...]:
    """Return the names of a list with commas."""
    return tuple(word.strip() for word in text.split(",") if word.strip()) if text else ()


def named_numbers(words: tuple[str, ...], option: str, example: str) -> dict[str, float]:
    """Return the numbers of NAME=NUMBER words.

    Raises:
        InputError: a word is none.
    """
    found: dict[str, float] = {}
    for word in words:
        name, _, value = word.partition("=")
        try:
            found[name.strip()] = float(value)
        except ValueError as error:
            raise InputError(
                "not NAME=NUMBER", where=option, received=word, allowed=f"{option} {example}"
            ) from error
    return found


def needed(network: str | None, data: Path | None, command: str, other: str) -> tuple[str, Path]:
    """Return the network and the file of the data.

    Raises:
        InputError: one of them is missing.
    """
    if network is None or data is None:
        raise InputError(
            "a network and a file of data are needed",
            where=command,
            allowed=f'gradscribe {command} "?-10-? tanh,linear" data.csv, or {other}',
        )
    return network, data
