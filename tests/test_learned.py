"""Numbers in activations and losses that a specification chooses or has learned."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from oracles import complex_step, disagreement
from test_extension import check_everything

import gradscribe
from gradscribe.catalog import CATALOG
from gradscribe.checking.examine import examine
from gradscribe.checking.load import load_module, network_of
from gradscribe.compiler import derivation_text
from gradscribe.editions import edition
from gradscribe.errors import InputError
from gradscribe.lecture.style import Style
from gradscribe.model.network import Network

LEARNED = {
    "3-4-2 prelu,linear": {"slope1": 0.25},
    "3-4-2 silu,tanh silu.beta=learned(1.5)": {"beta1": 1.5},
    "2-3-2 tanh,linear loss=gaussian": {"logvar2": 0.0},
    "2-3-4 elu,softmax loss=cross_entropy elu.alpha=learned(0.7)": {"alpha1": 0.7},
    "2-2-3 s loss=sse s=a*tanh(c*u)+u/9 s.a=learned(2) s.c=learned(-1)": {
        "a1": 2, "c1": -1, "a2": 2, "c2": -1,
    },
    "2-4-3 softplus,linear loss=l softplus.beta=learned(2) l=log(cosh(k*e))/k+k l.k=learned(1)": {
        "beta1": 2, "k2": 1,
    },
    "3-3-2 tanh,linear loss=student student=nu*log(1+e**2/exp(s))+s student.nu=learned(3) "
    "student.s=learned(0)": {"nu2": 3, "s2": 0},
}  # fmt: skip
# The logarithm needs a positive number; behind softmax the network is cut before the output.
PRECISION = "2-3-2 tanh loss=own own=e**2*s-log(s) own.s=learned(1)"
TEMPERED = "3-4-3 tanh,softmax loss=own own=-d*log(y)*k+k**2 own.k=learned(1)"
CUBED = "2-3-2 tanh loss=own own=e*s+s**3*k+3*k**2*y own.s=learned(1) own.k=learned(1)"
FORMULA = "f2(W f1(W x + b) + c) f1=prelu f2=s s=u*sigmoid(beta*u) s.beta=learned(1)"


@pytest.mark.parametrize("spec", LEARNED)
def test_everything_follows_for_learned_numbers(spec: str) -> None:
    module = check_everything(spec, CATALOG)
    params = module.initialize(seed=3)
    for name, value in LEARNED[spec].items():
        assert np.array_equal(getattr(params, name), np.full_like(getattr(params, name), value))
    others = [n for n in params._fields if n not in LEARNED[spec]]
    assert all(n[0] in "Wb" for n in others)
    assert Network.parse(module.SPEC).spec == module.SPEC


@pytest.mark.parametrize("spec", [*LEARNED, PRECISION, TEMPERED, CUBED])
def test_second_derivatives_by_learned_numbers(spec: str) -> None:
    """Every matrix against complex steps of the gradient and of the output, entry by entry."""
    module = gradscribe.compile(spec)
    rng = np.random.default_rng(4)
    start = module.initialize(seed=1)
    params = module.Parameters(*(a + rng.normal(0, 0.3, a.shape) for a in start))
    sizes = module.SIZES
    X, D = rng.normal(size=(6, sizes[0])), np.eye(sizes[-1])[rng.integers(0, sizes[-1], 6)]
    w = module.ravel(params)
    H, J = np.empty((w.size, w.size)), np.empty((6, sizes[-1], w.size))
    for k in range(w.size):
        moved = module.unravel(w + 1e-30j * np.eye(w.size)[k])
        H[:, k] = module.ravel(module.gradient(moved, X, D)).imag * 1e30
        J[:, :, k] = module.forward(moved, X).imag * 1e30
    assert disagreement([module.hessian(params, X, D)], [H]) < 1e-12
    assert disagreement([module.jacobian(params, X)], [J]) < 1e-12
    diagonal = module.ravel(module.hessian_diagonal(params, X, D))
    assert disagreement([diagonal], [np.diag(H)]) < 1e-12
    direction = rng.normal(size=w.size)
    product = module.hessian_vector_product(params, X, D, module.unravel(direction))
    assert disagreement([module.ravel(product)], [H @ direction]) < 1e-12
    each = module.sample_gradients(params, X, D)
    one = [
        module.ravel(module.gradient(params, x[None], d[None])) for x, d in zip(X, D, strict=True)
    ]
    factor = 1 if "loss=sse" in spec or "cross" in spec else sizes[-1]
    assert disagreement([each], [np.array(one) * factor]) < 1e-12
    name = params._fields[-1] if spec not in LEARNED else next(iter(LEARNED[spec]))
    places = np.cumsum([0, *(a.size for a in params)])
    at = params._fields.index(name)
    block = module.hessian_block(params, X, D, name, "W1")
    expected = H[places[at] : places[at + 1], : params.W1.size].reshape(block.shape)
    assert np.abs(block - expected).max() <= 1e-12 * np.abs(H).max()


@pytest.mark.parametrize("target", ["scalar", "numba"])
def test_number_by_number_it_is_the_same(target: str) -> None:
    pytest.importorskip(target) if target == "numba" else None
    spec = "2-3-2 prelu,gelu loss=gaussian emit=hessian"
    plain, other = gradscribe.compile(spec), gradscribe.compile(f"{spec} target={target}")
    params = plain.initialize(seed=2)._replace(logvar2=np.array([0.3, -0.2]))
    rng = np.random.default_rng(5)
    X, D = rng.normal(size=(5, 2)), rng.normal(size=(5, 2))
    own = other.Parameters(*params)
    assert disagreement(other.gradient(own, X, D), plain.gradient(params, X, D)) < 1e-13
    assert disagreement([other.hessian(own, X, D)], [plain.hessian(params, X, D)]) < 1e-13
    moved = other.Parameters(*(a + 1e-30j for a in params))
    stepped = plain.Parameters(*(a + 1e-30j for a in params))
    assert other.cost(moved, X, D).imag == pytest.approx(plain.cost(stepped, X, D).imag, rel=1e-12)


def test_the_check_takes_them_and_finds_what_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "net.py"
    gradscribe.generate("2-3-2 prelu,linear loss=gaussian", path)
    module = load_module(path)
    assert examine(module, network_of(module, None), 0).ok
    text = path.read_text(encoding="utf-8")
    wrong = text.replace("dJ_dslope1 = ", "dJ_dslope1 = 2 * ")
    assert wrong != text
    path.write_text(wrong, encoding="utf-8")
    module = load_module(path)
    assert not examine(module, network_of(module, None), 0).ok


@pytest.mark.parametrize("spec", [PRECISION, TEMPERED, CUBED])
def test_every_step_of_second_order_is_executed(spec: str) -> None:
    assert "Verified" in derivation_text(spec, "text")


def test_in_a_formula_each_layer_has_its_own() -> None:
    network = Network.parse(FORMULA)
    assert [p.name for p in network.parameters] == ["W", "b", "slope1", "c", "beta2"]
    module = gradscribe.compile(network)
    assert network.spec == module.SPEC
    params = module.initialize((3, 3, 3)[: len(network.layers)], seed=1)
    rng = np.random.default_rng(0)
    X, D = rng.normal(size=(5, 3)), rng.normal(size=(5, 3))
    found = module.gradient(params, X, D)
    stepped = complex_step(lambda p: module.cost(module.Parameters(*p), X, D), list(params))
    assert disagreement(found, stepped) < 1e-12


def test_a_lecture_is_told_of_them() -> None:
    assert "logvar" in edition("2-2-1 prelu,linear loss=gaussian", "markdown", Style())


SPECS = (
    '[network]\nsizes = [3, 4, 2]\nactivations = ["swish", "leaky_relu"]\n'
    '[activation.swish]\nformula = "u*sigmoid(beta*u)"\nbeta = {value = 1.5, learned = true}\n'
    "[activation.leaky_relu]\nslope = 0.2\nkink = 1\n[loss.huber]\nthreshold = 2.5\n",
    "3-4-2 swish,leaky_relu loss=huber leaky_relu.slope=0.2 leaky_relu.kink=1 "
    "huber.threshold=2.5 swish=u*sigmoid(beta*u) swish.beta=learned(1.5)",
)


def test_a_file_says_the_same_as_one_line(tmp_path: Path) -> None:
    path = tmp_path / "net.toml"
    path.write_text(SPECS[0], encoding="utf-8")
    found, other = Network.parse(str(path)), Network.parse(SPECS[1])
    assert found.spec == other.spec
    assert (str(found), found.functions) == (str(other), other.functions)
    assert Network.parse(found.spec).spec == found.spec


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("[activation.prelu]\nslope = {value = 1, learnt = true}", "did you mean 'learned'"),
        ("[activation.prelu]\nslope = {learned = true}", "activation.prelu.slope.value"),
        ("[activation.prelu]\nslope = {value = 1, learned = 1}", "true or false"),
        ("[activation.prelu]\nslope = 'a'", "a number"),
        ("[activation.prelu]\nslope = nan", "is not a number"),
        ("[activation.prelu]\nslope = 1e99", "too large"),
        ("[activation.prelu]\nslop = 1", "did you mean 'slope'"),
        ("[activation.preluu]\nslope = 1", "did you mean 'prelu'"),
        ("[loss.huber]\nthreshold = 0", "above 0"),
        ("[loss.pinball]\nquantile = 1", "below 1"),
        ("[activation.tanh]\nkink = 1", "has no kink"),
        ("[activation.prelu]\nkink = 1", "beside learned numbers"),
    ],
)
def test_what_cannot_be_chosen_is_refused(lines: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "net.toml"
    head = '[network]\nsizes = [3, 2]\nactivations = "prelu"\n'
    path.write_text(head + lines, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        Network.parse(str(path))
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("relu huber.threshold=2", "has no effect"),
        ("relu relu.kink=2", "from 0 (left) to 1 (right)"),
        ("relu relu.kink=x", "is not a number"),
        ("relu relu.kink=learned(1)", "from 0"),
        ("relu loss=huber huber.treshold=1", "did you mean 'threshold'"),
        ("s s=u*W s.W=learned(1)", "what weights and biases are called"),
        ("s s=u*z s.z=learned(1)", "a name of a derived value"),
        ("s s=u*a1 s.a1=learned(1)", "other characters than letters"),
        ("s s=u*exp s.exp=2", "has a meaning in formulas"),
        ("s s=u*u s.k=learned(1)", "does not stand in the formula"),
        ("s s=prelu(u)+u", "reads more than one number"),
        (
            "s loss=l s=u*k s.k=learned(1) l=e**2/k+k l.k=learned(1)",
            "of a function and of the loss",
        ),
        ("s s=u*k s.k=learned(__import__('os'))", "is not a number"),
        ("relu loss=l l=e**2+a**2 l.a=learned(1)", "nothing can be learned of a"),
    ],
)
def test_what_cannot_be_learned_is_refused(words: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        Network.parse(f"3-2 {words}")
    assert message in str(caught.value)


def test_gaussian_is_that_of_torch() -> None:
    torch: Any = pytest.importorskip("torch")
    module = gradscribe.compile("3-4-2 tanh,linear loss=gaussian")
    rng = np.random.default_rng(7)
    params = module.initialize(seed=1)._replace(logvar2=rng.normal(size=2))
    X, D = rng.normal(size=(9, 3)), rng.normal(size=(9, 2))
    given = [torch.tensor(a, requires_grad=True) for a in params]
    W1, b1, W2, b2, logvar = given
    y = torch.tanh(torch.tensor(X) @ W1.T + b1) @ W2.T + b2
    loss = torch.nn.GaussianNLLLoss(eps=1e-300)(y, torch.tensor(D), logvar.exp().expand(9, 2))
    assert module.cost(params, X, D) == pytest.approx(loss.item(), rel=1e-14)
    expected = [g.numpy() for g in torch.autograd.grad(loss, given)]
    assert disagreement(module.gradient(params, X, D), expected) < 1e-13


@pytest.mark.parametrize("threshold", [0.3, 1, 2.5])
def test_huber_is_that_of_torch(threshold: float) -> None:
    torch: Any = pytest.importorskip("torch")
    module = gradscribe.compile(f"3-2 linear loss=huber huber.threshold={threshold}")
    rng = np.random.default_rng(8)
    params = module.initialize(seed=1)
    X, D = 2 * rng.normal(size=(20, 3)), 2 * rng.normal(size=(20, 2))
    y = torch.tensor(module.forward(params, X), requires_grad=True)
    loss = torch.nn.HuberLoss(delta=threshold)(y, torch.tensor(D))
    (slope,) = torch.autograd.grad(loss, y)
    assert module.cost(params, X, D) == pytest.approx(loss.item(), rel=1e-14)
    assert disagreement([module.gradient(params, X, D).b1], [slope.numpy().sum(0)]) < 1e-13


@pytest.mark.parametrize("quantile", [0.05, 0.5, 0.9])
def test_pinball_is_that_of_sklearn(quantile: float) -> None:
    metrics: Any = pytest.importorskip("sklearn.metrics")
    module = gradscribe.compile(f"3-2 linear loss=pinball pinball.quantile={quantile}")
    rng = np.random.default_rng(9)
    params, X, D = module.initialize(seed=1), rng.normal(size=(20, 3)), rng.normal(size=(20, 2))
    expected = metrics.mean_pinball_loss(D, module.forward(params, X), alpha=quantile)
    assert module.cost(params, X, D) == pytest.approx(expected, rel=1e-13)
