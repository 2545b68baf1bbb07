"""The parts of the Hessian in the derivation, and the numbers of equations in modules."""

import re
from dataclasses import replace

import pytest
from sympy import Rational

import gradscribe
from gradscribe.compiler import derivation_text, module_source
from gradscribe.derivation.listing import higher
from gradscribe.derivation.rules import RULES
from gradscribe.derivation.steps import Derivation, numbers
from gradscribe.derivation.verification import verified
from gradscribe.equation import Role
from gradscribe.errors import DerivationError
from gradscribe.model.blueprint import EMITTED

SPECS = (
    "f2(W2 f1(W1 x + b1) + b2)",
    "2-3-4-2 tanh,sigmoid",
    "3-1-2 relu,linear loss=sse",
    "f(W f(W x + b) + b) f=tanh",
    "tanh(W3 (tanh(W2 tanh(W1 x) + b) + tanh(W1 x)) + c)",
    "linear(V x + W2 tanh(W1 x + b1) + b2)",
    "W2 tanh(W1 x + b1 + b1)",
    "linear(W3 (tanh(W2 tanh(W1 x + b1) + b2) - V x) + W4 tanh(W1 x + b1))",
)


def adjoints(derivation: Derivation):
    return [q for q in derivation.derived if q.variable.role is Role.ADJOINT]


@pytest.mark.parametrize("spec", SPECS)
def test_a_module_has_the_numbers_of_the_whole_derivation(spec: str) -> None:
    whole = {q.name: q.label for q in gradscribe.derive(spec, order=2)}
    first = gradscribe.derive(spec)
    assert {q.name: q.label for q in first}.items() <= whole.items()
    everything = tuple(filter(None, dict.fromkeys(EMITTED.values())))
    for parts in ((), ("hessian_vector_product",), ("jacobian",), ("hessian",), everything):
        found = numbers(first, higher(first.network, adjoints(first), parts))
        assert found.items() <= whole.items()
    blocks = {n for n in whole if n.startswith(("d2E_", "d2G_"))}
    assert blocks <= found.keys()
    assert {n for n in whole if n.startswith("R_")} <= found.keys()


COMMENT = re.compile(r"# \((\d+)\) (.*?) = ")


@pytest.mark.parametrize("target", ["numpy", "scalar"])
@pytest.mark.parametrize("spec", ["3-4-2 tanh,sigmoid", "2-3-2-1 softplus,linear loss=sse"])
def test_comments_show_the_equations_of_their_numbers(spec: str, target: str) -> None:
    derivation = gradscribe.derive(spec, order=2)
    shown = set()
    for line in module_source(spec, target=target).splitlines():
        match = COMMENT.search(line)
        if match:
            equation = derivation[int(match[1])]
            assert equation.text.partition(" = ")[0] == match[2], line
            shown.add(equation.variable.role)
    assert {Role.VALUE, Role.ADJOINT, Role.TANGENT} <= shown


def test_blocks_in_comments_have_their_numbers() -> None:
    spec = "3-4-2 tanh"
    derivation, source = gradscribe.derive(spec, order=2), module_source(spec)
    names = ("d2E_dW2_dW1", "d2E_dW2_db1", "d2E_db2_dW1", "d2E_db2_db1")
    labels = ", ".join(derivation[name].label for name in names)
    assert f"# ({labels}) ∂²E/∂(W¹, b¹)∂(W², b²)\n" in source
    labels = "–".join(derivation[f"d2G_d{n}"].label for n in ("W1_dW1", "b1_db1"))
    assert f"# ({labels}) the block of (W¹, b¹) and (W¹, b¹)\n" in source


# ---- H = Gauss-Newton + residual ---------------------------------------------------------------


@pytest.mark.parametrize("spec", SPECS)
def test_every_block_is_split_and_every_step_holds(spec: str) -> None:
    derivation = gradscribe.derive(spec, order=2)
    blocks = [q for q in derivation if q.variable.role is Role.CURVATURE]
    assert all(step.rule in RULES for q in blocks for step in q.steps)
    assert all(q.steps for q in blocks)
    parts = {letter: [q for q in blocks if q.name.startswith(f"d2{letter}")] for letter in "EGR"}
    count = len(derivation.network.parameters)
    assert {len(part) for part in parts.values()} == {count * (count + 1) // 2}
    for whole, gauss, rest in zip(*parts.values(), strict=True):
        first, second = rest.steps[:2]
        at = rest.indices
        assert first.rule == "residual"
        assert first.parents == (whole.name, gauss.name)
        assert second.before == whole.variable[at] - gauss.variable[at]
    assert verified(derivation).derivatives > 10


@pytest.mark.parametrize("name", ["d2G_du1_du2", "d2G_dW2_dW1", "d2R_du1_du1", "d2R_dW2_dW1"])
def test_a_wrong_part_is_caught(name: str) -> None:
    derivation = gradscribe.derive(SPECS[0], order=2)
    changed = derivation[name]
    right = changed.right * Rational(1001, 1000)
    for steps in (changed.steps, (*changed.steps[:-1], replace(changed.steps[-1], after=right))):
        wrong = replace(changed, right=right, steps=steps)
        equations = tuple(wrong if q.name == name else q for q in derivation.equations)
        with pytest.raises(DerivationError, match=name):
            verified(replace(derivation, equations=equations))


def test_a_residual_that_is_less_than_the_rest_is_caught() -> None:
    derivation = gradscribe.derive(SPECS[0], order=2)
    block = derivation["d2R_dW2_dW1"]
    lost = block.steps[-1].after.args[0]
    steps = (block.steps[0], replace(block.steps[1], after=lost))
    changed = replace(block, right=lost, steps=steps)
    equations = tuple(changed if q.name == block.name else q for q in derivation)
    with pytest.raises(DerivationError, match=r"d2R_dW2_dW1.*chain rule"):
        verified(replace(derivation, equations=equations))


def test_the_residual_is_the_second_derivative_of_the_network() -> None:
    derivation = gradscribe.derive("2-3-1 tanh,linear", order=2)
    assert derivation["d2R_db2_db2"].text == "∂²R/∂b²ᵢ∂b²ⱼ = f′′²(u²ᵢ) ∂E/∂y²ᵢ [i = j]"
    assert derivation["fprimeprime2"].right == 0  # so that there is none in the last layer
    bare = gradscribe.derive("W2 tanh(W1 x)", order=2)
    assert bare["d2R_dW2_dW2"].right == 0
    assert bare["d2R_dW2_dW1"].right != 0


def test_the_text_says_what_the_parts_are() -> None:
    text = derivation_text("2-3-1 tanh", "text")
    assert "G is E with the network replaced by its tangent" in text
    assert "∂²R/∂W²ᵢⱼ∂W¹ₗᵣ = ∂²E/∂W²ᵢⱼ∂W¹ₗᵣ − ∂²G/∂W²ᵢⱼ∂W¹ₗᵣ" in text
    assert "∂δ²ᵢ/∂(∂E/∂y²ₖ)" in text
