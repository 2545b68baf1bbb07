"""`gradscribe derive`."""

from pathlib import Path
from typing import Any

import click

from gradscribe.commands.options import deliver, joined, output_option, spec_argument
from gradscribe.compiler import costs_text, derivation_text
from gradscribe.editions import edition, write_equations
from gradscribe.errors import InputError
from gradscribe.lecture.style import Style
from gradscribe.targets.target import EDITIONS, LECTURES, Target, find_target, targets

VIEWS = ("derivation", *LECTURES, *EDITIONS)


@click.command("derive")
@spec_argument
@click.option(
    "--format",
    "format_name",
    default="text",
    show_default=True,
    metavar="FORMAT",
    help="One of: " + ", ".join(t.name for t in targets().values() if t.view in VIEWS) + ".",
)
@click.option("--lang", default="en", show_default=True, help="The language of the sentences.")
@click.option("--title", default="", help="The title, instead of the usual one.")
@click.option("--author", default="", help="Who gives the lecture.")
@click.option("--pdf", is_flag=True, help="Make a PDF of the slides or the article too.")
@click.option(
    "--equations",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Write instead each displayed equation as a .tex and a .mathml file into this folder.",
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
    spec: tuple[str, ...],
    format_name: str,
    order: int | None,
    cost: bool,
    output: Path | None,
    pdf: bool,
    equations: Path | None,
    **choices: Any,
) -> None:
    """Show how gradient and Hessian of the network SPEC are derived, with every step's rule.

    Each step is verified at random points before anything is shown.
    """
    style = Style(**choices)
    target = find_target(format_name, VIEWS)
    if pdf:
        check_pdf(target)
    if cost:
        deliver(costs_text(joined(spec)), output)
    elif equations:
        check_alone(output)
        count = write_equations(joined(spec), equations, style)
        click.echo(f"wrote {count} equations to {equations}", err=True)
    elif target.view in EDITIONS:
        deliver(edition(joined(spec), format_name, style), output)
    else:
        deliver(derivation_text(joined(spec), format_name, order=order, style=style), output)


def check_pdf(target: Target) -> None:
    """Check that a format is typeset by LaTeX.

    Raises:
        InputError: it is not.
    """
    if target.view not in LECTURES:
        fitting = [t.name for t in targets().values() if t.view in LECTURES]
        raise InputError(
            f"the format {target.name} is not typeset, so there is no PDF of it",
            where="--pdf",
            received=f"--format {target.name}",
            allowed=", ".join(f"--format {name}" for name in fitting),
        )


def check_alone(output: Path | None) -> None:
    """Check that no file is asked for beside the folder of equations.

    Raises:
        InputError: one is.
    """
    if output is not None:
        raise InputError(
            "the equations are written to a folder of their own",
            where="-o",
            received=str(output),
            allowed="--equations DIR without -o",
        )
