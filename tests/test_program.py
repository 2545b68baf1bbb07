"""The array program: what the reference interpreter gives is what the printed module gives."""

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import Stack

import gradscribe
from gradscribe.compiler import lower_program
from gradscribe.errors import DerivationError
from gradscribe.printing.numpy_printer import source, statement_source
from gradscribe.program.build import build
from gradscribe.program.evaluate import Machine, run
from gradscribe.program.folding import folded
from gradscribe.program.ir import (
    Add,
    Call,
    Const,
    Expand,
    Helper,
    Kernel,
    MatMul,
    Mul,
    Node,
    Power,
    Program,
    Reduce,
    Ref,
    Size,
    Statement,
    Transpose,
    walk,
)
from gradscribe.program.passes import PASSES, Pass, run_passes
from gradscribe.program.shapes import shape_of
from gradscribe.program.verify import verify

Modules = Callable[[str], ModuleType]

STACKS = [
    Stack(("tanh", "sigmoid", "linear")),
    Stack(("softplus", "relu", "tanh", "sigmoid"), "sse"),
    Stack(("linear", "linear")),
    Stack(("relu",)),
    Stack(("sigmoid", "softplus"), "sse"),
    Stack(("tanh",) * 6),
]
SPECS = [stack.formula for stack in STACKS] + [
    "tanh(W tanh(W x + b) + b)",
    "linear(W3 (tanh(W2 tanh(W1 x + b1) + b2) + tanh(W1 x + b1)) + b3)",
    "sigmoid(C B x)",
]


def problem(module: ModuleType, seed: int = 0) -> dict[str, Any]:
    """Return arrays for every input of a program, of one size where sizes are shared."""
    rng = np.random.default_rng(seed)
    shared = len(module._SHAPES) < 2 * (len(module._SIZE_NAMES) - 1)
    sizes = [3 if shared else 2 + (5 * m) % 7 for m in range(len(module._SIZE_NAMES))]
    arrays = {
        name: rng.normal(0, 0.8, shape)
        for name, shape in zip(module._SHAPES, module._shapes(sizes), strict=True)
    }
    widths = dict(zip(module._SIZE_NAMES, sizes, strict=True))
    X = rng.normal(0, 1, (8, widths[module._SIZE_NAMES[0]]))
    D = rng.normal(0, 1, (8, widths[module._SIZE_NAMES[-1]]))
    return {**arrays, "X": X, "D": D, "scale": module._scale(D)}


def executed(program: Program, arrays: dict[str, Any]) -> dict[str, Any]:
    return run(program, arrays, tuple(k.name for k in program.kernels))


def gradient_of(values: dict[str, Any]) -> list[Any]:
    return [values[name] for name in sorted(values) if name.startswith("dJ_d")]


@pytest.mark.parametrize("spec", SPECS)
def test_the_interpreter_agrees_with_the_printed_module(spec: str, module_of: Modules) -> None:
    module = module_of(spec)
    program = lower_program(gradscribe.derive(spec))
    for seed in range(3):
        arrays = problem(module, seed)
        values = executed(program, arrays)
        params = module.Parameters(*[arrays[name] for name in module._SHAPES])
        J, gradient = module.cost_and_gradient(params, arrays["X"], arrays["D"])
        assert abs(values["J"] - J) <= 1e-15 * abs(J)
        scale = max(np.abs(g).max() for g in gradient)
        for name, g in gradient._asdict().items():
            assert np.abs(values[f"dJ_d{name}"] - g).max() <= 4e-15 * scale, (name, seed)


@pytest.mark.parametrize("spec", SPECS)
@pytest.mark.parametrize("left_out", [None, *range(len(PASSES))])
def test_a_pass_changes_no_value(spec: str, left_out: int | None, module_of: Modules) -> None:
    """Without any pass, with all but one, and after each one of the sequence."""
    arrays = problem(module_of(spec))
    derivation = gradscribe.derive(spec)
    plain = executed(build(derivation), arrays)
    passes = [p for position, p in enumerate(PASSES) if position != left_out]
    if left_out is None:
        programs = [lower_program(derivation, PASSES[:count]) for count in range(len(PASSES) + 1)]
    else:
        programs = [lower_program(derivation, passes)]
    for program in programs:
        values = executed(program, arrays)
        for found, expected in zip(gradient_of(values), gradient_of(plain), strict=True):
            assert np.allclose(found, expected, rtol=1e-13, atol=1e-15)
        assert values["J"] == pytest.approx(plain["J"], rel=1e-14)


def test_the_scale_is_given_to_the_sensitivities() -> None:
    for loss in ("mse", "sse", "log_cosh"):
        program = lower_program(gradscribe.derive(f"3-4-2 tanh loss={loss}"))
        assert "scale" in program.kernel("sensitivities").inputs
        assert "scale" not in program.kernel("gradient").inputs
        for statement in program.kernel("gradient").statements:
            assert not any(isinstance(n, Size) for n in walk(statement.value))


def test_lowering_twice_gives_one_program() -> None:
    specs = ("3-4-2 tanh", "f(W f(W x + b) + b) f=sigmoid")
    for spec in specs:
        assert lower_program(gradscribe.derive(spec)) == lower_program(gradscribe.derive(spec))


# ---- the verifier ------------------------------------------------------------------------------

SPEC = "f2(W2 f1(W1 x + b1) + b2) f1=tanh f2=tanh loss=mse"


@pytest.fixture(scope="module")
def program() -> Program:
    return lower_program(gradscribe.derive(SPEC))


def with_kernel(program: Program, kernel: Kernel) -> Program:
    kernels = tuple(kernel if k.name == kernel.name else k for k in program.kernels)
    return replace(program, kernels=kernels)


def changed(program: Program, name: str, target: str, **fields: Any) -> Program:
    """Return the program with one statement changed: the first with that target."""
    kernel = program.kernel(name)
    place = next(n for n, s in enumerate(kernel.statements) if s.target == target)
    statements = list(kernel.statements)
    statements[place] = replace(statements[place], **fields)
    return with_kernel(program, replace(kernel, statements=tuple(statements)))


def extended(program: Program, name: str, *statements: Statement, at: int | None = None) -> Program:
    kernel = program.kernel(name)
    position = len(kernel.statements) if at is None else at
    own = (*kernel.statements[:position], *statements, *kernel.statements[position:])
    return with_kernel(program, replace(kernel, statements=own))


def without(program: Program, name: str, target: str) -> Program:
    kernel = program.kernel(name)
    kept = tuple(s for s in kernel.statements if s.target != target)
    return with_kernel(program, replace(kernel, statements=kept))


def transposed_operand(program: Program) -> Program:
    """δ¹ = δ² W²ᵀ instead of δ² W²."""
    value = MatMul(Ref("delta2"), Transpose(Ref("W2")))
    return changed(program, "sensitivities", "delta1", value=value)


CORRUPTIONS: dict[str, tuple[Callable[[Program], Program], str]] = {
    "an undefined variable": (
        lambda p: changed(p, "forward", "u2", value=Ref("u9")),
        "u9",
    ),
    "a variable defined later": (
        lambda p: extended(p, "forward", Statement("z", Ref("y2")), at=0),
        "y2",
    ),
    "a transposed operand": (transposed_operand, "no matrix product|has shape"),
    "another shape": (
        lambda p: changed(p, "sensitivities", "delta1", value=Ref("delta2")),
        "delta1 has shape",
    ),
    "shapes that do not fit": (
        lambda p: changed(p, "sensitivities", "delta1", value=Add((Ref("delta2"), Ref("y1")))),
        "do not fit",
    ),
    "an unused statement": (
        lambda p: extended(
            replace(p, shapes={**p.shapes, "z": ("N", "N_1")}),
            "forward",
            Statement("z", Call("tanh", (Ref("y1"),))),
        ),
        "z is computed and not used",
    ),
    "a second assignment": (
        lambda p: extended(p, "forward", Statement("y2", Call("tanh", (Ref("y1"),)))),
        "assigned twice|has shape",
    ),
    "an overwritten array read again": (
        lambda p: extended(
            replace(p, shapes={**p.shapes, "z": ("N", "N_1")}),
            "forward",
            Statement("z", Call("tanh", (Ref("u1"),))),
        ),
        "reads u1, which is not defined there",
    ),
    "an input overwritten": (
        lambda p: changed(p, "forward", "y1", value=Call("tanh", (Ref("X"),)), reuse="X"),
        "has shape|not the kernel's own",
    ),
    "an input changed in place": (
        lambda p: extended(p, "forward", Statement("X", Ref("X"), update="+")),
        "is not the kernel's own",
    ),
    "an output that is missing": (
        lambda p: without(p, "forward", "y2"),
        "y2 is given back but not defined|computed and not used",
    ),
    "an unknown function": (
        lambda p: changed(p, "forward", "y1", value=Call("tan_h", (Ref("u1"),)), reuse=""),
        "no function 'tan_h' of 1",
    ),
    "a function of two arguments": (
        lambda p: changed(p, "forward", "y1", value=Call("tanh", (Ref("u1"), Ref("u1"))), reuse=""),
        "no function 'tanh' of 2",
    ),
    "an axis that is not there": (
        lambda p: changed(p, "gradient", "dJ_db1", value=Reduce(Ref("delta1"), (2,))),
        "no axes",
    ),
    "the wrong axis": (
        lambda p: changed(p, "gradient", "dJ_db1", value=Reduce(Ref("delta1"), (1,))),
        "dJ_db1 has shape",
    ),
    "an input that nothing reads": (
        lambda p: with_kernel(
            p, replace(p.kernel("cost"), inputs=(*p.kernel("cost").inputs, "W1"))
        ),
        "nothing reads",
    ),
    "a helper of an unknown function": (
        lambda p: replace(p, helpers=(Helper("_f", Call("gamma", (Ref("u"),)), "x"),)),
        "no function 'gamma'",
    ),
}


def test_the_uncorrupted_program_is_accepted(program: Program) -> None:
    verify(program, "test")


@pytest.mark.parametrize("what", CORRUPTIONS)
def test_a_corrupted_program_is_refused(what: str, program: Program) -> None:
    corrupt, message = CORRUPTIONS[what]
    with pytest.raises(DerivationError, match=message) as caught:
        verify(corrupt(program), "test")
    assert "after test" in str(caught.value)


def test_an_array_of_another_shape_is_not_taken_over(program: Program) -> None:
    wrong = changed(program, "forward", "y2", reuse="y1")
    with pytest.raises(DerivationError):
        verify(wrong, "test")


def test_a_wrong_pass_is_named(program: Program) -> None:
    wrong = Pass("breaker", "breaks", transposed_operand)
    with pytest.raises(DerivationError, match="after breaker, kernel sensitivities"):
        run_passes(build(gradscribe.derive(SPEC)), [wrong])


# ---- constant folding --------------------------------------------------------------------------

A, B, C = Ref("a"), Ref("b"), Ref("c")


def number(value: Any) -> Const:
    return Const(Fraction(value))


@pytest.mark.parametrize(
    ("node", "expected"),
    [
        (Add((number(1), number(2))), number(3)),
        (Add((A, number(0))), A),
        (Mul((number(1), A)), A),
        (Mul((number("1/3"), A, number(3))), A),
        (Mul((A, number(-1), B, number(2))), Mul((number(-2), A, B))),
        (Add((Add((A, B)), C)), Add((A, B, C))),
        (Mul((Mul((A, B)), C)), Mul((A, B, C))),
        (Add((A, Add((number(2), number(-2))))), A),
        (Power(number(2), 3), number(8)),
        (Power(number(2), -1), number("1/2")),
        (Power(A, 1), A),
        (Transpose(Transpose(A)), A),
        (Reduce(Reduce(A, (0,)), (0,)), Reduce(A, (0, 1))),
        (Reduce(Reduce(A, (1,)), (0,)), Reduce(A, (0, 1))),
        (Call("tanh", (Mul((number(1), A)),)), Call("tanh", (A,))),
        (MatMul(Add((A, number(0))), B), MatMul(A, B)),
        (Power(number(0), -1), Power(number(0), -1)),
        (Expand(Mul((A, number(1))), (0,)), Expand(A, (0,))),
        (Const(0.5), Const(0.5)),
    ],
)
def test_constants_are_folded(node: Node, expected: Node) -> None:
    assert folded(node) == expected
    assert folded(expected) == expected


# ---- the printer -------------------------------------------------------------------------------

VALUES = {"a": np.float64(0.7), "b": np.float64(-1.3), "c": np.float64(2.1)}
CALLS = ("tanh", "exp", "sin", "arctan", "abs")


def scalars() -> st.SearchStrategy[Node]:
    """Random trees over scalars, with every node that has an elementwise meaning."""
    fractions = st.fractions(-3, 3, max_denominator=7)
    leaves = st.one_of(
        st.sampled_from([A, B, C]),
        fractions.map(Const),
        st.sampled_from([0.1, -2.5]).map(Const),
        st.just(Size("N_2")),
    )

    def grown(inner: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
        several = st.lists(inner, min_size=2, max_size=4).map(tuple)
        return st.one_of(
            several.map(Add),
            several.map(Mul),
            st.tuples(inner, st.integers(-3, 3)).map(lambda p: Power(*p)),
            st.tuples(st.sampled_from(CALLS), inner).map(lambda p: Call(p[0], (p[1],))),
            st.tuples(inner, inner).map(lambda p: Call("maximum", p)),
            st.tuples(inner, inner, inner).map(
                lambda p: Call("where", (Call("greater", p[:2]), *p[1:]))
            ),
        )

    return st.recursive(leaves, grown, max_leaves=14)


@settings(max_examples=600, deadline=None, derandomize=True)
@given(scalars())
def test_printed_source_means_what_the_tree_means(node: Node) -> None:
    machine = Machine(Program((), {}), dict(VALUES))
    machine.sizes["N_2"] = 3
    with np.errstate(all="ignore"):
        text = source(node)
        try:
            expected = machine.evaluate(node)
        except (ZeroDivisionError, OverflowError):
            return
        found = eval(text, {"np": np, "N2": 3, "_": None, **VALUES})
    if np.isfinite(expected):
        assert np.isclose(float(found), float(expected), rtol=1e-9, atol=1e-12), text


@settings(max_examples=300, deadline=None, derandomize=True)
@given(scalars())
def test_folding_changes_no_value(node: Node) -> None:
    machine = Machine(Program((), {}), dict(VALUES))
    machine.sizes["N_2"] = 3
    with np.errstate(all="ignore"):
        try:
            expected = machine.evaluate(node)
        except (ZeroDivisionError, OverflowError):
            return
        found = machine.evaluate(folded(node))
    if np.isfinite(expected):
        assert np.isclose(float(found), float(expected), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(
    ("node", "expected"),
    [
        (Add((A, Mul((number(-1), B)))), "a - b"),
        (Add((A, Mul((number(-1), Add((B, C)))))), "a - (b + c)"),
        (Mul((A, Add((B, C)))), "a * (b + c)"),
        (Mul((number(-1), Add((B, C)))), "-(b + c)"),
        (Power(Add((A, B)), 2), "(a + b)**2"),
        (Power(A, -1), "1 / a"),
        (Mul((A, Power(B, -1), Power(C, -1))), "a / (b * c)"),
        (Mul((A, Power(Add((B, C)), -2))), "a / (b + c)**2"),
        (MatMul(A, Transpose(B)), "a @ b.T"),
        (MatMul(MatMul(A, B), C), "a @ b @ c"),
        (MatMul(A, MatMul(B, C)), "a @ (b @ c)"),
        (MatMul(Mul((A, B)), C), "a * b @ c"),
        (Mul((MatMul(A, B), C)), "(a @ b) * c"),
        (Transpose(MatMul(A, B)), "(a @ b).T"),
        (Reduce(Power(A, 2), (0, 1)), "np.sum(a**2)"),
        (Reduce(A, (0,)), "np.sum(a, axis=0)"),
        (Expand(A, (1,)), "a[:, None]"),
        (Power(Mul((number(-1), A)), 2), "(-a)**2"),
        (Power(number(-2), 2), "(-2)**2"),
        (Mul((A, number(-2))), "a * -2"),
        (Power(number("1/3"), 2), "(1 / 3)**2"),
        (Mul((A, number("1/3"))), "a * (1 / 3)"),
        (number("1/2"), "0.5"),
        (Call("greater", (A, number(0))), "a > 0"),
        (Mul((A, Call("greater", (A, number(0))))), "a * (a > 0)"),
        (Size("N_12"), "N12"),
    ],
)
def test_printed_source(node: Node, expected: str) -> None:
    assert source(node) == expected


def test_printed_matrix_products_have_the_trees_shape() -> None:
    rng = np.random.default_rng(0)
    a, b, c = rng.normal(size=(2, 3)), rng.normal(size=(3, 3)), rng.normal(size=(3, 3))
    values = {"a": a, "b": b, "c": c}
    machine = Machine(Program((), {}), dict(values))
    nodes = [
        MatMul(A, MatMul(B, C)),
        MatMul(A, Mul((B, C))),
        Mul((MatMul(A, B), A)),
        MatMul(Mul((A, A)), Transpose(Add((B, C)))),
        Transpose(MatMul(A, B)),
        Reduce(MatMul(A, B), (1,)),
        Expand(Reduce(A, (1,)), (1,)),
        Mul((number(-1), MatMul(A, B))),
        Mul((number(2), MatMul(A, B), A)),
        Add((A, Mul((number(-1), MatMul(A, B))))),
        Power(MatMul(A, B), 2),
        Mul((A, Power(MatMul(A, B), -1))),
    ]
    shapes = {"a": ("P", "Q"), "b": ("Q", "Q"), "c": ("Q", "Q")}
    for node in nodes:
        found = eval(source(node), {"np": np, **values})
        expected = machine.evaluate(node)
        assert np.allclose(found, expected), source(node)
        assert len(shape_of(node, shapes)) == found.ndim


def test_printed_statements() -> None:
    assert statement_source(Statement("y", Call("tanh", (Ref("u"),)), reuse="u")) == (
        "y = np.tanh(u, out=u)"
    )
    assert statement_source(Statement("u", Ref("b"), update="+")) == "u += b"
    assert statement_source(Statement("u", Add((Ref("b"), Ref("c"))), update="*")) == "u *= b + c"
