"""Formulas: what they mean, and that their equations are those of a stack."""

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sympy import Add, Expr, Indexed, Sum, Symbol

from gradscribe.catalog import CATALOG
from gradscribe.equation import Equation
from gradscribe.errors import InputError
from gradscribe.model.blueprint import settings_of
from gradscribe.model.network import Network, assemble
from gradscribe.model.stack import Stack, stack_blueprint
from gradscribe.symbols import names


def right_sides(spec: str) -> dict[str, str]:
    return {q.name: str(q.right) for q in Network.parse(spec).equations[:-2]}


def shapes(spec: str) -> dict[str, tuple[str, ...]]:
    return {p.name: tuple(map(str, p.shape)) for p in Network.parse(spec).parameters}


def symbolic_stack(count: int) -> Network:
    tanh = CATALOG.activations["tanh"]
    stack = Stack(None, (tanh,) * count, (CATALOG.layers["dense"],) * count)
    blueprint = stack_blueprint(stack, settings_of({}, CATALOG))
    return assemble(
        blueprint.equations,
        parameters=blueprint.parameters,
        input=blueprint.input,
        functions=blueprint.functions,
        layers=blueprint.layers,
        sizes=None,
        loss=blueprint.settings.loss,
        spec="",
    )


def nested(count: int) -> str:
    text = "x"
    for m in range(1, count + 1):
        text = f"f{m}(W{m} {text} + b{m})"
    return text


@pytest.mark.parametrize("count", [1, 2, 3, 100])
def test_a_formula_is_the_stack(count):
    network, stack = Network.parse(nested(count)), symbolic_stack(count)
    assert network.equations == stack.equations
    assert network.cost == stack.cost
    assert network.parameters == stack.parameters
    assert network.layers == stack.layers
    assert (network.input, network.output) == (stack.input, stack.output)
    assert network.sizes is None
    assert network.functions == {f"f{m}": None for m in range(1, count + 1)}


@pytest.mark.parametrize(
    "text",
    [
        "f2(W2*f1(W1*x+b1)+b2)",
        "f2(W2@f1(W1@x+b1)+b2)",
        " f2 (\n W2 f1 ( W1 x+b1)\t+ b2 )",
        "(f2((W2) (f1((W1 x) + b1)) + b2))",
        "f2(W2 * f1(+W1 @ (x) + b1) + b2)",
    ],
)
def test_signs_and_blanks_are_free(text):
    network = Network.parse(text)
    assert network == Network.parse("f2(W2 f1(W1 x + b1) + b2)")
    assert network.spec == "f2(W2 f1(W1 x + b1) + b2) loss=mse"


def test_bindings_and_options():
    network = Network.parse("f2(W2 f1(W1 x + b1) + b2) f2=linear loss=sse name=n f1=tanh")
    assert network.spec == "f2(W2 f1(W1 x + b1) + b2) f1=tanh f2=linear loss=sse name=n"
    assert network.abstract_functions == ()
    partly = Network.parse("f2(W2 f1(W1 x + b1) + b2) f2=linear")
    assert partly.abstract_functions == ("f1",)


def test_activation_used_by_its_name():
    network = Network.parse("linear(W2 tanh(W1 x + b1) + b2)")
    assert {k: v.name for k, v in network.functions.items()} == {"f1": "tanh", "f2": "linear"}
    assert network.equations == Network.parse("f2(W2 f1(W1 x + b1) + b2)").equations


def test_activation_names_do_not_collide():
    network = Network.parse("f1(W2 tanh(W1 x + b1) + b2)")
    assert {k: v and v.name for k, v in network.functions.items()} == {"tanh": "tanh", "f1": None}


def test_affine_output():
    network = Network.parse("W2 tanh(W1 x + b1) + b2")
    assert network.output.name == "u2"
    assert [q.name for q in network.equations] == ["u1", "y1", "u2", "e", "E"]


def test_matrix_times_matrix():
    assert right_sides("f(W1 W2 x)") == {
        "u1": "Sum(W2[i, j]*x[j], (j, 1, N_0))",
        "u2": "Sum(W1[i, j]*u1[j], (j, 1, N_1))",
        "y2": "f(u2[i])",
    }
    assert right_sides("f((W1 W2) x)") == right_sides("f(W1 (W2 x))") == right_sides("f(W1 W2 x)")


def test_skip_connection_shares_one_equation():
    spec = "f2(W2 f1(W1 x + b1) + b2) + f1(W1 x+b1)"
    assert right_sides(spec) == {
        "u1": "b1[i] + Sum(W1[i, j]*x[j], (j, 1, N_0))",
        "y1": "f1(u1[i])",
        "u2": "b2[i] + Sum(W2[i, j]*y1[j], (j, 1, N_1))",
        "y2": "f2(u2[i])",
        "s2": "y1[i] + y2[i]",
    }
    assert shapes(spec)["W2"] == ("N_1", "N_1")
    assert Network.parse(spec).layers == Network.parse("f(W1 x)").layers


def test_sums_are_shared_in_any_order():
    spec = "f2(W2 f1(W1 x + b1) + b2) + f1(b1 + W1 x)"
    assert len(right_sides(spec)) == 5


def test_shared_parts_of_sums():
    assert right_sides("f(W x + b) + g(W x + c)")["u1"] == "Sum(W[i, j]*x[j], (j, 1, N_0))"
    assert right_sides("f(W x + b) + (W x + b)")["s1"] == "u1[i] + y1[i]"


def test_shared_weight():
    network = Network.parse("f2(W f1(W x + b) + b)")
    assert [p.name for p in network.parameters] == ["W", "b"]
    assert shapes("f2(W f1(W x + b) + b)") == {"W": ("N_0", "N_0"), "b": ("N_0",)}
    assert network.layers == (Network.parse("f(W x)").layers[0],)


def test_minus():
    sides = right_sides("-f(W x - b) + x - (c - x)")
    assert sides["u1"] == "-b[i] + Sum(W[i, j]*x[j], (j, 1, N_0))"
    assert sides["s1"] == "-c[i] + 2*x[i] - y1[i]"


@pytest.mark.parametrize(
    "formula",
    [
        "f(a1 - W x) - x",
        "-f(W x) + x",
        "-(f(W x) - b) + x",
        "f(W x - (b - c)) + W1 * (f(x) + b)",
        "W1 * (W2 * (x + b) + c)",
    ],
)
def test_canonical_text_stays(formula):
    assert Network.parse(formula).spec == f"{formula} loss=mse"


def test_matrix_before_a_parenthesis():
    assert shapes("f(W2 (g(W1 x) + c))").keys() == {"W1", "W2", "c"}
    assert Network.parse("f(W2(x + c))").spec == "f(W2 * (x + c)) loss=mse"
    assert Network.parse("F(W x + b)").functions == {"F": None}
    assert Network.parse("A(W x + b) A=tanh").functions["A"] is CATALOG.activations["tanh"]
    assert [p.name for p in Network.parse("F(F x + b)").parameters] == ["F", "b"]
    assert Network.parse("Wout * (tanh(Win x + bin1) + c)").parameters[0].name == "Win"


def test_free_names_and_order_of_parameters():
    network = Network.parse("g(c + A f(b + B x))")
    assert [p.name for p in network.parameters] == ["B", "b", "A", "c"]


def test_two_inputs_of_one_layer():
    sides = right_sides("f2(W2 f1(W1 x + b1) + V x + b2)")
    expected = "b2[i] + Sum(V[i, j]*x[j], (j, 1, N_0)) + Sum(W2[i, j]*y1[j], (j, 1, N_1))"
    assert sides["u2"] == expected


def test_names_of_sums_avoid_the_users():
    network = Network.parse("W2 (f(W1 x) + s1)")
    values = [q.name for q in network.equations]
    assert len({*values, "s1"}) == len(values) + 1
    assert "sa1" in values


# Random well-typed formulas: a vector is x, a parameter, a product, a sum or a function.
def vectors(depth: int) -> st.SearchStrategy[str]:
    if depth == 0:
        return st.sampled_from(["x", "b", "c1", "W1 x", "A x"])
    inner = vectors(depth - 1)
    return st.one_of(
        inner,
        st.builds("{}({})".format, st.sampled_from(["f", "g", "f1", "tanh", "relu"]), inner),
        st.builds("{} ({})".format, st.sampled_from(["W1", "W2", "A", "B1"]), inner),
        st.builds("({} {} {})".format, inner, st.sampled_from("+-"), inner),
    )


@settings(max_examples=150, deadline=None)
@given(vectors(4))
def test_random_formulas(formula):
    try:
        network = Network.parse(f"f9(W9 ({formula}) + V9 x) f9=tanh")
    except InputError as error:
        refused = str(error)
        assume("cancel" not in refused)
        raise
    assert Network.parse(network.spec) == network
    check_consistent(network)


def check_consistent(network: Network) -> None:
    """Each name is defined once, before its use; sizes agree; all has an effect."""
    known = {"x", "d", *(p.name for p in network.parameters)}
    used: set[str] = set()
    for equation in network.equations:
        assert names(equation.right) <= known
        assert equation.name not in known
        known.add(equation.name)
        used |= names(equation.right)
    assert known - used == {"E"}
    assert set(network.layers) == {n for v in network.variables.values() for n in v.shape}
    assert [str(n) for n in network.layers] == [f"N_{m}" for m in range(len(network.layers))]
    for equation in network.equations:
        check_sizes(network, equation)


def check_sizes(network: Network, equation: Equation) -> None:
    """Each index runs over one size: the left side's, or the one that its sum states."""
    free = dict(zip(equation.indices, equation.variable.shape, strict=True))
    for body, limits in terms(equation.right):
        for atom in body.atoms(Indexed):
            shape = network.variables[str(atom.base)].shape
            assert [(free | limits)[letter] for letter in atom.indices] == list(shape)


def terms(right: Expr) -> Iterator[tuple[Expr, dict[Symbol, Symbol]]]:
    for term in Add.make_args(right):
        sums = list(term.find(Sum))
        yield (sums[0].function, {k: n for k, _, n in sums[0].limits}) if sums else (term, {})


# What a formula means, said a second time by NumPy's operators; every size is 2.
ARRAYS = {"f": np.sin, "g": np.cos, "f1": np.exp, "tanh": np.tanh}


def arrays(seed: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    vectors = {name: rng.uniform(-1, 1, 2) for name in ("x", "b", "c1")}
    return vectors | {name: rng.uniform(-1, 1, (2, 2)) for name in ("W1", "W2", "A")}


def evaluated(right: Expr, values: dict[str, np.ndarray], functions: dict[str, str]) -> np.ndarray:
    """Return the vector of a right side: the term with a sum is a matrix product."""
    result = np.zeros(2)
    for term in Add.make_args(right):
        coefficient, rest = term.as_coeff_Mul()
        if isinstance(rest, Sum):
            matrix, vector = sorted(rest.atoms(Indexed), key=lambda a: -len(a.indices))
            value = values[str(matrix.base)] @ values[str(vector.base)]
        elif isinstance(rest, Indexed):
            value = values[str(rest.base)]
        else:
            value = ARRAYS[functions[rest.stem]](values[str(rest.args[0].base)])
        result = result + float(coefficient) * value
    return result


def numeric(depth: int) -> st.SearchStrategy[str]:
    if depth == 0:
        return st.sampled_from(["x", "b", "c1", "W1 @ x", "A @ x"])
    inner = numeric(depth - 1)
    return st.one_of(
        inner,
        st.builds("{}({})".format, st.sampled_from(["f", "g", "tanh"]), inner),
        st.builds("{} @ ({})".format, st.sampled_from(["W1", "W2", "A"]), inner),
        st.builds("(-{} {} {})".format, inner, st.sampled_from("+-"), inner),
    )


@settings(max_examples=150, deadline=None)
@given(numeric(4), st.integers(0, 99))
def test_a_formula_means_what_it_says(formula, seed):
    formula = f"f1(A @ ({formula}) + W2 @ x)"
    try:
        network = Network.parse(formula)
    except InputError as error:
        refused = str(error)
        assume("cancel" not in refused)
        raise
    functions = {key: entry.name if entry else key for key, entry in network.functions.items()}
    values = arrays(seed)
    expected = eval(formula, {}, ARRAYS | values)  # this test's own text, in which @ is NumPy's
    for equation in network.equations[:-2]:
        values[equation.name] = evaluated(equation.right, values, functions)
    np.testing.assert_allclose(values[network.output.name], expected, rtol=1e-9, atol=1e-12)
