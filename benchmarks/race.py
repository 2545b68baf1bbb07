"""Races of second-order methods: against Adam with 100 times the time, and against scikit-learn.

    python benchmarks/race.py [--seconds S] [-o FOLDER]

Times are those of the processor in one thread, which is wall time where nothing else runs.

The first: a 1-10-1 network (tanh, linear) on 1000 samples of sin, 1/x and log10, inputs and outputs
standardised, all from the same start. Second-order methods have S seconds, Adam has 100 S for each
of its learning rates, with the rate falling along half a cosine over about that time.

The second: ten problems, 30 % of the samples held out. A network of 10 hidden nodes is trained by
bayesian_regularization for 5 S seconds, from one random start after the other; what has the most
evidence is taken. scikit-learn's MLPRegressor of the same size has the same time for each entry of
a grid, and starts anew too when it gets no better. It keeps the parameters that are best on a fifth
of the samples, which it does not learn from, and the entry that is best there is the one chosen.
Beside it stands the entry that would have been best on the held-out samples, which nobody has.
"""

import argparse
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib import pyplot
from sklearn import datasets
from sklearn.neural_network import MLPRegressor

import gradscribe
from gradscribe.learning.method import Progress
from gradscribe.learning.methods import find_method
from gradscribe.learning.objective import Objective
from measuring import duration, machine, publish, table
from plots import STYLE

FACTOR = 100
FUNCTIONS: Mapping[str, tuple[Callable[[Any], Any], float, float]] = {
    "sin": (np.sin, -2 * np.pi, 2 * np.pi),
    "1/x": (lambda x: 1 / x, 0.1, 2.0),
    "log10": (np.log10, 0.01, 10.0),
}
SECOND_ORDER = (
    "levenberg_marquardt", "damped_newton", "saddle_free_newton", "regularized_newton",
)  # fmt: skip
RATES = (0.003, 0.03)
COLORS = dict(
    zip(
        (*SECOND_ORDER, "adam"),
        ("#000000", "#0072B2", "#009E73", "#CC79A7", "#D55E00"),
        strict=True,
    )
)
GRID: tuple[Mapping[str, Any], ...] = (
    {"solver": "lbfgs", "alpha": 1e-4},
    {"solver": "lbfgs", "alpha": 1e-2},
    {"solver": "lbfgs", "alpha": 1.0},
    {"solver": "lbfgs", "alpha": 10.0},
    {"solver": "adam", "alpha": 1e-4, "learning_rate_init": 1e-3},
    {"solver": "adam", "alpha": 1e-4, "learning_rate_init": 1e-2},
    {"solver": "adam", "alpha": 1.0, "learning_rate_init": 1e-3},
    {"solver": "adam", "alpha": 1.0, "learning_rate_init": 1e-2},
)
Curve = tuple[list[float], list[float]]


def standardised(values: Any) -> Any:
    """Return columns with mean 0 and standard deviation 1; what is constant stays 0."""
    return (values - values.mean(0)) / np.where(values.std(0) > 0, values.std(0), 1)


def curve(objective: Objective, name: str, seconds: float, options: Mapping[str, float]) -> Curve:
    """Return the lowest cost so far over time, for so many seconds."""
    start = time.process_time()
    times, costs = [0.0], [objective.cost(objective.start(1))]

    def watch(progress: Progress) -> bool:
        now = time.process_time() - start
        if progress.cost < costs[-1]:
            times.append(now)
            costs.append(progress.cost)
        return now > seconds

    find_method(name).run(
        objective, objective.start(1), iterations=10**9, rng=np.random.default_rng(0),
        watch=watch, options={"gtol": 0.0, **options},
    )  # fmt: skip
    return times, costs


def adam(objective: Objective, seconds: float) -> Iterator[tuple[float, Curve]]:
    """Yield Adam's curve for each learning rate, which falls to 0 over about the whole time."""
    begun = time.process_time()
    find_method("adam").run(
        objective, objective.start(1), iterations=500, rng=np.random.default_rng(0)
    )
    steps = seconds / ((time.process_time() - begun) / 500)
    for rate in RATES:
        yield rate, curve(objective, "adam+cosine_decay", seconds, {"alpha_0": rate, "tau": steps})


def against_adam(seconds: float, figure: Path | None) -> str:
    """Return the table of the first race, and draw it."""
    module = gradscribe.compile("1-10-1 tanh,linear")
    rows, curves = [], {}
    for title, (function, low, high) in FUNCTIONS.items():
        x = np.linspace(low, high, 1000)[:, None]
        objective = Objective(module, standardised(x), standardised(function(x)))
        found = {name: [curve(objective, name, seconds, {})] for name in SECOND_ORDER}
        slow = [c for _, c in adam(objective, FACTOR * seconds)]
        curves[title] = {**found, "adam": slow}
        best = min(costs[-1] for _, costs in slow)
        cells = []
        for name in SECOND_ORDER:
            (times, costs) = found[name][0]
            passed = next((t for t, c in zip(times, costs, strict=True) if c < best), None)
            when = "never" if passed is None else duration(passed)
            cells.append(f"{costs[-1]:.1e} ({when})")
        rows.append((title, *cells, f"{best:.1e}"))
    if figure is not None:
        draw(curves, figure)
    head = (
        "function",
        *(f"{name}, {duration(seconds)}" for name in SECOND_ORDER),
        f"Adam, {duration(FACTOR * seconds)}",
    )
    return table(head, rows)


def thinned(curve: Curve) -> Curve:
    """Return at most some hundred points of a curve, evenly on a logarithmic axis, and its end."""
    times, costs = curve
    marks = np.geomspace(1e-4, max(times[-1], 1e-3), 300)
    kept = sorted({0, len(times) - 1, *(int(k) - 1 for k in np.searchsorted(times, marks) if k)})
    return [times[k] for k in kept], [costs[k] for k in kept]


def draw(curves: Mapping[str, Mapping[str, list[Curve]]], path: Path) -> None:
    """Draw cost over time, a panel for each function."""
    mpl.use("svg")
    with mpl.rc_context(STYLE):
        figure, grid = pyplot.subplots(1, len(curves), figsize=(9, 3), layout="constrained")
        for axes, (title, found) in zip(grid, curves.items(), strict=True):
            for name, own in found.items():
                for k, (times, costs) in enumerate(map(thinned, own)):
                    label = name.replace("_", " ") if k == 0 else None
                    axes.step(
                        np.maximum(times, 1e-4), costs, where="post", color=COLORS[name],
                        label=label, linewidth=1,
                    )  # fmt: skip
            axes.set_xscale("log")
            axes.set_yscale("log")
            axes.set_title(title)
            axes.set_xlabel("time (s)")
        grid[0].set_ylabel("lowest cost so far")
        grid[0].legend(frameon=False, fontsize=7)
        figure.savefig(path, metadata={"Date": None})
        pyplot.close(figure)


# ---- the second race ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Problem:
    """Samples to learn from, to choose by and to judge by."""

    learn: tuple[Any, Any]
    choose: tuple[Any, Any]
    judge: tuple[Any, Any]


def problem(X: Any, y: Any) -> Problem:
    """Return standardised samples in three parts, at random."""
    rng = np.random.default_rng(0)
    order = rng.permutation(len(X))
    X, y = standardised(X)[order], standardised(np.reshape(y, (-1, 1)))[order]
    judge, choose = int(0.3 * len(X)), int(0.44 * len(X))
    parts = np.split(np.arange(len(X)), [judge, choose])
    return Problem(*[(X[p], y[p]) for p in parts[::-1]])


def problems() -> Iterator[tuple[str, Problem]]:
    """Yield five real and five synthetic problems."""
    rng = np.random.default_rng(1)
    yield "diabetes: progression", problem(*datasets.load_diabetes(return_X_y=True))
    for name, load, column in (
        ("iris: petal width", datasets.load_iris, 3),
        ("wine: alcohol", datasets.load_wine, 0),
        ("breast cancer: worst area", datasets.load_breast_cancer, 23),
        ("linnerud: pulse", lambda: None, 0),
    ):
        if name.startswith("linnerud"):
            X, Y = datasets.load_linnerud(return_X_y=True)
            yield name, problem(X, Y[:, 2])
            continue
        data = load().data
        yield name, problem(np.delete(data, column, 1), data[:, column])
    x = rng.uniform(-1, 1, (600, 2))
    noise = rng.normal(0, 0.01, 600)
    yield "sin(3πx) + noise", problem(x[:, :1], np.sin(3 * np.pi * x[:, 0]) + noise)
    yield "1/x, 0.1 to 2", problem(1.05 + 0.95 * x[:, :1], 1 / (1.05 + 0.95 * x[:, 0]))
    yield "x₁ x₂", problem(x, x[:, 0] * x[:, 1])
    yield "sinc of a radius", problem(x, np.sinc(2 * np.hypot(x[:, 0], x[:, 1])))
    yield "Friedman 1", problem(*datasets.make_friedman1(800, 5, noise=0.1, random_state=0))


def ours(given: Problem, seconds: float) -> float:
    """Return the mean squared error on held-out samples, of Bayesian regularization."""
    X, D = (np.concatenate(pair) for pair in zip(given.learn, given.choose, strict=True))
    module = gradscribe.compile(f"{X.shape[1]}-10-1 tanh,linear")
    objective, begun = Objective(module, X, D), time.process_time()
    best, seed = (np.inf, objective.start(0)), 0
    while time.process_time() - begun < seconds:
        outcome = find_method("bayesian_regularization").run(
            objective, objective.start(seed), iterations=300, rng=np.random.default_rng(0),
            watch=lambda _: time.process_time() - begun > seconds, options={"gtol": 1e-5},
        )  # fmt: skip
        if outcome.score < best[0]:
            best = outcome.score, outcome.w
        seed += 1
    return Objective(module, *given.judge).cost(best[1])


def theirs(given: Problem, settings: Mapping[str, Any], seconds: float) -> tuple[float, float]:
    """Return the error of an entry of scikit-learn's grid on samples to choose by, and held out."""
    (X, D), (Xc, Dc), (Xj, Dj) = given.learn, given.choose, given.judge
    begun, seed = time.process_time(), 0
    best = (np.inf, np.inf)

    def fresh(seed: int) -> MLPRegressor:
        return MLPRegressor(
            hidden_layer_sizes=(10,), activation="tanh", random_state=seed, warm_start=True,
            max_iter=10, **settings,
        )  # fmt: skip

    model, since = fresh(0), 0
    while time.process_time() - begun < seconds:
        if settings["solver"] == "adam":
            for _ in range(10):
                model.partial_fit(X, D[:, 0])
        else:
            model.fit(X, D[:, 0])
        chosen = float(np.mean((model.predict(Xc) - Dc[:, 0]) ** 2))
        since += 1
        if chosen < best[0]:
            best = chosen, float(np.mean((model.predict(Xj) - Dj[:, 0]) ** 2))
            since = 0
        if since > 100:
            seed, since = seed + 1, 0
            model = fresh(seed)
    return best


def against_sklearn(seconds: float) -> str:
    """Return the table of the second race, wins and losses."""
    rows, wins, wins_of_all = [], 0, 0
    for name, given in problems():
        own = ours(given, seconds)
        peers = [theirs(given, settings, seconds) for settings in GRID]
        (_, chosen), least = min(peers), min(judged for _, judged in peers)
        wins += own < chosen
        wins_of_all += own < least
        size = str(sum(len(part[0]) for part in (given.learn, given.choose)))
        entry = ", ".join(str(v) for v in GRID[peers.index(min(peers))].values())
        lower = "yes" if own < least else "than the chosen one" if own < chosen else "no"
        rows.append((name, size, f"{own:.3g}", f"{chosen:.3g}", entry, f"{least:.3g}", lower))
    head = (
        "problem", "samples", "gradscribe", "scikit-learn", "entry chosen", "its best entry",
        "lower",
    )  # fmt: skip
    return (
        f"{table(head, rows)}\n\nLower than the entry chosen on {wins} of {len(rows)} problems, "
        f"lower than every entry on {wins_of_all}."
    )


def main() -> None:
    """Write the report and the plot."""
    what, _, clock, *how = (__doc__ or "").split("\n\n")
    parser = argparse.ArgumentParser(description=what)
    parser.add_argument("--seconds", type=float, default=1.0, metavar="S")
    parser.add_argument("-o", type=Path, metavar="FOLDER", help="for race.md and race.svg")
    given = parser.parse_args()
    warnings.simplefilter("ignore")  # of scikit-learn, that ten iterations are few
    figure = given.o / "race.svg" if given.o else None
    first = against_adam(given.seconds, figure)
    second = against_sklearn(5 * given.seconds)
    picture = "![Cost over time](race.svg)" if given.o else ""
    text = "\n\n".join(
        part.strip()
        for part in (
            "# Races",
            machine(["gradscribe", "numpy", "scipy", "scikit-learn"]),
            clock,
            "## Against Adam",
            how[0],
            "The lowest mean squared error, and in parentheses after how long it was lower than "
            "Adam's in the end.",
            first,
            picture,
            "## Against scikit-learn",
            how[1],
            "The mean squared error on held-out samples, whose variance is about 1.",
            second,
        )
        if part
    )
    publish(text, given.o / "race.md" if given.o else None)


if __name__ == "__main__":
    main()
