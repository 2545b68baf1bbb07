"""Networks of other structures than a stack: attention, layer norm, concatenation, equations.

The truth is automatic differentiation (autograd) of functions that are written here. All widths
and numbers of samples differ from each other.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import autograd
import autograd.numpy as anp
import numpy as np
import pytest

from gradscribe.checking.examine import examine
from gradscribe.compiler import (
    compile_network,
    derivation_text,
    derive_network,
    loaded,
    module_source,
)
from gradscribe.derivation.along import hessian_along
from gradscribe.derivation.plain import is_plain
from gradscribe.derivation.verification import verified
from gradscribe.equation import Role
from gradscribe.errors import DerivationError
from gradscribe.model.network import Network
from gradscribe.program.along import along_program
from gradscribe.program.evaluate import run
from gradscribe.program.ir import Contract, Ref
from gradscribe.program.shapes import shape_of

Array = Any
CLOSE = 1e-11


def softmax(a: Array) -> Array:
    e = anp.exp(a - anp.max(a, axis=-1, keepdims=True))
    return e / anp.sum(e, axis=-1, keepdims=True)


def norm(u: Array) -> Array:
    away = u - anp.mean(u, axis=-1, keepdims=True)
    return away / anp.sqrt(anp.mean(away**2, axis=-1, keepdims=True) + 1e-5)


def sigmoid(u: Array) -> Array:
    return 0.5 * (1 + anp.tanh(u / 2))


@dataclass(frozen=True)
class Case:
    """A specification, the output of a sample as autograd computes it, sizes, and the loss."""

    name: str
    spec: str
    output: Callable[[Sequence[Array], Array], Array]
    sizes: tuple[int, ...]
    inputs: tuple[int, ...]
    plain: bool = False
    entropy: bool = False


def attention(p: Sequence[Array], x: Array) -> Array:
    q, k, v = (x @ w.T for w in p)
    return softmax(q @ k.T / anp.sqrt(p[0].shape[0])) @ v


def heads(p: Sequence[Array], x: Array) -> Array:
    q, k, v = (anp.einsum("tc,ahc->ath", x, w) for w in p[:3])
    weights = softmax(anp.einsum("ath,ash->ats", q, k) / anp.sqrt(p[0].shape[1]))
    return anp.einsum("ats,ash,oah->to", weights, v, p[3])


def block(p: Sequence[Array], x: Array) -> Array:
    wq, wk, wv, w2, w1, b1 = p
    mixed = x + attention((wq, wk, wv), x)
    return mixed + anp.tanh(norm(mixed) @ w1.T + b1) @ w2.T


def normed_stack(p: Sequence[Array], x: Array) -> Array:
    w1, b1, g, h, w2, b2 = p
    return softmax(w2 @ anp.tanh(g * norm(w1 @ x + b1) + h) + b2)


ATTENTION = (
    "Q[t,h] = x[t,c] Wq[h,c]; K[t,h] = x[t,c] Wk[h,c]; Z[t,v] = x[t,c] Wv[v,c]; "
    "A[t,s] = Q[t,h] K[s,h] / sqrt(size(h)); P[t,s] = softmax(s, A[t,s]); "
    "Y[t,v] = P[t,s] Z[s,v]"
)
CASES = (
    Case("attention", ATTENTION, attention, (4, 3, 5, 2), (4, 3)),
    Case(
        "heads",
        "Q[a,t,h] = x[t,c] Wq[a,h,c]; K[a,t,h] = x[t,c] Wk[a,h,c]; Z[a,t,v] = x[t,c] Wv[a,v,c]; "
        "P[a,t,s] = softmax(s, Q[a,t,h] K[a,s,h] / sqrt(size(h))); "
        "Y[t,o] = P[a,t,s] Z[a,s,v] Wo[o,a,v]",
        heads,
        (4, 3, 2, 5, 6, 7),
        (4, 3),
    ),
    Case(
        "transformer block",
        "Q[t,h] = x[t,c] Wq[h,c]; K[t,h] = x[t,c] Wk[h,c]; Z[t,v] = x[t,c] Wv[v,c]\n"
        "P[t,s] = softmax(s, Q[t,h] K[s,h] / sqrt(size(h)))\n"
        "M[t,v] = x[t,v] + P[t,s] Z[s,v]   # a skip connection\n"
        "mean1[t] = mean(v, M[t,v]); var1[t] = mean(v, (M[t,v] - mean1[t])**2)\n"
        "R[t,v] = (M[t,v] - mean1[t]) / sqrt(var1[t] + 1e-5)\n"
        "Y[t,v] = M[t,v] + W2[v,k] tanh(W1[k,c] R[t,c] + b1[k])",
        block,
        (4, 3, 5, 6),
        (4, 3),
    ),
    Case(
        "layer norm",
        "3-5-4 tanh,softmax layer=norm,dense loss=cross_entropy",
        normed_stack,
        (3, 5, 4),
        (3,),
        entropy=True,
    ),
    Case(
        "layer norm in a formula",
        "f2(W2 f1(norm(W1 x + b1, g1, h1)) + b2) f1=tanh f2=softmax loss=cross_entropy",
        normed_stack,
        (3, 5, 4),
        (3,),
        entropy=True,
    ),
    Case(
        "concatenation",
        "f2(W2 concat(x, f1(W1 x + b1)) + b2) f1=tanh f2=sigmoid",
        lambda p, x: sigmoid(
            anp.hstack([p[2], p[3]]) @ anp.concatenate([x, anp.tanh(p[0] @ x + p[1])]) + p[4]
        ),
        (3, 5, 4),
        (3,),
        plain=True,
    ),
    Case(
        "a gate",
        "y[i] = sigmoid(A[i,j] x[j] + a[i]) tanh(B[i,j] x[j])".replace("y[i]", "q[i]"),
        lambda p, x: sigmoid(p[0] @ x + p[1]) * anp.tanh(p[2] @ x),
        (3, 5),
        (3,),
        plain=True,
    ),
    Case(
        "from vectors",
        "u1[t,i] = W1[t,i,j] x[j] + b1[i]; y1[t,i] = tanh(u1[t,i]); q[i] = mean(t, y1[t,i] c[t])",
        lambda p, x: anp.mean(anp.tanh(anp.einsum("tij,j->ti", p[0], x) + p[1]) * p[2][:, None], 0),
        (3, 2, 5),
        (3,),
    ),
    Case(
        "pooling without a function between",
        "u1[t,i] = W1[i,j] x[t,j]; q[i] = mean(t, u1[t,i]) + b[i]; y2[i] = tanh(q[i])",
        lambda p, x: anp.tanh(anp.mean(x @ p[0].T, axis=0) + p[1]),
        (4, 3, 5),
        (4, 3),
    ),
    Case(
        "a function of what is turned",
        "u1[k,t] = W[k,j] x[t,j]; y1[t,k] = sigmoid(u1[k,t]); q[i] = c[k] y1[t,k] y1[t,i]",
        lambda p, x: (lambda y: y.T @ (y @ p[1]))(sigmoid(x @ p[0].T)),
        (4, 3, 4),
        (4, 3),
    ),
    Case(
        "equal factors in a sum",
        "y1[t,i] = log(1 + (W[i,j] x[t,j])**2); q[i] = sqrt(mean(t, y1[t,i]) + 1)",
        lambda p, x: anp.sqrt(anp.mean(anp.log(1 + (x @ p[0].T) ** 2), axis=0) + 1),
        (4, 3, 5),
        (4, 3),
    ),
    Case(
        "numbers among the parameters",
        "m = mean(j, x[j]); q[i] = a exp(-(W[i,j] x[j] - m)**2) + c",
        lambda p, x: p[0] * anp.exp(-((p[1] @ x - anp.mean(x)) ** 2)) + p[2],
        (3, 5),
        (3,),
    ),
    Case(
        "skip and tied weights in a formula",
        "f2(W f1(W x + b1) + b2 + x) f1=tanh f2=softmax loss=cross_entropy",
        lambda p, x: softmax(p[0] @ anp.tanh(p[0] @ x + p[1]) + p[2] + x),
        (5,),
        (5,),
        plain=True,
        entropy=True,
    ),
    Case(
        "a stack as equations",
        "u1[i] = W1[i,j] x[j] + b1[i]; y1[i] = tanh(u1[i]); u2[i] = W2[i,j] y1[j]; "
        "y2[i] = softmax(u2[i]); loss=cross_entropy",
        lambda p, x: softmax(p[2] @ anp.tanh(p[0] @ x + p[1])),
        (3, 5, 4),
        (3,),
        plain=True,
        entropy=True,
    ),
    Case(
        "softmax of tied weights",
        "u1[i] = W[i,j] x[j]; y1[i] = tanh(u1[i]); u2[j] = W[i,j] y1[i]; y2[j] = softmax(u2[j]); "
        "loss=cross_entropy",
        lambda p, x: softmax(p[0].T @ anp.tanh(p[0] @ x)),
        (3, 5),
        (3,),
        entropy=True,
    ),
)


@dataclass(frozen=True)
class Scene:
    """A compiled case at a random point, and its functions for autograd."""

    case: Case
    module: ModuleType
    params: Any
    X: Array
    D: Array

    @property
    def w(self) -> Array:
        return np.concatenate([p.ravel() for p in self.params])

    def parts(self, w: Array) -> list[Array]:
        found, start = [], 0
        for p in self.params:
            found.append(w[start : start + p.size].reshape(p.shape))
            start += p.size
        return found

    def outputs(self, w: Array, X: Array) -> Array:
        return anp.stack([self.case.output(self.parts(w), x) for x in X])

    def cost(self, w: Array) -> Array:
        Y = self.outputs(w, self.X)
        if self.case.entropy:
            return -anp.sum(self.D * anp.log(Y)) / len(Y)
        return anp.mean((self.D - Y) ** 2)


def scene_of(case: Case, samples: int = 6) -> Scene:
    rng = np.random.default_rng(len(case.name))
    module = compile_network(case.spec)
    params = module.Parameters(*[rng.normal(size=s) for s in module._shapes(case.sizes)])
    X = rng.normal(size=(samples, *case.inputs))
    Y = module.forward(params, X)
    D = rng.dirichlet(np.ones(Y.shape[-1]), samples) if case.entropy else rng.normal(size=Y.shape)
    return Scene(case, module, params, X, D)


def error(found: Array, true: Array) -> float:
    assert found.shape == true.shape
    return float(np.abs(found - true).max() / max(np.abs(true).max(), 1e-300))


@pytest.fixture(scope="module", params=CASES, ids=lambda c: c.name)
def scene(request: pytest.FixtureRequest) -> Scene:
    return scene_of(request.param)


def test_cost_and_gradient(scene: Scene) -> None:
    module, w = scene.module, scene.w
    assert is_plain(Network.parse(scene.case.spec)) == scene.case.plain
    assert error(module.forward(scene.params, scene.X), scene.outputs(w, scene.X)) < CLOSE
    assert abs(module.cost(scene.params, scene.X, scene.D) - scene.cost(w)) < CLOSE
    found = module.ravel(module.gradient(scene.params, scene.X, scene.D))
    assert error(found, autograd.grad(scene.cost)(w)) < CLOSE


def test_hessian_and_products(scene: Scene) -> None:
    module, params, X, D = scene.module, scene.params, scene.X, scene.D
    true = autograd.hessian(scene.cost)(scene.w)
    H = module.hessian(params, X, D)
    assert error(H, true) < CLOSE
    assert np.array_equal(H, H.T)
    V = module.Parameters(*[np.cos(1 + np.arange(p.size)).reshape(p.shape) for p in params])
    product = module.ravel(module.hessian_vector_product(params, X, D, V))
    assert error(product, true @ module.ravel(V)) < CLOSE
    assert error(module.ravel(module.hessian_diagonal(params, X, D)), np.diagonal(true)) < CLOSE
    first, second = params._fields[0], params._fields[-1]
    block = module.hessian_block(params, X, D, first, second)
    a, b = getattr(params, first), getattr(params, second)
    assert block.shape == (*a.shape, *b.shape)
    corner = true[: a.size, len(true) - b.size :]
    assert np.abs(block.reshape(corner.shape) - corner).max() < CLOSE * np.abs(true).max()


def test_jacobians(scene: Scene) -> None:
    module, params, X = scene.module, scene.params, scene.X
    true = autograd.jacobian(scene.outputs)(scene.w, X)
    assert error(module.jacobian(params, X), true) < CLOSE
    each = [autograd.jacobian(lambda x: scene.case.output(scene.params, x))(x) for x in X]
    assert error(module.input_jacobian(params, X), np.stack(each)) < CLOSE


def test_gauss_newton_and_samples(scene: Scene) -> None:
    module, params, X, D, w = scene.module, scene.params, scene.X, scene.D, scene.w
    J = autograd.jacobian(scene.outputs)(w, X).reshape(-1, len(w))
    G = module.gauss_newton(params, X, D)
    if not scene.case.entropy:
        assert error(G, 2 * J.T @ J / D.size) < CLOSE
    assert np.linalg.eigvalsh(G).min() > -1e-9 * np.abs(G).max()
    rows = module.sample_gradients(params, X, D)
    single = [
        module.ravel(module.gradient(params, X[n : n + 1], D[n : n + 1])) for n in range(len(X))
    ]
    factor = 1 if scene.case.entropy else D[0].size
    assert error(rows, factor * np.stack(single)) < CLOSE


def test_every_step_is_verified(scene: Scene) -> None:
    assert verified(derive_network(scene.case.spec, 2)).steps > 10


def test_a_spec_regenerates_itself(scene: Scene) -> None:
    network = Network.parse(scene.module.SPEC)
    assert network.spec == scene.module.SPEC
    assert str(network) == str(Network.parse(scene.case.spec))


# ---- one network, several ways to say it --------------------------------------------------------


def test_a_file_and_a_key_are_the_text(tmp_path: Path) -> None:
    text = ATTENTION.replace("; ", "\n")
    (tmp_path / "net.eq").write_text(f"# a comment\n{text}\nloss=sse\n")
    toml = f'[network]\nequations = """\n{text}\n"""\n[loss]\nname = "sse"\n'
    (tmp_path / "net.toml").write_text(toml)
    same = [f"{ATTENTION}; loss=sse", str(tmp_path / "net.eq"), str(tmp_path / "net.toml")]
    specs = [Network.parse(spec).spec for spec in same]
    assert len(set(specs)) == 1


def test_layer_norm_is_said_in_a_file_too(tmp_path: Path) -> None:
    body = '[network]\nsizes = [3, 5, 4]\nactivations = "tanh,softmax"\nlayer = "norm,dense"\n'
    (tmp_path / "net.toml").write_text(body + '[loss]\nname = "cross_entropy"\n')
    line = "3-5-4 tanh,softmax layer=norm,dense loss=cross_entropy"
    assert Network.parse(str(tmp_path / "net.toml")).spec == Network.parse(line).spec == line


def test_declared_sizes_are_fixed() -> None:
    module = compile_network("x: 3; W1: 5, 3; u1[i] = W1[i,j] x[j]; y1[i] = tanh(u1[i])")
    assert module.SIZES == (3, 5)
    with pytest.raises(ValueError, match=r"W1 has shape \(4, 3\), needs \(N1=5, N0=3\)"):
        module.forward(module.Parameters(np.ones((4, 3))), np.ones((2, 3)))


def test_summation_is_said_or_understood() -> None:
    forms = ("W[i,j] x[j]", "sum(j, W[i,j] x[j])", "size(j) mean(j, W[i,j] x[j])")
    texts = {str(Network.parse(f"u1[i] = {form}; y1[i] = tanh(u1[i])")) for form in forms}
    assert len(texts) == 1


# ---- layer norm against PyTorch ------------------------------------------------------------------


def test_layer_norm_is_that_of_pytorch() -> None:
    torch = pytest.importorskip("torch")
    module = compile_network("linear(W2 norm(W1 x + b1, g1, h1))")
    rng = np.random.default_rng(5)
    params = module.Parameters(*[rng.normal(size=s) for s in module._shapes((3, 5, 4))])
    X, D = rng.normal(size=(7, 3)), rng.normal(size=(7, 4))
    own = [torch.tensor(p, requires_grad=True) for p in params]
    W1, b1, g, h, W2 = own
    normed = torch.nn.functional.layer_norm(torch.tensor(X) @ W1.T + b1, (5,), g, h)
    cost = ((torch.tensor(D) - normed @ W2.T) ** 2).mean()
    true = torch.autograd.grad(cost, own)
    assert abs(float(cost.detach()) - module.cost(params, X, D)) < CLOSE
    for a, b in zip(module.gradient(params, X, D), true, strict=True):
        assert error(a, b.numpy()) < CLOSE


def test_gains_start_from_one() -> None:
    params = compile_network("3-5-4 tanh,linear layer=norm,dense").initialize()
    assert np.array_equal(params.gain1, np.ones(5))
    assert not params.shift1.any()


# ---- how it is computed -------------------------------------------------------------------------


def test_parts_of_samples_and_directions_change_nothing() -> None:
    scene = scene_of(CASES[0], 9)
    module, data = scene.module, (scene.params, scene.X, scene.D)
    need = module._held("hessian_along", scene.params, scene.X)
    whole = module.hessian(*data)
    for workspace in (need, 3 * need, 20 * need):
        assert error(module.hessian(*data, workspace=workspace), whole) < CLOSE
        assert (
            error(module.jacobian(*data[:2], workspace=workspace), module.jacobian(*data[:2]))
            < CLOSE
        )
        assert (
            error(
                module.sample_gradients(*data, workspace=workspace), module.sample_gradients(*data)
            )
            < CLOSE
        )
    with pytest.raises(ValueError, match="workspace is"):
        module.hessian(*data, workspace=need - 1)
    out = np.full_like(whole, np.nan)
    assert module.hessian(*data, out=out) is out
    assert np.array_equal(out, whole)


def test_single_precision_stays_so() -> None:
    scene = scene_of(CASES[0])
    params = scene.module.Parameters(*[p.astype(np.float32) for p in scene.params])
    X, D = scene.X.astype(np.float32), scene.D.astype(np.float32)
    assert scene.module.hessian(params, X, D).dtype == np.float32
    assert all(g.dtype == np.float32 for g in scene.module.gradient(params, X, D))
    assert scene.module.input_jacobian(params, X).dtype == np.float32


def test_large_scores_overflow_nowhere() -> None:
    scene = scene_of(CASES[0])
    params = scene.module.Parameters(*[100 * p for p in scene.params])
    with np.errstate(all="raise", under="ignore"):
        assert np.isfinite(scene.module.hessian(params, scene.X, scene.D)).all()


def test_no_loop_over_nodes_or_samples_in_the_kernels() -> None:
    source = module_source(ATTENTION)
    kernels = source.partition("arguments ----")[2].partition("# ---- products of")[0]
    kernels += source.partition("derivatives along directions ----")[2].partition("_HELD =")[0]
    assert " for " not in "\n".join(
        line for line in kernels.splitlines() if not line.strip().startswith(("#", '"""'))
    )


def test_the_interpreter_gives_what_the_module_gives() -> None:
    scene = scene_of(CASES[0])
    derivation = derive_network(scene.case.spec)
    adjoints = [q for q in derivation.derived if q.variable.role is Role.ADJOINT]
    program = along_program(derivation, hessian_along(derivation.network, adjoints))
    rng = np.random.default_rng(2)
    V = {f"R_{n}": rng.normal(size=(2, *p.shape)) for n, p in scene.params._asdict().items()}
    scale = scene.module._scale(scene.D)
    given = {**scene.params._asdict(), "X": scene.X, "D": scene.D, "scale": scale, **V}
    values = run(program.program, given, ("hessian_along",))
    along = scene.module.Parameters(*V.values())
    found = scene.module._hessian_along(scene.params, scene.X, scene.D, along, scale)
    for name, array in zip(program.kernel.outputs, found, strict=True):
        assert error(array, values[name]) < 1e-13


def test_axes_that_do_not_fit_are_found() -> None:
    product = Contract("abc,adc->abd", Ref("p"), Ref("q"))
    fitting = {"p": ("N", "N_0", "N_1"), "q": ("N", "N_2", "N_1")}
    assert shape_of(product, fitting) == ("N", "N_0", "N_2")
    with pytest.raises(DerivationError):
        shape_of(product, fitting | {"q": ("N", "N_2", "N_3")})


# ---- the checks see a wrong line --------------------------------------------------------------

SMALL = f"x: 2, 3; Wq: 1, 3; Wv: 2, 3; {ATTENTION}"
WRONG = [
    ("dE_dA *= -2\n", "dE_dA *= 2\n"),
    ("R_A = _product(", "R_A = 1.001 * _product("),
    ("dJ_dWv *= -2", "dJ_dWv *= -2.0001"),
]


@pytest.mark.parametrize(("right", "wrong"), WRONG)
def test_a_module_sees_its_own_wrong_line(right: str, wrong: str) -> None:
    source = module_source(SMALL)
    assert right in source
    assert loaded(source, "right_attention")._self_check() == 0
    assert loaded(source.replace(right, wrong, 1), "wrong_attention")._self_check() == 1


def test_the_check_sees_a_wrong_line() -> None:
    source = module_source(SMALL)
    right, wrong = WRONG[0]
    report = examine(loaded(source.replace(right, wrong, 1), "wrong"), Network.parse(SMALL))
    assert any(row.verdict == "DIFFERS" for row in report.rows)


@pytest.mark.parametrize(
    ("spec", "line"),
    [
        ("examples/attention.toml", "N₀ = 5, N₁ = 4, N₂ = 3, N₃ = 2"),
        ("examples/layer_norm.toml", "4 → 8 → 6 → 3"),
        ("linear(W2 concat(x, tanh(W1 x + b1)) + b2)", "N₀ → N₁ → N₂"),
        ("a[i] = W[i,j] x[j]; b[k] = V[k,j] x[j]; y[i] = a[i] U[i,k] b[k]", "x (N₀) → y (N₁)"),
    ],
)
def test_arrows_between_sizes_are_those_of_a_chain(spec: str, line: str) -> None:
    path = Path(__file__).parents[1] / spec
    text = derivation_text(str(path) if spec.endswith(".toml") else spec, "text", order=1)
    assert line in text.splitlines()[2:5]
    assert ("→" in line) or "5 → 4" not in text
    layered = "the sensitivity of layer m" in text
    assert layered == ("norm" in spec or "concat" in spec)
