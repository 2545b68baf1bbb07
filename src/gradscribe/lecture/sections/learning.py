"""How parameters change in learning: update rules and schedules, by their own equations."""

from collections.abc import Iterable, Iterator

from gradscribe.catalog.schedules import Schedule
from gradscribe.catalog.update_formulas import (
    Right,
    latex_schedule,
    latex_sides,
    latex_start,
    symbol_latex,
)
from gradscribe.catalog.update_lines import ERRORS
from gradscribe.catalog.update_rule import UpdateRule
from gradscribe.lecture.display import Chain, Choice, Decimal, Node, Product, Ready, equal
from gradscribe.lecture.model import Frame, Line, Sentence
from gradscribe.lecture.teller import Teller, display

_SMALL = 1e-4  # numbers below are written with a power of ten


def frames(teller: Teller) -> Iterator[Frame]:
    """Yield the frames of each update rule and schedule that the network has."""
    for entry in teller.network.learning:
        if isinstance(entry, UpdateRule):
            yield rule_frame(teller, entry)
        else:
            yield schedule_frame(teller, entry)


def rule_frame(teller: Teller, rule: UpdateRule) -> Frame:
    """Show the equations of one step, then the usual values of what is chosen."""
    step = teller.sentence(
        "learning.step",
        before=Ready(r"\boldsymbol{w}^{(j-1)}"),
        after=Ready(r"\boldsymbol{w}^{(j)}"),
    )
    return teller.frame(
        "learning",
        step,
        display(*(Line(_equation(*sides)) for sides in latex_sides(rule))),
        *_ending(teller, rule),
        name=f"learning-{rule.name}",
        rule=_called(teller, "updates", rule),
    )


def _ending(teller: Teller, rule: UpdateRule) -> Iterator[Sentence]:
    """Yield what is said below the last equation."""
    settings = [(symbol_latex(s.name), s.default) for s in rule.settings]
    if settings:
        yield teller.sentence("learning.settings", values=_values(teller, settings))
    if rule.memory:
        start = _values(teller, map(latex_start, rule.memory))
        yield teller.sentence("learning.start", values=start)
    if rule.squares:
        yield teller.sentence("learning.errors", count=Ready(ERRORS.name))
    if rule.counter:
        count = Ready(symbol_latex(rule.counter))
        yield teller.sentence("learning.repaired", count=count)


def schedule_frame(teller: Teller, schedule: Schedule) -> Frame:
    """Show the learning rate as a function of the number of steps done."""
    settings = [(symbol_latex(s.name), s.default) for s in schedule.settings]
    return teller.frame(
        "learning",
        teller.sentence("learning.schedule", steps=Ready("j")),
        display(Line(_equation(*latex_schedule(schedule)))),
        teller.sentence("learning.settings", values=_values(teller, settings)),
        name=f"learning-{schedule.name}",
        rule=_called(teller, "schedules", schedule),
    )


def _called(teller: Teller, table: str, entry: UpdateRule | Schedule) -> str:
    """Return what an entry is called in the lecture's language, if there is a word for it."""
    return teller.words.table.get(f"{table}.{entry.name}", entry.meaning)


def _equation(left: str, right: Right) -> Chain:
    if isinstance(right, str):
        return equal(Ready(left), Ready(right))
    cases = ((Ready(v), None if c is None else Ready(c)) for v, c in right)
    return equal(Ready(left), Choice(tuple(cases)))


def _values(teller: Teller, pairs: Iterable[tuple[str, float]]) -> Node:
    """Return equations of symbols and numbers, side by side."""
    return Product(
        tuple(equal(Ready(name), _number(value, teller.words.comma)) for name, value in pairs),
        "quad",
    )


def _number(value: float, comma: bool) -> Node:
    if value and abs(value) < _SMALL:
        mantissa, _, exponent = f"{value:e}".partition("e")
        digits = f"{float(mantissa):g}".replace(".", "{,}" if comma else ".")
        power = f"10^{{{int(exponent)}}}"
        return Ready(power if digits == "1" else rf"{digits} \cdot {power}")
    digits = f"{value:.10g}"
    return Decimal(digits, len(digits.partition(".")[2]), exact=True)
