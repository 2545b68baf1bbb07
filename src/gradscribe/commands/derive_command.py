"""`gradscribe derive`."""

from pathlib import Path

import click

from gradscribe.commands.options import deliver, joined, output_option, spec_argument
from gradscribe.compiler import costs_text, derivation_text
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
@click.option(
    "--order",
    type=click.IntRange(1, 2),
    help="1 for the gradient, 2 for second derivatives too (the default up to four layers).",
)
@click.option(
    "--cost",
    is_flag=True,
    help="Show instead what each function of the module costs, as formulas in N_0 … N_M and N.",
)
@output_option
def command(
    spec: tuple[str, ...], format_name: str, order: int | None, cost: bool, output: Path | None
) -> None:
    """Show how gradient and Hessian of the network SPEC are derived, with every step's rule.

    Each step is verified at random points before anything is shown.
    """
    if cost:
        deliver(costs_text(joined(spec)), output)
    else:
        deliver(derivation_text(joined(spec), format_name, order=order), output)
