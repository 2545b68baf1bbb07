"""What steps, starts and schedules of a module refuse, and that methods refuse the same numbers."""

import math
import re
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from gradscribe.catalog.schedules import SCHEDULES
from gradscribe.catalog.update_lines import Setting, range_text
from gradscribe.catalog.updates import UPDATES
from gradscribe.compiler import loaded, module_source
from gradscribe.errors import InputError
from gradscribe.learning.methods import find_method

EVERY = ",".join([*UPDATES, *SCHEDULES])
NO_NUMBERS = (math.nan, math.inf, -math.inf, None, "0.1", True, 1j, [0.1], np.array([0.1, 0.2]))


@pytest.fixture(scope="module", params=["numpy", "scalar"])
def module(request: pytest.FixtureRequest) -> ModuleType:
    return loaded(module_source(f"2-3-1 tanh target={request.param} with={EVERY}"), "refusing")


@pytest.fixture
def problem(module: ModuleType) -> Any:
    return module.problem(np.ones((4, 2)), np.ones((4, 1)))


def settings() -> Iterator[tuple[str, str, Setting]]:
    """Yield every number: of which rule or schedule, of which of its functions."""
    for name, rule in UPDATES.items():
        yield from ((name, f"{name}_step", setting) for setting in rule.settings)
        chosen = (memory.setting for memory in rule.memory)
        yield from ((name, f"{name}_start", setting) for setting in chosen if setting)
    for name, schedule in SCHEDULES.items():
        yield from ((name, name, setting) for setting in schedule.settings)


def around(setting: Setting) -> Iterator[tuple[float, bool]]:
    """Yield numbers at the ends of a range, and whether it has them."""
    low, high = float(setting.allowed.start), float(setting.allowed.end)
    yield low - 1e-9, False
    yield low, not setting.allowed.left_open
    yield low + 1e-3, True
    if high < math.inf:
        yield high - 1e-3, True
        yield high, not setting.allowed.right_open
        yield high + 1e-9, False


def called(module: ModuleType, problem: Any, name: str, function: str, **numbers: Any) -> Any:
    w = module.ravel(module.initialize(seed=1))
    if function == name:
        return getattr(module, name)(3, **numbers)
    if function.endswith("_start"):
        return getattr(module, function)(w, **numbers)
    return getattr(module, function)(getattr(module, f"{name}_start")(w), problem, **numbers)


@pytest.mark.parametrize(("name", "function", "setting"), [*settings()])
def test_a_number_has_one_range(
    name: str, function: str, setting: Setting, module: ModuleType, problem: Any
) -> None:
    """In the table, the docstring, the function and the option of the method."""
    words = range_text(setting.allowed)
    text = re.sub(r"\s+", " ", getattr(module, function).__doc__)
    assert re.search(rf"\b{setting.name}: [^;]*; {words}\.", text)
    method = find_method(name if name in UPDATES else f"sgd+{name}")
    option = next(option for option in method.options if option.name == setting.name)
    called(module, problem, name, function, **{setting.name: setting.default})
    for value, fits in [*around(setting), *((value, False) for value in NO_NUMBERS)]:
        if fits:
            called(module, problem, name, function, **{setting.name: value})
            assert option.checked(value, "here") == value
            continue
        with pytest.raises(ValueError, match=rf"^{setting.name} is .*, needs a number {words}$"):
            called(module, problem, name, function, **{setting.name: value})
        with pytest.raises(InputError, match=rf"allowed:  a number {words}"):
            option.checked(value, "here")  # type: ignore[arg-type]


def test_numpys_numbers_leave_the_type_of_arrays(module: ModuleType) -> None:
    single = loaded(module_source("2-3-1 tanh dtype=float32 with=momentum"), "single")
    X, D = np.ones((4, 2), np.float32), np.ones((4, 1), np.float32)

    class Problem:
        """The gradient in single precision."""

        def jac(self, w: Any) -> Any:
            return np.concatenate([g.ravel() for g in single.gradient(single.unravel(w), X, D)])

    state = single.momentum_start(single.ravel(single.initialize()))
    after = single.momentum_step(state, Problem(), alpha=np.float64(0.1))
    assert after.w.dtype == after.v.dtype == np.float32


STATES = {
    "none": (lambda _: None, "state is a NoneType, needs AdamState"),
    "a tuple": (tuple, "state is a tuple, needs AdamState"),
    "w alone": (lambda s: s.w, "state is a ndarray, needs AdamState"),
    "a list": (lambda s: s._replace(w=list(s.w)), "state.w is a list, needs an array"),
    "nothing remembered": (lambda s: s._replace(m=None), "state.m is a NoneType, needs an array"),
    "a number": (lambda s: s._replace(v=0.0), "state.v is a float, needs an array"),
    "another shape": (lambda s: s._replace(m=s.m[1:]), r"m has shape \(12,\), needs \(13,\) as"),
    "a matrix": (lambda s: s._replace(w=s.w[None]), r"w has shape \(1, 13\), needs \(K,\)"),
    "empty": (lambda s: s._replace(w=s.w[:0]), r"w has shape \(0,\), needs \(K,\)"),
    "integers": (lambda s: s._replace(v=s.v.astype(int)), "state.v has type int64"),
    "nan": (lambda s: s._replace(m=s.m * np.nan), "state.m has NaN or infinity"),
    "infinity": (lambda s: s._replace(w=s.w + np.inf), "state.w has NaN or infinity"),
    "half a step": (lambda s: s._replace(j=0.5), "state.j is 0.5, needs an integer that is not"),
    "steps before": (lambda s: s._replace(j=-1), "state.j is -1, needs an integer that is not"),
    "a truth value": (lambda s: s._replace(j=False), "state.j is False, needs an integer"),
    "another network": (
        lambda s: s._replace(w=s.w[1:], m=s.m[1:], v=s.v[1:]), r"w has shape \(12,\), needs \(13,\)"
    ),
}  # fmt: skip


@pytest.mark.parametrize("which", STATES)
def test_a_state_that_is_none_is_refused(which: str, module: ModuleType, problem: Any) -> None:
    change, message = STATES[which]
    state = module.adam_start(module.ravel(module.initialize(seed=1)))
    with pytest.raises(ValueError, match=message):
        module.adam_step(change(state), problem)


def test_what_else_is_refused(module: ModuleType, problem: Any) -> None:
    w = module.ravel(module.initialize(seed=1))
    adam, damped = module.adam_start(w), module.levenberg_marquardt_start(w)
    for call, message in (
        (
            lambda: module.adam_step(damped, problem),
            "is a LevenbergMarquardtState, needs AdamState",
        ),
        (lambda: module.adam_step(adam, module), "problem is a module without jac, needs what"),
        (lambda: module.scg_step(module.scg_start(w), None), "is a NoneType without fun, needs"),
        (lambda: module.step((1, 2), problem), "state is a tuple, needs one of "),
        (lambda: module.levenberg_marquardt_step(damped._replace(mu="a"), problem), "'a', needs a"),
        (lambda: module.adam_start([1, 2]), "w has type int64, needs floating-point"),
        (lambda: module.adam_start(w * np.nan), "w has NaN or infinity, needs finite"),
        (lambda: module.adam_start(w.reshape(1, -1)), r"w has shape \(1, 13\), needs \(K,\)"),
        (lambda: module.cosine_decay(-1), "j is -1, needs a number from 0 on"),
        (lambda: module.cosine_decay(None), "j is None, needs a number from 0 on"),
    ):
        with pytest.raises(ValueError, match=message):
            call()
