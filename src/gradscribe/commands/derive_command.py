"""`gradscribe derive`."""

from pathlib import Path

import click

from gradscribe.commands.options import deliver, joined, output_option, spec_argument
from gradscribe.compiler import derivation_text
from gradscribe.targets.target import targets


@click.command("derive")
@spec_argument
@click.option(
    "--format",
    "format_name",
    default="text",
    show_default=True,
    metavar="FORMAT",
    help="One of: " + ", ".join(t.name for t in targets().values() if t.view == "derivation") + ".",
)
@output_option
def command(spec: tuple[str, ...], format_name: str, output: Path | None) -> None:
    """Show how the gradient of the network SPEC is derived, with the rule of every step.

    Each step is verified at random points before anything is shown.
    """
    deliver(derivation_text(joined(spec), format_name), output)
