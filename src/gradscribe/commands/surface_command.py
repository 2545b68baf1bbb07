"""`gradscribe surface`."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import numpy as np

from gradscribe.commands.data_options import (
    NAMES,
    chosen_options,
    data_argument,
    data_options,
    listed,
    needed,
    network_argument,
)
from gradscribe.commands.options import is_same, lang_option
from gradscribe.compiler import loaded, module_source
from gradscribe.errors import InputError
from gradscribe.files import check_parent, write
from gradscribe.learning.data import read_data
from gradscribe.learning.extras import library
from gradscribe.learning.folder import SETTINGS, opened
from gradscribe.learning.objective import Objective, Vector
from gradscribe.learning.points import point
from gradscribe.learning.session import Ending
from gradscribe.learning.starts import objective_of, result_of
from gradscribe.learning.surface import Plane, check_directions, plane_picture
from gradscribe.learning.telling import numeral, told_in
from gradscribe.learning.threads import one_thread
from gradscribe.learning.training import collected, lowered, said_network, surface_of
from gradscribe.learning.verdict import LARGEST, Surface, Tolerances, Verdict
from gradscribe.lecture.words import Words

Numbers = Any


@click.command("surface")
@network_argument
@data_argument
@data_options
@click.option("--at", metavar="POINT", help="zeros, random, equal, a .npz, or b2=0.25,W1[0,1]=2.")
@click.option("--start", type=click.IntRange(1), help="Of a run: where this start ended; the best.")
@click.option(
    "--along",
    metavar="A,B",
    help="Two of largest, second, smallest (eigenvalues), random, W1[0,1].",
)
@click.option("--reach", type=click.FloatRange(0, min_open=True), help="Of the plane.")
@click.option("--zero", type=click.FloatRange(0), help="λ is 0 up to this times the largest.")
@lang_option
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    metavar="FILE.svg",
    help="Write a picture of J along two directions.",
)
@click.pass_context
def command(ctx: click.Context, /, **values: Any) -> None:
    """Say what kind of point a network is at, and draw the cost around it.

    The point is that of a run (its folder alone), or --at of a network on data. The verdict is
    told by the gradient and by how many eigenvalues of the Hessian are positive, negative and 0.
    """
    _check_output(values["output"], values["data"])
    along = _directions(values["along"])
    _check_options(ctx, values)
    with one_thread():
        objective, w, places, words = _where(values)
        surface = surface_of(objective)
        if along:
            check_directions(surface.names, along, eigenvectors=objective.K <= LARGEST)
        verdict = _judged(objective, w, values["zero"])
        if values["output"] is not None:
            _draw(surface, w, places, verdict, along, values)
    if verdict is None:
        words.append(f"no verdict: {objective.K} parameters, all eigenvalues up to {LARGEST}")
    else:
        words += _sentences(verdict, surface.names, told_in(values["lang"]))
    click.echo("\n".join(words))


def _check_options(ctx: click.Context, values: dict[str, Any]) -> None:
    """Check that no option is given that has nothing to say here.

    Raises:
        InputError: one is.
    """
    unfit: dict[str, tuple[str, str]] = {}
    if values["output"] is None:
        drawn = "this says what a picture shows, and none is asked for", "with -o FILE.svg"
        unfit |= dict.fromkeys(("along", "reach"), drawn)
    if _is_run(values):
        of_data = "the data of a run have been read", "a network and a file of data, or none of it"
        unfit |= dict.fromkeys((*NAMES, "sizes"), of_data)
    else:
        unfit["start"] = "a network on data has no starts", "the folder of a run, or --at"
    default = click.core.ParameterSource.DEFAULT
    for name, (what, allowed) in unfit.items():
        if ctx.get_parameter_source(name) is not default:
            raise InputError(what, where=f"--{name}", received=str(values[name]), allowed=allowed)
    if values["at"] is not None and values["start"] is not None:
        raise InputError(
            "a point is said twice", where="--at", received=values["at"],
            allowed="--at or --start",
        )  # fmt: skip


def _is_run(values: dict[str, Any]) -> bool:
    """Whether the folder of a run is given alone."""
    return values["data"] is None and (Path(values["network"] or ".") / SETTINGS).is_file()


def _check_output(output: Path | None, data: str | Path | None) -> None:
    """Check that a picture replaces nothing but a picture.

    Raises:
        InputError: the output has another ending, or is the file of the data.
    """
    if output is None:
        return
    if output.suffix.lower() != ".svg":
        raise InputError(
            "a picture is an .svg", where="-o", received=str(output), allowed="FILE.svg"
        )
    if data is not None and is_same(output, data):
        raise InputError("the output would replace the data", where="-o", received=str(output))
    check_parent(output)
    library("matplotlib", "a picture")


def _where(values: dict[str, Any]) -> tuple[Objective, Vector, Numbers, list[str]]:
    """Return the cost, the point, the way to it, and what is known of a run."""
    if _is_run(values):
        return _of_run(Path(values["network"] or "."), values)
    network, data = needed(values["network"], values["data"], "surface", "the folder of a run")
    said, source = said_network(network, values["sizes"])
    options = chosen_options(values)
    found = read_data(data, said, replace(options, test=options.test or 0.0))
    whole, sizes = said.filled(found.X.shape[1], found.D.shape[1])
    module = loaded(source or module_source(replace(whole, emit=None)), "gradscribe_surface")
    objective = Objective(module, found.X, found.D, sizes=sizes)
    w = point(objective, values["at"] or "zeros", values["seed"])
    return objective, w, w[None, :], [f"{whole.spec}, {objective.K} parameters"]


def _of_run(folder: Path, values: dict[str, Any]) -> tuple[Objective, Vector, Numbers, list[str]]:
    run = opened(folder)
    objective = objective_of(run)
    words = [f"{run.settings.spec}, {objective.K} parameters"]
    if values["at"] is not None:
        w = point(objective, values["at"], values["seed"])
        return objective, w, w[None, :], words
    if values["start"] is not None:
        result = result_of(run, values["start"] - 1)
        if result is None:
            raise InputError(
                "the run has nothing of such a start",
                where="--start",
                received=str(values["start"]),
                allowed=f"1 to {run.settings.starts}",
            )
        network, objective = lowered(run, objective, result)
        words = [f"{network.spec}, {objective.K} parameters", f"start {result.start + 1}"]
        return objective, result.w, result.places, words
    found = collected(run, objective, Ending(), judge=False)
    words = [f"{found.network.spec}, {objective.K} parameters"]
    total = len(found.results)
    for k, group in enumerate(found.minima, 1):
        words.append(
            f"function {k}: {group.count} of {total} starts, J = {group.cost:.6g}, "
            f"start {', '.join(str(s + 1) for s in group.starts[:10])}"
        )
    words.append(f"start {found.best.start + 1}, the best")
    return found.objective, found.best.w, found.best.places, words


def _judged(objective: Objective, w: Vector, zero: float | None) -> Verdict | None:
    if objective.K > LARGEST:
        return None
    tolerances = Tolerances() if zero is None else Tolerances(zero=zero)
    return surface_of(objective).judge(w, tolerances)


def _sentences(verdict: Verdict, names: tuple[str, ...], told: Words) -> Iterator[str]:
    """Yield the verdict and what says so."""
    yield f"J = {numeral(f'{verdict.cost:.10g}', told)}"
    yield told.text("report.verdict_line", verdict=verdict.told(told))
    comma = "; " if told.comma else ", "
    values = verdict.eigenvalues[::-1]
    shown = values if len(values) <= 12 else np.concatenate([values[:6], values[-6:]])
    words = [numeral(f"{value:.6g}", told) for value in shown]
    if len(values) > 12:
        words.insert(6, "…")
    yield told.text("report.eigenvalues", values=comma.join(words) or "–")
    down = verdict.steepest_descent
    if down is not None:
        order = np.argsort(-np.abs(down), kind="stable")[:6]
        kept = [k for k in order if abs(down[k]) > 1e-8]
        parts = [f"{names[k]}: {numeral(f'{down[k]:+.4f}', told)}" for k in kept]
        yield told.text("report.down", parts=comma.join(parts))


def _draw(
    surface: Surface,
    w: Vector,
    places: Numbers,
    verdict: Verdict | None,
    along: tuple[str, ...],
    values: dict[str, Any],
) -> None:
    """Write the picture of a plane."""
    if along:
        plane = Plane.along(surface, verdict, w, along)
    elif verdict is not None:
        plane = Plane.leading(surface, verdict, w)
    else:
        plane = Plane.along(surface, None, w, ("random", "random"))
    picture = plane_picture(
        plane,
        places,
        values["output"].stem,
        reach=values["reach"],
        words=told_in(values["lang"]),
    )
    write(values["output"], picture.svg)
    click.echo(f"wrote {values['output']}: {picture.caption}", err=True)


def _directions(along: str | None) -> tuple[str, ...]:
    """Return the two directions of an option; commas in brackets belong to a parameter."""
    if along is None:
        return ()
    words: list[str] = []
    for word in listed(along):
        if words and words[-1].count("[") > words[-1].count("]"):
            words[-1] += "," + word
        else:
            words.append(word)
    if len(words) != 2:
        raise InputError(
            "a plane has two directions", where="--along", received=along, allowed="A,B"
        )
    return tuple(words)
