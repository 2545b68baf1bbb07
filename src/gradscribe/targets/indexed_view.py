"""The view of a module of a network of any structure, with derivatives along directions."""

from collections.abc import Iterable
from dataclasses import replace

from gradscribe.derivation.steps import Derivation
from gradscribe.errors import InputError
from gradscribe.program.along import AlongProgram
from gradscribe.program.ir import Program
from gradscribe.targets.along_view import along_view
from gradscribe.targets.module_view import ModuleView, module_view
from gradscribe.targets.sample_view import SampleView
from gradscribe.targets.target import Target


def check_target(target: Target) -> None:
    """Check that a target has modules of networks of any structure.

    Raises:
        InputError: it is for plain networks.
    """
    if target.view != "module":
        raise InputError(
            "this target is for networks of vectors and matrices alone",
            received=target.name,
            allowed="target=numpy",
        )


def indexed_view(
    derivation: Derivation,
    program: Program,
    along: Iterable[AlongProgram],
    parts: tuple[str, ...],
) -> ModuleView:
    """Return the view of a module of a network of any structure."""
    view = module_view(derivation, program, (), SampleView(parts))
    return replace(view, along=along_view(derivation.network, along))
