"""Each kind of thing is added in one place, and the whole pipeline takes it from there."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from oracles import complex_step, disagreement
from sympy import Expr, Piecewise, Rational, atan, cosh, exp, gamma, log, pi, sin, sqrt, tanh

import gradscribe
from gradscribe.catalog import CATALOG, Catalog
from gradscribe.catalog.activations import ACTIVATIONS, Activation, U
from gradscribe.catalog.layers import LAYERS, Layer, Place, affine
from gradscribe.catalog.losses import LOSSES, OUTPUTS, D, E, Loss, Y
from gradscribe.compiler import derivation_text, module_source
from gradscribe.derivation.slopes import slope
from gradscribe.derivation.steps import derive
from gradscribe.derivation.verification import verified
from gradscribe.equation import Equation
from gradscribe.errors import DerivationError, InputError
from gradscribe.model.network import Network
from gradscribe.notation import SAMPLES
from gradscribe.program.passes import PASSES, Pass
from gradscribe.targets.target import TEMPLATES, find_target, targets

MEAN = 1 / (SAMPLES * OUTPUTS)

# (an activation, whether its slope can be written in y)
DUMMY_ACTIVATIONS = [
    (Activation("softsign2", U / sqrt(1 + U**2), "smooth sign"), False),
    (Activation("bump", U * exp(-(U**2)), "bump"), False),
    (Activation("gauss", exp(-(U**2) / 2), "bell"), False),
    (Activation("swish", U / (1 + exp(-U)), "swish"), False),
    (Activation("arctan", atan(U), "inverse tangent"), True),
    (Activation("own_mish", U * tanh(log(1 + exp(U))), "mish"), False),
    (Activation("own_elu", Piecewise((U, U > 0), (exp(U) - 1, True)), "elu"), True),
    (Activation("leaky", Piecewise((U, U > 0), (U / 100, True)), "leaky ramp"), True),
    (Activation("wave", sin(U) + U / 2, "wave"), False),
    (Activation("scaled", 2 / (1 + exp(-3 * U)) - 1, "scaled logistic"), True),
    (Activation("affine", 3 * U + Rational(1, 3), "affine"), True),
    (Activation("square", U**2, "square"), False),
    (Activation("normal", exp(-(U**2) / 2) / sqrt(2 * pi), "normal density"), False),
]

DUMMY_LOSSES = [
    Loss("quartic", (D - Y) ** 4 + D * Y / 10, MEAN, "quartic"),
    Loss("own_log_cosh", E + log(1 + exp(-2 * E)) - log(2), MEAN, "log cosh", D - Y),
    Loss("plain_log_cosh", log(cosh(E / 10)), MEAN, "log cosh as it is", D - Y),
    Loss("reversed", E**2 / 2, 1 / SAMPLES, "half the mean over samples", Y - D),
    Loss("relative", E**2 + E**4, Rational(1, 3) / OUTPUTS, "relative", (D - Y) / (1 + D**2)),
    Loss("smooth", sqrt(1 + E**2) - 1, MEAN, "smooth absolute value", D - Y),
]


def skip(place: Place) -> tuple[Equation, ...]:
    """Return u = W y + b, y = f(u) + (y of the layer below)."""
    u = affine(place)
    output = place.value("y", "output of the layer")
    right: Expr = place.activation(u.left) + place.below[u.indices]
    return (u, Equation(output, u.indices, right))


def gated(place: Place) -> tuple[Equation, ...]:
    """Return u = W y + b, g = f(u), y = g · (y of the layer below): two readers, a product."""
    u = affine(place)
    gate = place.value("g", "gate")
    output = place.value("y", "output of the layer")
    return (
        u,
        Equation(gate, u.indices, place.activation(u.left)),
        Equation(output, u.indices, gate[u.indices] * place.below[u.indices]),
    )


DUMMY_LAYERS = [
    Layer("skip", skip, "residual layer", keeps_width=True),
    Layer("gated", gated, "gated layer", keeps_width=True),
]


def check_everything(spec: str, catalog: Catalog) -> ModuleType:
    """Derive with verification, generate, check by the module itself and by complex step."""
    network = Network.parse(spec, catalog=catalog)
    assert verified(derive(network)).steps > 0
    module = gradscribe.compile(network)
    assert module._self_check() == 0
    rng = np.random.default_rng(2)
    sizes = network.sizes or (3, 3, 3, 3)[: len(network.layers)]
    params = [rng.normal(0, 0.6, shape) for shape in module._shapes(sizes)]
    X, target = rng.normal(0, 1, (5, sizes[0])), rng.normal(0.2, 1, (5, sizes[-1]))
    stepped = complex_step(lambda p: module.cost(module.Parameters(*p), X, target), params)
    found = module.gradient(module.Parameters(*params), X, target)
    assert disagreement(found, stepped) < 1e-12
    assert max(np.abs(g).max() for g in found) > 0
    return module


@pytest.mark.parametrize(
    ("activation", "of_output"), DUMMY_ACTIVATIONS, ids=[a.name for a, _ in DUMMY_ACTIVATIONS]
)
def test_an_activation_is_one_entry(activation: Activation, of_output: bool) -> None:
    catalog = replace(CATALOG, activations=ACTIVATIONS.with_entry(activation))
    check_everything(f"3-4-2 {activation.name},tanh", catalog)
    check_everything(f"3-4-4-2 tanh,{activation.name} loss=sse", catalog)
    assert (slope(activation).of_y is not None) == of_output
    formula = f"{activation.name}(W2 {activation.name}(W1 x + b1) + b2)"
    check_everything(formula, catalog)


@pytest.mark.parametrize("loss", DUMMY_LOSSES, ids=[item.name for item in DUMMY_LOSSES])
def test_a_loss_is_one_entry(loss: Loss) -> None:
    catalog = replace(CATALOG, losses=LOSSES.with_entry(loss))
    check_everything(f"3-4-2 tanh,linear loss={loss.name}", catalog)
    check_everything(f"3-2 sigmoid loss={loss.name}", catalog)
    check_everything(f"softplus(W2 tanh(W1 x + b1) + b2) loss={loss.name}", catalog)


@pytest.mark.parametrize("layer", DUMMY_LAYERS, ids=[item.name for item in DUMMY_LAYERS])
def test_a_layer_is_one_entry(layer: Layer) -> None:
    catalog = replace(CATALOG, layers=LAYERS.with_entry(layer))
    check_everything(f"3-3-3 tanh layer={layer.name}", catalog)
    check_everything(f"2-2-2-2-2 sigmoid,linear layer={layer.name} loss=sse", catalog)
    with pytest.raises(InputError):
        Network.parse(f"3-4-3 tanh layer={layer.name}", catalog=catalog)


def test_a_skip_connection_adds_to_the_adjoint() -> None:
    catalog = replace(CATALOG, layers=LAYERS.with_entry(DUMMY_LAYERS[0]))
    derivation = derive(Network.parse("3-3-3 tanh layer=skip", catalog=catalog))
    text = derivation["dE_dy1"].text
    assert text in (
        "∂E/∂y¹ᵢ = Σₖ W²ₖᵢ δ²ₖ + ∂E/∂y²ᵢ",
        "∂E/∂y¹ᵢ = Σₖ W²ₖᵢ δ²ₖ − 2 eᵢ",
    )


def test_everything_new_at_once() -> None:
    catalog = Catalog(
        ACTIVATIONS.with_entry(DUMMY_ACTIVATIONS[1][0]),
        LOSSES.with_entry(DUMMY_LOSSES[1]),
        LAYERS.with_entry(DUMMY_LAYERS[0]),
    )
    module = check_everything("3-3-3 bump layer=skip loss=log_cosh", catalog)
    assert module.SPEC == "3-3-3 bump layer=skip loss=log_cosh"


def test_the_tables_themselves_do_not_change() -> None:
    assert "bump" not in ACTIVATIONS
    assert "quartic" not in LOSSES
    assert "skip" not in LAYERS
    with pytest.raises(InputError, match="unknown activation"):
        Network.parse("3-4-2 bump")


def test_an_entry_of_a_taken_name_is_refused() -> None:
    with pytest.raises(ValueError, match="two entries of one name"):
        ACTIVATIONS.with_entry(Activation("tanh", U, "a second one"))


def test_a_function_without_array_form_is_a_clear_error() -> None:
    strange = Activation("strange", gamma(U), "a function that NumPy does not have")
    catalog = replace(CATALOG, activations=ACTIVATIONS.with_entry(strange))
    with pytest.raises(DerivationError, match="no array function for gamma"):
        gradscribe.compile(Network.parse("2-1 strange", catalog=catalog))


# ---- passes and formats ------------------------------------------------------------------------


def test_a_pass_is_one_entry_of_an_ordered_list() -> None:
    seen = []
    spy = Pass("spy", "looks and changes nothing", lambda p: (seen.append(p), p)[1])
    with_spy = module_source("3-2 tanh", passes=(*PASSES, spy))
    assert [p.kernels[0].name for p in seen] == ["forward", "hessian_vector_product"]
    assert with_spy == module_source("3-2 tanh")


def write_target(folder: Path, view: str, template: str) -> None:
    folder.mkdir()
    (folder / "target.toml").write_text(
        f'view = "{view}"\ntemplate = "page.jinja"\nmeaning = "a dummy"\n', encoding="utf-8"
    )
    (folder / "page.jinja").write_text(template, encoding="utf-8")


def test_a_format_is_one_folder(tmp_path: Path) -> None:
    page = "# {{ title }}\n{% for q in derived %}\n* ${{ q.latex }}$\n{% endfor %}\n{{ checked }}\n"
    write_target(tmp_path / "list", "derivation", page)
    assert set(targets(tmp_path)) == {"list"}
    for order, title in ((1, "# The gradient of "), (2, "# The gradient and Hessian of ")):
        text = derivation_text("2-3-1 tanh", "list", tmp_path, order)
        assert text.startswith(title)
        assert text.count("\n* $") == len(gradscribe.derive("2-3-1 tanh", order).derived)
        assert "Verified: " in text


def test_a_target_of_modules_is_one_folder(tmp_path: Path) -> None:
    shutil.copytree(TEMPLATES / "numpy", tmp_path / "copy")
    module = tmp_path / "copy" / "module.py.jinja"
    module.write_text(module.read_text(encoding="utf-8") + "\nMINE = 1\n", encoding="utf-8")
    source = module_source("2-1 tanh", target="copy", templates=tmp_path)
    assert source == module_source("2-1 tanh") + "\nMINE = 1\n"


def test_an_unknown_name_in_a_template_is_a_clear_error(tmp_path: Path) -> None:
    write_target(tmp_path / "wrong", "derivation", "{{ titel }}\n")
    with pytest.raises(DerivationError, match=r"template wrong/page\.jinja: .*titel"):
        derivation_text("2-1 tanh", "wrong", tmp_path)


@pytest.mark.parametrize(
    "find", [lambda: find_target("texte", "derivation"), lambda: find_target("numpy", "derivation")]
)
def test_an_unknown_format_is_refused(find: Callable[[], object]) -> None:
    with pytest.raises(InputError, match="unknown format"):
        find()
