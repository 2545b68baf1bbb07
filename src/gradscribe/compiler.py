"""The pipeline, and nothing else. Each stage takes what the one before it gave.

parse      text                   -> Network      (model)
derive     Network                -> Derivation   (derivation)
lower      Derivation             -> Program      (program)
view       Derivation, Program    -> ModuleView   (targets)
render     ModuleView, template   -> source text  (targets)
"""

import sys
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType

from gradscribe.catalog import CATALOG, Catalog
from gradscribe.derivation.steps import Derivation, derive
from gradscribe.derivation.verification import verified
from gradscribe.errors import InputError
from gradscribe.model.network import Network
from gradscribe.program.build import build
from gradscribe.program.ir import Program
from gradscribe.program.passes import PASSES, Pass, run_passes
from gradscribe.symbols import names
from gradscribe.targets.derivation_view import derivation_view
from gradscribe.targets.module_view import module_view
from gradscribe.targets.render import render, write
from gradscribe.targets.target import TEMPLATES, find_target


def parsed(network: Network | str | None, catalog: Catalog = CATALOG) -> Network:
    """Return a network, from its specification if it is one."""
    return network if isinstance(network, Network) else Network.parse(network, catalog=catalog)


def derive_network(network: Network | str | None = None) -> Derivation:
    """Return the derivation of a network's sensitivities and gradient.

    Args:
        network: a network or its specification; None means the default network.

    Raises:
        InputError: the specification cannot be taken.
    """
    return derive(parsed(network))


def derivation_text(network: Network | str | None, format: str, templates: Path = TEMPLATES) -> str:
    """Return a network's derivation in a format, every step of it verified.

    Raises:
        InputError: the specification or the format cannot be taken.
        DerivationError: a step does not hold, which is a defect of gradscribe.
    """
    target = find_target(format, "derivation", templates)
    derivation = derive_network(network)
    return render(target, derivation_view(derivation, verified(derivation).sentence))


def lower_program(derivation: Derivation, passes: Iterable[Pass] = PASSES) -> Program:
    """Return the array program of a derivation, after all passes.

    Raises:
        InputError: a function of the network is left abstract, so that it has no code.
    """
    unbound = derivation.network.abstract_functions
    if unbound:
        raise InputError(
            f"no function is bound to {', '.join(unbound)}, so there is no code for it",
            received=derivation.network.spec,
            allowed=f"after the formula: {' '.join(f'{f}=tanh' for f in unbound)}",
        )
    _check_per_sample(derivation.network)
    return run_passes(build(derivation), passes)


def _check_per_sample(network: Network) -> None:
    """Check that every value differs from sample to sample: arrays have an axis of samples.

    Raises:
        InputError: one does not depend on the input.
    """
    moving = {"x"}
    for equation in network.equations:
        if not moving & names(equation.right):
            raise InputError(
                f"{equation.name} does not depend on x, so there is no code for it",
                received=network.spec,
                allowed="a vector of parameters in its place",
            )
        moving.add(equation.name)


def module_source(
    network: Network | str | None = None,
    *,
    target: str = "numpy",
    passes: Iterable[Pass] = PASSES,
    templates: Path = TEMPLATES,
) -> str:
    """Return the source of a network's module.

    Args:
        network: a network or its specification; None means the default network.
        target: the folder of templates to fill.
        passes: what is done to the program.
        templates: where the folders of templates lie.

    Raises:
        InputError: the specification cannot be taken, or a function is left abstract.
    """
    derivation = derive_network(network)
    program = lower_program(derivation, passes)
    return render(find_target(target, "module", templates), module_view(derivation, program))


def generate(network: Network | str | None, path: str | Path) -> None:
    """Write a network's module to a file, whole or not at all.

    Raises:
        InputError: the specification or the path cannot be taken.
    """
    write(Path(path), module_source(network))


def compile_network(network: Network | str | None, name: str = "gradscribe_module") -> ModuleType:
    """Return a network's module, in memory.

    Raises:
        InputError: the specification cannot be taken, or a function is left abstract.
    """
    source = module_source(network)
    module = ModuleType(name)
    sys.modules.setdefault(name, module)
    exec(compile(source, f"<{name}>", "exec"), module.__dict__)
    return module
