"""How parameters change in learning: update rules and schedules, by their own equations."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from gradscribe.catalog.schedules import Schedule
from gradscribe.catalog.update_formulas import (
    Right,
    defined_latex,
    latex_schedule,
    latex_sides,
    latex_start,
    symbol_latex,
)
from gradscribe.catalog.update_lines import ERRORS, Setting, defined
from gradscribe.catalog.update_rule import UpdateRule
from gradscribe.lecture.display import Chain, Choice, Decimal, Node, Ready, equal
from gradscribe.lecture.model import Frame, Line, Rows
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
    """Show the equations of one step, then what their symbols mean and usually are."""
    step = teller.sentence(
        "learning.step",
        before=Ready(r"\boldsymbol{w}^{(j-1)}"),
        after=Ready(r"\boldsymbol{w}^{(j)}"),
        j=Ready("j"),
        k=Ready("k"),
        K=Ready("K"),
    )
    return teller.frame(
        "learning",
        step,
        display(*(Line(_equation(*sides)) for sides in latex_sides(rule))),
        _table(teller, rule.name, _symbols(teller, rule)),
        name=f"learning-{rule.name}",
        rule=_called(teller, "updates", rule),
    )


def schedule_frame(teller: Teller, schedule: Schedule) -> Frame:
    """Show the learning rate as a function of the number of steps done."""
    return teller.frame(
        "learning",
        teller.sentence("learning.schedule", steps=Ready("j")),
        display(Line(_equation(*latex_schedule(schedule)))),
        _table(teller, schedule.name, map(_chosen, schedule.settings)),
        name=f"learning-{schedule.name}",
        rule=_called(teller, "schedules", schedule),
    )


@dataclass(frozen=True)
class _Symbol:
    """A symbol: its name, how it is written, its meaning in English, a value and what has it."""

    name: str
    latex: str
    meaning: str = ""
    value: float | None = None
    start: str = ""


def _symbols(teller: Teller, rule: UpdateRule) -> Iterator[_Symbol]:
    """Yield what stands in the equations of a rule: what is chosen, remembered, computed.

    What is computed is left out where the language has no words for it: its equation is enough.
    """
    if rule.squares:
        yield _Symbol(ERRORS.name, ERRORS.name)
    yield from map(_chosen, rule.settings)
    for memory in rule.memory:
        start, value = latex_start(memory)
        yield _Symbol(memory.name, defined_latex(rule, memory.name), memory.meaning, value, start)
    known = {"w", *(s.name for s in rule.settings), *(m.name for m in rule.memory)}
    for name in dict.fromkeys(name for line in rule.lines for name in defined(line)):
        if name not in known and _meaning(teller, rule.name, name) is not None:
            yield _Symbol(name, defined_latex(rule, name))


def _chosen(setting: Setting) -> _Symbol:
    return _Symbol(setting.name, symbol_latex(setting.name), setting.meaning, setting.default)


def _table(teller: Teller, owner: str, symbols: Iterable[_Symbol]) -> Rows:
    """Return the table of symbols: what each means, and its usual or first value."""
    return Rows(
        tuple(map(teller.pieces, ("notation.symbol", "notation.meaning", "learning.value"))),
        tuple(
            (
                (Ready(symbol.latex),),
                (_meaning(teller, owner, symbol.name) or symbol.meaning,),
                () if symbol.value is None else (_value(teller, symbol.start, symbol.value),),
            )
            for symbol in symbols
        ),
    )


def _meaning(teller: Teller, owner: str, name: str) -> str | None:
    """Return what a symbol means, in the rule or schedule that has it or in all."""
    table = teller.words.table
    return table.get(f"symbols.{owner}.{name}") or table.get(f"symbols.{name}")


def _value(teller: Teller, start: str, value: float) -> Node:
    number = _number(value, teller.words.comma)
    return equal(Ready(start), number) if start else number


def _called(teller: Teller, table: str, entry: UpdateRule | Schedule) -> str:
    """Return what an entry is called in the lecture's language, if there is a word for it."""
    called = teller.words.table.get(f"{table}.{entry.name}", entry.meaning)
    return f"{called[0].upper()}{called[1:]}"


def _equation(left: str, right: Right) -> Chain:
    if isinstance(right, str):
        return equal(Ready(left), Ready(right))
    cases = ((Ready(v), None if c is None else Ready(c)) for v, c in right)
    return equal(Ready(left), Choice(tuple(cases)))


def _number(value: float, comma: bool) -> Node:
    if value and abs(value) < _SMALL:
        mantissa, _, exponent = f"{value:e}".partition("e")
        digits = f"{float(mantissa):g}".replace(".", "{,}" if comma else ".")
        power = f"10^{{{int(exponent)}}}"
        return Ready(power if digits == "1" else rf"{digits} \cdot {power}")
    digits = f"{value:.10g}"
    return Decimal(digits, len(digits.partition(".")[2]), exact=True)
