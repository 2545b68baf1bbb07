"""From a network and data to a trained one: the stages of a run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from gradscribe.checking.load import load_module
from gradscribe.compiler import loaded, module_source
from gradscribe.errors import InputError
from gradscribe.files import write, write_bytes
from gradscribe.learning.corners import corners, exact_up_to
from gradscribe.learning.data import DataOptions, read_data
from gradscribe.learning.evaluation import Numbers, Part, parts_of, quality
from gradscribe.learning.folder import RunFolder, RunSettings, check_free, create, locked
from gradscribe.learning.initial import (
    FILE,
    KINDS,
    check_initial,
    first_parameters,
    named_parameters,
)
from gradscribe.learning.methods import find_method
from gradscribe.learning.minima import Found, groups
from gradscribe.learning.objective import Objective, Vector
from gradscribe.learning.predicting import inputs_of, table_of_inputs
from gradscribe.learning.session import Display, Ending, carry_out_all
from gradscribe.learning.sizing import OpenNetwork, of_vectors, open_network
from gradscribe.learning.standalone import standalone
from gradscribe.learning.starts import StartResult, objective_of, result_of
from gradscribe.learning.table import is_path
from gradscribe.learning.targets import decided
from gradscribe.learning.telling import english, told_in
from gradscribe.learning.threads import one_thread
from gradscribe.learning.verdict import LARGEST, Surface, Verdict
from gradscribe.model.network import Network

PARAMETERS, TRAINED = "parameters.npz", "trained.py"


class NothingYetError(InputError):
    """A run was stopped before any of its starts had anything to save."""


@dataclass(frozen=True)
class Plan:
    """What a user asks of a run.

    Attributes:
        method: a name in the table of methods.
        options: numbers of the method, by name.
        iterations: of each start, at most.
        starts: how many.
        seed: of rows, first parameters, and whatever else is drawn.
        initial: "random", "equal", "zeros", or the path of parameters.
        sizes: of a formula, `?-8-?`.
        lang: the language of the report.
    """

    method: str = "l-bfgs"
    options: Mapping[str, float] = field(default_factory=dict)
    iterations: int = 500
    starts: int = 5
    seed: int = 0
    initial: str = "random"
    sizes: str | None = None
    lang: str = "en"


@dataclass(frozen=True, repr=False)
class Trained:
    """What a run has found.

    Attributes:
        run: the run.
        network: what was trained, with the penalty that the method has added.
        objective: its cost on the rows to train with.
        results: of each start that has begun, in order.
        best: the one with the lowest cost; of some methods the one with the lowest score.
        parts: how good the best one is, on rows to train with and held out.
        verdict: what kind of point the best one is; None for too many parameters.
        minima: which functions the starts found.
        ending: how the run ended.
    """

    run: RunFolder
    network: Network
    objective: Objective
    results: tuple[StartResult, ...]
    best: StartResult
    parts: tuple[Part, ...]
    verdict: Verdict | None
    minima: tuple[Found, ...]
    ending: Ending

    @property
    def parameter_names(self) -> tuple[str, ...]:
        """Names of all parameters, in order: "W1[0, 1]"."""
        return surface_of(self.objective).names

    def __repr__(self) -> str:
        settings, best = self.run.settings, self.best
        lines = [
            f"{settings.spec}, {settings.method}, best of {len(self.results)} starts: "
            f"J = {best.cost:.6g}, {best.iterations} iterations",
            *(f"{part.name}: {quality(part, english())}" for part in self.parts),
            f"in {self.run.path}",
        ]
        return "\n".join(lines)

    def predict(self, X: Any) -> Numbers:
        """Return the outputs for rows in the units of the table, (N, N_M).

        Args:
            X: rows with the columns that inputs were made of, words among them: an array or a
                list of rows in their order, a frame, or the path of a file. Other columns of a
                frame and of a file are not looked at.

        Raises:
            InputError: a column or a value is missing, is no number, or is a word that training
                did not have.
        """
        data = self.run.data
        rows = data.input_scaling(inputs_of(table_of_inputs(X, data), data))
        with np.errstate(all="ignore"):
            outputs = self.objective.module.forward(self.objective.params(self.best.w), rows)
        return data.output_scaling.back(np.asarray(outputs, float))

    def classify(self, X: Any) -> list[str | int | float]:
        """Return the class of each row (see `predict`).

        Raises:
            InputError: as `predict`, or the network was trained with numbers.
        """
        return self.classes_of(self.predict(X))

    def classes_of(self, outputs: Numbers) -> list[str | int | float]:
        """Return the class that outputs say, of each row.

        Raises:
            InputError: the network was trained with numbers.
        """
        data = self.run.data
        if not data.classes:
            raise InputError("the targets were numbers, not classes", allowed="predict")
        return [data.classes[k] for k in decided(outputs, data.labels, data.logits)]


def new_run(
    said: str, data: Any, output: Path, plan: Plan, options: DataOptions | None = None
) -> RunFolder:
    """Make the folder of a run.

    Args:
        said: a specification, or the path of a generated module.
        data: the path of a file, arrays (X, D) or a frame.
        output: the folder.
        plan: what is asked.
        options: what is said of the data.

    Raises:
        InputError: the network, the data or the folder cannot be taken.
    """
    check_free(output)
    find_method(plan.method).settings(plan.options)
    check_initial(plan.initial)
    network, source = said_network(said, plan.sizes)
    chosen = replace(options or DataOptions(), seed=plan.seed)
    found = read_data(data, network, chosen)
    whole, sizes = network.filled(found.X.shape[1], found.D.shape[1])
    settings = RunSettings(
        spec=whole.spec,
        sizes=sizes,
        method=plan.method,
        options=dict(plan.options),
        iterations=plan.iterations,
        starts=plan.starts,
        seed=plan.seed,
        initial=plan.initial if plan.initial in KINDS else FILE,
        source=Path(data).name if is_path(data) else "arrays",
        name=whole.name or output.name,
        lang=told_in(plan.lang).language,
    )
    if source is None:
        source = module_source(replace(whole, emit=None))
    module = loaded(source, "gradscribe_run")
    objective = Objective(module, found.X, found.D, sizes=sizes)
    first = first_parameters(objective, plan.initial, plan.seed, 0)
    _check_method(objective, first, settings)
    start = named_parameters(objective, first) if settings.initial == FILE else None
    return create(output, settings, found, source, start)


def said_network(said: str, sizes: str | None) -> tuple[OpenNetwork, str | None]:
    """Return the network of a specification or a module, and the module's source.

    Raises:
        InputError: neither can be taken.
    """
    if not said.strip().endswith(".py"):
        return of_vectors(open_network(said, sizes)), None
    path = Path(said.strip())
    module = load_module(path)
    spec = getattr(module, "SPEC", None)
    if not isinstance(spec, str):
        raise InputError(
            "the module has no SPEC", where=str(path), allowed="a module that gradscribe generated"
        )
    return of_vectors(open_network(spec, sizes)), path.read_text(encoding="utf-8")


def train(
    run: RunFolder,
    *,
    processes: int | None = None,
    seconds: float | None = None,
    display: Display,
) -> Trained:
    """Carry out what is left of a run, and write its parameters and its module.

    Raises:
        InputError: a start cannot be carried out, or nothing has been found yet.
    """
    with one_thread(), locked(run.path):
        objective = objective_of(run)
        ending = carry_out_all(run, processes=processes, seconds=seconds, display=display)
        trained = collected(run, objective, ending)
        made = standalone(trained.network, objective, trained.best.w, run.data)
        write_bytes(run.path / PARAMETERS, made.packed())
        write(run.path / TRAINED, made.source)
    return trained


def _check_method(objective: Objective, w: Vector, settings: RunSettings) -> None:
    """Check that a method can be carried out: a run without an iteration finds out.

    Raises:
        InputError: the method has no such option, the module lacks what it needs, or the cost
            is not finite where the run begins.
    """
    outcome = find_method(settings.method).run(
        objective, w, iterations=0, rng=np.random.default_rng(0), options=settings.options
    )
    if outcome.failed:
        raise InputError(
            f"{outcome.why}",
            where=settings.method,
            allowed="--scale standard, another --init, targets of a smaller size, or a last layer "
            "whose values the loss takes, as a sigmoid's for bce",
        )


def collected(
    run: RunFolder, objective: Objective, ending: Ending, *, judge: bool = True
) -> Trained:
    """Return what the starts of a run have found so far.

    Args:
        run: the run.
        objective: its cost.
        ending: how it ended.
        judge: whether there is to be a verdict on the best point.

    Raises:
        InputError: none has anything saved, or none is finite.
    """
    found = [result_of(run, k) for k in range(run.settings.starts)]
    results = tuple(r for r in found if r is not None)
    if not results:
        raise NothingYetError(
            "no start has anything saved yet", where=str(run.path), allowed="--resume to go on"
        )
    finite = [r for r in results if r.cost == r.cost and abs(r.cost) != float("inf")]
    if not finite:
        raise InputError(
            "no start has a finite cost",
            where=str(run.path),
            allowed="a smaller rate, --scale standard, or another method",
        )
    best = min(finite, key=lambda r: (r.score, r.start))
    parts, minima = parts_of(objective, best.w, run.data), _minima(objective, finite)
    network, objective = lowered(run, objective, best)
    return Trained(
        run=run,
        network=network,
        objective=objective,
        results=results,
        best=best,
        parts=parts,
        verdict=_verdict(objective, best) if judge else None,
        minima=minima,
        ending=ending,
    )


def lowered(run: RunFolder, objective: Objective, result: StartResult) -> tuple[Network, Objective]:
    """Return the network and the cost that a start has lowered, with a penalty of the method."""
    spec = run.settings.spec
    if not result.penalty:
        return Network.parse(spec), objective
    network = Network.parse(f"{spec} l2={result.penalty!r} on=all")
    module = loaded(module_source(replace(network, emit=None)), "gradscribe_penalized")
    return network, Objective(module, run.data.X, run.data.D, sizes=run.settings.sizes)


def surface_of(objective: Objective) -> Surface:
    """Return the cost of a module on data as a surface over all parameters."""
    params = objective.params(objective.start())
    names = tuple(
        f"{name}[{', '.join(map(str, place))}]"
        for name, a in zip(params._fields, params, strict=True)
        for place in _places(a.shape)
    )
    return Surface(
        objective.cost,
        objective.gradient,
        objective.hessian,
        objective.K,
        names,
        partial(corners, objective),
        partial(exact_up_to, objective),
    )


def _places(shape: Sequence[int]) -> list[tuple[int, ...]]:
    places: list[tuple[int, ...]] = [()]
    for size in shape:
        places = [(*place, k) for place in places for k in range(size)]
    return places


def _verdict(objective: Objective, best: StartResult) -> Verdict | None:
    if objective.K > LARGEST or not objective.has("hessian"):
        return None
    return surface_of(objective).judge(best.w)


def _minima(objective: Objective, results: list[StartResult]) -> tuple[Found, ...]:
    outputs = [objective.forward(r.w) for r in results]
    found = groups([r.cost for r in results], outputs, objective.D)
    return tuple(replace(f, starts=tuple(results[k].start for k in f.starts)) for f in found)
