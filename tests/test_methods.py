"""Methods of learning on a module: how they run, stop, go on and refuse; SciPy's against SciPy."""

import io
import math
import pickle
import re
import sys
from types import ModuleType

import numpy as np
import pytest
from numpy.typing import NDArray

import gradscribe
from gradscribe.catalog.updates import UPDATES
from gradscribe.errors import InputError
from gradscribe.learning import solvers
from gradscribe.learning.method import ENDINGS, Method, Outcome, Progress
from gradscribe.learning.methods import METHODS, find_method
from gradscribe.learning.objective import Objective

Vector = NDArray[np.float64]
OWN = [name for name, method in METHODS.items() if not method.extra]
SCIPY = [name for name, method in METHODS.items() if method.extra]


@pytest.fixture(scope="module")
def module() -> ModuleType:
    return gradscribe.compile("3-4-2 tanh,linear")


@pytest.fixture(scope="module")
def objective(module: ModuleType) -> Objective:
    rng = np.random.default_rng(5)
    X = rng.normal(0, 1, (31, 3))
    D = np.column_stack([np.sin(X @ [1.0, 2, 3]), X[:, 0] * X[:, 1]])
    return Objective(module, X, D)


def run(method: Method, objective: Objective, w: Vector, iterations: int, **more) -> Outcome:  # type: ignore[no-untyped-def]
    return method.run(objective, w, iterations=iterations, rng=np.random.default_rng(11), **more)


def with_a_minimum() -> tuple[Objective, Vector]:
    """Return a cost of seven parameters and a start near a minimum with residuals."""
    module, rng = gradscribe.compile("1-2-1 tanh,linear"), np.random.default_rng(8)
    X = np.linspace(-2, 2, 40)[:, None]
    best = np.array([1.5, -0.7, 0.3, 0.9, 1.0, -2.0, 0.2])
    D = module.forward(module.unravel(best), X) + rng.normal(0, 0.05, (40, 1))
    return Objective(module, X, D), best + rng.normal(0, 0.2, 7)


# ---- the objective -------------------------------------------------------------------------------


def test_derivatives_are_those_of_the_cost(objective: Objective) -> None:
    """By complex steps of the module's cost and differences of its gradient."""
    w = objective.start(1)
    params = [p.astype(complex) for p in objective.params(w)]
    stepped = []
    for array in params:
        for place in np.ndindex(array.shape):
            array[place] += 1e-30j
            moved = type(objective.params(w))(*params)
            stepped.append(objective.module.cost(moved, objective.X, objective.D).imag * 1e30)
            array[place] -= 1e-30j
    cost, gradient = objective.cost_and_gradient(w)
    assert cost == objective.cost(w) == objective.fun(w)
    assert np.abs(gradient - stepped).max() < 1e-14
    v = np.random.default_rng(1).normal(0, 1, objective.K)
    difference = (objective.gradient(w + 1e-5 * v) - objective.gradient(w - 1e-5 * v)) / 2e-5
    assert np.abs(objective.hessp(w, v) - difference).max() < 1e-8
    assert np.abs(objective.hessian(w) @ v - objective.hessp(w, v)).max() < 1e-13
    r, slopes = objective.residuals(w), objective.residual_jacobian(w)
    assert r @ r == pytest.approx(cost, rel=1e-13)
    assert np.abs(2 * slopes.T @ r - gradient).max() < 1e-14
    assert np.abs(2 * slopes.T @ slopes - objective.gauss_newton(w)).max() < 1e-13


def test_what_is_remembered_is_not_what_is_given_away(objective: Objective) -> None:
    w = objective.start(2)
    for function in (objective.gradient, objective.hessian, objective.gauss_newton):
        first = function(w)
        first[...] = 7.0
        assert not np.array_equal(function(w), first)
        other = function(w + 1)
        assert not np.array_equal(function(w), other)


def test_a_batch_is_the_cost_of_its_samples(objective: Objective) -> None:
    w, chosen = objective.start(3), np.array([4, 0, 17])
    part = objective.batch(chosen)
    same = Objective(objective.module, objective.X[chosen], objective.D[chosen])
    assert part.N == 3
    assert part.cost(w) == same.cost(w) != objective.cost(w)
    assert np.array_equal(part.residuals(w), same.residuals(w))


def test_weights_are_numbers_of_copies(module: ModuleType, objective: Objective) -> None:
    times = np.random.default_rng(0).integers(1, 4, objective.N)
    X, D = (np.repeat(a, times, axis=0) for a in (objective.X, objective.D))
    copies, w = Objective(module, X, D), objective.start(1)
    weighted = Objective(module, objective.X, objective.D, weights=times.astype(float))
    ratio = weighted.cost(w) / copies.cost(w)
    assert np.abs(weighted.gradient(w) - ratio * copies.gradient(w)).max() < 1e-13
    assert np.abs(weighted.hessian(w) - ratio * copies.hessian(w)).max() < 1e-12
    assert np.sum(weighted.residuals(w) ** 2) == pytest.approx(weighted.cost(w), rel=1e-13)
    half = weighted.batch(np.arange(10))
    assert np.array_equal(half.weights, times[:10])


def test_what_is_not_finite_comes_back_without_a_warning(objective: Objective) -> None:
    for bad in (np.full(objective.K, np.nan), np.full(objective.K, np.inf)):
        assert math.isnan(objective.cost(bad))
        assert np.isnan(objective.gradient(bad)).all()
        assert np.isnan(objective.hessian(bad)).all()
        assert np.isnan(objective.hessp(objective.start(), bad)).all()
        assert np.isnan(objective.residuals(bad)).all()
    assert objective.cost(np.full(objective.K, 1e300)) == math.inf


def test_classes_and_own_sizes() -> None:
    X = np.random.default_rng(0).normal(0, 1, (20, 2))
    labels = (X[:, 0] > 0).astype(int) + (X[:, 1] > 0)
    classes = gradscribe.compile("2-5-3 tanh,softmax loss=cross_entropy")
    objective = Objective(classes, X, labels)
    rows = Objective(classes, X, np.eye(3)[labels])
    w = objective.start(1)
    assert objective.cost(w) == rows.cost(w)
    assert Objective(classes, X, np.eye(3, dtype=int)[labels]).cost(w) == rows.cost(w)
    ended = run(METHODS["levenberg_marquardt"], objective, w, 60)
    assert ended.cost < 0.01
    with pytest.raises(InputError, match="no sum of squares"):
        objective.residuals(w)
    free = gradscribe.compile("linear(W2 tanh(W1 x + b1) + b2)")
    with pytest.raises(InputError, match="sizes of the layers are not known"):
        Objective(free, X, X)
    assert Objective(free, X, X, sizes=(2, 3, 2)).K == 2 * 3 + 3 + 3 * 2 + 2


@pytest.mark.parametrize(
    ("X", "D", "more", "message"),
    [
        (np.ones((4, 3)), np.ones((5, 2)), {}, "same number of samples"),
        (np.ones((4, 2)), np.ones((4, 2)), {}, r"X has shape \(4, 2\)"),
        (np.ones((4, 3)), np.ones(4), {}, "D has shape"),
        (np.ones((0, 3)), np.ones((0, 2)), {}, "no numbers to learn from"),
        (np.array([["a", "b", "c"]]), np.ones((1, 2)), {}, "no numbers to learn from"),
        ([[1, 2, 3], [4, 5]], np.ones((2, 2)), {}, "X is not an array"),
        (np.full((4, 3), np.nan), np.ones((4, 2)), {}, "X has NaN"),
        (np.ones((4, 3)), np.ones((4, 2)), {"weights": np.ones(3)}, "same number of samples"),
        (np.ones((4, 3)), np.ones((4, 2)), {"weights": -np.ones(4)}, "weight"),
    ],
)
def test_data_that_do_not_fit_are_refused(X, D, more, message: str, module: ModuleType) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(InputError, match=message):
        Objective(module, X, D, **more)


def test_no_residuals_of_a_cost_with_a_penalty(objective: Objective) -> None:
    module = gradscribe.compile("3-4-2 tanh,linear l2=0.1")
    with pytest.raises(InputError, match="without regularization"):
        Objective(module, objective.X, objective.D).residuals(objective.start())


# ---- running -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", METHODS)
def test_every_method_lowers_the_cost_and_tells_about_it(name: str, objective: Objective) -> None:
    seen: list[Progress] = []

    def watch(progress: Progress) -> bool:
        seen.append(progress)
        return len(seen) == 12

    w = objective.start(1)
    outcome = run(METHODS[name], objective, w, 500, watch=watch)
    assert [p.iteration for p in seen] == list(range(1, 13))
    assert (outcome.reason, outcome.iterations) == ("watch", 12)
    assert np.array_equal(outcome.w, seen[-1].w)
    assert outcome.cost == objective.cost(outcome.w) == seen[-1].cost
    if name != "newton":  # whose full steps need not lower the cost
        assert outcome.cost < objective.cost(w)
    for progress in seen:
        cost, gradient = objective.cost_and_gradient(progress.w)
        assert progress.cost == cost
        if name in UPDATES and UPDATES[name].gradient:  # of the cost with a penalty
            gradient = progress.state[UPDATES[name].gradient]
        assert progress.gradient_norm == pytest.approx(np.linalg.norm(gradient), rel=1e-14)
    again = run(METHODS[name], objective, w, 12)
    assert np.array_equal(again.w, outcome.w)
    assert again.reason == "iterations"


@pytest.mark.parametrize("name", [*OWN, "adam+cosine_decay", "sgd+linear_decay"])
@pytest.mark.parametrize("stop", [1, 7])
def test_a_run_goes_on_where_it_stopped(name: str, stop: int, objective: Objective) -> None:
    """Through a file, as a program that was killed would."""
    method, w = find_method(name), objective.start(2)
    whole = run(method, objective, w, 20)
    first = run(method, objective, w, 500, watch=lambda p: p.iteration == stop)
    file = io.BytesIO()
    np.savez(file, **first.state)
    file.seek(0)
    saved = np.load(file, allow_pickle=False)
    rest = method.run(objective, w, iterations=20, rng=np.random.default_rng(99), state=dict(saved))
    assert np.array_equal(rest.w, whole.w)
    assert (rest.iterations, rest.notes) == (whole.iterations, whole.notes)
    assert rest.cost == whole.cost


@pytest.mark.parametrize("name", SCIPY)
def test_a_solver_of_scipy_goes_on_from_w(name: str, objective: Objective) -> None:
    first = run(METHODS[name], objective, objective.start(2), 5)
    rest = run(METHODS[name], objective, objective.start(2), 9, state=first.state)
    assert rest.iterations <= 9
    assert rest.cost < first.cost
    assert "was lost" in rest.notes[0]
    assert not METHODS[name].exact


@pytest.mark.parametrize(
    ("name", "theirs", "more"),
    [
        ("bfgs", "BFGS", {}),
        ("l-bfgs", "L-BFGS-B", {}),
        ("newton-cg", "Newton-CG", {"hessp": "hessp"}),
        ("trust-exact", "trust-exact", {"hess": "hess"}),
        ("trust-krylov", "trust-krylov", {"hessp": "hessp"}),
    ],
)
def test_solvers_are_scipys(
    name: str, theirs: str, more: dict[str, str], objective: Objective
) -> None:
    optimize = pytest.importorskip("scipy.optimize")
    w = objective.start(4)
    second = {key: getattr(objective, value) for key, value in more.items()}
    expected = optimize.minimize(
        objective.fun, w, jac=objective.jac, method=theirs, options={"maxiter": 15}, **second
    )
    assert np.abs(run(METHODS[name], objective, w, 15).w - expected.x).max() < 1e-9


def test_least_squares_ends_where_scipy_does(objective: Objective) -> None:
    optimize = pytest.importorskip("scipy.optimize")
    noisy, w = with_a_minimum()
    expected = optimize.least_squares(
        noisy.residuals, w, noisy.residual_jacobian, method="lm", x_scale="jac",
        xtol=1e-15, ftol=1e-15, gtol=1e-15,
    )  # fmt: skip
    outcome = run(METHODS["least_squares-lm"], noisy, w, 1000, options={"gtol": 0.0})
    assert outcome.reason == "stuck"
    assert np.abs(outcome.w - expected.x).max() < 1e-6
    assert np.abs(run(METHODS["levenberg_marquardt"], noisy, w, 200).w - expected.x).max() < 1e-4
    assert noisy.cost(expected.x) == pytest.approx(outcome.cost, rel=1e-10)
    few = objective.batch(np.arange(5))
    with pytest.raises(InputError, match="10 numbers, 26 parameters"):
        run(METHODS["least_squares-lm"], few, objective.start(), 5)


@pytest.mark.parametrize("name", METHODS)
def test_where_the_gradient_is_zero_nothing_is_done(name: str) -> None:
    X = np.ones((4, 1)) * [[1.0], [2], [3], [4]]
    objective = Objective(gradscribe.compile("1-1 linear"), X, 2 * X + 1)
    outcome = run(METHODS[name], objective, np.array([2.0, 1.0]), 50)
    assert (outcome.reason, outcome.iterations, outcome.cost) == ("converged", 0, 0.0)
    assert "at most 1e-08" in outcome.why


@pytest.mark.parametrize("name", ["gradient_descent", "momentum", "nesterov"])
def test_what_diverges_ends_with_the_best_there_was(name: str, objective: Objective) -> None:
    w = objective.start(1)
    for rate in (1e3, 1e80, 1e308):
        outcome = run(METHODS[name], objective, w, 100, options={"alpha": rate})
        assert outcome.failed
        assert outcome.reason == "diverged"
        assert np.isfinite(outcome.w).all()
        assert outcome.cost == objective.cost(outcome.w) <= objective.cost(w)
        assert "best parameters before" in outcome.why


def test_a_start_that_overflows_is_told(objective: Objective) -> None:
    outcome = run(METHODS["adam"], objective, np.full(objective.K, 1e200), 10)
    assert (outcome.reason, outcome.iterations) == ("diverged", 0)
    assert "at the start" in outcome.why


def test_what_cannot_go_on_is_stuck(objective: Objective) -> None:
    noisy, w = with_a_minimum()
    outcome = run(METHODS["levenberg_marquardt"], noisy, w, 2000, options={"gtol": 0.0})
    assert outcome.reason == "stuck"
    assert outcome.why.startswith("no step lowers the cost any further: the damping grew to more")
    assert outcome.iterations < 500
    assert outcome.gradient_norm < 1e-7


@pytest.mark.parametrize("name", METHODS)
def test_every_end_is_told_in_a_sentence_with_its_figure(name: str) -> None:
    noisy, w = with_a_minimum()
    method = METHODS[name]
    limited = run(method, noisy, w, 2)
    assert re.fullmatch(
        r"the limit of iterations is reached, \|∇J\| = \S+ is above 1e-08 \(gtol\)", limited.why
    )
    assert f"{limited.gradient_norm:.1e}" in limited.why
    stopped = run(method, noisy, w, 9, watch=lambda progress: progress.iteration == 1)
    assert stopped.why == "stopped before its end"
    reached = run(method, noisy, w, 9, options={"gtol": 2 * limited.gradient_norm})
    assert re.match(r"converged: \|∇J\| = \S+ is at most \S+ \(gtol\)", reached.why)
    if method.extra:
        ended = run(method, noisy, w, 3000, options={"gtol": 0.0})
        assert ended.reason in ("stuck", "converged")
        assert "SciPy says" not in ended.why
        if ended.reason == "stuck":
            assert re.match(r"no step lowers the cost any further: .+; \|∇J\| = ", ended.why)
    assert {o.reason for o in (limited, stopped, reached)} <= set(ENDINGS)


# ---- what is refused -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("adm", "did you mean 'adam'"),
        ("adam+linear", "unknown schedule"),
        ("scg+linear_decay", "no learning rate"),
        ("bfgs+linear_decay", "unknown update rule"),
        ("", "unknown method"),
        ("adam+", "unknown schedule"),
    ],
)
def test_unknown_methods_are_named(name: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        find_method(name)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"alhpa": 0.1}, "did you mean 'alpha'"),
        ({"alpha": -0.1}, "number from 0"),
        ({"alpha": math.nan}, "out of range"),
        ({"alpha": "0.1"}, "out of range"),
        ({"alpha": True}, "out of range"),
        ({"beta1": 1}, "from 0 to below 1"),
        ({"batch": 2.5}, "whole number"),
        ({"gtol": -1}, "out of range"),
        ({"diverged": 0.5}, "from 1 on"),
    ],
)
def test_options_are_looked_at(
    options: dict[str, float], message: str, objective: Objective
) -> None:
    with pytest.raises(InputError, match=message):
        run(METHODS["adam"], objective, objective.start(), 5, options=options)


def test_starts_states_and_modules_that_do_not_fit(objective: Objective) -> None:
    adam, w = METHODS["adam"], objective.start()
    with pytest.raises(InputError, match=r"\(26,\)"):
        run(adam, objective, w[1:], 5)
    with pytest.raises(InputError, match="no finite vector"):
        run(adam, objective, w * np.nan, 5)
    saved = run(METHODS["momentum"], objective, w, 2).state
    with pytest.raises(InputError, match="not one of adam"):
        run(adam, objective, w, 5, state=saved)
    with pytest.raises(InputError, match="not of this network"):
        run(adam, objective, w, 5, state={"w": w[1:]})
    with pytest.raises(InputError, match="not of this network"):
        run(adam, objective, w, 5, state={})
    small = gradscribe.compile("3-4-2 tanh,linear emit=gradient")
    first_order = Objective(small, objective.X, objective.D)
    assert run(METHODS["l-bfgs"], first_order, w, 30).cost < first_order.cost(w)
    for name in ("newton", "levenberg_marquardt", "scg", "trust-exact", "newton-cg"):
        with pytest.raises(InputError, match=f"{name} needs "):
            run(METHODS[name], first_order, w, 5)


def test_without_scipy_the_message_says_what_to_install(
    objective: Objective, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "scipy.optimize", None)
    for name in SCIPY:
        with pytest.raises(InputError, match=r"gradscribe\[solve\]"):
            run(METHODS[name], objective, objective.start(), 5)
    assert run(METHODS["adam"], objective, objective.start(), 5).iterations == 5
    assert solvers.EXTRA == "solve"


@pytest.mark.parametrize("name", [*METHODS, "adam+linear_decay"])
def test_methods_can_be_sent_to_another_process(name: str, objective: Objective) -> None:
    method = pickle.loads(pickle.dumps(find_method(name)))
    w = objective.start(1)
    assert np.array_equal(run(method, objective, w, 3).w, run(find_method(name), objective, w, 3).w)


def test_formulas_of_methods_are_those_of_rules() -> None:
    for name in OWN:
        assert any("wₖ(j) = " in text for text in METHODS[name].formulas), name
    assert "α(j)" in find_method("adam+linear_decay").formulas[-1]


def test_a_schedule_that_has_ended_is_told(objective: Objective) -> None:
    """Steps of length 0 are not taken for the end of what can be lowered."""
    w = objective.start(1)
    outcome = run(find_method("adam+cosine_decay"), objective, w, 500, options={"tau": 30.0})
    assert (outcome.reason, outcome.iterations) == ("stuck", 30)
    assert "the learning rate is 0 from step 30 on, as cosine_decay has it" in outcome.why
