"""The pipeline, and nothing else. Each stage takes what the one before it gave.

parse      text                   -> Network      (model)
derive     Network                -> Derivation   (derivation)
lower      Derivation             -> Program      (program)
view       Derivation, Program    -> ModuleView   (targets)
           (number by number for the targets `scalar` and `numba`: ScalarProgram)
render     ModuleView, template   -> source text  (targets)
"""

import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from gradscribe.catalog import CATALOG, Catalog
from gradscribe.derivation.listing import higher
from gradscribe.derivation.plain import is_plain
from gradscribe.derivation.steps import Derivation, derive, numbers
from gradscribe.equation import Equation, Role
from gradscribe.errors import InputError
from gradscribe.files import write
from gradscribe.model.blueprint import DEFAULT_TARGET, EMITTED
from gradscribe.model.network import Network
from gradscribe.notation import split
from gradscribe.program.along import along_programs
from gradscribe.program.build import Writer, build, check_per_sample
from gradscribe.program.costs import Cost, costs_of
from gradscribe.program.forms import FORMS, Form
from gradscribe.program.ir import Program
from gradscribe.program.numbering import numbered, numbered_samples, numbered_terms
from gradscribe.program.passes import PASSES, Pass, run_passes
from gradscribe.program.products import (
    SampleTerms,
    jacobian_programs,
    product_program,
    sample_gradient_program,
)
from gradscribe.program.scalar_kernels import scalar_program
from gradscribe.program.second_order import Terms, curvature_program
from gradscribe.targets.cost_view import written_costs
from gradscribe.targets.indexed_view import check_target, indexed_view
from gradscribe.targets.learning_view import check_parts
from gradscribe.targets.module_view import TrainedView, module_view
from gradscribe.targets.render import render
from gradscribe.targets.sample_view import sample_view
from gradscribe.targets.scalar_view import ScalarModuleView, scalar_module_view
from gradscribe.targets.target import LECTURES, MODULES, TEMPLATES, Target, find_target, targets

if TYPE_CHECKING:
    from gradscribe.lecture.style import Style

INDEXED = "indexed"  # the target of modules of networks that are not plain
DERIVATIONS = ("derivation", *LECTURES)
# From more layers on, only what grows with depth itself is emitted unless asked for.
_DEEP = 20
_LONG = 10  # equations of a network, from which on its text has the gradient alone
_OF_DEEP = ("hessian_vector_product", "sample_gradients")


def parsed(network: Network | str | None, catalog: Catalog = CATALOG) -> Network:
    """Return a network, from its specification if it is one."""
    return network if isinstance(network, Network) else Network.parse(network, catalog=catalog)


def derive_network(network: Network | str | None = None, order: int = 1) -> Derivation:
    """Return the derivation of a network's sensitivities and gradient.

    Args:
        network: a network or its specification; None means the default network.
        order: 2 for the second derivatives as well.

    Raises:
        InputError: the specification cannot be taken.
    """
    if order not in (1, 2):
        raise InputError("no such order", received=str(order), allowed="1, 2")
    return derive(parsed(network), order)


def derivation_text(
    network: Network | str | None,
    format: str,
    templates: Path = TEMPLATES,
    order: int | None = None,
    style: "Style | None" = None,
) -> str:
    """Return a network's derivation in a format, every step of it verified.

    Of order 2 unless told otherwise, for deep networks of order 1. A lecture is told in a style.

    Raises:
        InputError: the specification or the format cannot be taken.
        DerivationError: a step does not hold, which is a defect of gradscribe.
    """
    # What only some commands need is imported by them: `generate` starts a sixth faster.
    from gradscribe.derivation.verification import verified
    from gradscribe.lecture.style import Style
    from gradscribe.targets.derivation_view import derivation_view

    target = find_target(format, DERIVATIONS, templates)
    if target.view in LECTURES:
        return lecture_text(network, target, style or Style(), templates)
    network = parsed(network)
    deep = len(network.equations) > _LONG
    derivation = derive_network(network, order or (1 if deep else 2))
    return render(target, derivation_view(derivation, verified(derivation).sentence))


def lecture_text(
    network: Network | str | None, target: Target, style: "Style", templates: Path = TEMPLATES
) -> str:
    """Return a network's derivation as slides or as an article, in LaTeX.

    Raises:
        InputError: the specification or the style cannot be taken.
    """
    from gradscribe.lecture.lecture import lecture_of
    from gradscribe.lecture.words import words_of
    from gradscribe.targets.deck_view import deck_view

    locales = templates / "locales"
    told = lecture_of(parsed(network), style, locales)
    words = words_of(style.lang, locales)
    return render(target, deck_view(told, style, words, article=target.view == "article"))


def is_lecture(format: str) -> bool:
    """Whether a format is a lecture in LaTeX."""
    found = targets().get(format)
    return found is not None and found.view in LECTURES


def languages_known(templates: Path = TEMPLATES) -> tuple[str, ...]:
    """Return the languages in which a lecture can be told."""
    from gradscribe.lecture.words import languages

    return languages(templates / "locales")


def lecture_pdf(source: str, path: Path, report: Callable[[str], None] = lambda _: None) -> None:
    """Compile a lecture in LaTeX and put its PDF at `path`, whole or not at all.

    Args:
        source: the LaTeX.
        path: where the PDF goes.
        report: called with a line on how far it is.

    Raises:
        InputError: there is no TeX, or it stopped; the message says how to get one.
    """
    from gradscribe.typeset.pdf import make_pdf

    make_pdf(source, path, progress=lambda p: report(str(p)))


def slides(
    network: Network | str | None,
    path: str | Path,
    *,
    lang: str = "en",
    style: "Style | None" = None,
) -> None:
    """Write a network's derivation as slides for LaTeX's Beamer; as a PDF too for `….pdf`.

    Args:
        network: a network or its specification; None means the default network.
        path: the file, `.tex` or `.pdf`.
        lang: the language.
        style: notation and paper; its language is `lang`.

    Raises:
        InputError: the specification, the style or the path cannot be taken.
    """
    if not isinstance(path, str | Path):
        raise InputError(
            "the path is not one", where="path", received=repr(path), allowed='"lecture.tex"'
        )
    from gradscribe.lecture.style import Style

    chosen = replace(style or Style(), lang=lang)
    source = derivation_text(network, "beamer", style=chosen)
    if Path(path).suffix == ".pdf":
        lecture_pdf(source, Path(path))
    else:
        write(Path(path), source)


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
    check_per_sample(derivation.network)
    return run_passes(build(derivation), passes)


def emitted(network: Network) -> tuple[str, ...]:
    """Return the parts that a network's module has beside cost and gradient.

    Unless its specification says which: all, and for a deep network those that are derived in
    a time in proportion to its depth.
    """
    if network.emit is not None:
        return network.emit
    deep = sum(split(q.name).stem == "u" for q in network.equations) > _DEEP
    return _OF_DEEP if deep else tuple(part for part in dict.fromkeys(EMITTED.values()) if part)


@dataclass(frozen=True)
class SecondOrderPrograms:
    """The programs of what a network's module has beside cost and gradient.

    Attributes:
        matrices: of the Hessian and the Gauss-Newton matrix.
        samples: of derivatives of each sample.
        product: of H V, with what its statements compute; None without it.
    """

    matrices: tuple[Terms, ...]
    samples: tuple[SampleTerms, ...]
    product: tuple[Program, dict[str, str]] | None


def second_order_programs(
    derivation: Derivation, passes: Iterable[Pass] = PASSES, forms: Iterable[Form] = FORMS
) -> SecondOrderPrograms:
    """Return the programs of a network's second derivatives and of each sample's."""
    forms = frozenset(forms)
    network, parts = derivation.network, emitted(derivation.network)
    adjoints = _adjoints(derivation)
    equations = [*network.equations[:-1], *adjoints]
    found = higher(network, adjoints, parts)
    labels = numbers(derivation, found)
    orders = {"hessian": found.hessian, "gauss_newton": found.gauss_newton}
    matrices = tuple(
        curvature_program(Writer(derivation, forms), order, equations, name)
        for name, order in orders.items()
        if order is not None and name in parts
    )
    samples: list[SampleTerms] = []
    if "jacobian" in parts:
        samples += jacobian_programs(
            Writer(derivation, forms), equations, found.ground, found.output
        )
    if "sample_gradients" in parts:
        samples.append(sample_gradient_program(Writer(derivation, forms), equations, found.ground))
    product = None
    if found.along is not None and "hessian_vector_product" in parts:
        program, formulas = product_program(derivation, found.along, passes, forms)
        product = program, numbered(formulas, labels)
    return SecondOrderPrograms(
        tuple(numbered_terms(terms, labels) for terms in matrices),
        tuple(numbered_samples(terms, labels) for terms in samples),
        product,
    )


def _adjoints(derivation: Derivation) -> list[Equation]:
    return [q for q in derivation.derived if q.variable.role is Role.ADJOINT]


def cautions_on(network: Network | str | None) -> tuple[str, ...]:
    """Return sentences on numbers that do not suit the formulas which a specification defines.

    Raises:
        InputError: the specification cannot be taken.
    """
    found = parsed(network)
    names = {entry.name for entry in found.bindings.values() if entry is not None}
    if {*names, found.loss.name} <= {*CATALOG.activations, *CATALOG.losses}:
        return ()
    from gradscribe.program.cautions import cautions  # with mpmath, for these formulas alone

    return cautions(found)


def costs(network: Network | str | None, passes: Iterable[Pass] = PASSES) -> dict[str, Cost]:
    """Return what each function of a network's module costs, as formulas in the sizes.

    Raises:
        InputError: the specification cannot be taken, or a function is left abstract.
    """
    derivation, passes = derive_network(network), tuple(passes)
    program = lower_program(derivation, passes)
    if not is_plain(derivation.network):  # along directions: no formula says what a pass takes
        return costs_of(program, (), (), None)
    second = second_order_programs(derivation, passes)
    return costs_of(program, second.matrices, second.samples, second.product)


def costs_text(network: Network | str | None) -> str:
    """Return the costs of a network's functions as text.

    Raises:
        InputError: the specification cannot be taken, or a function is left abstract.
    """
    network = parsed(network)
    return written_costs(costs(network), network)


def module_source(
    network: Network | str | None = None,
    *,
    target: str | None = None,
    passes: Iterable[Pass] = PASSES,
    forms: Iterable[Form] = FORMS,
    templates: Path = TEMPLATES,
    trained: TrainedView | None = None,
) -> str:
    """Return the source of a network's module.

    Args:
        network: a network or its specification; None means the default network.
        target: the folder of templates to fill; None for the one that the network names.
        passes: what is done to the programs.
        forms: passes of the second order that are done, of `FORMS`.
        templates: where the folders of templates lie.
        trained: parameters and classes that the module is to have in it.

    Raises:
        InputError: the specification cannot be taken, or a function is left abstract.
    """
    network = parsed(network)
    check_parts(network.learning, emitted(network))
    derivation, passes = derive_network(network), tuple(passes)
    name = target or derivation.network.emit_target
    plain = is_plain(derivation.network)
    if not plain and name == DEFAULT_TARGET:
        name = INDEXED
    found = find_target(name, MODULES, templates)
    program = lower_program(derivation, passes)
    if not plain:
        check_target(found)
        parts = emitted(derivation.network)
        along = along_programs(derivation, _adjoints(derivation), parts)
        return render(
            found, replace(indexed_view(derivation, program, along, parts), trained=trained)
        )
    if found.view != "module":
        numbers_of = number_view(derivation, program, found.view)
        return render(found, replace(numbers_of, trained=trained))
    second = second_order_programs(derivation, passes, forms)
    parameters = [p.name for p in derivation.network.parameters]
    sample = sample_view(emitted(derivation.network), parameters, second.product, second.samples)
    whole = module_view(derivation, program, second.matrices, sample)
    return render(found, replace(whole, trained=trained))


def number_view(derivation: Derivation, program: Program, style: str) -> ScalarModuleView:
    """Return the view of a module that computes number by number.

    Raises:
        InputError: the network has no fixed sizes, or is too large.
    """
    parts = emitted(derivation.network)
    found = scalar_program(derivation, parts, style)
    labels = numbers(derivation, higher(derivation.network, _adjoints(derivation), parts))
    found = replace(found, formulas=numbered(found.formulas, labels))
    return scalar_module_view(derivation, program, found, style)


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
    return loaded(module_source(network), name)


def loaded(source: str, name: str) -> ModuleType:
    """Return the module of a generated source, in memory."""
    module = ModuleType(name)
    sys.modules.setdefault(name, module)
    exec(compile(source, f"<{name}>", "exec"), module.__dict__)
    return module
