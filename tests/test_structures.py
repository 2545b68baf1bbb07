"""Networks of other structures than a stack: attention, layer norm, concatenation, equations.

The truth is automatic differentiation (autograd) of functions that are written here. All widths
and numbers of samples differ from each other.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import autograd
import autograd.numpy as anp
import numpy as np
import pytest

from gradscribe.compiler import compile_network, derive_network
from gradscribe.derivation.plain import is_plain
from gradscribe.derivation.verification import verified
from gradscribe.model.network import Network

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
        "numbers among the parameters",
        "m = mean(j, x[j]); q[i] = a exp(-(W[i,j] x[j] - m)**2) + c",
        lambda p, x: p[0] * anp.exp(-((p[1] @ x - anp.mean(x)) ** 2)) + p[2],
        (3, 5),
        (3,),
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
