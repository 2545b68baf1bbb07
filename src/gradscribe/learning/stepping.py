"""Update rules as methods: their steps are those that modules have, from the same template."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from types import ModuleType
from typing import Any

import numpy as np

from gradscribe.catalog.schedules import Schedule
from gradscribe.catalog.update_formulas import formulas, schedule_formula, symbol_text
from gradscribe.catalog.update_lines import POSITIVE, Setting
from gradscribe.catalog.update_rule import UpdateRule
from gradscribe.compiler import loaded
from gradscribe.errors import InputError
from gradscribe.learning.following import Follower
from gradscribe.learning.method import Method, Option, Outcome, Run, State
from gradscribe.learning.objective import Objective
from gradscribe.targets.learning_view import LearningView, learning_view, state_name
from gradscribe.targets.render import render
from gradscribe.targets.target import MODULES, find_target

RATE, BATCH = "alpha", "batch"
DAMPING_LIMIT = "mu_max"


@dataclass(frozen=True)
class StepsView:
    """What the template of steps without a network is filled with."""

    learning: LearningView


@cache
def steps_module(rule: UpdateRule, schedule: Schedule | None = None) -> ModuleType:
    """Return a module with the functions of a rule, and of a schedule."""
    view = learning_view([rule, *([] if schedule is None else [schedule])])
    assert view is not None
    target = replace(find_target("numpy", MODULES), template="steps.py.jinja")
    name = f"gradscribe_steps_{rule.name}" + (f"_{schedule.name}" if schedule else "")
    return loaded(render(target, StepsView(view)), name)


@dataclass(frozen=True)
class Stepping:
    """Runs an update rule.

    An iteration is a step, or as many as it takes to see each sample once where a step sees some.
    A rule with a damping takes steps until one lowers the cost, as an epoch of MATLAB's trainlm.

    Attributes:
        rule: the rule.
        schedule: what its learning rate follows; None where it stays the same.
    """

    rule: UpdateRule
    schedule: Schedule | None = None

    def __call__(self, run: Run) -> Outcome:
        """Return where the run ended."""
        follower = Follower(run, gradient=self.rule.gradient, scored=self.rule.score)
        state = self._first(run, follower)
        seed = _seed(run)
        while not follower.reason:
            if self.schedule is not None and self._rate(self.schedule, run, state.j) == 0:
                name = self.schedule.name
                follower.stick(f"the learning rate is 0 from step {state.j} on, as {name} has it")
                break
            before = state
            try:
                with np.errstate(all="ignore"):
                    state = self._iteration(run, state, seed, follower.iteration)
            except np.linalg.LinAlgError as error:
                follower.fail(f"cannot be lowered: linear algebra failed ({error})")
                break
            if not _is_finite(state):
                follower.fail("or what the rule remembers is not finite after this step")
            elif self._failed(before, state):
                follower.stick(f"the damping grew to more than {run.options[DAMPING_LIMIT]:g}")
            else:
                follower.arrived(state.w, {**_arrays(state), "seed": np.array(seed)})
        penalty = float(getattr(state, self.rule.penalty)) if self.rule.penalty else 0.0
        return follower.outcome(self._notes(state, follower), penalty)

    def _first(self, run: Run, follower: Follower) -> Any:
        """Return the state before the first iteration, or the one that was saved."""
        steps = steps_module(self.rule, self.schedule)
        if run.state is not None:
            return _restored(steps, self.rule, run.state)
        chosen = {m.name: run.options[m.name] for m in self.rule.memory if m.allowed is not None}
        return getattr(steps, f"{self.rule.name}_start")(follower.w, **chosen)

    def _iteration(self, run: Run, state: Any, seed: int, iteration: int) -> Any:
        steps = steps_module(self.rule, self.schedule)
        step: Callable[..., Any] = getattr(steps, f"{self.rule.name}_step")
        settings = {
            s.name: run.options[s.name] for s in self.rule.settings if s.name in run.options
        }
        for part in self._parts(run, seed, iteration):
            if self.schedule is not None:
                settings[RATE] = self._rate(self.schedule, run, state.j)
            before, state = state, step(state, part, **settings)
            while self._failed(before, state) and _is_finite(state):
                if getattr(state, self.rule.damping) > run.options[DAMPING_LIMIT]:
                    break
                state = step(state, part, **settings)
            if not _is_finite(state):
                break
        return state

    def _rate(self, schedule: Schedule, run: Run, j: int) -> float:
        """Return the learning rate after j steps."""
        rate = getattr(steps_module(self.rule, schedule), schedule.name)
        return float(rate(j, **{s.name: run.options[s.name] for s in schedule.settings}))

    def _failed(self, before: Any, state: Any) -> bool:
        """Whether a rule with a damping has left w as it was."""
        return bool(self.rule.damping) and np.array_equal(before.w, state.w)

    def _parts(self, run: Run, seed: int, iteration: int) -> Iterator[Objective]:
        """Yield what the steps of an iteration see: all samples, or each once, in random order."""
        size = int(run.options.get(BATCH, 0))
        if not 0 < size < run.objective.N:
            yield run.objective
            return
        order = np.random.default_rng([seed, iteration]).permutation(run.objective.N)
        for start in range(0, len(order), size):
            yield run.objective.batch(order[start : start + size])

    def _notes(self, state: Any, follower: Follower) -> tuple[str, ...]:
        """Return what the rule has come to, how often a matrix was repaired and how J rose."""
        notes = [
            f"{m.meaning}: {symbol_text(m.name)} = {getattr(state, m.name):.5g}"
            for m in self.rule.memory
            if m.told
        ]
        count = int(getattr(state, self.rule.counter)) if self.rule.counter else 0
        if count:
            notes.append(f"in {count} of {state.j} steps {self.rule.repair}")
        if follower.rises and not self.rule.penalty:  # J rises where the penalty grows
            notes.append(f"the cost rose in {follower.rises} of {follower.iteration} iterations")
        return tuple(notes)


def rule_method(rule: UpdateRule, schedule: Schedule | None = None) -> Method:
    """Return the method of an update rule, its learning rate following a schedule.

    Raises:
        InputError: the rule has no learning rate.
    """
    settings = {s.name: s for s in rule.settings}
    name, shown = rule.name, formulas(rule)
    if schedule is not None:
        if RATE not in settings:
            raise InputError(
                f"{rule.name} has no learning rate that could follow a schedule",
                where="method",
                received=f"{rule.name}+{schedule.name}",
                allowed=f"{rule.name} alone",
            )
        del settings[RATE]
        settings |= {s.name: s for s in schedule.settings}
        name, shown = f"{rule.name}+{schedule.name}", (*shown, schedule_formula(schedule))
    chosen = (entry.setting for entry in rule.memory)
    options = [_option(s) for s in (*settings.values(), *chosen) if s is not None]
    if rule.damping:
        meaning = "stop where the damping has grown to more than this"
        options.append(Option(DAMPING_LIMIT, 1e10, meaning, POSITIVE))
    if rule.takes_batches:
        meaning = "samples that a step sees; 0 for all"
        options.append(Option(BATCH, rule.batch, meaning, whole=True))
    return Method(
        name,
        rule.meaning,
        Stepping(rule, schedule),
        tuple(options),
        rule.parts,
        settles=bool(rule.score),
        squares=rule.squares,
        formulas=shown,
    )


def _option(setting: Setting) -> Option:
    return Option(setting.name, setting.default, setting.meaning, setting.allowed)


def _seed(run: Run) -> int:
    """Return the seed of a run's random numbers: drawn once, and kept when a run goes on."""
    saved = None if run.state is None else run.state.get("seed")
    return int(run.rng.integers(2**63 - 1)) if saved is None else int(saved)


def _arrays(state: Any) -> dict[str, Any]:
    """Return a rule's state as arrays by name."""
    return {name: np.array(value) for name, value in state._asdict().items()}


def _is_finite(state: Any) -> bool:
    """Whether all numbers of a state are finite."""
    return all(np.isfinite(value).all() for value in state)


def _restored(steps: ModuleType, rule: UpdateRule, saved: State) -> Any:
    """Return a rule's state from arrays by name.

    Raises:
        InputError: one is missing or unfit.
    """
    kind = getattr(steps, state_name(rule))
    missing = [name for name in kind._fields if name not in saved]
    if missing:
        raise InputError(
            f"the state is not one of {rule.name}",
            where="state",
            received=f"no {', '.join(missing)}",
            allowed=", ".join(kind._fields),
        )
    scalars: Mapping[str, type] = {"j": int} | {m.name: float for m in rule.memory if not m.vector}
    try:
        state = kind(**{n: scalars.get(n, np.array)(saved[n]) for n in kind._fields})
        steps._check_state(state, kind, *(n for n in kind._fields if n not in scalars))
    except (TypeError, ValueError) as error:
        raise InputError(f"the state is not one of {rule.name}: {error}", where="state") from error
    return state
