"""Update rules: each against an implementation that shares nothing with it, and as emitted code."""

import math
import re
from itertools import pairwise
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sympy import Abs, Add, Expr, Indexed, Max, Min, Mod, Mul, Piecewise, Pow, Sum, Symbol, log

import gradscribe
from gradscribe.catalog import CATALOG, Catalog
from gradscribe.catalog.schedules import SCHEDULES
from gradscribe.catalog.update_formulas import formulas, schedule_formula
from gradscribe.catalog.update_lines import (
    ERRORS,
    PARAMETERS,
    Assigned,
    Backtracked,
    Measured,
    Quantity,
    Setting,
    Solved,
    Spectrum,
    vector,
)
from gradscribe.catalog.update_rule import UpdateRule
from gradscribe.catalog.updates import UPDATES
from gradscribe.compiler import loaded, module_source
from gradscribe.errors import DerivationError, InputError
from gradscribe.learning.methods import METHODS, find_method, methods
from gradscribe.learning.objective import Objective
from gradscribe.learning.stepping import steps_module
from gradscribe.program.updates import lowered_update
from gradscribe.symbols import Largest, Smallest

Vector = NDArray[np.float64]
SPEC = "2-5-3 tanh,linear"
STEPS = 100
EVERY = ",".join([*UPDATES, *SCHEDULES])


@pytest.fixture(scope="module")
def module() -> ModuleType:
    return gradscribe.compile(SPEC)


@pytest.fixture(scope="module")
def objective(module: ModuleType) -> Objective:
    rng = np.random.default_rng(7)
    X, D = rng.normal(0, 1, (41, 2)), rng.normal(0, 1, (41, 3))
    return Objective(module, X, D)


def ours(
    name: str, objective: Objective, w: Vector, steps: int = STEPS, **options: float
) -> Vector:
    """Return w after so many steps of a method, none of which may fail."""
    outcome = find_method(name).run(
        objective, w, iterations=steps, rng=np.random.default_rng(3), options=options
    )
    assert outcome.iterations == steps, outcome.why
    return outcome.w


def close(a: Vector, b: Vector, limit: float = 1e-12) -> None:
    assert np.abs(a - b).max() <= limit * max(1.0, np.abs(b).max())


class Given:
    """Gradients that were met on another way, whatever w is: rounding cannot grow in them."""

    def __init__(self, objective: Objective, w: Vector) -> None:
        self.gradients = []
        for _ in range(STEPS):
            self.gradients.append(objective.gradient(w))
            w = w - 0.1 * self.gradients[-1]
        self.met = iter(self.gradients)

    def jac(self, _: Vector) -> Vector:
        """Return the next gradient."""
        return next(self.met)


def emitted(name: str, given: Given, w: Vector, options: dict[str, float]) -> Vector:
    """Return w after `STEPS` steps of the function that a module has."""
    steps = steps_module(UPDATES[name])
    state = getattr(steps, f"{name}_start")(w)
    for _ in range(STEPS):
        state = getattr(steps, f"{name}_step")(state, given, **options)
    return np.array(state.w)


# ---- against plain loops and PyTorch -------------------------------------------------------------


def loop(name: str, given: Given, w: Vector, o: dict[str, float]) -> Vector:
    """Return w after `STEPS` steps, component by component as a textbook has it."""
    one, two = np.zeros_like(w), np.zeros_like(w)
    for t, g in enumerate(given.gradients, 1):
        new = w.copy()
        for k in range(len(w)):
            if name == "gradient_descent":
                new[k] -= o["alpha"] * g[k]
            elif name in ("momentum", "nesterov"):
                one[k] = o["mu"] * one[k] + g[k]
                ahead = g[k] + o["mu"] * one[k]
                new[k] -= o["alpha"] * (one[k] if name == "momentum" else ahead)
            elif name == "adagrad":
                one[k] += g[k] * g[k]
                new[k] -= o["alpha"] * g[k] / (math.sqrt(one[k]) + o["epsilon"])
            elif name == "rmsprop":
                one[k] = o["rho"] * one[k] + (1 - o["rho"]) * g[k] * g[k]
                new[k] -= o["alpha"] * g[k] / (math.sqrt(one[k]) + o["epsilon"])
            else:
                one[k] += (1 - o["beta1"]) * (g[k] - one[k])
                two[k] += (1 - o["beta2"]) * (g[k] * g[k] - two[k])
                first, second = one[k] / (1 - o["beta1"] ** t), two[k] / (1 - o["beta2"] ** t)
                new[k] -= o["alpha"] * first / (math.sqrt(second) + o["epsilon"])
        w = new
    return w


FIRST_ORDER: dict[str, dict[str, float]] = {
    "gradient_descent": {"alpha": 0.05},
    "momentum": {"alpha": 0.03, "mu": 0.85},
    "nesterov": {"alpha": 0.03, "mu": 0.85},
    "adagrad": {"alpha": 0.05, "epsilon": 1e-10},
    "rmsprop": {"alpha": 0.004, "rho": 0.97, "epsilon": 1e-8},
    "adam": {"alpha": 0.02, "beta1": 0.8, "beta2": 0.99, "epsilon": 1e-8},
}


@pytest.mark.parametrize("name", FIRST_ORDER)
def test_a_rule_is_what_textbooks_say(name: str, objective: Objective) -> None:
    w = objective.start(1)
    options, given = FIRST_ORDER[name], Given(objective, w)
    close(emitted(name, given, w, options), loop(name, given, w, options))
    found = ours(name, objective, w, **options)
    assert objective.cost(found) < objective.cost(w)


@pytest.mark.parametrize("name", FIRST_ORDER)
@pytest.mark.parametrize("usual", [True, False])
def test_a_rule_is_that_of_torch(name: str, usual: bool, objective: Objective) -> None:
    torch = pytest.importorskip("torch")
    chosen = {} if usual else FIRST_ORDER[name]
    o = {s.name: s.default for s in UPDATES[name].settings} | chosen
    w = objective.start(2)
    parameter = torch.nn.Parameter(torch.tensor(w, dtype=torch.float64))
    sgd = {"lr": o["alpha"], "momentum": o.get("mu", 0.0), "nesterov": name == "nesterov"}
    made = {
        "adagrad": lambda p: torch.optim.Adagrad(p, lr=o["alpha"], eps=o["epsilon"]),
        "rmsprop": lambda p: torch.optim.RMSprop(
            p, lr=o["alpha"], alpha=o["rho"], eps=o["epsilon"]
        ),
        "adam": lambda p: torch.optim.Adam(
            p, lr=o["alpha"], betas=(o["beta1"], o["beta2"]), eps=o["epsilon"]
        ),
    }
    optimizer = made.get(name, lambda p: torch.optim.SGD(p, **sgd))([parameter])
    given = Given(objective, w)
    for gradient in given.gradients:
        parameter.grad = torch.tensor(gradient)
        optimizer.step()
    close(emitted(name, given, w, chosen), parameter.detach().numpy())


def test_defaults_are_those_of_torch() -> None:
    torch = pytest.importorskip("torch")
    parameters = [torch.nn.Parameter(torch.zeros(1))]
    adam = torch.optim.Adam(parameters).defaults
    assert [adam["lr"], *adam["betas"], adam["eps"]] == [
        s.default for s in UPDATES["adam"].settings
    ]
    for name, theirs in (("adagrad", torch.optim.Adagrad), ("rmsprop", torch.optim.RMSprop)):
        defaults = theirs(parameters).defaults
        own = {s.name: s.default for s in UPDATES[name].settings}
        assert defaults["lr"] == own["alpha"]
        assert defaults["eps"] == own["epsilon"]


@pytest.mark.parametrize("name", [n for n, rule in UPDATES.items() if rule.takes_batches])
def test_a_pass_in_batches_sees_every_sample_once(name: str, objective: Objective) -> None:
    """By an epoch in a loop over the same permutation, drawn from the same seed."""
    w, size, epochs = objective.start(3), 9, 3
    found = ours(name, objective, w, epochs, batch=size)
    rng = np.random.default_rng(3)
    seed = int(rng.integers(2**63 - 1))
    rule = UPDATES[name]
    steps = steps_module(rule)
    state = getattr(steps, f"{name}_start")(w)
    seen = []
    for epoch in range(epochs):
        order = np.random.default_rng([seed, epoch]).permutation(objective.N)
        for start in range(0, objective.N, size):
            chosen = order[start : start + size]
            seen += list(chosen)
            part = Objective(objective.module, objective.X[chosen], objective.D[chosen])
            state = getattr(steps, f"{name}_step")(state, part)
    assert np.array_equal(found, state.w)
    assert sorted(seen) == sorted(list(range(objective.N)) * epochs)


# ---- second order --------------------------------------------------------------------------------


Passed = tuple[Vector, int, Vector, Vector, float, float, float]


def moller(objective: Objective, w: Vector, steps: int, met: set[str]) -> list[Passed]:
    """Return what each iteration of Møller's algorithm of 1993 ends with, in his own order.

    As s_k in step 2, E″(w) p is taken instead of a difference of gradients.

    Returns:
        w, k, the r and the p that the iteration had, its μ, λ, and whether it lowered the cost.
    """
    lam, lam_bar, success, k = 1e-6, 0.0, True, 1
    r = -objective.gradient(w)
    p = r.copy()
    passed: list[Passed] = []
    delta = 0.0
    while len(passed) < steps:
        own = r, p
        pp = float(p @ p)
        if success:
            delta = float(p @ objective.hessp(w, p))
        delta += (lam - lam_bar) * pp
        if delta <= 0:
            met.add("made positive definite")
            lam_bar = 2 * (lam - delta / pp)
            delta = -delta + lam * pp
            lam = lam_bar
        mu = float(p @ r)
        alpha = mu / delta
        comparison = 2 * delta * (objective.cost(w) - objective.cost(w + alpha * p)) / mu**2
        if comparison >= 0:
            w = w + alpha * p
            before, r = r, -objective.gradient(w)
            lam_bar, success = 0.0, True
            if k % objective.K == 0:
                met.add("restarted")
                p = r.copy()
            else:
                p = r + (float(r @ r) - float(r @ before)) / mu * p
            if comparison >= 0.75:
                met.add("scale lowered")
                lam /= 4
        else:
            met.add("refused")
            lam_bar, success = lam, False
        if comparison < 0.25:
            met.add("scale raised")
            lam += delta * (1 - comparison) / pp
        passed.append((w, k, *own, mu, lam, float(success)))
        k += 1
    return passed


def test_scaled_conjugate_gradient_is_mollers() -> None:
    """Each step by itself, from where the other implementation is: rounding cannot grow."""
    module, met = gradscribe.compile("1-7-1 tanh,linear"), set[str]()
    steps = steps_module(UPDATES["scg"])
    X = np.linspace(-2, 2, 50)[:, None]
    for seed in range(6):
        objective = Objective(module, X, np.sin(3 * X))
        w = objective.start(seed) * (1 + seed)
        state = steps.scg_start(w)
        for expected in moller(objective, w, STEPS, met):
            found = steps.scg_step(state, objective)
            for a, b in zip(found, expected, strict=True):
                close(np.asarray(a, float), np.asarray(b, float), 1e-9)
            close(found.w, expected[0], 1e-12)
            state = steps.ScgState(*expected)
        ended = METHODS["scg"].run(objective, w, iterations=STEPS, rng=np.random.default_rng(0))
        assert ended.cost < 0.7 * objective.cost(w)
    assert met == {
        "made positive definite", "restarted", "scale lowered", "refused", "scale raised"
    }  # fmt: skip


def test_newton_takes_one_step_to_the_minimum_of_a_linear_network() -> None:
    rng = np.random.default_rng(4)
    X, D = rng.normal(0, 1, (30, 3)), rng.normal(0, 1, (30, 2))
    objective = Objective(gradscribe.compile("3-2 linear"), X, D)
    design = np.column_stack([X, np.ones(30)])
    best = np.linalg.lstsq(design, D, rcond=None)[0]
    expected = np.concatenate([best[:-1].T.ravel(), best[-1]])
    for name in ("newton", "damped_newton", "saddle_free_newton"):
        outcome = METHODS[name].run(
            objective, objective.start(0), iterations=9, rng=rng, options={"epsilon": 1e-12}
        )
        close(outcome.w, expected, 1e-10)
        assert (outcome.reason, outcome.iterations) == ("converged", 1)
        assert not outcome.notes


def test_levenberg_marquardt_is_that_of_the_residuals(objective: Objective) -> None:
    """By a loop over J and r of the residuals, whose normal equations are solved by QR.

    As MATLAB's trainlm does, the damping is raised within an iteration until the cost is lower.
    """
    w = objective.start(6)
    found = ours("levenberg_marquardt", objective, w, 30, mu=0.01, gamma_up=5.0, gamma_down=0.2)
    mu, K, done, raised = 0.01, objective.K, 0, 0
    while done < 30:
        r, slopes = objective.residuals(w), objective.residual_jacobian(w)
        stacked = np.vstack([math.sqrt(2) * slopes, math.sqrt(mu) * np.eye(K)])
        right = np.concatenate([-math.sqrt(2) * r, np.zeros(K)])
        q, triangle = np.linalg.qr(stacked)
        trial = w + np.linalg.solve(triangle, q.T @ right)
        if np.sum(objective.residuals(trial) ** 2) < np.sum(r**2):
            w, mu, done = trial, 0.2 * mu, done + 1
        else:
            mu, raised = 5 * mu, raised + 1
    assert raised
    close(found, w, 1e-9)


@pytest.mark.parametrize("name", ["levenberg_marquardt", "regularized_newton"])
def test_an_iteration_of_a_damped_rule_is_a_step_that_lowers_the_cost(
    name: str, objective: Objective
) -> None:
    costs = [objective.cost(objective.start(6))]
    outcome = METHODS[name].run(
        objective, objective.start(6), iterations=40, rng=np.random.default_rng(0),
        watch=lambda progress: bool(costs.append(progress.cost)),
    )  # fmt: skip
    assert len(costs) == 41
    assert all(b < a for a, b in pairwise(costs))
    assert outcome.state["j"] > 40  # steps that failed are no iterations


def test_a_saddle_is_left_and_the_repairs_are_counted() -> None:
    """2-2-1 with AND at w = 0 but for b²: the gradient is 0, H has negative eigenvalues."""
    X = np.array([[0.0, 0], [0, 1], [1, 0], [1, 1]])
    D = np.array([[0.0], [0], [0], [1]])
    objective = Objective(gradscribe.compile("2-2-1 tanh,linear"), X, D)
    w = np.random.default_rng(0).normal(0, 1e-3, objective.K)
    w[-1] = 0.25
    theta = np.linalg.eigvalsh(objective.hessian(w))
    assert theta[0] < -0.3
    for name in ("damped_newton", "saddle_free_newton", "regularized_newton"):
        outcome = METHODS[name].run(
            objective, w, iterations=60, rng=np.random.default_rng(0), options={"gtol": 1e-7}
        )
        assert objective.cost(outcome.w) < 0.02, (name, outcome)
        (note,) = outcome.notes
        count, done = map(int, re.findall(r"\d+", note)[:2])
        assert 0 < count <= done == outcome.state["j"] >= outcome.iterations
        damped = name == "damped_newton"
        said = "H was not positive definite" if damped else "H had negative eigenvalues"
        assert said in note


def test_newton_is_newton_where_the_hessian_is_positive_definite() -> None:
    """On a quadratic one step is enough, however long the valley is; nothing is repaired."""
    rng = np.random.default_rng(2)
    X = rng.normal(0, 1, (40, 2)) * [1, 0.003]
    D = X @ [[1.0], [30.0]] + rng.normal(0, 0.1, (40, 1))
    objective = Objective(gradscribe.compile("2-1 linear"), X, D)
    assert np.linalg.cond(objective.hessian(np.zeros(3))) > 1e5
    for name in ("newton", "damped_newton"):
        outcome = METHODS[name].run(objective, objective.start(1), iterations=9, rng=rng)
        assert (outcome.reason, outcome.iterations, outcome.notes) == ("converged", 1, ())


def test_an_eigenvalue_that_is_zero_is_not_told_as_negative() -> None:
    """Softmax has a direction of biases in which nothing changes; the cost is convex."""
    rng = np.random.default_rng(5)
    X, D = rng.normal(size=(30, 2)), np.eye(3)[rng.integers(3, size=30)]
    objective = Objective(gradscribe.compile("2-3 softmax loss=cross_entropy l2=0.01"), X, D)
    for name in ("saddle_free_newton", "regularized_newton"):
        outcome = METHODS[name].run(objective, objective.start(1), iterations=30, rng=rng)
        assert (outcome.reason, outcome.notes) == ("converged", ())
    (note,) = METHODS["newton"].run(objective, objective.start(1), iterations=5, rng=rng).notes
    assert note.startswith("in 5 of 5 steps H was not positive definite")


@pytest.mark.parametrize("name", ["newton", "momentum"])
def test_how_often_the_cost_rose_and_the_hessian_was_indefinite_is_told(name: str) -> None:
    """Counted again from all points on the way."""
    X = np.linspace(-2, 2, 30)[:, None]
    objective = Objective(gradscribe.compile("1-4-1 tanh,linear"), X, np.sin(2 * X))
    points = [objective.start(3)]
    outcome = METHODS[name].run(
        objective, points[0], iterations=80, rng=np.random.default_rng(0),
        options={"alpha": 0.4} if name == "momentum" else {},
        watch=lambda progress: bool(points.append(progress.w)),
    )  # fmt: skip
    costs = [objective.cost(w) for w in points]
    rises = sum(after > before for before, after in pairwise(costs))
    lowest = [np.linalg.eigvalsh(objective.hessian(w))[0] for w in points[:-1]]
    indefinite = sum(value < 0 for value in lowest)
    assert 0 < rises < 80
    assert outcome.notes[-1] == f"the cost rose in {rises} of 80 iterations"
    if name == "newton":
        assert indefinite > 0
        assert outcome.notes[0].startswith(
            f"in {indefinite} of 80 steps H was not positive definite"
        )


@pytest.mark.parametrize("function", [np.sin, lambda x: 1 / (x + 4), lambda x: np.log10(x + 3.3)])
def test_second_order_reaches_what_gradient_descent_does_not(function) -> None:  # type: ignore[no-untyped-def]
    module = gradscribe.compile("1-10-1 tanh,linear")
    X = np.linspace(-math.pi, math.pi, 120)[:, None]
    objective = Objective(module, X / X.std(), function(X))
    w = objective.start(1)
    slow = METHODS["gradient_descent"].run(
        objective, w, iterations=2000, rng=np.random.default_rng(0), options={"alpha": 0.05}
    )
    for name in ("levenberg_marquardt", "damped_newton", "saddle_free_newton", "scg"):
        fast = METHODS[name].run(objective, w, iterations=150, rng=np.random.default_rng(0))
        assert fast.cost < slow.cost / (5 if name == "scg" else 50), (name, fast.cost, slow.cost)


# ---- schedules -----------------------------------------------------------------------------------


def test_schedules_are_what_they_say() -> None:
    rule = UPDATES["adam"]
    for name, expected in {
        "linear_decay": lambda j: 0.1 + (0.001 - 0.1) * min(j, 100) / 100,
        "exponential_decay": lambda j: 0.1 * 0.99**j,
        "inverse_decay": lambda j: 0.1 / (1 + 0.01 * j),
        "cosine_decay": lambda j: 0.05 * (1 + math.cos(math.pi * min(j, 100) / 100)),
    }.items():
        function = getattr(steps_module(rule, SCHEDULES[name]), name)
        for j in (0, 1, 37, 99, 100, 101, 5000):
            found = function(j)
            assert type(found) is float
            assert found == pytest.approx(expected(j), rel=1e-14, abs=1e-16)


def test_schedules_are_those_of_torch() -> None:
    torch = pytest.importorskip("torch")
    for name, make in {
        "exponential_decay": lambda o: torch.optim.lr_scheduler.ExponentialLR(o, 0.99),
        "cosine_decay": lambda o: torch.optim.lr_scheduler.CosineAnnealingLR(o, 100),
    }.items():
        optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1)
        scheduler = make(optimizer)
        function = getattr(steps_module(UPDATES["sgd"], SCHEDULES[name]), name)
        for j in range(100):
            assert function(j) == pytest.approx(scheduler.get_last_lr()[0], rel=1e-12, abs=1e-15)
            optimizer.step()
            scheduler.step()


def test_a_rule_follows_a_schedule(objective: Objective) -> None:
    w = objective.start(1)
    found = ours("momentum+linear_decay", objective, w, 50, alpha_0=0.05, alpha_tau=0.01, tau=20)
    v = np.zeros_like(w)
    for j in range(50):
        rate = (1 - j / 20) * 0.05 + j / 20 * 0.01 if j < 20 else 0.01
        v = 0.9 * v + objective.gradient(w)
        w = w - rate * v
    close(found, w)


# ---- emitted code --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def taught() -> ModuleType:
    return loaded(module_source(f"{SPEC} with={EVERY}"), "taught")


def test_a_module_and_methods_have_the_same_steps(taught: ModuleType, objective: Objective) -> None:
    problem = taught.problem(objective.X, objective.D)
    for name, rule in UPDATES.items():
        state = getattr(taught, f"{name}_start")(objective.start(4))
        first = [np.array(value) for value in state]
        after = state
        expected = METHODS[name].run(
            objective, objective.start(4), iterations=7, rng=np.random.default_rng(3),
            options={"batch": 0} if rule.batch else {},
        )  # fmt: skip
        taken = int(expected.state["j"])
        assert taken == 7 or (rule.damping and taken > 7)
        for _ in range(taken):
            after = taught.step(after, problem)
        close(after.w, expected.w, 1e-13)
        assert after.j == taken
        assert all(np.array_equal(a, b) for a, b in zip(first, state, strict=True))
        text = re.sub(r"\s+", " ", getattr(taught, f"{name}_step").__doc__)
        for formula in formulas(rule):
            assert formula in text
    for name, schedule in SCHEDULES.items():
        text = re.sub(r"\s+", " ", getattr(taught, name).__doc__)
        assert schedule_formula(schedule) in text


def test_a_module_with_rules_regenerates_itself(taught: ModuleType) -> None:
    assert taught.SPEC.endswith(f"with={EVERY}")
    assert module_source(taught.SPEC) == module_source(f"{SPEC} with={EVERY}")
    assert module_source(gradscribe.Network.parse(SPEC).learning_by(EVERY)) == module_source(
        taught.SPEC
    )


def test_single_precision_stays(taught: ModuleType, objective: Objective) -> None:
    X, D = objective.X.astype(np.float32), objective.D.astype(np.float32)
    module = loaded(module_source(f"{SPEC} dtype=float32 with={EVERY}"), "taught_in_32_bits")
    problem = taught.problem(X, D)
    for name in UPDATES:
        w = module.ravel(module.initialize(seed=1))
        assert w.dtype == np.float32
        problem = SinglePrecision(module, X, D)
        state = module.step(getattr(module, f"{name}_start")(w), problem)
        assert module.step(state, problem).w.dtype == np.float32, name


class SinglePrecision:
    """A cost on data of single precision, by the functions of a module."""

    def __init__(self, module: ModuleType, X: NDArray[np.float32], D: NDArray[np.float32]) -> None:
        self.module, self.data = module, (X, D)

    def __getattr__(self, name: str):  # type: ignore[no-untyped-def]
        module, data = self.module, self.data

        def flat(arrays):  # type: ignore[no-untyped-def]
            return np.concatenate([a.ravel() for a in arrays])

        return {
            "D": data[1],
            "fun": lambda w: module.cost(module.unravel(w), *data),
            "jac": lambda w: flat(module.gradient(module.unravel(w), *data)),
            "fun_and_jac": lambda w: (self.fun(w), self.jac(w)),
            "hess": lambda w: module.hessian(module.unravel(w), *data),
            "gauss_newton": lambda w: module.gauss_newton(module.unravel(w), *data),
            "hessp": lambda w, v: flat(
                module.hessian_vector_product(module.unravel(w), *data, module.unravel(v))
            ),
        }[name]


@pytest.mark.parametrize("target", ["numpy", "scalar"])
def test_what_rules_do_not_ask_for_is_not_there(target: str) -> None:
    source = module_source(f"2-2-1 tanh,linear emit=gradient target={target} with=adam")
    module = loaded(source, f"taught_{target}")
    assert not hasattr(module, "_solved")
    assert not hasattr(module.Problem, "hess")
    X, D = np.ones((3, 2)) * [[1.0], [2], [3]], np.ones((3, 1))
    state = module.adam_start(module.ravel(module.initialize()))
    before = module.problem(X, D).fun(state.w)
    for _ in range(50):
        state = module.step(state, module.problem(X, D), alpha=0.05)
    assert module.problem(X, D).fun(state.w) < before / 10
    with pytest.raises(ValueError, match="state is a tuple, needs one of AdamState"):
        module.step((1, 2), module.problem(X, D))
    assert "learning" not in module_source("2-2-1 tanh,linear")


# ---- what a rule has to be -----------------------------------------------------------------------


SIGNS = UpdateRule(
    "halving",
    "steps that halve the slope",
    (
        Measured(vector("g"), Quantity.GRADIENT, vector("w_old")),
        Assigned(vector("w"), vector("w_old") - Symbol("alpha") / 2 * vector("g")),
    ),
    (Setting("alpha", 0.1, "learning rate"),),
    "nobody",
)


def test_a_new_rule_is_one_entry(objective: Objective) -> None:
    catalog = Catalog(updates=CATALOG.updates.with_entry(SIGNS))
    network = gradscribe.Network.parse(f"{SPEC} with=halving", catalog=catalog)
    module = loaded(module_source(network), "taught_by_a_dummy")
    w = objective.start(1)
    problem = module.problem(objective.X, objective.D)
    state = module.halving_step(module.halving_start(w), problem)
    close(state.w, w - 0.05 * objective.gradient(w))
    outcome = methods(catalog)["halving"].run(
        objective, w, iterations=1, rng=np.random.default_rng(0)
    )
    close(outcome.w, state.w)
    assert "wₖ(j) = wₖ(j−1) − " in gradscribe.compiler.derivation_text(network, "text", order=1)


def test_a_rule_that_reads_what_it_does_not_define_is_found() -> None:
    line = Assigned(vector("w"), vector("w_old") - Symbol("alpha") * vector("v"))
    with pytest.raises(DerivationError, match="reads v, which is not known"):
        lowered_update(UpdateRule("wrong", "wrong", (line,), SIGNS.settings, ""))
    with pytest.raises(DerivationError, match="no line defines w"):
        lowered_update(UpdateRule("wrong", "wrong", SIGNS.lines[:1], (), ""))


def test_latex_of_rules_has_no_double_superscript() -> None:
    for rule in UPDATES.values():
        for text in formulas(rule, latex=True):
            assert not re.search(r"\^\{[^{}]*\}\s*\^", text), text
            assert text.count("{") == text.count("}")
            assert text.count(r"\left") == text.count(r"\right")


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("2-2-1 tanh with=adm", "did you mean 'adam'"),
        ("2-2-1 tanh with=adam,,sgd", "unknown update rule or schedule"),
        ("2-2-1 tanh emit=gradient with=newton", "newton needs hessian"),
        ("2-2-1 tanh emit=hessian with=levenberg_marquardt", "needs gauss_newton"),
        ("2-2-1 tanh emit=jacobian with=scg", "needs hessian_vector_product"),
    ],
)
def test_what_cannot_be_taught_is_said(spec: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        module_source(spec)


def test_rules_in_a_toml_file(tmp_path) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "net.toml"
    head = '[network]\nsizes = [2, 3, 1]\nactivations = ["tanh", "linear"]\n[emit]\n'
    path.write_text(head + 'with = ["scg", "linear_decay"]\n')
    network = gradscribe.Network.parse(str(path))
    assert [entry.name for entry in network.learning] == ["scg", "linear_decay"]
    assert network.spec.endswith(" with=scg,linear_decay")
    path.write_text(head + "with = []\n")
    assert not gradscribe.Network.parse(str(path)).learning
    path.write_text(head + "with = [1]\n")
    with pytest.raises(InputError, match="list of texts"):
        gradscribe.Network.parse(str(path))


# ---- lowering, against the equations component by component --------------------------------------


class Components:
    """Evaluates the lines of a rule by their definition: every component by itself, no arrays."""

    def __init__(self, rule: UpdateRule, objective: Objective, values: dict[str, Any]) -> None:
        self.rule, self.objective, self.values = rule, objective, values
        self.K = objective.K

    def number(self, expr: Expr, at: dict[Symbol, int]) -> Any:
        """Return the value of an expression at places of its indices."""
        match expr:
            case Indexed():
                return self.values[str(expr.base)][tuple(at[k] for k in expr.indices)]
            case Symbol():
                sizes = {PARAMETERS: self.K, ERRORS: self.objective.D.size}
                return sizes[expr] if expr in sizes else self.values[expr.name]
            case Sum() | Largest() | Smallest():
                (k, _, _) = expr.limits[0]
                kind = (
                    max if isinstance(expr, Largest) else min if isinstance(expr, Smallest) else sum
                )
                return kind(self.number(expr.function, {**at, k: i}) for i in range(self.K))
            case Piecewise():
                return next(self.number(v, at) for v, c in expr.args if self.holds(c, at))
        parts = [self.number(a, at) for a in expr.args]
        match expr:
            case Add():
                return math.fsum(parts)
            case Mul():
                return math.prod(parts)
            case Pow():
                return parts[0] ** parts[1]
            case Min():
                return min(parts)
            case log():
                return math.log(parts[0])
            case Max():
                return max(parts)
            case Abs():
                return abs(parts[0])
            case Mod():
                return parts[0] % parts[1]
        return float(expr)

    def holds(self, condition: Any, at: dict[Symbol, int]) -> bool:
        """Return whether a condition holds."""
        if condition in (True, False):
            return bool(condition)
        left, right = (self.number(a, at) for a in condition.args)
        signs = {">": left > right, "<": left < right, ">=": left >= right, "<=": left <= right}
        return {**signs, "==": left == right}[condition.rel_op]

    def array(self, expr: Expr, left: Expr) -> Any:
        """Return all components of an expression whose left side has these indices."""
        if not isinstance(left, Indexed):
            return self.number(expr, {})
        shape = (self.K,) * len(left.indices)
        found = np.empty(shape)
        for place in np.ndindex(shape):
            found[place] = self.number(expr, dict(zip(left.indices, place, strict=True)))
        return found

    def run(self) -> None:
        """Go through the lines."""
        k = vector("w")
        for line in self.rule.lines:
            match line:
                case Assigned(left, right):
                    self.define(left, self.array(right, left))
                case Measured(left, quantity, point, along):
                    asked = [self.array(e, k) for e in (point, along) if e is not None]
                    self.define(left, getattr(self.objective, quantity.value)(*asked))
                case Solved(unknown, whole, shift, right):
                    matrix = self.array(whole, whole) + self.number(shift, {}) * np.eye(self.K)
                    inverse = np.linalg.pinv(matrix, hermitian=True)
                    self.define(unknown, inverse @ self.array(right, k))
                case Spectrum(theta, whole, vectors):
                    values, columns = np.linalg.eigh(self.array(whole, whole))
                    self.define(theta, values)
                    if vectors is not None:
                        self.define(vectors, columns)
                case Backtracked(length, ratio, point, bound):
                    step = 1.0
                    self.define(length, step)
                    while self.objective.fun(self.array(point, k)) > self.number(bound, {}):
                        step *= self.number(ratio, {})
                        self.define(length, step)

    def define(self, left: Expr, value: Any) -> None:
        """Give a variable its value."""
        name = str(left.base if isinstance(left, Indexed) else left)
        self.values[name] = np.asarray(value) if isinstance(left, Indexed) else float(value)


@pytest.mark.parametrize("name", UPDATES)
@pytest.mark.parametrize("seed", range(4))
def test_a_step_computes_the_equations(name: str, seed: int) -> None:
    """From random states: conditions go either way, and what is remembered is anything."""
    rule, rng = UPDATES[name], np.random.default_rng(100 * seed + 1)
    X = rng.normal(0, 1, (6, 1))
    objective = Objective(gradscribe.compile("1-2-1 tanh,linear"), X, np.sin(3 * X))
    steps = steps_module(rule)
    start = getattr(steps, f"{name}_start")(rng.normal(0, 1.5, objective.K))
    changed = {
        m.name: rng.uniform(0.1, 1, objective.K) if m.vector else rng.uniform(0.01, 1)
        for m in rule.memory
    }
    changed |= {key: rng.integers(2) for key in ("ok", rule.counter) if key in changed}
    state = start._replace(j=int(rng.integers(20)), **changed)
    settings = {s.name: 0.3 if s.allowed.end <= 1 else 2.0 for s in rule.settings}
    found = getattr(steps, f"{name}_step")(state, objective, **settings)
    before = {f"{key}_old": value for key, value in state._asdict().items() if key != "j"}
    components = Components(rule, objective, {**before, **settings, "j": found.j})
    components.run()
    for key, value in found._asdict().items():
        expected = np.asarray(components.values[key], float)
        close(np.asarray(value, float), expected, 1e-9)


@pytest.mark.parametrize("name", ["first", "solved", "STEPS", "setting", "vector", "RANGES"])
def test_functions_do_not_take_the_names_of_helpers(name: str) -> None:
    with pytest.raises(InputError, match="a name used in generated code"):
        module_source(f"3-2-1 {name},linear {name}=u*sigmoid(u) with=damped_newton")
