"""The comparisons at one point: the module against each oracle that applies there."""

from collections.abc import Iterator, Mapping

import numpy as np

from gradscribe.checking.cases import largest_argument
from gradscribe.checking.compare import Array, Standard
from gradscribe.checking.conduct import conduct_rows
from gradscribe.checking.diagnosis import Evidence
from gradscribe.checking.oracles import central_difference
from gradscribe.checking.own_cost import compare_with_own_cost
from gradscribe.checking.report import Row
from gradscribe.checking.scene import Means, Measurement, Scene, compared
from gradscribe.checking.subject import CallError, Point, Subject
from gradscribe.equation import Role
from gradscribe.notation import split

FAR = 100.0  # beyond this reach a point is no ordinary one


def at_point(means: Means, point: Point, rng: np.random.Generator) -> Measurement:
    """Make every comparison at a point."""
    found = Measurement(ordinary=means.reach is None, not_analytic=means.not_analytic)
    try:
        scene = _scene(means, point, found)
        _cost_row(scene)
        if means.recursion is None and (means.reach or 0) > FAR:
            _finite_row(scene)
        else:
            _gradient_rows(scene, rng)
        _sensitivity_row(scene)
        _both_row(scene)
        _argument_rows(scene)
        conduct_rows(scene)
    except CallError as failure:
        found.failures.append(str(failure))
        found.rows.append(Row(point.case, "call", "", "DIFFERS", note=str(failure).split("\n")[0]))
    return found


def contributions(subject: Subject, evidence: Evidence) -> Mapping[str, Array]:
    """Return what each sample adds to the gradient, (N, *shape), up to one factor.

    By the recursion where there is one, else by the cost of each sample alone: then they
    are scaled so that they add up to the gradient, which any factor of J allows.
    """
    if evidence.truth is not None and evidence.truth.contributions:
        return evidence.truth.contributions
    point, names = evidence.point, list(evidence.true)
    blocks = tuple(point.params.values())
    each: list[tuple[Array, ...]] = []
    for n in range(len(point.X)):
        try:
            parts = central_difference(
                subject.cost, blocks, point.X[n : n + 1], point.D[n : n + 1]
            )[0]
        except CallError:
            return {}
        each.append(parts)
    stacked = {name: np.array([p[m] for p in each]) for m, name in enumerate(names)}
    sums = np.concatenate([stacked[name].sum(axis=0).ravel() for name in names])
    true = np.concatenate([evidence.true[name].ravel() for name in names])
    factor = float(sums @ true / max(float(sums @ sums), 1e-300))
    return {name: factor * block for name, block in stacked.items()}


def _scene(means: Means, point: Point, found: Measurement) -> Scene:
    subject, recursion = means.subject, means.recursion
    cost = float(np.real(subject.cost(list(point.params.values()), point.X, point.D)))
    given = subject.gradient(point)
    if recursion is None:
        return Scene(means, point, found, cost, given, None, Standard({}))
    truth = recursion.backward(point.sizes, point.params, point.X, point.D)
    reach = largest_argument(recursion.network, truth)
    return Scene(means, point, found, cost, given, truth, Standard(truth.scales, reach))


def _cost_row(scene: Scene) -> None:
    if scene.truth is None:
        return
    given, true = {"J": np.array(scene.cost)}, {"J": np.array(scene.truth.cost)}
    standard = Standard({}, scene.standard.reach)
    scene.found.cost = compared(scene, "cost", "loops over the equations", given, true, standard)


def _finite_row(scene: Scene) -> None:
    bad = [name for name, b in scene.given.items() if not np.isfinite(b).all()]
    point = scene.point.case
    if bad:
        scene.found.failures.append(f"gradient of {', '.join(bad)} is not finite ({point})")
    scene.found.rows.append(
        Row(point, "gradient", "being finite", "DIFFERS" if bad else "agrees", note=" ".join(bad))
    )


def _gradient_rows(scene: Scene, rng: np.random.Generator) -> None:
    truth = scene.truth
    if truth is not None and truth.gradient and _reads_parameters(scene):
        evidence = compared(
            scene, "gradient", "recursion in loops", scene.given, truth.gradient, scene.standard
        )
        if scene.found.cost is not None and not scene.found.cost.differing:
            scene.found.gradient = evidence
    own = compare_with_own_cost(scene, rng)
    if scene.found.gradient is None:
        scene.found.gradient = own


def _reads_parameters(scene: Scene) -> bool:
    recursion = scene.means.recursion
    return recursion is not None and recursion.parameters


def _sensitivity_row(scene: Scene) -> None:
    recursion, truth = scene.means.recursion, scene.truth
    if recursion is None or truth is None or not scene.subject.has("sensitivities"):
        return
    if "SPEC" not in vars(scene.subject.module):
        return  # a user's own function of that name may mean something else
    network = recursion.network
    activations = [
        name
        for name, v in network.variables.items()
        if v.role is Role.VALUE and split(name).stem == "u"
    ]
    results = scene.subject.sensitivities(scene.point)
    told = getattr(scene.subject.module, "_SENSITIVITIES", None)
    named = {_adjoint(v): v for v in network.variables}
    if told is not None and named.keys() >= set(told):
        activations = [named[name] for name in told]
    if len(results) != len(activations):
        raise CallError(
            f"sensitivities returns {len(results)} arrays; there are {len(activations)} layers"
        )
    names = [_adjoint(name) for name in activations]
    true = {d: truth.sensitivities[u] for d, u in zip(names, activations, strict=True)}
    scales = {d: truth.scales.get(u, 0.0) for d, u in zip(names, activations, strict=True)}
    standard = Standard(scales, scene.standard.reach)
    given = dict(zip(names, results, strict=True))
    scene.found.sensitivities = compared(
        scene, "sensitivities", "recursion in loops", given, true, standard
    )


def _adjoint(value: str) -> str:
    """Return what a module calls ∂E/∂(value)."""
    name = split(value)
    return f"delta{name.layer}" if name.stem == "u" else f"dE_d{value}"


def _both_row(scene: Scene) -> None:
    if not scene.subject.has("cost_and_gradient"):
        return
    cost, gradient = scene.subject.cost_and_gradient(scene.point)
    given = {"cost": np.array(float(np.real(cost))), **gradient}
    true = {"cost": np.array(scene.cost), **scene.given}
    evidence = compared(scene, "cost_and_gradient", "cost, gradient", given, true, scene.standard)
    if evidence.differing:
        which = ", ".join(sorted(evidence.differing))
        scene.found.failures.append(f"cost_and_gradient differs from cost and gradient in {which}")


def _argument_rows(scene: Scene) -> None:
    modified = list(_modified(scene))
    scene.found.failures += modified
    scene.found.rows.append(
        Row(
            scene.point.case,
            "arguments",
            "copies of them",
            "DIFFERS" if modified else "agrees",
            note="; ".join(modified),
        )
    )


def _modified(scene: Scene) -> Iterator[str]:
    for function in ("cost", "gradient", "cost_and_gradient", "sensitivities"):
        if scene.subject.has(function):
            for name in scene.subject.modified(function, scene.point):
                yield f"{function} changes its argument {name}"
