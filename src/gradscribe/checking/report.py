"""What an examination found, and its plain-text table."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from gradscribe.checking.compare import TELLING

_SATURATED = "saturated"
Verdict = Literal["agrees", "DIFFERS", "n/a"]
HEADINGS = ("point", "quantity", "against", "error", "tolerance", "verdict", "largest error in")


@dataclass(frozen=True)
class Row:
    """One comparison at one point.

    Attributes:
        point: the sizes, in words.
        quantity: what was compared: "cost", "gradient".
        oracle: with what.
        verdict: the outcome.
        error: the relative error of the worst block; None if nothing was compared.
        tolerance: what was allowed for that block.
        note: the worst block's name, what was covered, or why it does not apply.
        telling: whether a mistake of 0.1 % in any block would have been seen.
    """

    point: str
    quantity: str
    oracle: str
    verdict: Verdict
    error: float | None = None
    tolerance: float | None = None
    note: str = ""
    telling: bool = False


@dataclass(frozen=True)
class Report:
    """The outcome of an examination.

    Attributes:
        title: the module.
        about: what is known of it, in sentences: the network, what was covered.
        rows: every comparison.
        findings: what is wrong, in sentences.
    """

    title: str
    about: tuple[str, ...]
    rows: tuple[Row, ...]
    findings: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Whether everything agrees."""
        return not self.findings and all(row.verdict != "DIFFERS" for row in self.rows)


def render(report: Report) -> str:
    """Return the report as text: a table, the findings and one final line."""
    lines = [report.title, *(f"  {line}" for line in report.about), ""]
    lines += _table([HEADINGS, *_cells(report.rows)])
    if len(report.findings) > 1:
        lines += ["", *(f"- {finding}" for finding in report.findings)]
    return "\n".join([*lines, "", _last_line(report)])


def _last_line(report: Report) -> str:
    if report.ok:
        return "agrees"
    if len(report.findings) == 1:
        return f"DISAGREES: {report.findings[0]}"
    return "DISAGREES"


def _cells(rows: Sequence[Row]) -> list[tuple[str, ...]]:
    """Return the cells of each row; a point is named once."""
    cells: list[tuple[str, ...]] = []
    before = ""
    for row in rows:
        point = row.point if row.point != before else ""
        before = row.point
        error, tolerance = _figure(row.error), _figure(row.tolerance)
        verdict = _SATURATED if _saturated(row) else row.verdict
        cells.append((point, row.quantity, row.oracle, error, tolerance, verdict, row.note))
    return cells


def _saturated(row: Row) -> bool:
    """Whether a row only shows that numbers are finite and small: nothing but rounding is left."""
    return row.verdict == "agrees" and row.tolerance is not None and row.tolerance > TELLING


def _figure(number: float | None) -> str:
    return "" if number is None else f"{number:.1e}"


def _table(rows: Sequence[tuple[str, ...]]) -> list[str]:
    widths = [max(len(row[k]) for row in rows) for k in range(len(HEADINGS))]
    lines = ["  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)) for row in rows]
    rule = "  ".join("-" * w for w in widths)
    return [line.rstrip() for line in (lines[0], rule, *lines[1:])]
