"""One point with everything that the comparisons there share, and what they find."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from gradscribe.checking.compare import Agreement, Array, Blocks, Standard
from gradscribe.checking.diagnosis import Evidence
from gradscribe.checking.recursion import Recursion, Truth
from gradscribe.checking.report import Row
from gradscribe.checking.subject import Point, Subject


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
class Scene:
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
        """The module."""
        return self.means.subject

    @property
    def blocks(self) -> tuple[Array, ...]:
        """The parameters at the point."""
        return tuple(self.point.params.values())


def compared(
    scene: Scene,
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
