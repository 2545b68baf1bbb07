"""The examination of a module: at which points, against what, and what follows from it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from types import ModuleType

import numpy as np

from gradscribe.checking.cases import HUGE, Case, draw, parameter_count, planned
from gradscribe.checking.compare import Blocks
from gradscribe.checking.conduct import remembered
from gradscribe.checking.diagnosis import (
    FIT,
    Evidence,
    Question,
    diagnose,
    general,
    of_network,
    of_samples,
    settled,
)
from gradscribe.checking.identify import identified, network_layout, stack_layout
from gradscribe.checking.measure import at_point, contributions
from gradscribe.checking.recursion import Recursion, Truth
from gradscribe.checking.report import Report, Row
from gradscribe.checking.scene import Means, Measurement
from gradscribe.checking.second import second_order_rows
from gradscribe.checking.subject import CallError, Layout, Point, Subject
from gradscribe.checking.weights import weight_rows
from gradscribe.errors import InputError
from gradscribe.model.network import Network

OWN = "the derivative of its own cost"
DIAGNOSED = 4000  # terms; above, running the recursion with every mistake takes too long
LIGHT = 1000  # terms; what is wrong at such points is not looked for at larger ones
SECOND_ORDER_AT = 2  # points
DIFFERENCES_AT = 2  # central differences are slow; at so many points they are enough


@dataclass(frozen=True)
class _Setting:
    """What is examined and how."""

    subject: Subject
    network: Network | None
    recursion: Recursion | None
    about: tuple[str, ...]


def examine(module: ModuleType, network: Network | None = None, seed: int = 0) -> Report:
    """Compare a module's cost, sensitivities and gradient with oracles that share no code.

    The oracles: the recursion of the definition with plain loops (`recursion`), the complex
    step and central differences of the module's own cost (`oracles`).

    Args:
        module: has `cost(params, X, D)` and `gradient(params, X, D)`.
        network: what it is supposed to compute; None if that is not known.
        seed: of the random points.

    Raises:
        InputError: neither a network is given nor do `Parameters._fields` name W1, b1, ….
    """
    rng = np.random.default_rng(seed)
    setting = _setting(module, network, rng)
    cases = list(planned(setting.subject.layout, setting.network, rng))
    measured: list[Measurement] = []
    points: list[Point] = []
    reason = ""
    for k, case in enumerate(cases):
        point = draw(case, setting.subject.layout, setting.recursion, rng)
        means = Means(setting.subject, setting.recursion, k < DIFFERENCES_AT, reason, case.reach)
        measured.append(at_point(means, point, rng))
        points.append(point)
        reason = reason or measured[-1].not_analytic
    if setting.network is not None and setting.recursion is not None:
        _second_order(setting.subject, points, measured, rng, setting.recursion)
    _repeat(setting.subject, points, measured)
    rows = tuple(row for m in measured for row in m.rows)
    return Report(_title(module), setting.about, rows, _findings(setting, measured))


def _second_order(
    subject: Subject,
    points: list[Point],
    measured: list[Measurement],
    rng: np.random.Generator,
    recursion: Recursion,
) -> None:
    """Compare second derivatives at ordinary points where the gradient is right."""
    chosen = [k for k, m in enumerate(measured) if m.ordinary and not m.not_analytic]
    for k in chosen[:SECOND_ORDER_AT]:
        if all(row.verdict != "DIFFERS" for row in measured[k].rows):
            measured[k].rows += second_order_rows(subject, points[k], rng, recursion)
            measured[k].rows += weight_rows(subject, points[k], rng)


def _repeat(subject: Subject, points: list[Point], measured: list[Measurement]) -> None:
    """Call functions once more at the first point, after all others."""
    try:
        row, said = remembered(subject, points[0])
    except CallError as failure:
        row, said = Row(points[0].case, "call", "", "DIFFERS", note=str(failure)), str(failure)
    measured[-1].rows.append(row)
    measured[-1].failures += [said] if said else []


def _setting(module: ModuleType, network: Network | None, rng: np.random.Generator) -> _Setting:
    layout = network_layout(network) if network is not None else _own_layout(module)
    subject = Subject(module, layout)
    if network is None:
        known = identified(subject, lambda: _first_points(layout, rng))
        said = "no specification: " + (
            f"its cost is that of a stack {known.spec}" if known else "only its own cost is known"
        )
    else:
        known, said = network, f"network: {network.spec}"
    if known is not None and known.abstract_functions:
        unbound = ", ".join(known.abstract_functions)
        raise InputError(f"cannot check a network whose functions are not bound: {unbound}")
    size = parameter_count(layout, layout.fixed) if layout.fixed else 0
    recursion = Recursion(known, parameters=size <= HUGE) if known is not None else None
    return _Setting(subject, known, recursion, (said,))


def _own_layout(module: ModuleType) -> Layout:
    fields = getattr(getattr(module, "Parameters", None), "_fields", ())
    layout = stack_layout(tuple(fields))
    if layout is None:
        raise InputError(
            "the network is not known",
            where=_title(module),
            received=f"Parameters with fields {', '.join(fields)}" if fields else "no Parameters",
            allowed="--spec, a SPEC in the module, or Parameters with fields W1, b1, W2, b2, …",
        )
    return layout


def _first_points(layout: Layout, rng: np.random.Generator) -> tuple[Point, ...]:
    ordinary: list[Case] = [c for c in planned(layout, None, rng) if c.reach is None]
    return tuple(draw(case, layout, None, rng) for case in ordinary[:2])


def _title(module: ModuleType) -> str:
    return str(getattr(module, "__file__", None) or module.__name__)


def _findings(setting: _Setting, measured: list[Measurement]) -> tuple[str, ...]:
    """Return what is wrong, each thing once."""
    found = [text for m in measured for text in m.failures]
    if setting.network is not None and _of_another(measured):
        said = f"cost and gradient belong together, but not to {setting.network.spec}"
        found.append(f"{said}: is the specification right?")
        return tuple(dict.fromkeys(found))
    for what, reference, collect, take in _QUESTIONS:
        every = tuple(e for m in measured if (e := collect(m)) is not None and m.ordinary)
        light = tuple(e for e in every if e.work <= LIGHT)
        every = light if any(e.differing for e in light) else every
        if any(e.differing for e in every):
            found += diagnose(_question(what, reference, every, setting, take))
        elif any(e.differing for m in measured if (e := collect(m)) is not None):
            found.append(f"{what} disagrees only where the activations are far out")
    rows = [row for m in measured for row in m.rows if row.quantity == "gradient"]
    if not found and not any(row.telling for row in rows):
        found.append("no oracle applies that would see a mistake of 0.1 % in the gradient")
    differing = [row for m in measured for row in m.rows if row.verdict == "DIFFERS"]
    return tuple(dict.fromkeys(found or _bare(differing)))


def _of_another(measured: list[Measurement]) -> bool:
    """Return whether the cost is not the network's, by no factor, and the gradient fits it."""
    ordinary = [m for m in measured if m.ordinary and m.cost is not None]
    wrong = [m for m in ordinary if m.cost is not None and m.cost.differing]
    ratios = [m.cost.given["J"] / m.cost.true["J"] for m in wrong if m.cost is not None]
    by_factor = bool(ratios) and any(abs(r - ratios[0]) < FIT * abs(ratios[0]) for r in ratios[1:])
    fits = all(m.gradient is not None and not m.gradient.differing for m in ordinary)
    return len(wrong) > len(ordinary) // 2 and fits and not by_factor


def _bare(rows: list[Row]) -> list[str]:
    return [f"{row.quantity} differs from {row.oracle} ({row.point})" for row in rows[:3]]


def _question(
    what: str,
    reference: str,
    every: tuple[Evidence, ...],
    setting: _Setting,
    take: Callable[[Truth], Blocks] | None,
) -> Question:
    explanations = list(general(reference, setting.subject.layout.outputs, every))
    if what == "gradient":
        with_parts = tuple(_with_contributions(setting, every))
        explanations += of_samples(with_parts)
        every = with_parts
    small = max(e.work for e in every) <= DIAGNOSED
    question = Question(what, reference, every, tuple(explanations))
    if setting.network is None or take is None or not small or settled(question):
        return question
    inside = of_network(setting.network, take)
    return replace(question, explanations=(*explanations, *inside))


def _with_contributions(setting: _Setting, every: tuple[Evidence, ...]) -> Iterator[Evidence]:
    for e in every:
        parts = contributions(setting.subject, e)
        yield Evidence(e.point, e.given, e.true, e.differing, e.truth, parts)


def _cost_of(measurement: Measurement) -> Evidence | None:
    return measurement.cost


def _sensitivities_of(measurement: Measurement) -> Evidence | None:
    return measurement.sensitivities


def _gradient_of(measurement: Measurement) -> Evidence | None:
    return measurement.gradient


def _renamed(truth: Truth) -> Blocks:
    """Return ∂E/∂u1, … under the names delta1, …."""
    return {name.replace("u", "delta", 1): b for name, b in truth.sensitivities.items()}


_QUESTIONS: tuple[
    tuple[str, str, Callable[[Measurement], Evidence | None], Callable[[Truth], Blocks] | None],
    ...,
] = (
    ("cost", "the cost of its network", _cost_of, None),
    ("sensitivities", "∂E/∂u", _sensitivities_of, _renamed),
    ("gradient", OWN, _gradient_of, lambda truth: truth.gradient),
)
