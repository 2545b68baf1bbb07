"""Passes of the second order: each can be left out, and the derivatives stay what they are."""

import random
from dataclasses import replace
from functools import cache
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import gradscribe
from gradscribe.compiler import module_source, second_order_programs
from gradscribe.errors import DerivationError
from gradscribe.model.network import Network
from gradscribe.program.forms import FORMS, STACKED, Form
from gradscribe.program.ir import Group, Ref, Statement, Term, references
from gradscribe.program.passes import PASSES, Pass
from gradscribe.program.verify import verify_terms

LIMIT = 1e-12
SPECS = (
    "4-5-3-2 tanh,sigmoid,linear",
    "f(W f(W x + b) + b) f=tanh loss=sse",  # shared parameters
    "tanh(W2 (tanh(W1 x) + A x) + c)",  # a skip
)
Array = Any


@cache
def source_of(spec: str, forms: frozenset[Form], passes: tuple[Pass, ...] = PASSES) -> str:
    return module_source(spec, forms=forms, passes=passes)


def without(*left_out: Form) -> frozenset[Form]:
    return frozenset(FORMS) - {*left_out}


def module_of(spec: str, forms: frozenset[Form], passes: tuple[Pass, ...] = PASSES) -> ModuleType:
    module = ModuleType("other_forms")
    exec(compile(source_of(spec, forms, passes), "<other forms>", "exec"), module.__dict__)
    return module


def results(module: ModuleType) -> dict[str, Array]:
    """Return all that has to do with second derivatives, at one point."""
    rng = np.random.default_rng(5)
    network = Network.parse(module.SPEC)
    sizes = dict(zip(module._SIZE_NAMES, network.sizes or (3, 4, 2, 5), strict=False))
    if "W f(W" in module.SPEC:
        sizes = dict.fromkeys(sizes, 3)
    shapes = module._SHAPES.values()
    params = module.Parameters(
        *[rng.normal(0, 0.7, [sizes[size] for size in shape]) for shape in shapes]
    )
    V = module.Parameters(*[rng.normal(size=a.shape) for a in params])
    X = rng.normal(size=(11, sizes[module._SIZE_NAMES[0]]))
    D = rng.normal(size=module.forward(params, X).shape)
    first, *_, last = params._fields
    return {
        "H": module.hessian(params, X, D),
        "parts": module.hessian(params, X, D, workspace=20_000),
        "G": module.gauss_newton(params, X, D),
        "H V": module.ravel(module.hessian_vector_product(params, X, D, V)),
        "diagonal": module.ravel(module.hessian_diagonal(params, X, D)),
        "block": module.hessian_block(params, X, D, last, first),
        "own block": module.hessian_block(params, X, D, first, first),
        "jacobian": module.jacobian(params, X),
        "by input": module.input_jacobian(params, X),
        "samples": module.sample_gradients(params, X, D),
        "gradient": module.ravel(module.gradient(params, X, D)),
    }


def compare(found: dict[str, Array], truth: dict[str, Array]) -> None:
    for name, expected in truth.items():
        error = np.abs(found[name] - expected).max() / np.abs(expected).max()
        assert error <= LIMIT, f"{name}: {error}"


@pytest.mark.parametrize("spec", SPECS)
def test_each_pass_can_be_left_out(spec: str) -> None:
    truth = results(module_of(spec, without()))
    for form in FORMS:
        compare(results(module_of(spec, without(form))), truth)
    compare(results(module_of(spec, frozenset(), ())), truth)


@pytest.mark.parametrize("seed", range(6))
def test_any_of_them_together(seed: int) -> None:
    draw = random.Random(seed)
    spec = SPECS[seed % len(SPECS)]
    chosen = frozenset(form for form in FORMS if draw.random() < 0.5)
    compare(results(module_of(spec, chosen)), results(module_of(spec, without())))


def test_every_pass_makes_a_difference() -> None:
    for form in FORMS:
        assert any(source_of(s, without(form)) != source_of(s, without()) for s in SPECS), form


def test_the_passes_are_told_apart() -> None:
    assert len({f.name for f in FORMS}) == len(FORMS) == len({f.meaning for f in FORMS})
    assert not {f.name for f in FORMS} & {p.name for p in PASSES}


# ---- the verifier stands behind them -----------------------------------------------------------


def items_of(spec: str) -> Any:
    (terms, _) = second_order_programs(gradscribe.derive(spec), forms=FORMS).matrices
    heights = {f.name: ("+".join(_rows(f)), "N") for f in terms.factors}
    return terms, heights


def _rows(factors: Any) -> list[str]:
    shapes = [use.parameter.shape for use in factors.uses]
    return [shape[1].name if len(shape) == 2 else "1" for shape in shapes]


def verify(terms: Any, heights: Any, items: Any) -> None:
    stacked = {n for f in terms.factors for node in f.nodes for n in references(node)}
    verify_terms(terms.name, items, heights, terms.shapes, terms.helpers, stacked)


def test_the_verifier_takes_what_is_right() -> None:
    terms, heights = items_of(SPECS[0])
    verify(terms, heights, terms.items)


def test_the_verifier_refuses_what_is_wrong() -> None:
    terms, heights = items_of(SPECS[0])
    items = list(terms.items)
    statements = [p for p, i in enumerate(items) if isinstance(i, Statement)]
    products = [p for p, i in enumerate(items) if isinstance(i, Term)]
    place, term = products[-1], items[products[-1]]
    turned = Group(tuple(k[::-1] + "q" for k in term.left.letters), term.left.arrays)
    wrong = {
        "missing": [i for p, i in enumerate(items) if p != statements[0]],
        "index": [*items[:place], replace(term, left=turned), *items[place + 1 :]],
        "length": [
            *items[:place],
            replace(term, right=Group(("r",), (Ref("X"),))),
            *items[place + 1 :],
        ],
        "order": items[::-1],
    }
    for changed in wrong.values():
        with pytest.raises(DerivationError):
            verify(terms, heights, changed)


def test_without_stacking_each_use_has_its_own_factors() -> None:
    source = module_source("2-3-1 tanh", forms=without(STACKED))
    assert '"u1.W1": ("W1",)' in source
    assert '"u1": ("W1", "b1")' not in source
