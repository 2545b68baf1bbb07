"""The comparisons at one point: the module against each oracle that applies there."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gradscribe.checking.cases import LARGE, largest_argument
from gradscribe.checking.compare import (
    EXACT,
    LEAST_DIFFERENCE,
    Agreement,
    Array,
    Blocks,
    Standard,
    largest_of,
    whole_scale,
)
from gradscribe.checking.diagnosis import Evidence
from gradscribe.checking.oracles import (
    central_difference,
    complex_step,
    complex_step_along,
)
from gradscribe.checking.recursion import Recursion, Truth
from gradscribe.checking.report import Row
from gradscribe.checking.subject import CallError, Point, Subject
from gradscribe.equation import Role
from gradscribe.notation import split

FAR = 100.0  # beyond this reach a point is no ordinary one
CHOSEN = 256  # entries of a large gradient that are examined one by one
OWN_ACCURACY = 1e-10  # of the complex step where rounding errors cannot be predicted
DIFFERENCE_SAFETY = 10.0


@dataclass(frozen=True)
class Means:
    """What there is to examine with.

    Attributes:
        subject: the module.
        recursion: of its network, if that is known.
        differences: whether to take central differences although the complex step works.
        not_analytic: why the complex step does not apply to this module, or "".
        reach: how far u was driven, None if it was not.
    """

    subject: Subject
    recursion: Recursion | None
    differences: bool
    not_analytic: str
    reach: float | None


@dataclass
class Measurement:
    """What was found at one point, while it is collected.

    Attributes:
        ordinary: whether u is of ordinary size, so that mistakes can be told apart.
        rows: the comparisons.
        failures: functions that raised, and the like, in words.
        not_analytic: why the complex step does not apply, or "".
        cost: the cost and what it should be, if that is known.
        gradient: likewise.
        sensitivities: likewise.
    """

    ordinary: bool
    rows: list[Row] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    not_analytic: str = ""
    cost: Evidence | None = None
    gradient: Evidence | None = None
    sensitivities: Evidence | None = None


@dataclass(frozen=True)
class _Scene:
    """One point with everything that the comparisons there share."""

    means: Means
    point: Point
    found: Measurement
    cost: float
    given: Blocks
    truth: Truth | None
    standard: Standard

    @property
    def subject(self) -> Subject:
        return self.means.subject

    @property
    def blocks(self) -> tuple[Array, ...]:
        return tuple(self.point.params.values())


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


def _scene(means: Means, point: Point, found: Measurement) -> _Scene:
    subject, recursion = means.subject, means.recursion
    cost = float(np.real(subject.cost(list(point.params.values()), point.X, point.D)))
    given = subject.gradient(point)
    if recursion is None:
        return _Scene(means, point, found, cost, given, None, Standard({}))
    truth = recursion.backward(point.sizes, point.params, point.X, point.D)
    reach = largest_argument(recursion, point)
    return _Scene(means, point, found, cost, given, truth, Standard(truth.scales, reach))


def _cost_row(scene: _Scene) -> None:
    if scene.truth is None:
        return
    given, true = {"J": np.array(scene.cost)}, {"J": np.array(scene.truth.cost)}
    standard = Standard({}, scene.standard.reach)
    scene.found.cost = _compared(scene, "cost", "loops over the equations", given, true, standard)


def _finite_row(scene: _Scene) -> None:
    bad = [name for name, b in scene.given.items() if not np.isfinite(b).all()]
    point = scene.point.case
    if bad:
        scene.found.failures.append(f"gradient of {', '.join(bad)} is not finite ({point})")
    scene.found.rows.append(
        Row(point, "gradient", "being finite", "DIFFERS" if bad else "agrees", note=" ".join(bad))
    )


def _gradient_rows(scene: _Scene, rng: np.random.Generator) -> None:
    truth = scene.truth
    if truth is not None and truth.gradient and _reads_parameters(scene):
        evidence = _compared(
            scene, "gradient", "recursion in loops", scene.given, truth.gradient, scene.standard
        )
        if scene.found.cost is not None and not scene.found.cost.differing:
            scene.found.gradient = evidence
    own = _own_derivatives(scene, rng)
    if scene.found.gradient is None:
        scene.found.gradient = own


def _reads_parameters(scene: _Scene) -> bool:
    recursion = scene.means.recursion
    return recursion is not None and recursion.parameters


def _own_derivatives(scene: _Scene, rng: np.random.Generator) -> Evidence | None:
    """Compare with derivatives of the module's own cost; return the best evidence."""
    masks = _masks(scene, rng)
    stepped = _complex_step(scene, masks)
    wanted = scene.means.differences or bool(scene.found.not_analytic)
    differences = _differences(scene, masks) if wanted else None
    if stepped is not None and differences is not None and not scene.means.not_analytic:
        _judge_analytic(scene, stepped, *differences)
    evidence = None
    if differences is not None:
        evidence = _difference_row(scene, masks, *differences)
    if stepped is None or scene.found.not_analytic:
        note = scene.found.not_analytic or "not finite with complex parameters here"
        scene.found.rows.append(Row(scene.point.case, "gradient", "complex step", "n/a", note=note))
        return evidence
    evidence = _step_row(scene, masks, stepped)
    if masks is not None:
        _along_row(scene, rng)
    return evidence


def _masks(scene: _Scene, rng: np.random.Generator) -> tuple[Array, ...] | None:
    """Return which entries are examined one by one: all, or some of every large block."""
    if sum(b.size for b in scene.blocks) <= LARGE:
        return None
    masks = []
    for block in scene.blocks:
        mask = np.zeros(block.size, dtype=bool)
        count = min(block.size, max(1, CHOSEN // len(scene.blocks)))
        mask[rng.choice(block.size, size=count, replace=False)] = True
        masks.append(mask.reshape(block.shape))
    return tuple(masks)


def _complex_step(scene: _Scene, masks: tuple[Array, ...] | None) -> Blocks | None:
    """Return the derivatives by complex step; None, with the reason, if it does not apply."""
    if scene.found.not_analytic:
        return None
    cost, point = scene.subject.cost, scene.point
    try:
        first = [b.astype(complex) for b in scene.blocks]
        if not isinstance(cost(first, point.X, point.D), complex | np.complexfloating):
            scene.found.not_analytic = "not applicable: cost drops the imaginary part"
            return None
        stepped = complex_step(cost, scene.blocks, point.X, point.D, masks)
    except CallError as failure:
        scene.found.not_analytic = f"not applicable: with complex parameters {failure}"
        return None
    if not all(np.isfinite(b).all() for b in stepped):
        return None
    return dict(zip(point.params, stepped, strict=True))


def _differences(
    scene: _Scene, masks: tuple[Array, ...] | None
) -> tuple[Blocks, Mapping[str, float]]:
    """Return the central differences and the largest estimated error of each block."""
    point = scene.point
    results, errors = central_difference(scene.subject.cost, scene.blocks, point.X, point.D, masks)
    largest = [DIFFERENCE_SAFETY * largest_of(e) for e in errors]
    return (
        dict(zip(point.params, results, strict=True)),
        dict(zip(point.params, largest, strict=True)),
    )


def _judge_analytic(
    scene: _Scene, stepped: Blocks, differences: Blocks, errors: Mapping[str, float]
) -> None:
    """Distrust the complex step where central differences contradict it: abs, conj, real."""
    standard = _difference_standard(differences, errors)
    if not all(a.ok for a in standard.compare_all(stepped, differences).values()):
        scene.found.not_analytic = (
            "not applicable: cost is not analytic (abs, real, conj, …): "
            "central differences contradict it"
        )


def _difference_standard(differences: Blocks, errors: Mapping[str, float]) -> Standard:
    return Standard(whole_scale(differences), accuracy=LEAST_DIFFERENCE, errors=errors)


def _difference_row(
    scene: _Scene,
    masks: tuple[Array, ...] | None,
    differences: Blocks,
    errors: Mapping[str, float],
) -> Evidence:
    standard = _difference_standard(differences, errors)
    given = _masked(scene.given, differences, masks)
    return _compared(
        scene, "gradient", "central differences", given, differences, standard, _covered(masks)
    )


def _step_row(scene: _Scene, masks: tuple[Array, ...] | None, stepped: Blocks) -> Evidence:
    scales = scene.standard.scales or whole_scale(stepped)
    accuracy = EXACT if scene.truth is not None else OWN_ACCURACY
    standard = Standard(scales, scene.standard.reach, accuracy)
    given = _masked(scene.given, stepped, masks)
    return _compared(scene, "gradient", "complex step", given, stepped, standard, _covered(masks))


def _along_row(scene: _Scene, rng: np.random.Generator) -> None:
    """Compare along a random direction in each block: every entry takes part."""
    given, true, scales = {}, {}, {}
    for m, (name, block) in enumerate(scene.point.params.items()):
        v = [np.zeros_like(b) for b in scene.blocks]
        v[m] = rng.choice([-1.0, 1.0], size=block.shape)
        if scene.given[name].shape != block.shape:
            continue
        along = complex_step_along(
            scene.subject.cost, scene.blocks, scene.point.X, scene.point.D, v
        )
        size = float(np.sqrt(block.size))
        given[name] = np.array(float(np.sum(scene.given[name] * v[m])))
        true[name] = np.array(along)
        largest = largest_of(scene.given[name])
        scales[name] = size * max(scene.standard.scales.get(name, 0.0), largest)
    standard = Standard(scales, scene.standard.reach, OWN_ACCURACY)
    _compared(
        scene, "gradient", "complex step along directions", given, true, standard, "every entry"
    )


def _masked(given: Blocks, true: Blocks, masks: tuple[Array, ...] | None) -> Blocks:
    """Return the given blocks with zeros where nothing was examined."""
    if masks is None:
        return given
    pairs = zip(true, masks, strict=True)
    return {n: given[n] * m if given[n].shape == m.shape else given[n] for n, m in pairs}


def _covered(masks: tuple[Array, ...] | None) -> str:
    if masks is None:
        return ""
    return f"{sum(int(m.sum()) for m in masks)} of {sum(m.size for m in masks)} entries"


def _sensitivity_row(scene: _Scene) -> None:
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
    if len(results) != len(activations):
        raise CallError(
            f"sensitivities returns {len(results)} arrays; there are {len(activations)} layers"
        )
    names = [f"delta{split(name).layer}" for name in activations]
    true = {d: truth.sensitivities[u] for d, u in zip(names, activations, strict=True)}
    scales = {d: truth.scales.get(u, 0.0) for d, u in zip(names, activations, strict=True)}
    standard = Standard(scales, scene.standard.reach)
    given = dict(zip(names, results, strict=True))
    scene.found.sensitivities = _compared(
        scene, "sensitivities", "recursion in loops", given, true, standard
    )


def _both_row(scene: _Scene) -> None:
    if not scene.subject.has("cost_and_gradient"):
        return
    cost, gradient = scene.subject.cost_and_gradient(scene.point)
    given = {"cost": np.array(float(np.real(cost))), **gradient}
    true = {"cost": np.array(scene.cost), **scene.given}
    evidence = _compared(scene, "cost_and_gradient", "cost, gradient", given, true, scene.standard)
    if evidence.differing:
        which = ", ".join(sorted(evidence.differing))
        scene.found.failures.append(f"cost_and_gradient differs from cost and gradient in {which}")


def _argument_rows(scene: _Scene) -> None:
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


def _modified(scene: _Scene) -> Iterator[str]:
    for function in ("cost", "gradient", "cost_and_gradient", "sensitivities"):
        if scene.subject.has(function):
            for name in scene.subject.modified(function, scene.point):
                yield f"{function} changes its argument {name}"


def _compared(
    scene: _Scene,
    quantity: str,
    oracle: str,
    given: Blocks,
    true: Blocks,
    standard: Standard,
    covered: str = "",
) -> Evidence:
    """Compare block by block, add a row and return the evidence."""
    agreements = standard.compare_all(given, true)
    wrong = frozenset(name for name, a in agreements.items() if not a.ok)
    scene.found.rows.append(_row(scene.point.case, quantity, oracle, agreements, covered))
    return Evidence(scene.point, given, true, wrong, scene.truth)


def _row(
    case: str, quantity: str, oracle: str, agreements: Mapping[str, Agreement], covered: str
) -> Row:
    worst = max(agreements, key=lambda name: _excess(agreements[name]))
    wrong = [name for name, a in agreements.items() if not a.ok]
    note = ", ".join(wrong) if wrong else (worst if len(agreements) > 1 else "")
    return Row(
        case,
        quantity,
        oracle,
        "DIFFERS" if wrong else "agrees",
        agreements[worst].error,
        agreements[worst].tolerance,
        "; ".join(part for part in (note, covered) if part),
        all(a.telling for a in agreements.values()),
    )


def _excess(agreement: Agreement) -> Any:
    return agreement.error / agreement.tolerance
