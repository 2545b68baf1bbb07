"""`gradscribe generate`."""

from pathlib import Path

import click

from gradscribe.commands.options import (
    deliver,
    joined,
    output_option,
    spec_argument,
    warn,
    with_option,
)
from gradscribe.compiler import module_source, parsed


@click.command("generate")
@spec_argument
@with_option
@output_option
def command(spec: tuple[str, ...], rules: str | None, output: Path | None) -> None:
    """Write the NumPy module of the network SPEC.

    Without SPEC: three layers of any sizes (sigmoid, sigmoid, linear) with mean squared error.
    """
    network = parsed(joined(spec))
    text = module_source(network.learning_by(rules) if rules else network)
    warn(joined(spec))
    deliver(text, output, joined(spec))
