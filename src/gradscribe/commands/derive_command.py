"""`gradscribe derive`."""

import sys
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from gradscribe.commands.options import (
    deliver,
    joined,
    lang_option,
    one_of,
    output_option,
    spec_argument,
    warn,
    with_option,
)
from gradscribe.compiler import (
    DERIVATIONS,
    costs_text,
    derivation_text,
    is_lecture,
    lecture_pdf,
    parsed,
)
from gradscribe.editions import edition, write_equations
from gradscribe.errors import InputError
from gradscribe.files import is_device
from gradscribe.lecture.style import CHOICES, Style
from gradscribe.model.network import Network
from gradscribe.targets.target import EDITIONS, find_target, targets

_VIEWS = (*DERIVATIONS, *EDITIONS)
STYLED = tuple(f.name for f in fields(Style))  # what changes a lecture
_FORMATS = tuple(t.name for t in targets().values() if t.view in _VIEWS)


def style_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add an option for each choice of a style."""
    for name, choice in reversed(CHOICES.items()):
        command = click.option(
            f"--{name}",
            default=choice.words[0],
            metavar="|".join(choice.words),
            callback=one_of(choice.words, name),
            help=f"{choice.meaning[0].upper()}{choice.meaning[1:]}.",
        )(command)
    return command


@click.command("derive")
@spec_argument
@click.option(
    "--format",
    "format_name",
    default="text",
    show_default=True,
    metavar="FORMAT",
    help="One of: " + ", ".join(_FORMATS) + ".",
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
@lang_option
@click.option("--pdf", is_flag=True, help="Run pdflatex too, where there is one; needs -o.")
@click.option(
    "--equations",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Write instead each displayed equation as a .tex and a .mathml file into this folder.",
)
@click.option("--title", default="", help="The title of a lecture.")
@click.option("--author", default="", help="Who gives the lecture.")
@click.option(
    "--sample", default="", metavar="X;D", help='The sample of the worked example: "1,2;1".'
)
@click.option(
    "--weight",
    default="",
    metavar="W1[1,2]",
    help="The weight of the worked example that is followed along all its paths.",
)
@click.option(
    "--places",
    type=click.IntRange(1, 12),
    default=Style.places,
    show_default=True,
    help="Decimal places of the worked example.",
)
@click.option("--exercise", is_flag=True, help="A sheet with blanks, and its key.")
@style_options
@with_option
@output_option
def command(
    spec: tuple[str, ...],
    format_name: str,
    order: int | None,
    cost: bool,
    pdf: bool,
    equations: Path | None,
    rules: str | None,
    output: Path | None,
    **told: Any,
) -> None:
    """Show how gradient and Hessian of the network SPEC are derived, with every step's rule.

    As text, each step is verified at random points before anything is shown. As a lecture
    (all other formats) it explains each step and works an example with numbers.
    """
    check_pdf(pdf, format_name, output)
    if cost:
        check_used(("cost", "output"), "--cost")
        deliver(costs_text(joined(spec)), output, joined(spec))
        return
    styled = [name for name in STYLED if name != "aspect" or format_name == "beamer"]
    if equations is not None:
        check_used(("equations", "rules", *styled), "--equations DIR")
    elif find_target(format_name, _VIEWS).view == "derivation":
        check_used(("format_name", "order", "rules", "output"), f"--format {format_name}")
    else:
        check_used(("format_name", "output", "pdf", "rules", *styled), f"--format {format_name}")
    style = Style(**{name: told[name] for name in STYLED})
    network = parsed(joined(spec))
    network = network.learning_by(rules) if rules else network
    if equations is not None:
        count = write_equations(network, equations, style)
        click.echo(f"wrote {count} equations to {equations}", err=True)
        return
    text = told_in(format_name, network, order, style)
    warn(joined(spec))
    deliver(text, output, joined(spec))
    if pdf and output is not None:
        path = output.with_suffix(".pdf")
        lecture_pdf(text, path, progress_line)
        click.echo(f"wrote {path}", err=True)


def told_in(
    format_name: str, network: Network | str | None, order: int | None, style: Style
) -> str:
    """Return a derivation in a format.

    Raises:
        InputError: the specification, the style or the format cannot be taken.
    """
    if find_target(format_name, _VIEWS).view in EDITIONS:
        return edition(network, format_name, style)
    return derivation_text(network, format_name, order=order, style=style)


def progress_line(line: str) -> None:
    """Say how far pdflatex is: every page on a terminal, else every pass."""
    run, _, page = line.rpartition(", page ")
    if sys.stderr.isatty():
        click.echo(line, err=True)
    elif page == "0":
        click.echo(run, err=True)


def check_used(known: tuple[str, ...], beside: str) -> None:
    """Check that every option that was given does something.

    Args:
        known: the parameters that do.
        beside: the option that decides it.

    Raises:
        InputError: one has no effect.
    """
    context = click.get_current_context()
    options = {p.name or "": p.opts[-1] for p in context.command.params if p.name != "spec"}
    for name, option in options.items():
        given = context.get_parameter_source(name) is ParameterSource.COMMANDLINE
        if given and name not in known:
            raise InputError(
                f"{option} has no effect beside {beside}",
                received=option,
                allowed=", ".join(o for n, o in options.items() if n in known),
            )


def check_pdf(pdf: bool, format_name: str, output: Path | None) -> None:
    """Refuse --pdf without a file or with a format that is not LaTeX.

    Raises:
        InputError: a PDF was asked for and cannot be made.
    """
    if pdf and not is_lecture(format_name):
        raise InputError(
            "--pdf is for formats in LaTeX",
            received=format_name,
            allowed=", ".join(f for f in _FORMATS if is_lecture(f)),
        )
    if pdf and output is None:
        raise InputError("--pdf needs a file beside which the PDF goes", allowed="-o lecture.tex")
    if pdf and output is not None and (output.suffix == ".pdf" or is_device(output)):
        raise InputError(
            "-o is the file of the LaTeX source", received=str(output), allowed="a name in .tex"
        )
