"""`gradscribe predict`."""

import csv
import io
from pathlib import Path
from typing import Any

import click

from gradscribe.commands.data_options import text_form, text_options
from gradscribe.commands.options import is_same
from gradscribe.errors import InputError, shortened
from gradscribe.files import write
from gradscribe.learning.folder import opened
from gradscribe.learning.session import Ending
from gradscribe.learning.starts import objective_of
from gradscribe.learning.table import read_table
from gradscribe.learning.threads import one_thread
from gradscribe.learning.training import Trained, collected


@click.command("predict")
@click.argument("run", type=click.Path(path_type=Path), metavar="DIR")
@click.argument("data", type=click.Path(path_type=Path), metavar="DATA")
@text_options
@click.option("--outputs", is_flag=True, help="Beside classes, what the network gives for each.")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    metavar="FILE.csv",
    help="Write here, not to stdout.",
)
def command(run: Path, data: Path, outputs: bool, output: Path | None, **values: Any) -> None:
    """Say what the network of a run (its folder, DIR) gives for each row of DATA, as CSV.

    DATA has the columns that the inputs were made of, in any order; others are left out. Words
    are coded as in training.
    """
    _check_output(output, data)
    table = read_table(data, text_form(values))
    with one_thread():
        found = opened(run)
        trained = collected(found, objective_of(found), Ending(), judge=False)
        text = _text(trained, trained.predict(table), outputs)
    inputs = {name for name, *_ in found.data.columns}
    others = [name for name in table.columns if name not in inputs]
    left = [f"no inputs, left out: {shortened(', '.join(others), 300)}"] * bool(others)
    for note in (*table.notes, *left):
        click.echo(f"note: {note}", err=True)
    if output is None:
        click.echo(text, nl=False)
        return
    write(output, text)
    click.echo(f"wrote {output}", err=True)


def _check_output(output: Path | None, data: Path) -> None:
    """Check that what is written is a table, and not in the place of the data.

    Raises:
        InputError: it is something else.
    """
    if output is None:
        return
    if output.suffix.lower() != ".csv":
        raise InputError("a .csv is written", where="-o", received=str(output), allowed="FILE.csv")
    if is_same(output, data):
        raise InputError("the output would replace the data", where="-o", received=str(output))


def _text(trained: Trained, outputs: Any, every: bool) -> str:
    """Return a row of classes, of outputs, or of both for each row of the data, as CSV."""
    data = trained.run.data
    head: list[str] = []
    rows: list[list[Any]] = [[] for _ in outputs]
    if data.classes:
        head.append(data.target)
        rows = [[label] for label in trained.classes_of(outputs)]
    if every or not data.classes:
        head += data.outputs
        rows = [[*row, *values] for row, values in zip(rows, outputs.tolist(), strict=True)]
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerows([head, *rows])
    return buffer.getvalue()
