"""Bayesian regularization: the rule, the penalty that it finds, and runs of training with it."""

import math
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import gradscribe
from gradscribe.cli import cli
from gradscribe.errors import InputError
from gradscribe.learning.folder import opened
from gradscribe.learning.live import Quiet
from gradscribe.learning.methods import METHODS
from gradscribe.learning.objective import Objective
from gradscribe.learning.training import train

METHOD = METHODS["bayesian_regularization"]


@pytest.fixture(scope="module")
def objective() -> Objective:
    rng = np.random.default_rng(7)
    X = rng.normal(0, 1, (41, 2))
    D = np.tanh(X @ rng.normal(0, 1, (2, 3))) + rng.normal(0, 0.2, (41, 3))
    return Objective(gradscribe.compile("2-5-3 tanh,linear"), X, D)


def close(a, b, limit):  # type: ignore[no-untyped-def]
    assert np.abs(a - b).max() <= limit * max(1.0, np.abs(b).max())


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Noisy values of a function, few for a network of 41 parameters."""
    rng = np.random.default_rng(3)
    X = rng.uniform(-2, 2, (120, 3))
    y = 2 * np.sin(X[:, 0]) + 5 * X[:, 1] + rng.normal(0, 1, 120)
    path = tmp_path_factory.mktemp("noisy") / "noisy.csv"
    rows = (",".join(f"{v:.6g}" for v in (*x, t)) for x, t in zip(X, y, strict=True))
    path.write_text("a,b,c,y\n" + "\n".join(rows) + "\n")
    return path


def test_bayesian_regularization_is_that_of_inverses(objective: Objective) -> None:
    """By traces of inverses, determinants and solved systems in the place of eigenvalues."""
    w = objective.start(6)
    found = METHOD.run(
        objective, w, iterations=40, rng=np.random.default_rng(0), options={"mu": 0.02, "lam": 0.1}
    )
    mu, lam, unit, N, taken = 0.02, 0.1, np.eye(objective.K), objective.D.size, False
    for _ in range(40):
        J, G = objective.cost(w), objective.gauss_newton(w)
        bent = G + 2 * lam * unit
        gamma = objective.K - 2 * lam * np.trace(np.linalg.inv(bent))
        score = N / 2 * math.log(J / (N - gamma)) + np.linalg.slogdet(bent / (2 * lam))[1] / 2
        lam = gamma * J / ((N - gamma) * (w @ w)) if taken else lam
        slope = objective.gradient(w) + 2 * lam * w
        trial = w - np.linalg.solve(G + (2 * lam + mu) * unit, slope)
        taken = objective.cost(trial) + lam * (trial @ trial) < J + lam * (w @ w)
        if taken:
            w, mu = trial, 0.1 * mu
        else:
            mu *= 10
    close(found.w, w, 1e-9)
    assert found.penalty == pytest.approx(lam, rel=1e-9)
    assert found.score == pytest.approx(score, rel=1e-9)
    assert found.gradient_norm == pytest.approx(np.linalg.norm(slope), rel=1e-6)


@pytest.mark.parametrize("noise", [0.03, 1.0])
def test_the_penalty_of_bayesian_regularization_is_that_of_bayesian_ridge(noise: float) -> None:
    """A linear network has a posterior in closed form; scikit-learn looks for the same evidence."""
    ridge = pytest.importorskip("sklearn.linear_model").BayesianRidge(
        max_iter=5000, tol=1e-12, fit_intercept=False, alpha_1=0, alpha_2=0, lambda_1=0, lambda_2=0
    )
    rng = np.random.default_rng(8)
    X = rng.normal(0, 1, (60, 7))
    D = X @ rng.normal(0, 1, 7) + rng.normal(0, noise, 60)
    ones = np.column_stack([X, np.ones(60)])
    objective = Objective(gradscribe.compile("7-1 linear"), X, D[:, None])
    outcome = METHOD.run(
        objective, objective.start(0), iterations=500, rng=rng, options={"gtol": 1e-12}
    )
    ridge.fit(ones, D)
    assert outcome.penalty == pytest.approx(ridge.lambda_ / ridge.alpha_ / 60, rel=1e-6)
    close(outcome.w, ridge.coef_, 1e-7)
    assert "weight of the penalty: λ = " in outcome.notes[0]


def test_bayesian_regularization_wants_squares() -> None:
    X = np.random.default_rng(0).normal(0, 1, (9, 2))
    for spec in ("2-3-1 tanh,sigmoid loss=bce", "2-3-1 tanh,linear l2=0.1"):
        objective = Objective(gradscribe.compile(spec), X, np.ones((9, 1)))
        with pytest.raises(InputError, match="needs a cost that is a sum of squares of d − y"):
            METHOD.run(objective, objective.start(0), iterations=1, rng=np.random.default_rng(0))


def test_what_it_finds_is_a_minimum_of_the_cost_with_its_penalty(
    table: Path, tmp_path: Path
) -> None:
    """A run says the penalty with the network, and judges the point by the cost with it."""
    plain = gradscribe.train(
        "?-8-? tanh,linear", table, tmp_path / "plain", method="l-bfgs", starts=2,
        iterations=1000, report=False,
    )  # fmt: skip
    trained = gradscribe.train(
        "?-8-? tanh,linear", table, tmp_path / "run", method=METHOD.name, starts=2,
        iterations=1500,
    )  # fmt: skip
    assert trained.parts[1].cost < plain.parts[1].cost
    assert trained.verdict is not None
    assert trained.verdict.sentence.startswith("minimum")
    assert len(trained.minima) == 1
    penalty = trained.best.penalty
    assert trained.best.reason == "converged"
    assert trained.network.spec.endswith(f"l2={penalty!r} on=all")
    w = trained.best.w
    expected = trained.best.cost + penalty * (w @ w)
    assert trained.objective.cost(w) == pytest.approx(expected, rel=1e-12)
    assert trained.parts[0].cost == trained.best.cost
    assert f"l2={penalty!r}" in (tmp_path / "run" / "trained.py").read_text(encoding="utf-8")
    assert "weight of the penalty: λ = " in (tmp_path / "run" / "report.md").read_text("utf-8")
    for more in ([], ["--start", "2"]):
        told = CliRunner().invoke(cli, ["surface", str(tmp_path / "run"), *more])
        assert told.exit_code == 0, told.output
        assert "verdict: minimum" in told.output
        assert "l2=" in told.output


def test_the_end_is_taken_and_not_a_better_score_on_the_way(table: Path, tmp_path: Path) -> None:
    """Early in a run the penalty is not that of the point; a run that goes on has the same end."""
    spec = "?-8-? tanh,linear"
    options = {"method": METHOD.name, "starts": 1, "report": False}
    whole = gradscribe.train(spec, table, tmp_path / "whole", iterations=60, **options)  # type: ignore[arg-type]
    gradscribe.train(spec, table, tmp_path / "parts", iterations=17, **options)  # type: ignore[arg-type]
    run = opened(tmp_path / "parts").with_settings(iterations=60)
    again = train(run, processes=0, display=Quiet())
    assert again.best.iterations == whole.best.iterations == 60
    assert np.array_equal(again.best.w, whole.best.w)
    assert (again.best.penalty, again.best.score) == (whole.best.penalty, whole.best.score)


@pytest.mark.parametrize("penalty", [1e25, 2.5432112345e-12])
def test_penalties_far_from_one_are_numbers_of_numpy(penalty: float) -> None:
    """A whole number of 26 digits is none that NumPy can multiply an array by."""
    rng = np.random.default_rng(2)
    module = gradscribe.compile(f"2-3-1 tanh,linear l2={penalty!r}")
    objective = Objective(module, rng.normal(size=(5, 2)), rng.normal(size=(5, 1)))
    w = objective.start(1)
    squares = sum((a**2).sum() for a in objective.params(w)[::2])
    plain = Objective(gradscribe.compile("2-3-1 tanh,linear"), objective.X, objective.D)
    assert objective.cost(w) == pytest.approx(plain.cost(w) + penalty * squares, rel=1e-15)
    assert np.isfinite(objective.hessian(w)).all()
    shown = "10²⁵" if penalty > 1 else "2.5432112345·10⁻¹²"
    assert shown in str(gradscribe.derive(f"2-3-1 tanh,linear l2={penalty!r}")["J"])


def test_a_run_that_goes_on_is_not_at_its_end_where_the_data_are_fitted(table: Path) -> None:
    """Where a run goes on, the gradient with the penalty is looked at, as without a stop."""
    data = np.loadtxt(table, delimiter=",", skiprows=1)
    data = (data - data.mean(0)) / data.std(0)
    objective = Objective(gradscribe.compile("3-8-1 tanh,linear"), data[:, :3], data[:, 3:])
    w, rng = objective.start(3), np.random.default_rng(0)
    whole = METHOD.run(objective, w, iterations=90, rng=rng)
    part = METHOD.run(objective, w, iterations=31, rng=rng)
    state = dict(part.state)
    again = METHOD.run(objective, w, iterations=90, rng=rng, state=state)
    assert np.array_equal(whole.w, again.w)
    assert (whole.reason, whole.iterations) == (again.reason, again.iterations)
    state["h"] = np.full(objective.K, 1e-3)  # the gradient of J alone says nothing here
    assert METHOD.run(objective, w, iterations=31, rng=rng, state=state).reason == "iterations"
    state["h"] = np.full(objective.K, 1e-12)
    assert METHOD.run(objective, w, iterations=90, rng=rng, state=state).reason == "converged"


def test_a_penalty_that_is_too_large_at_first_does_not_stay() -> None:
    """λ of a random start would be huge, and w = 0 fits to any λ that is large."""
    x = np.arange(0, 4, 0.1)[:, None]
    y = 5 + 3 * np.sin(2 * x) + np.random.default_rng(4).normal(0, 0.5, x.shape)
    X, D = (x - x.mean()) / x.std(), (y - y.mean()) / y.std()
    objective = Objective(gradscribe.compile("1-5-1 tanh,linear"), X, D)
    outcomes = [
        METHOD.run(objective, objective.start(k), iterations=400, rng=np.random.default_rng(0))
        for k in range(8)
    ]
    assert sum(outcome.penalty < 1e-2 for outcome in outcomes) >= 5
    assert min(outcomes, key=lambda o: o.score).cost < 0.1
