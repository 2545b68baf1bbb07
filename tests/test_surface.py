"""Verdicts on points that were made to be what they are, and planes through surfaces."""

import math

import numpy as np
import pytest
from sympy import Piecewise

import gradscribe
from gradscribe.catalog.penalties import PENALTIES, Penalty, W
from gradscribe.errors import InputError
from gradscribe.learning.corners import kinks_of
from gradscribe.learning.minima import groups
from gradscribe.learning.objective import Objective
from gradscribe.learning.points import point
from gradscribe.learning.surface import Plane, plane_picture
from gradscribe.learning.training import surface_of
from gradscribe.learning.verdict import eigenvectors, judged

AND = np.array([[0.0, 0], [0, 1], [1, 0], [1, 1]]), np.array([[0.0], [0], [0], [1]])
_MODULES = {}


def objective(spec, X, D):
    if spec not in _MODULES:
        _MODULES[spec] = gradscribe.compile(spec)
    return Objective(_MODULES[spec], X, D)


def verdict(spec, X, D, w):
    return surface_of(objective(spec, X, D)).judge(w)


def test_the_saddle_of_the_lecture():
    """Zero weights and b² = mean(d) on AND: λ = 2, ±√2/4 twice each, 0 four times."""
    cost = objective("2-2-1 tanh,linear", *AND)
    found = surface_of(cost).judge(point(cost, "b2=0.25"))
    assert found.gradient_norm == 0
    r = math.sqrt(2) / 4
    np.testing.assert_allclose(found.eigenvalues, [-r, -r, 0, 0, 0, 0, r, r, 2], atol=1e-15)
    assert (found.kind, found.inertia) == ("saddle", (3, 2, 4))
    down = found.steepest_descent
    w = point(cost, "b2=0.25")
    assert cost.cost(w + 0.1 * down) < cost.cost(w) > cost.cost(w - 0.1 * down)


def least_squares(rng, deficient):
    """Return a linear network's data and its exact optimum; H = 2/(N N_M) AᵀA for each output."""
    inputs, outputs = 3, 2
    N = int(rng.integers(9, 40))
    X = rng.normal(size=(N, inputs))
    if deficient:
        X[:, 2] = X[:, 0] - 2 * X[:, 1]
    D = rng.normal(size=(N, outputs))
    A = np.column_stack([X, np.ones(N)])
    solution = np.linalg.lstsq(A, D, rcond=None)[0].T
    w = np.concatenate([solution[:, :-1].ravel(), solution[:, -1]])
    expected = np.sort(np.repeat(np.linalg.eigvalsh(A.T @ A) * 2 / (N * outputs), outputs))
    return X, D, w, expected


@pytest.mark.parametrize("seed", range(7))
def test_minima_of_linear_networks(seed):
    X, D, w, expected = least_squares(np.random.default_rng(seed), deficient=False)
    found = verdict("3-2 linear", X, D, w)
    assert (found.kind, found.inertia) == ("minimum", (8, 0, 0))
    np.testing.assert_allclose(found.eigenvalues, expected, rtol=1e-10)
    assert found.steepest_descent is None


@pytest.mark.parametrize("seed", range(7))
def test_degenerate_points_of_linear_networks(seed):
    X, D, w, expected = least_squares(np.random.default_rng(seed), deficient=True)
    found = verdict("3-2 linear", X, D, w)
    assert (found.kind, found.inertia) == ("degenerate", (6, 0, 2))
    np.testing.assert_allclose(found.eigenvalues, expected, atol=1e-10)


@pytest.mark.parametrize("seed", range(8))
def test_minima_where_a_network_teaches_itself(seed):
    """Targets from the network itself: J = 0, and H = 2/(N N_M) JᵀJ is positive definite."""
    rng = np.random.default_rng(100 + seed)
    X = rng.normal(size=(60, 2)) * 1.5
    cost = objective("2-2-1 tanh,linear", X, np.zeros((60, 1)))
    w = rng.uniform(0.6, 1.6, cost.K) * rng.choice([-1, 1], cost.K)
    cost = objective("2-2-1 tanh,linear", X, cost.forward(w))
    found = surface_of(cost).judge(w)
    assert (found.kind, found.inertia) == ("minimum", (9, 0, 0))
    assert found.cost == 0


@pytest.mark.parametrize("seed", range(8))
def test_saddles_at_zero_weights(seed):
    """With all weights 0 and b = mean(d), λ = ±2 |cov(x, d)| for each hidden node."""
    rng = np.random.default_rng(200 + seed)
    N, nodes = int(rng.integers(5, 30)), 3
    X, D = rng.normal(size=(N, 2)), rng.normal(size=(N, 1))
    cost = objective("2-3-1 tanh,linear", X, D)
    w = np.zeros(cost.K)
    w[-1] = D.mean()
    found = surface_of(cost).judge(w)
    slope = 2 * float(np.linalg.norm(((D - D.mean()) * X).mean(axis=0)))
    np.testing.assert_allclose(found.eigenvalues[:nodes], -slope, rtol=1e-10)
    assert found.kind == "saddle"
    assert found.inertia == (nodes + 1, nodes, cost.K - 2 * nodes - 1)


@pytest.mark.parametrize("seed", range(8))
def test_plateaus_of_saturated_outputs(seed):
    """A sigmoid that is far out the wrong way: the cost is high, and flat to second order."""
    rng = np.random.default_rng(300 + seed)
    X, D = rng.normal(size=(13, 2)), rng.uniform(0, 0.2, size=(13, 1))
    cost = objective("2-2-1 sigmoid", X, D)
    w = rng.normal(size=cost.K)
    w[-1] = rng.uniform(28, 60)
    found = surface_of(cost).judge(w)
    assert found.kind == "plateau"
    assert found.cost > 0.6


@pytest.mark.parametrize("seed", range(6))
def test_degenerate_points_where_hidden_nodes_are_dead(seed):
    """No relu is active and b² = mean(d): λ = 2 for b², all else is 0."""
    rng = np.random.default_rng(400 + seed)
    X, D = rng.uniform(-1, 1, size=(17, 2)), rng.normal(size=(17, 1))
    cost = objective("2-3-1 relu,linear", X, D)
    w = rng.normal(size=cost.K)
    w[6:9] = -20
    w[-1] = D.mean()
    found = surface_of(cost).judge(w)
    assert (found.kind, found.inertia) == ("degenerate", (1, 0, 12))
    assert found.eigenvalues[-1] == pytest.approx(2)


@pytest.mark.parametrize("seed", range(6))
def test_saddles_of_the_least_wrong_direction(seed):
    """A hidden node that is split into two equal ones: a stationary point with directions down.

    Source: Fukumizu and Amari, "Local minima and plateaus in hierarchical structures of
    multilayer perceptrons", 2000, theorem 3: minima become saddles where shares are negative.
    """
    rng = np.random.default_rng(500 + seed)
    N = 25
    X = rng.normal(size=(N, 1)) * 1.5
    D = 0.7 * np.tanh(1.2 * X - 0.3) + 0.2 + 0.1 * rng.normal(size=(N, 1))
    one = objective("1-1-1 tanh,linear", X, D)
    w, _ = newton(one, np.array([1.2, -0.3, 0.7, 0.2]))
    a, b, v, c = w
    two = objective("1-2-1 tanh,linear", X, D)
    share = rng.uniform(0.2, 0.8)
    kinds = set()
    for s in (share, 1 + share):  # one inside (0, 1), one outside
        found = surface_of(two).judge(np.array([a, a, b, b, s * v, (1 - s) * v, c]))
        assert found.gradient_norm < 1e-9
        kinds.add(found.kind)
    assert "saddle" in kinds
    assert kinds <= {"saddle", "degenerate"}


def newton(cost, w):
    for _ in range(60):
        gradient = cost.gradient(w)
        values, vectors = np.linalg.eigh(cost.hessian(w))
        step = vectors @ ((vectors.T @ gradient) / np.maximum(np.abs(values), 1e-6))
        scale = 1.0
        while cost.cost(w - scale * step) > cost.cost(w) and scale > 1e-9:
            scale /= 2
        w = w - scale * step
    assert np.linalg.norm(cost.gradient(w)) < 1e-10
    return w, cost.cost(w)


def test_what_is_no_stationary_point_is_said():
    rng = np.random.default_rng(0)
    cost = objective("2-2-1 tanh,linear", *AND)
    assert surface_of(cost).judge(rng.normal(size=9)).kind == "slope"


def test_verdicts_keep_when_the_cost_changes_its_unit():
    for scale in (1e-9, 1, 1e9):
        H = scale * np.diag([3.0, 1.0, -0.5])
        assert judged(scale, np.zeros(3), H, scale=scale).kind == "saddle"
        assert judged(scale, np.zeros(3), -abs(H), scale=scale).kind == "maximum"
        assert judged(scale, np.full(3, 1e-3 * scale), H, scale=scale).kind == "slope"


def test_a_point_that_is_not_finite_is_refused():
    with pytest.raises(InputError, match="not finite"):
        judged(np.nan, np.zeros(2), np.eye(2))


def test_eigenvectors_by_iteration_are_eigenvectors():
    rng = np.random.default_rng(3)
    Q, _ = np.linalg.qr(rng.normal(size=(420, 420)))
    values = np.sort(np.concatenate([[-2.0, -2.0], rng.uniform(-1, 1, 415), [5.0, 5.0, 9.0]]))
    H = (Q * values) @ Q.T
    H = (H + H.T) / 2
    found = eigenvectors(H, np.linalg.eigvalsh(H), (0, 1, -1, -2, -3))
    np.testing.assert_allclose(found.T @ found, np.eye(5), atol=1e-8)
    np.testing.assert_allclose(H @ found, found * [-2, -2, 9, 5, 5], atol=1e-6)


# ---- exact fits, kinks -----------------------------------------------------------------


@pytest.mark.parametrize("loss", ["mse", "mae", "huber", "log_cosh"])
@pytest.mark.parametrize("seed", range(3))
def test_an_exact_fit_is_a_minimum_whatever_is_zero(loss, seed):
    """Targets from the network itself, with two nodes that are equal: eigenvalues are 0."""
    rng = np.random.default_rng(700 + seed)
    X = rng.normal(size=(40, 2))
    cost = objective(f"2-3-1 tanh,linear loss={loss}", X, np.zeros((40, 1)))
    w = rng.normal(size=cost.K)
    w[4:6], w[8], w[11] = w[2:4], w[7], w[10]
    for noise, exact in ((0.0, True), (1e-16, True), (1e-9, False)):
        D = cost.forward(w) * (1 + noise * rng.normal(size=(40, 1)))
        found = verdict(f"2-3-1 tanh,linear loss={loss}", X, D, w)
        assert ("the fit is exact but for rounding, |d − y| up to" in found.sentence) == exact
        assert found.kind == "minimum" if exact else found.error is None
    if loss == "mse":
        assert found.kind == "degenerate"  # with errors H alone cannot tell


def test_what_is_no_minimum_where_there_is_no_error_is_not_called_one():
    """A loss that falls to both sides of d = y, and one of which J is not least there."""
    X = np.ones((3, 1)) * [[-1.0], [0.5], [2.0]]
    w = np.array([0.7, 0.1])
    for loss in ("own own=0-e**2", "own own=e**3", "own own=e**2 l2=0.1"):
        found = verdict(f"1-1 linear loss={loss}", X, X * 0.7 + 0.1, w)
        assert found.error is None, loss
        assert "exact" not in found.sentence
    found = verdict("1-1 linear loss=gaussian", X, X * 0.7 + 0.1, np.array([0.7, 0.1, 0.0]))
    assert (found.kind, found.error) == ("slope", None)  # a smaller variance is better


def test_a_lasso_is_judged_by_the_slopes_to_both_sides():
    """Orthogonal columns, whose lasso is known: w_k = sign(c_k) max(|c_k| − λ/2, 0)."""
    columns = np.array([[1.0, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]])
    c, bias = np.array([0.8, -0.05, 0.02]), 0.3
    D = (columns @ c + bias)[:, None]
    for strength, zeros in ((0.05, 1), (0.2, 2), (2.0, 3)):
        w = np.append(np.sign(c) * np.maximum(np.abs(c) - strength / 2, 0), bias)
        cost = objective(f"3-1 linear l1={strength}", columns, D)
        found = surface_of(cost).judge(w)
        assert np.linalg.norm(cost.gradient(w)) > 0.01
        assert (found.kind, found.at_kinks.sum()) == ("minimum", zeros)
        assert found.gradient_norm < 1e-14
        np.testing.assert_allclose(found.eigenvalues, 2.0)
        assert f"{zeros} of 4 parameters are at the kink of a penalty" in found.sentence
        direction = found.direction(-1)
        assert direction.shape == (4,)
        assert not direction[found.at_kinks].any()
        beside = w.copy()
        beside[found.at_kinks] = 1e-3
        close = surface_of(cost).judge(beside)
        assert close.kind == "slope"
        assert "parameters close to the kink of a penalty and drawn to it" in close.sentence
        assert close.sentence.endswith(f"does not become 0: {zeros}")
    weak = surface_of(objective("3-1 linear l1=0.02", columns, D))
    assert weak.judge(np.array([0.79, 0.0, 0.01, 0.3])).kind == "slope"  # |c_2| > λ/2


def test_all_parameters_at_kinks():
    found = verdict("2-1 linear l1=3 on=all", *AND, np.zeros(3))
    assert (found.kind, found.eigenvalues.size, found.inertia) == ("minimum", 0, (0, 0, 0))
    assert found.steepest_descent is None
    assert verdict("2-1 linear l1=0.1 on=all", *AND, np.zeros(3)).kind == "slope"


def test_kinks_of_a_penalty_are_those_of_its_formula():
    shifted = Penalty("shifted", 3 * Piecewise((W - 2, W > 2), (2 * (2 - W), True)), "")
    assert kinks_of(shifted) == {2.0: (-6.0, -6.0, 3.0)}
    assert all(kinks_of(PENALTIES[name]) == {} for name in PENALTIES if name != "l1")


@pytest.mark.parametrize(
    ("spec", "kink"),
    [
        ("2-3-1 relu,linear", True),
        ("2-3-1 elu,linear elu.alpha=0.5", True),
        ("2-3-1 tanh,linear", False),
        ("2-3-1 softplus,linear", False),
        ("2-3-1 tanh,linear loss=mae", True),
        ("2-3-1 tanh,linear loss=huber huber.threshold=1", True),
        ("2-3-1 tanh,linear loss=huber huber.threshold=3", False),
    ],
)
def test_a_point_at_which_the_gradient_jumps_is_a_kink(spec, kink):
    """At zero parameters u = 0, and e = d is 0 or 1."""
    cost = objective(spec, *AND)
    found = surface_of(cost).judge(np.zeros(cost.K))
    assert (found.kind == "kink") == kink
    assert ("a kink, beside which ∇J jumps" in found.sentence) == kink


def test_what_counts_as_zero_is_told_with_what_is_nearest_to_it():
    found = judged(1.0, np.zeros(4), np.diag([2.0, 3e-3, 1e-9, -1e-12]))
    assert "2 zero eigenvalues (zero up to 2·10⁻⁸: the largest 1·10⁻⁹, the next 0.003)" in (
        found.sentence
    )


# ---- points and planes -----------------------------------------------------------------


def test_points_are_said_in_words():
    cost = objective("2-2-1 tanh,linear", *AND)
    w = point(cost, "b2=0.25, W1[0,1]=2,W2=-3")
    np.testing.assert_array_equal(w, [0, 2, 0, 0, 0, 0, -3, -3, 0.25])
    np.testing.assert_array_equal(point(cost, "equal"), np.full(9, 0.5))


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ("zeroes", "did you mean 'zeros'"),
        ("b3=1", "no such parameter"),
        ("W1[2,0]=1", "no such component"),
        ("W1[0]=1", "no such component"),
        ("b1=__import__('os')", "not NAME=NUMBER"),
        ("b1=nan", "not NAME=NUMBER"),
        ("missing.npz", "no such file"),
    ],
)
def test_points_that_are_none_are_refused(said, message):
    with pytest.raises(InputError, match=message):
        point(objective("2-2-1 tanh,linear", *AND), said)


def test_a_plane_has_the_costs_of_its_points():
    cost = objective("2-2-1 tanh,linear", *AND)
    w = point(cost, "b2=0.25")
    surface = surface_of(cost)
    found = surface.judge(w)
    plane = Plane.along(surface, found, w, ("W1[0,0]", "W2[0, 1]"))
    grid = plane.grid(np.array([-1.0, 2.0]), np.array([0.5]))
    moved = w.copy()
    moved[0] += 2
    moved[7] += 0.5
    assert grid[0, 1] == pytest.approx(cost.cost(moved))
    leading = Plane.leading(surface, found, w)
    assert leading.across.vector @ leading.up.vector == pytest.approx(0, abs=1e-12)
    way = plane.projected(np.stack([moved, w]))
    np.testing.assert_allclose(way, [[2, 0.5], [0, 0]], atol=1e-14)
    svg = plane_picture(leading, np.stack([moved, w]), "saddle").svg
    assert svg.startswith("<svg")
    assert svg == plane_picture(leading, np.stack([moved, w]), "saddle").svg


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("largst", "random"), "did you mean 'largest'"),
        (("W1[0,0]", "W1[0,0]"), "same"),
        (("W9[0,0]", "random"), "no such direction"),
    ],
)
def test_directions_that_are_none_are_refused(words, message):
    cost = objective("2-2-1 tanh,linear", *AND)
    surface = surface_of(cost)
    w = point(cost, "b2=0.25")
    with pytest.raises(InputError, match=message):
        Plane.along(surface, surface.judge(w), w, words)


def test_permuted_and_flipped_nodes_are_the_same_minimum():
    rng = np.random.default_rng(1)
    X = rng.normal(size=(40, 2))
    cost = objective("2-2-1 tanh,linear", X, rng.normal(size=(40, 1)))
    w = rng.normal(size=9)
    W1, b1, W2, b2 = w[:4].reshape(2, 2), w[4:6], w[6:8], w[8:]
    permuted = np.concatenate([W1[::-1].ravel(), b1[::-1], W2[::-1], b2])
    flipped = np.concatenate([-W1.ravel(), -b1, -W2, b2])
    other = rng.normal(size=9)
    points = [w, other, permuted, flipped]
    costs = [cost.cost(p) for p in points]
    found = groups(costs, [cost.forward(p) for p in points], cost.D)
    assert sorted(sorted(f.starts) for f in found) == [[0, 2, 3], [1]]
    assert [f.cost for f in found] == sorted(f.cost for f in found)
