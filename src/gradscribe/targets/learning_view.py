"""What a module has for learning: a state, a start and a step for each update rule."""

import re
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sympy import Interval, Symbol, oo

from gradscribe.catalog.schedules import Schedule
from gradscribe.catalog.update_formulas import formulas, schedule_formula, symbol_text
from gradscribe.catalog.update_lines import (
    ERRORS,
    NOT_NEGATIVE,
    PARAMETERS,
    Memory,
    Setting,
    range_text,
)
from gradscribe.catalog.update_rule import UpdateRule
from gradscribe.errors import InputError
from gradscribe.printing.update_printer import value_source
from gradscribe.program.updates import (
    Assignment,
    Search,
    Select,
    Solve,
    Update,
    Value,
    lowered_scalar,
    lowered_update,
)
from gradscribe.targets.layout import broken_after, broken_statement, call, signature

_ROOM = 84  # columns of a docstring in a function
_SIZES = {PARAMETERS: "w.size", ERRORS: "problem.D.size"}


@dataclass(frozen=True)
class FieldView:
    """A field of a state."""

    name: str
    type: str
    meaning: str


@dataclass(frozen=True)
class RuleView:
    """An update rule as a class and two functions.

    Attributes:
        name: of the rule.
        state: the name of the class of its states.
        fields: of a state.
        start_head: the first lines of the function that makes the first state.
        start_arguments: the lines on its settings.
        start_result: what it returns.
        start_checks: the lines that check its settings.
        head: the first lines of the function that makes a step.
        summary: what it is called in full.
        formulas: its equations.
        source: where it comes from.
        arguments: the lines on its settings.
        checks: the lines that check the state, the problem and the settings.
        lines: its body.
        counts_errors: whether its equations have N, the number of errors.
    """

    name: str
    state: str
    fields: tuple[FieldView, ...]
    start_head: str
    start_arguments: tuple[str, ...]
    start_checks: tuple[str, ...]
    start_result: str
    head: str
    summary: str
    formulas: tuple[str, ...]
    source: str
    arguments: tuple[str, ...]
    checks: tuple[str, ...]
    lines: tuple[str, ...]
    counts_errors: bool


@dataclass(frozen=True)
class ScheduleView:
    """A schedule as a function."""

    head: str
    summary: str
    formulas: tuple[str, ...]
    source: str
    arguments: tuple[str, ...]
    checks: tuple[str, ...]
    lines: tuple[str, ...]


@dataclass(frozen=True)
class LearningView:
    """All that a module has for learning.

    Attributes:
        rules: the update rules.
        schedules: the schedules.
        solves: whether a rule solves a linear system.
        searches: whether a rule looks for a step length.
        asked: the functions of a problem that rules call.
        ranges: of the numbers that users choose: in words, and the condition on x.
    """

    rules: tuple[RuleView, ...]
    schedules: tuple[ScheduleView, ...]
    solves: bool
    searches: bool
    asked: frozenset[str]
    ranges: tuple[tuple[str, str], ...]


def learning_view(entries: Iterable[UpdateRule | Schedule]) -> LearningView | None:
    """Return the view of update rules and schedules; None where there are none."""
    entries = tuple(entries)
    rules = [entry for entry in entries if isinstance(entry, UpdateRule)]
    updates = [lowered_update(rule) for rule in rules]
    values = [a.value for update in updates for a in update.assignments]
    schedules = tuple(_schedule_view(e) for e in entries if isinstance(e, Schedule))
    ranges = {range_text(s.allowed): _condition(s.allowed) for e in entries for s in _chosen(e)}
    ranges[range_text(NOT_NEGATIVE)] = _condition(NOT_NEGATIVE)  # of j
    view = LearningView(
        tuple(map(_rule_view, rules, updates)),
        schedules,
        any(isinstance(value, Solve) for value in values),
        any(isinstance(value, Search) for value in values),
        frozenset(name for update in updates for name in _asked(update)),
        tuple(sorted(ranges.items())),
    )
    return view if entries else None


def check_parts(entries: Iterable[UpdateRule | Schedule], parts: Iterable[str]) -> None:
    """Check that a module with these parts has what update rules ask for.

    Raises:
        InputError: a rule asks for a part that the specification leaves out.
    """
    for rule in (entry for entry in entries if isinstance(entry, UpdateRule)):
        missing = [part for part in rule.parts if part not in parts]
        if missing:
            raise InputError(
                f"{rule.name} needs {missing[0]}, which the module would not have",
                where="with",
                received=f"emit={','.join(parts) or 'gradient'}",
                allowed=f"emit=…,{missing[0]}, or a rule that needs the gradient alone",
            )


def state_name(rule: UpdateRule) -> str:
    """Return the name of the class of a rule's states.

    >>> from gradscribe.catalog.updates import UPDATES
    >>> state_name(UPDATES["damped_newton"])
    'DampedNewtonState'
    """
    return "".join(word.capitalize() for word in rule.name.split("_")) + "State"


def _rule_view(rule: UpdateRule, update: Update) -> RuleView:
    state = state_name(rule)
    chosen = _first_settings(rule)
    start = [f"{s.name}: float = {s.default!r}" for s in chosen]
    keyword = ["*"] if start else []
    steps = [f"{s.name}: float = {s.default!r}" for s in rule.settings]
    lines = tuple(_body(update, state))
    arguments = [f"state: {state}", "problem: Problem", *(["*"] if steps else []), *steps]
    return RuleView(
        name=rule.name,
        state=state,
        fields=tuple(_fields(rule.memory)),
        start_head="\n".join(
            signature(f"def {rule.name}_start(", ["w: np.ndarray", *keyword, *start],
                      f") -> {state}:")
        ),
        start_arguments=tuple(_setting_arguments(chosen)),
        start_checks=tuple(_checks(chosen)),
        start_result="\n    ".join(
            call(f"return {state}(", ["w", "0", *map(_first_value, rule.memory)], ")", 4)
        ),
        head="\n".join(signature(f"def {rule.name}_step(", arguments, f") -> {state}:")),
        summary="\n    ".join(_filled(f"{rule.meaning[0].upper()}{rule.meaning[1:]}.")),
        formulas=tuple(line for text in formulas(rule) for line in _formula_lines(text)),
        source="\n    ".join(_filled(f"Source: {rule.source}.")),
        arguments=tuple(_setting_arguments(rule.settings)),
        checks=(*_step_checks(rule, update), *_checks(rule.settings)),
        lines=lines,
        counts_errors=_size_line(ERRORS) in lines,
    )  # fmt: skip


def _schedule_view(schedule: Schedule) -> ScheduleView:
    settings = [f"{s.name}: float = {s.default!r}" for s in schedule.settings]
    value = lowered_scalar(schedule.line.right)
    assignment = Assignment((str(schedule.line.left),), value, (schedule.line,))
    name = assignment.targets[0]
    return ScheduleView(
        head="\n".join(signature(f"def {schedule.name}(", ["j: float", "*", *settings],
                                 ") -> float:")),
        summary="\n    ".join(_filled(f"{schedule.meaning[0].upper()}{schedule.meaning[1:]}.")),
        formulas=tuple(_formula_lines(schedule_formula(schedule))),
        source="\n    ".join(_filled(f"Source: {schedule.source}.")),
        arguments=tuple(_setting_arguments(schedule.settings)),
        checks=tuple(_checks([Setting("j", 0.0, "the number of steps"), *schedule.settings])),
        lines=(*_statement(assignment), f"return float({name})"),
    )  # fmt: skip


def _fields(memory: Sequence[Memory]) -> Iterable[FieldView]:
    yield FieldView("w", "np.ndarray", "all parameters, (K,).")
    yield FieldView("j", "int", "the number of steps done.")
    for entry in memory:
        shape = ", (K,)" if entry.vector else ""
        kind = "np.ndarray" if entry.vector else "float"
        yield FieldView(entry.name, kind, f"{entry.meaning}{shape}.")


def _first_value(memory: Memory) -> str:
    if memory.allowed is not None:
        return memory.name
    if not memory.vector:
        return repr(memory.start)
    return "np.zeros_like(w)" if not memory.start else f"np.full_like(w, {memory.start!r})"


def _filled(text: str) -> list[str]:
    return textwrap.wrap(text, _ROOM, break_long_words=False)


def _formula_lines(text: str) -> list[str]:
    return textwrap.wrap(text, _ROOM - 4, subsequent_indent="    ", break_long_words=False)


def _setting_arguments(settings: Iterable[Setting]) -> Iterable[str]:
    for setting in settings:
        meaning = f"{symbol_text(setting.name)}, {setting.meaning}; {range_text(setting.allowed)}."
        yield "\n            ".join(textwrap.wrap(f"{setting.name}: {meaning}", _ROOM - 4))


def _chosen(entry: UpdateRule | Schedule) -> tuple[Setting, ...]:
    """Return the numbers that users choose of an entry, those of its start too."""
    return (*entry.settings, *(_first_settings(entry) if isinstance(entry, UpdateRule) else ()))


def _first_settings(rule: UpdateRule) -> tuple[Setting, ...]:
    return tuple(m.setting for m in rule.memory if m.setting is not None)


def _condition(allowed: Interval) -> str:
    """Return the source of the condition that x is in a range."""
    left = "<" if allowed.left_open else "<="
    right = "<" if allowed.right_open else "<="
    end = "np.inf" if allowed.end == oo else f"{float(allowed.end):g}"
    return f"{float(allowed.start):g} {left} x {right} {end}"


def _checks(settings: Iterable[Setting]) -> Iterable[str]:
    """Yield the lines that check numbers."""
    for s in settings:
        yield from call(
            f"{s.name} = _setting(", [f'"{s.name}"', s.name, f'"{range_text(s.allowed)}"'], ")", 4
        )


def _step_checks(rule: UpdateRule, update: Update) -> Iterable[str]:
    """Yield the lines that check the state and the problem of a step."""
    vectors = [f'"{name}"' for name in ("w", *(m.name for m in rule.memory if m.vector))]
    asked = [f'"{name}"' for name in sorted(_asked(update))]
    yield from call("_check_state(", ["state", state_name(rule), *vectors], ")", 4)
    yield from call("_check_problem(", ["problem", *asked], ")", 4)


def _asked(update: Update) -> set[str]:
    """Return the functions of a problem that a step calls."""
    text = " ".join(value_source(a.value) for a in update.assignments)
    return set(re.findall(r"problem\.(\w+)", text))


def _body(update: Update, state: str) -> Iterable[str]:
    before = [update.before[0], "j", *update.before[1:]]
    yield from call("", before, " = state", 4) if len(before) > 1 else [f"({before[0]},) = state"]
    yield "j += 1"
    lines = [line for assignment in update.assignments for line in _statement(assignment)]
    for size in _SIZES:
        if any(re.search(rf"\b{size}\b", line) for line in lines):
            yield _size_line(size)
    yield from lines
    after = [update.after[0], "j", *update.after[1:]]
    yield from call(f"return {state}(", after, ")", 4)


def _size_line(size: Symbol) -> str:
    return f"{size} = {_SIZES[size]}"


def _statement(assignment: Assignment) -> list[str]:
    line = f"{', '.join(assignment.targets)} = {value_source(assignment.value)}"
    if isinstance(assignment.value, Select) and len(line) > _ROOM:
        cases = (f"    {text}" for text in _cases(assignment.value))
        return [f"{assignment.targets[0]} = (", *cases, ")"]
    return broken_statement(line)


def _cases(value: Value, before: str = "") -> Iterable[str]:
    """Yield the lines of a choice: a value, under what condition, else the next."""
    if not isinstance(value, Select):
        yield from broken_after(before, value_source(value), 8)
        return
    yield from broken_after(before, value_source(value.value), 8)
    yield f"if {value_source(value.condition)}"
    yield from _cases(value.other, "else ")
