"""Every unfit argument of a generated function is refused by name."""

from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from oracles import Stack, random_problem

Modules = Callable[[str], ModuleType]
Change = Callable[[Any], Any]

STACK = Stack(("tanh", "sigmoid", "linear"))
SIZES = (4, 5, 3, 2)
NAMES = ("W1", "b1", "W2", "b2", "W3", "b3", "X", "D")
WITH_DATA = ("cost", "sensitivities", "gradient", "cost_and_gradient")


def with_entry(value: float) -> Change:
    """Return the change of one entry in the middle of an array."""

    def change(array: Any) -> Any:
        array = array.copy()
        array.reshape(-1)[array.size // 2] = value
        return array

    return change


# (name of the change, the change, what the message says)
CHANGES: dict[str, tuple[Change, str]] = {
    "integers": (lambda a: a.astype(int), "has type int64, needs floating-point"),
    "truth values": (lambda a: a > 0, "has type bool, needs floating-point"),
    "objects": (lambda a: a.astype(object), "has type object, needs floating-point"),
    "strings": (lambda a: a.astype(str), "has type <U32, needs floating-point"),
    "bytes": (lambda a: a.astype("S8"), "has type |S8, needs floating-point"),
    "dates": (lambda a: a.astype("datetime64[s]"), "has type datetime64[s], needs floating"),
    "none": (lambda _: None, "has type object, needs floating-point"),
    "text": (lambda _: "W", "has type <U1, needs floating-point"),
    "ragged": (lambda _: [[1.0], [1.0, 2.0]], "is not an array: "),
    "nan": (with_entry(np.nan), "has NaN or infinity, needs finite numbers"),
    "inf": (with_entry(np.inf), "has NaN or infinity, needs finite numbers"),
    "-inf": (with_entry(-np.inf), "has NaN or infinity, needs finite numbers"),
    "scalar": (lambda _: 1.5, "has shape (), needs ("),
    "another axis": (lambda a: a[None], "has shape (1, "),
    "no rows": (lambda a: a[:0], "has shape (0"),
    "one row less": (lambda a: a[1:], "has shape ("),
    "one row more": (lambda a: np.concatenate([a, a[:1]]), "has shape ("),
}


@pytest.fixture(params=[STACK.formula, STACK.line(SIZES)], ids=["symbolic", "fixed"])
def module(request: pytest.FixtureRequest, module_of: Modules) -> ModuleType:
    return module_of(request.param)


def arguments() -> dict[str, Any]:
    params, X, D = random_problem(SIZES, 6, np.random.default_rng(0))
    return dict(zip(NAMES, (*params, X, D), strict=True))


def call(module: ModuleType, function: str, given: dict[str, Any]) -> Any:
    *params, X, D = given.values()
    params = module.Parameters(*params)
    if function in ("forward", "ravel"):
        return getattr(module, function)(*((params, X) if function == "forward" else (params,)))
    return getattr(module, function)(params, X, D)


def refusal(module: ModuleType, function: str, given: dict[str, Any]) -> str:
    with pytest.raises(ValueError) as caught:  # noqa: PT011  (the caller looks at the message)
        call(module, function, given)
    return str(caught.value)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("change", CHANGES)
def test_an_unfit_array_is_refused_by_name(name: str, change: str, module: ModuleType) -> None:
    alter, expected = CHANGES[change]
    given = arguments()
    given[name] = alter(given[name])
    functions = list(WITH_DATA)
    functions += ["forward"] if name != "D" else []
    functions += ["ravel"] if name not in ("X", "D") else []
    # Without fixed sizes a longer W or X is taken at its word, and what follows does not fit.
    blamed = name
    if change in ("one row less", "one row more") and module.SIZES is None:
        blamed = {"W1": "b1", "W2": "b2", "W3": "b3", "X": "D"}.get(name, name)
        functions = list(WITH_DATA)
    elif change in ("one row less", "one row more") and name == "X":
        blamed, functions = "D", list(WITH_DATA)
    for function in functions:
        message = refusal(module, function, given)
        assert message.startswith(f"{blamed} has ") or "ragged" in change, message
        assert expected in message
        assert message.startswith(blamed)


@pytest.mark.parametrize("name", ["W1", "W2", "W3", "X", "D"])
def test_a_transposed_array_is_recognised(name: str, module: ModuleType) -> None:
    given = arguments()
    given[name] = given[name].T
    if module.SIZES is None and name.startswith("W"):
        # The sizes are read off the weights first, so W itself fits any.
        assert "has shape" in refusal(module, "gradient", given)
        return
    message = refusal(module, "gradient", given)
    assert message.startswith(f"{name} has shape {given[name].shape}, needs (")
    if name in ("X", "D"):
        assert message.endswith(f"is it transposed, {name}.T?")


@pytest.mark.parametrize("name", ["X", "D"])
def test_a_vector_is_told_how_to_become_a_column(name: str, module_of: Modules) -> None:
    module = module_of("f1(W1 x + b1) f1=tanh loss=mse")
    given = {"W1": np.ones((1, 1)), "b1": np.ones(1), "X": np.ones((5, 1)), "D": np.ones((5, 1))}
    given[name] = np.ones(5)
    with pytest.raises(ValueError, match=rf"^{name} has shape \(5,\).*{name}\.reshape\(-1, 1\)"):
        module.gradient(module.Parameters(given["W1"], given["b1"]), given["X"], given["D"])


def test_no_samples_are_refused(module: ModuleType) -> None:
    given = arguments()
    given["X"], given["D"] = given["X"][:0], given["D"][:0]
    for function in ("forward", *WITH_DATA):
        assert refusal(module, function, given).startswith("X has shape (0, 4), needs (N, N0=4)")
        assert "it is empty" in refusal(module, function, given)


def test_the_number_of_samples_must_agree(module: ModuleType) -> None:
    given = arguments()
    given["D"] = given["D"][:-1]
    assert refusal(module, "cost", given) == "D has shape (5, 2), needs (N=6, N3=2)"


def test_outputs_that_would_broadcast_are_refused(module: ModuleType) -> None:
    """D of shape (N, 1) or (1, N_M) fits y by NumPy's rules, and means something else."""
    for part in (np.s_[:, :1], np.s_[:1]):
        given = arguments()
        given["D"] = given["D"][part]
        for function in WITH_DATA:
            assert refusal(module, function, given).startswith("D has shape ")


def test_biases_that_would_broadcast_are_refused(module: ModuleType) -> None:
    given = arguments()
    given["b2"] = given["b2"][:1]
    assert refusal(module, "gradient", given) == "b2 has shape (1,), needs (N2=3)"


@pytest.mark.parametrize("change", ["one less", "one more", "none"])
def test_a_wrong_number_of_parameters_is_refused(change: str, module: ModuleType) -> None:
    given = arguments()
    params = [given[name] for name in NAMES[:6]]
    wrong = {"one less": params[:-1], "one more": [*params, params[0]], "none": []}[change]
    for function in (module.gradient, module.cost, module.sensitivities):
        with pytest.raises(ValueError, match=rf"^params has {len(wrong)} arrays, needs W1, b1, W2"):
            function(tuple(wrong), given["X"], given["D"])
    with pytest.raises(ValueError, match=r"^params has"):
        module.ravel(tuple(wrong))
    with pytest.raises(ValueError, match=r"^params has"):
        module.forward(tuple(wrong), given["X"])


@pytest.mark.parametrize("params", [None, 1.5, object()], ids=["none", "number", "object"])
def test_params_of_another_kind_are_refused(params: Any, module: ModuleType) -> None:
    given = arguments()
    with pytest.raises(ValueError, match=r"^params is a .*, needs W1, b1, W2"):
        module.gradient(params, given["X"], given["D"])
    with pytest.raises(ValueError, match=r"^params is a "):
        module.ravel(params)


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ((4, 5, 3), "sizes has 3 entries, needs N0, N1, N2, N3"),
        ((4, 5, 3, 2, 1), "sizes has 5 entries, needs N0, N1, N2, N3"),
        ((), "sizes has 0 entries"),
        ((4, 5, 0, 2), "sizes is (4, 5, 0, 2), needs positive integers"),
        ((4, 5, -3, 2), "sizes is (4, 5, -3, 2), needs positive integers"),
        ((4, 5.0, 3, 2), "sizes is (4, 5.0, 3, 2), needs positive integers"),
        ((4, True, 3, 2), "sizes is (4, True, 3, 2), needs positive integers"),
        ((4, "5", 3, 2), "sizes is (4, '5', 3, 2), needs positive integers"),
        ("4532", "sizes is ('4', '5', '3', '2'), needs positive integers"),
        (4, "sizes has 1 entries, needs N0, N1, N2, N3"),
        (None, "sizes has 1 entries, needs N0, N1, N2, N3"),
    ],
)
def test_wrong_sizes_are_refused(sizes: Any, expected: str, module: ModuleType) -> None:
    w = np.ones(51)
    for function in (module.initialize, lambda s: module.unravel(w, s)):
        with pytest.raises(ValueError) as caught:  # noqa: PT011  (the message is compared below)
            function(sizes)
        assert str(caught.value).startswith(expected)


def test_other_sizes_than_the_fixed_ones_are_refused(module_of: Modules) -> None:
    module = module_of(STACK.line(SIZES))
    with pytest.raises(ValueError, match=r"^sizes is \(4, 6, 3, 2\), this network's are fixed"):
        module.initialize((4, 6, 3, 2))
    assert [p.shape for p in module.initialize()] == [(5, 4), (5,), (3, 5), (3,), (2, 3), (2,)]
    assert module.initialize(list(np.array(SIZES))).W1.shape == (5, 4)


@pytest.mark.parametrize(
    ("w", "expected"),
    [
        (np.ones(50), "w has shape (50,), needs (51,)"),
        (np.ones((51, 1)), "w has shape (51, 1), needs (51,)"),
        (np.ones(51, int), "w has type int64, needs floating-point"),
        (np.full(51, np.nan), "w has NaN or infinity"),
        (1.0, "w has shape (), needs (51,)"),
    ],
)
def test_wrong_vectors_are_refused(w: Any, expected: str, module: ModuleType) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011  (the message is compared below)
        module.unravel(w, SIZES)
    assert str(caught.value).startswith(expected)


def test_shared_sizes_have_to_agree(module_of: Modules) -> None:
    module = module_of("tanh(W tanh(W x + b) + b)")
    square, b, X = np.ones((3, 3)), np.ones(3), np.ones((4, 3))
    assert module.gradient(module.Parameters(square, b), X, X).W.shape == (3, 3)
    with pytest.raises(ValueError, match=r"^W has shape \(3, 2\), needs"):
        module.gradient(module.Parameters(square[:, :2], b), X, X)


def test_huge_but_finite_arguments_are_taken(module_of: Modules) -> None:
    """The check for infinity does not refuse numbers the squares of which overflow."""
    module = module_of(STACK.formula)
    given = arguments()
    given["X"] = given["X"] * 0 + 1e308
    given["W1"] = given["W1"] * 1e-3
    assert np.isfinite(call(module, "forward", given)).all()
    assert all(np.isfinite(g).all() for g in call(module, "gradient", given))
