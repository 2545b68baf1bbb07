"""`gradscribe generate`."""

from pathlib import Path

import click

from gradscribe.commands.options import deliver, joined, output_option, spec_argument, warn
from gradscribe.compiler import module_source


@click.command("generate")
@spec_argument
@output_option
def command(spec: tuple[str, ...], output: Path | None) -> None:
    """Write the NumPy module of the network SPEC.

    Without SPEC: three layers of any sizes (sigmoid, sigmoid, linear) with mean squared error.
    """
    text = module_source(joined(spec))
    warn(joined(spec))
    deliver(text, output)
