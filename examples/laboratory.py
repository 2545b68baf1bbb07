"""The laboratory of a lecture on learning: one experiment, one picture.

    python examples/laboratory.py xor -o xor.svg
    python examples/laboratory.py xor -o xor.svg --lang pt
    python examples/laboratory.py --list

Each trains a small network with what gradscribe derived for it and says what came out; it ends
with exit code 1 where that is not what the experiment is to show.
"""

import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click
import numpy as np

import gradscribe
from gradscribe.compiler import languages_known
from gradscribe.learning.data import DataOptions
from gradscribe.learning.drawing import Drawing, Picture, colour
from gradscribe.learning.figures import pictures
from gradscribe.learning.objective import Objective
from gradscribe.learning.points import point
from gradscribe.learning.summary import summary
from gradscribe.learning.surface import Plane, plane_picture
from gradscribe.learning.telling import numeral, told_in
from gradscribe.learning.training import surface_of
from gradscribe.lecture.words import Words

DATA = Path(__file__).parent / "data"
GATE = "?-2-? tanh,sigmoid loss=bce"
CURVE = "?-10-? tanh,linear"


@dataclass(frozen=True)
class Experiment:
    """A network trained on a table.

    Attributes:
        meaning: what it shows.
        spec: the network.
        table: its file.
        picture: the picture of the report that is kept.
        good: whether what was found is as it should be.
        settings: arguments of `gradscribe.train`.
    """

    meaning: str
    spec: str
    table: str
    picture: str
    good: Callable[[Any], bool]
    settings: dict[str, Any] = field(default_factory=dict)


def all_right(trained: Any) -> bool:
    """Whether each row of training gets its class."""
    return bool(trained.parts[0].accuracy == 1)


def held_out(share: float) -> Callable[[Any], bool]:
    """Return whether so many of the rows held out are right."""
    return lambda trained: trained.parts[-1].accuracy >= share


def explained(share: float) -> Callable[[Any], bool]:
    """Return whether so much of the variance of the rows held out is explained."""
    return lambda trained: bool((trained.parts[-1].explained >= share).all())


def gate(name: str, spec: str = GATE) -> Experiment:
    """Return the experiment of a logic gate: the plane of its inputs, class 0 and class 1."""
    return Experiment(
        f"the gate {name}: regions of class 0 and class 1",
        spec, f"{name}.csv", "regions", all_right, {"starts": 8, "scale": "minmax"},
    )  # fmt: skip


def curve(name: str, meaning: str) -> Experiment:
    """Return the experiment of a function of one number, by one hidden layer."""
    settings = {"method": "levenberg_marquardt", "starts": 2, "iterations": 300}
    return Experiment(
        f"{meaning} by one hidden layer of 10 nodes", CURVE, f"{name}.csv", "curve",
        explained(0.9999), settings,
    )  # fmt: skip


EXPERIMENTS = {
    "and": gate("and", "?-1 sigmoid loss=bce"),
    "or": gate("or", "?-1 sigmoid loss=bce"),
    "xor": gate("xor"),
    "square": curve("square", "x²"),
    "sin": curve("sin", "sin x"),
    "log": curve("log", "log x"),
    "reciprocal": curve("reciprocal", "1/x"),
    "iris": Experiment(
        "three kinds of iris from four measures of a flower",
        "?-6-? tanh,softmax loss=cross_entropy l2=0.001", "iris.csv", "confusion",
        held_out(0.9), {"starts": 3},
    ),
    "digits": Experiment(
        "handwritten digits, of which 3 in 10 are held out",
        "?-32-? tanh,softmax loss=cross_entropy l2=0.0003", "digits.csv.gz", "confusion",
        held_out(0.96), {"starts": 1, "iterations": 300, "scale": "minmax"},
    ),
}  # fmt: skip


def trained_on(experiment: Experiment, words: Words) -> tuple[Picture, bool]:
    """Carry an experiment out; return its picture and whether it went as it should."""
    with tempfile.TemporaryDirectory() as folder:
        trained = gradscribe.train(
            experiment.spec, DATA / experiment.table, Path(folder) / "run",
            report=False, **experiment.settings,
        )  # fmt: skip
        click.echo(summary(trained, words))
        picture = next(p for p in pictures(trained, words) if p.name == experiment.picture)
    return picture, experiment.good(trained)


# ---- what is no single training --------------------------------------------------------


def network_on(spec: str, table: str, **options: Any) -> Objective:
    """Return the cost of a network on a table."""
    from gradscribe.learning.data import read_data
    from gradscribe.learning.sizing import open_network

    opened = open_network(spec)
    data = read_data(DATA / table, opened, DataOptions(test=0.0, **options))
    network, sizes = opened.filled(data.X.shape[1], data.D.shape[1])
    return Objective(gradscribe.compile(network), data.X, data.D, sizes=sizes)


def symmetry(words: Words) -> tuple[Picture, bool]:
    """Hidden nodes that start equal stay equal, so that they are one node; others part."""
    drawing = Drawing(8.6, 3.4, kinds=("flat", "flat"), comma=words.comma)
    ends = []
    with tempfile.TemporaryDirectory() as folder:
        for plot, initial in zip(drawing.axes, ("equal", "random"), strict=True):
            trained = gradscribe.train(
                "?-3-? tanh,sigmoid loss=bce", DATA / "xor.csv", Path(folder) / initial,
                method="gradient_descent", options={"alpha": 0.5}, iterations=3000, starts=1,
                initial=initial, scale="none", report=False, seed=3,
            )  # fmt: skip
            along = np.linspace(0, trained.best.iterations, len(trained.best.places))
            weights = np.stack([trained.objective.params(w).W1[:, 0] for w in trained.best.places])
            for node in range(3):
                plot.plot(along, weights[:, node], color=colour(node), linewidth=5 - 2 * node,
                          label=words.text("figures.node", node=str(node + 1)))  # fmt: skip
            cost = numeral(f"{trained.best.cost:.4f}", words)
            plot.set_title(words.text(f"figures.{initial}", cost=cost))
            plot.set_xlabel(words.text("figures.iteration"))
            plot.set_ylabel(words.text("figures.weight"))
            plot.legend()
            ends.append((float(np.ptp(weights, axis=1).max()), trained.best.cost))
            click.echo(f"{initial} start: nodes differ by at most {ends[-1][0]:.3g}, "
                       f"J = {ends[-1][1]:.6g}")  # fmt: skip
    (equal, stuck), (apart, low) = ends
    picture = drawing.picture("symmetry", words.text("figures.symmetry"))
    return picture, equal < 1e-12 and apart > 0.1 and low < 0.1 * stuck


def race(words: Words) -> tuple[Picture, bool]:
    """Methods on the same network, from the same start, cost against time."""
    drawing = Drawing(6.4, 3.8, comma=words.comma)
    plan = {
        "gradient_descent": (3000, {"alpha": 0.2}),
        "adam": (3000, {"alpha": 0.02}),
        "l-bfgs": (600, {}),
        "damped_newton": (200, {}),
        "levenberg_marquardt": (200, {}),
    }
    costs = {}
    with tempfile.TemporaryDirectory() as folder:
        for k, (method, (iterations, options)) in enumerate(plan.items()):
            found = gradscribe.train(
                CURVE, DATA / "sin.csv", Path(folder) / method, method=method, options=options,
                iterations=iterations, starts=1, test=0.0, report=False,
            )  # fmt: skip
            rows = found.best.curve
            drawing.plot.plot(
                np.maximum(rows[:, 3], 1e-3), rows[:, 1], color=colour(k), label=method
            )
            costs[method] = found.best.cost
            click.echo(f"{method:20} J = {found.best.cost:.3e}, {found.best.iterations} "
                       f"iterations in {found.best.seconds:.2f} s")  # fmt: skip
    drawing.plot.set_yscale("log")
    drawing.plot.set_xscale("log")
    drawing.logarithmic(drawing.plot.xaxis, drawing.plot.yaxis)
    drawing.plot.set_xlabel(words.text("figures.seconds"))
    drawing.plot.set_ylabel(words.text("report.cost"))
    drawing.plot.legend()
    second = min(costs["damped_newton"], costs["levenberg_marquardt"])
    picture = drawing.picture("race", words.text("figures.race"))
    return picture, second < 1e-2 * min(costs["gradient_descent"], costs["adam"])


def surface_at(kind: str, words: Words) -> tuple[Picture, bool]:
    """Return the surface around a point of a kind, and whether the verdict says so."""
    if kind == "saddle":
        cost = network_on("2-2-1 tanh,linear", "and.csv", scale="none")
        w = point(cost, "b2=0.25")
        reach = 1.5
    elif kind == "plateau":
        cost = network_on("2-1 sigmoid", "and.csv", scale="none")
        w = point(cost, "W1=5,b1=25")  # u > 24 for every sample: y is 1, and f' is 0
        reach = 50.0
    else:
        cost = network_on("2-1 linear", "and.csv", scale="none")
        w = point(cost, "W1=0.5,b1=-0.25")  # the least squares: H = (2/N) AᵀA
        reach = 1.5
    surface = surface_of(cost)
    verdict = surface.judge(w)
    click.echo(verdict.told(words))
    if kind == "plateau":
        plane = Plane.along(surface, verdict, w, ("W1[0,0]", "b1"))
    else:
        plane = Plane.leading(surface, verdict, w)
    picture = plane_picture(plane, w[None, :], kind, reach=reach, words=words)
    return picture, verdict.kind == kind


OTHERS: dict[str, tuple[str, Callable[[Words], tuple[Picture, bool]]]] = {
    "symmetry": ("hidden nodes that start equal stay equal", symmetry),
    "race": ("Newton's methods against gradient descent and Adam", race),
    "minimum": ("a minimum and the surface around it", lambda words: surface_at("minimum", words)),
    "saddle": (
        "the saddle at zero weights and b² = mean(d)",
        lambda words: surface_at("saddle", words),
    ),
    "plateau": ("a plateau: the node is saturated", lambda words: surface_at("plateau", words)),
}


def listed() -> str:
    """Return the names of all experiments and what they show."""
    rows = {k: e.meaning for k, e in EXPERIMENTS.items()} | {k: m for k, (m, _) in OTHERS.items()}
    return "\n".join(f"{name:12}{meaning}" for name, meaning in rows.items())


@click.command()
@click.argument("name", required=False)
@click.option("-o", "--output", type=click.Path(path_type=Path), metavar="FILE.svg")
@click.option(
    "--lang", type=click.Choice(languages_known()), default="en", show_default=True,
    help="The language of the picture.",
)  # fmt: skip
@click.option("--list", "lists", is_flag=True, help="List the experiments.")
def main(name: str | None, output: Path | None, lang: str, lists: bool) -> None:
    """Carry out the experiment NAME; write its picture."""
    if lists or name not in {*EXPERIMENTS, *OTHERS}:
        click.echo(listed(), err=not lists)
        sys.exit(0 if lists else 2)
    words = told_in(lang)
    if name in EXPERIMENTS:
        picture, good = trained_on(EXPERIMENTS[name], words)
    else:
        picture, good = OTHERS[name][1](words)
    if output is not None:
        output.write_text(picture.svg, encoding="utf-8")
        click.echo(f"wrote {output}: {picture.caption}")
    if not good:
        raise click.ClickException(f"{name} did not come out as it should")


if __name__ == "__main__":
    main()
