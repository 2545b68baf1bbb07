"""The equations are the lecture's, every step holds, and a step that does not is caught."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from sympy import Add, Float, Indexed, Mul, Piecewise, Rational, exp

import gradscribe
from gradscribe.catalog.activations import ACTIVATIONS, U
from gradscribe.catalog.losses import Y
from gradscribe.derivation import slopes
from gradscribe.derivation.rules import RULES
from gradscribe.derivation.slopes import slope
from gradscribe.derivation.steps import Derivation, derive
from gradscribe.derivation.verification import verified
from gradscribe.equation import Equation
from gradscribe.errors import DerivationError, InputError
from gradscribe.model.network import Network

ROOT = Path(__file__).parents[1]

# ---- what comes out ----------------------------------------------------------------------------

LECTURE = {
    "u1": "u¹ᵢ = Σⱼ W¹ᵢⱼ xⱼ + b¹ᵢ",
    "y1": "y¹ᵢ = f¹(u¹ᵢ)",
    "u2": "u²ᵢ = Σⱼ W²ᵢⱼ y¹ⱼ + b²ᵢ",
    "u3": "u³ᵢ = Σⱼ W³ᵢⱼ y²ⱼ + b³ᵢ",
    "y3": "y³ᵢ = f³(u³ᵢ)",
    "e": "eᵢ = dᵢ − y³ᵢ",
    "E": "E = Σⱼ eⱼ²",
    "J": "J = 1/(N N₃) Σₙ E(n)",
    "delta3": "δ³ᵢ = −2 eᵢ f′³(u³ᵢ)",
    "delta2": "δ²ᵢ = f′²(u²ᵢ) Σₖ W³ₖᵢ δ³ₖ",
    "delta1": "δ¹ᵢ = f′¹(u¹ᵢ) Σₖ W²ₖᵢ δ²ₖ",
    "fprime3": "f′³(u³ᵢ) = 1",
    "fprime2": "f′²(u²ᵢ) = y²ᵢ (1 − y²ᵢ)",
    "fprime1": "f′¹(u¹ᵢ) = 1 − (y¹ᵢ)²",
    "dE_dW1": "∂E/∂W¹ᵢⱼ = δ¹ᵢ xⱼ",
    "dE_db1": "∂E/∂b¹ᵢ = δ¹ᵢ",
    "dE_dW2": "∂E/∂W²ᵢⱼ = δ²ᵢ y¹ⱼ",
    "dE_db2": "∂E/∂b²ᵢ = δ²ᵢ",
    "dE_dW3": "∂E/∂W³ᵢⱼ = δ³ᵢ y²ⱼ",
    "dE_db3": "∂E/∂b³ᵢ = δ³ᵢ",
    "dJ_dW1": "∂J/∂W¹ᵢⱼ = 1/(N N₃) Σₙ δ¹ᵢ(n) xⱼ(n)",
    "dJ_db1": "∂J/∂b¹ᵢ = 1/(N N₃) Σₙ δ¹ᵢ(n)",
    "dJ_dW3": "∂J/∂W³ᵢⱼ = 1/(N N₃) Σₙ δ³ᵢ(n) y²ⱼ(n)",
    "dJ_db3": "∂J/∂b³ᵢ = 1/(N N₃) Σₙ δ³ᵢ(n)",
}
THREE = "f3(W3 f2(W2 f1(W1 x + b1) + b2) + b3) f1=tanh f2=sigmoid f3=linear"


@pytest.mark.parametrize("name", LECTURE)
def test_the_equations_are_those_of_the_lecture(name: str) -> None:
    assert gradscribe.derive(THREE)[name].text == LECTURE[name]


def test_sizes_change_nothing_in_the_equations() -> None:
    fixed = gradscribe.derive("5-4-3-2 tanh,sigmoid,linear")
    assert {name: fixed[name].text for name in LECTURE} == LECTURE


def test_the_default_network_is_the_lectures() -> None:
    derivation = gradscribe.derive(None)
    assert derivation["delta2"].text == LECTURE["delta2"]
    assert derivation["dJ_dW3"].text == LECTURE["dJ_dW3"]


def test_functions_may_stay_abstract() -> None:
    derivation = gradscribe.derive("f3(W3 f2(W2 f1(W1 x + b1) + b2) + b3)")
    for name in ("delta3", "delta2", "delta1", "dJ_dW1", "dE_db2"):
        assert derivation[name].text == LECTURE[name]
    assert "fprime1" not in derivation.by_name
    assert verified(derivation).steps > 40
    with pytest.raises(InputError, match="no function is bound to f1, f2, f3"):
        gradscribe.compile("f3(W3 f2(W2 f1(W1 x + b1) + b2) + b3)")


def test_the_sum_of_squares_has_no_factor() -> None:
    derivation = gradscribe.derive(f"{THREE} loss=sse")
    assert derivation["J"].text == "J = Σₙ E(n)"
    assert derivation["dJ_dW1"].text == "∂J/∂W¹ᵢⱼ = Σₙ δ¹ᵢ(n) xⱼ(n)"


def test_shared_weights_get_a_term_from_each_use() -> None:
    derivation = gradscribe.derive("f1(W f2(W x + b) + b) f1=tanh f2=tanh")
    assert derivation["dE_dW"].text == "∂E/∂Wᵢⱼ = δ¹ᵢ xⱼ + δ²ᵢ y¹ⱼ"
    assert derivation["dE_db"].text == "∂E/∂bᵢ = δ¹ᵢ + δ²ᵢ"
    assert verified(derivation).steps > 0


def test_a_product_of_matrices_is_taken_from_the_inside() -> None:
    derivation = gradscribe.derive("f(W2 W1 x + b) f=tanh")
    assert len(derivation.network.equations) == 5
    verified(derivation)
    module = gradscribe.compile("f(W2 W1 x + b) f=tanh")
    assert module.Parameters._fields in (("W1", "W2", "b"), ("W2", "W1", "b"))
    assert module._self_check() == 0


def test_a_skip_in_a_formula_has_two_paths() -> None:
    spec = "linear(W3 (tanh(W2 tanh(W1 x + b1) + b2) + tanh(W1 x + b1)) + b3)"
    derivation = gradscribe.derive(spec)
    assert derivation["dE_dy1"].text == "∂E/∂y¹ᵢ = Σₖ W²ₖᵢ δ²ₖ + ∂E/∂s²ᵢ"
    assert derivation["dE_ds2"].text == "∂E/∂s²ᵢ = Σₖ W³ₖᵢ δ³ₖ"
    assert verified(derivation).derivatives > 0
    assert gradscribe.compile(spec)._self_check() == 0


def test_equations_are_numbered_in_order_and_defined_before_use() -> None:
    derivation = gradscribe.derive("3-4-4-2 tanh,sigmoid")
    assert [q.label for q in derivation.equations] == [
        str(n) for n in range(1, len(derivation.equations) + 1)
    ]
    known = {"x", "d", *(p.name for p in derivation.network.parameters)}
    derived = {q.name for q in derivation.equations}
    for equation in derivation.equations:
        used = {s.name for s in equation.right.free_symbols} & derived
        assert used <= known, equation
        known.add(equation.name)


def test_formulas_of_a_layer_do_not_grow_with_the_depth() -> None:
    deep = gradscribe.derive("-".join(["4"] * 31) + " tanh")
    lengths = {len(deep[f"delta{m}"].steps) for m in range(1, 30)}
    assert lengths == {len(deep["delta1"].steps)}
    operations = {deep[f"delta{m}"].right.count_ops() for m in range(1, 30)}
    assert len(operations) == 1


def test_every_step_names_its_rule_and_where_it_comes_from() -> None:
    derivation = gradscribe.derive(THREE)
    assert len(derivation.steps) > 50
    for equation, step in derivation.steps:
        assert step.rule in RULES
        assert all(parent in derivation.by_name for parent in step.parents)
        assert step.after != step.before
        if step.rule in ("chain rule", "partial derivatives", "substitution", "slope", "linearity"):
            assert step.parents, (equation.name, step.rule)
    for equation in derivation.derived:
        assert equation.steps[-1].after == equation.right
        assert equation.parents or equation.right == 1, equation.name
        befores = [step.before for step in equation.steps[1:]]
        afters = [step.after for step in equation.steps[:-1]]
        assert befores == afters, equation.name
    recursion = [step.rule for step in derivation["delta2"].steps]
    assert recursion == ["chain rule", "partial derivatives", "Kronecker delta", "substitution"]
    assert derivation["delta2"].parents == ("y2", "dE_dy2")


def test_an_unknown_equation_is_refused_with_the_nearest() -> None:
    with pytest.raises(InputError, match="did you mean 'delta1'"):
        gradscribe.derive(THREE)["delta11"]


def test_notebooks_show_formulas() -> None:
    derivation = gradscribe.derive(THREE)
    text = derivation._repr_latex_()
    assert text.startswith("$$\\begin{aligned}")
    assert text.count("\\\\\n") == len(derivation.equations) - 1
    assert derivation.network._repr_latex_().startswith("$$\\begin{aligned}")
    single = derivation["delta2"]._repr_latex_()
    assert single.startswith("$\\displaystyle \\delta_{i}^{2} = ")
    assert "w_{k,i}^{3}" in single
    for line in (text, single):
        assert line.count("{") == line.count("}")
        assert line.isascii()
    assert str(derivation["delta2"]) == f"(16) {LECTURE['delta2']}"


# ---- f′ in terms of y --------------------------------------------------------------------------

_ALPHA = Rational("1.6732632423543772848170429916717")
_SCALE = Rational("1.0507009873554804934193349852946")
IN_Y = {
    "linear": 1,
    "sigmoid": Y * (1 - Y),
    "tanh": 1 - Y**2,
    "relu": Piecewise((1, Y > 0), (0, True)),
    "softplus": 1 - exp(-Y),
    "leaky_relu": Piecewise((1, Y > 0), (Rational(1, 100), True)),
    "elu": Piecewise((1, Y > 0), (Y + 1, True)),
    "selu": Piecewise((_SCALE, Y > 0), (Y + _SCALE * _ALPHA, True)),
    "hard_tanh": Piecewise((0, Y >= 1), (1, Y > -1), (0, True)),
    **dict.fromkeys(("softsign", "silu", "gelu", "gelu_tanh", "mish", "hard_sigmoid", "sin")),
}


@pytest.mark.parametrize("name", IN_Y)
def test_the_slope_in_terms_of_the_output_is_found(name: str) -> None:
    found = slope(ACTIVATIONS[name])
    assert found.of_y == IN_Y[name]
    plain = ACTIVATIONS[name].formula.diff(U)
    for point in (Float("0.7", 40), Float("-1.3", 40), Float("2.9", 40)):
        assert abs(found.of_u.subs(U, point) - plain.subs(U, point)) < 1e-35


def test_every_activation_of_the_catalog_is_covered() -> None:
    assert set(IN_Y) == {name for name, entry in ACTIVATIONS.items() if not entry.written_out}


# ---- verification ------------------------------------------------------------------------------

SPECS = [
    "1-1 linear",
    "3-2 tanh loss=sse",
    "3-4-2 relu,softplus",
    "2-3-4-5-2 sigmoid,tanh,relu,linear",
    "f(W x + b)",
    "f(W f(W x + b) + b)",
    "g(A f(B x) + c)",
    "f2(W2 f1(W1 x + b1) + b2) + f1(W1 x + b1)",
    "tanh(W x + b) - sigmoid(V x + c)",
    "f(A B C x)",
    "-".join(["3"] * 13) + " tanh,linear",
]


@pytest.mark.parametrize("spec", SPECS)
@pytest.mark.parametrize("seed", [0, 1])
def test_every_step_holds(spec: str, seed: int) -> None:
    derivation = gradscribe.derive(spec)
    result = verified(derivation, seed=seed)
    assert result.steps == len(derivation.steps)
    assert result.derivatives > 0
    assert str(result.steps) in result.sentence


def with_equation(derivation: Derivation, name: str, equation: Equation) -> Derivation:
    equations = tuple(equation if q.name == name else q for q in derivation.equations)
    return Derivation(derivation.network, equations)


def scaled(equation: Equation) -> Equation:
    return replace(equation, right=equation.right * Rational(1001, 1000))


def negated(equation: Equation) -> Equation:
    return replace(equation, right=-equation.right)


def without_a_factor(equation: Equation) -> Equation:
    """Drop the last factor of a product."""
    factors = equation.right.as_ordered_factors()
    return replace(equation, right=Mul(*factors[:-1]))


def with_swapped_indices(equation: Equation) -> Equation:
    """Exchange the indices of every weight: W_ki becomes W_ik."""
    swapped = {
        a: a.base[a.indices[::-1]]
        for a in equation.right.atoms(Indexed)
        if str(a.base).startswith("W") and len(a.indices) == 2
    }
    assert swapped
    return replace(equation, right=equation.right.xreplace(swapped))


def shifted(equation: Equation) -> Equation:
    return replace(equation, right=Add(equation.right, 1))


RESULT_FAULTS = [
    (name, change)
    for name in ("dE_de", "delta3", "delta2", "delta1", "dE_dW2", "dE_db1", "dJ_dW1", "dJ_db3")
    for change in (scaled, negated, shifted)
]
RESULT_FAULTS += [
    ("delta2", with_swapped_indices),
    ("delta1", with_swapped_indices),
    ("dE_dy2", with_swapped_indices),
    ("delta2", without_a_factor),
    ("dE_dW3", without_a_factor),
    ("dJ_dW2", without_a_factor),
]


@pytest.mark.parametrize(("name", "change"), RESULT_FAULTS)
def test_a_wrong_result_is_caught(name: str, change: Callable[[Equation], Equation]) -> None:
    """The steps are right, and what is said to come out of them is not."""
    derivation = gradscribe.derive("f3(W3 f2(W2 f1(W1 x + b1) + b2) + b3)")
    wrong = with_equation(derivation, name, change(derivation[name]))
    with pytest.raises(DerivationError):
        verified(wrong)


def test_every_wrong_step_is_caught() -> None:
    """One step after the other gets the factor 1001/1000 on its right side."""
    derivation = gradscribe.derive("f2(W2 f1(W1 x + b1) + b2)")
    for equation in derivation.derived:
        for position, step in enumerate(equation.steps):
            if step.before is None:
                continue
            steps = list(equation.steps)
            steps[position] = replace(step, after=step.after * Rational(1001, 1000))
            wrong = with_equation(derivation, equation.name, replace(equation, steps=tuple(steps)))
            with pytest.raises(DerivationError, match=re.escape(step.rule)):
                verified(wrong)


def test_a_wrong_start_of_a_derivation_is_caught() -> None:
    """A term of the chain rule is dropped from the first line and every line after it."""
    derivation = gradscribe.derive("f(W f(W x + b) + b)")
    right = derivation["dE_dW"].right
    assert isinstance(right, Add)
    for term in right.args:
        dropped = replace(derivation["dE_dW"], right=term, steps=())
        with pytest.raises(DerivationError, match="dE_dW"):
            verified(with_equation(derivation, "dE_dW", dropped))


@pytest.mark.parametrize("spec", ["3-4-2 tanh", "-".join(["3"] * 13) + " tanh,linear"])
def test_faults_are_caught_in_either_kind_of_numbers(spec: str) -> None:
    derivation = gradscribe.derive(spec)
    for name in ("delta1", "dJ_db1"):
        with pytest.raises(DerivationError):
            verified(with_equation(derivation, name, scaled(derivation[name])))


def test_a_wrong_slope_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """What f′ is said to be in terms of y is compared with a numerical derivative of f."""
    right = slope(ACTIVATIONS["sigmoid"])
    for wrong in (Y * (1 + Y), 1 - Y, Y * (1 - Y) * 1.001):
        monkeypatch.setattr(slopes, "slope", lambda *_, w=wrong: replace(right, of_y=w))
        with pytest.raises(DerivationError, match=r"fprime1: .* for f′"):
            verified(gradscribe.derive("3-2 sigmoid"))


def test_a_wrong_equation_of_a_slope_is_caught() -> None:
    derivation = gradscribe.derive("3-2 sigmoid")
    for change in (scaled, negated, shifted):
        with pytest.raises(DerivationError, match="fprime1"):
            verified(with_equation(derivation, "fprime1", change(derivation["fprime1"])))
    for position, step in enumerate(derivation["fprime1"].steps):
        steps = list(derivation["fprime1"].steps)
        steps[position] = replace(step, after=2 * step.after)
        wrong = replace(derivation["fprime1"], steps=tuple(steps))
        with pytest.raises(DerivationError, match="fprime1"):
            verified(with_equation(derivation, "fprime1", wrong))


# ---- the rule of the house ---------------------------------------------------------------------

# What a derivative of a network, an activation or a loss looks like when it is typed in.
TYPED_IN = {
    "1 - y": r"1(\.0)?\s*-\s*y\w*",
    "1 - Y": r"\(1(\.0)?\s*-\s*Y\w*\)",
    "1 - tanh²": r"1(\.0)?\s*-\s*\w*\.?tanh\(",
    "cosh⁻²": r"/\s*\w*\.?cosh\(",
    "delta @ W": r"(?<!\w)(?:delta|g)\w*\s*@\s*\w",
    "W.T @ delta": r"\.T\s*@",
    "@ W": r"@\s*(?:params\.)?W\w*",
    "delta.T": r"delta\w*\.T",
    "u > 0 as a slope": r"prime\w*\s*=\s*\(?u\w*\s*>",
    "-2 e": r"-\s*2(\.0)?\s*\*\s*\(?e\b",
    "2 (y - d)": r"2(\.0)?\s*\*\s*\((?:y\w*\s*-\s*d|d\w*\s*-\s*y)",
}


def sources() -> list[Path]:
    files = [*(ROOT / "src").rglob("*.py"), *(ROOT / "templates").rglob("*")]
    return [f for f in files if f.is_file() and "__pycache__" not in f.parts]


def without_text(source: str) -> str:
    """Return source code without docstrings and comments, where formulas are explained."""
    source = re.sub(r'"""(?:.|\n)*?"""', '""', source)
    return re.sub(r"#.*", "", source)


@pytest.mark.parametrize("what", TYPED_IN)
def test_no_derivative_is_typed_in(what: str) -> None:
    pattern = re.compile(TYPED_IN[what])
    assert len(sources()) > 60
    found = [
        f"{path.relative_to(ROOT)}: {match[0]}"
        for path in sources()
        for match in pattern.finditer(without_text(path.read_text(encoding="utf-8")))
    ]
    assert not found


def test_the_patterns_find_what_they_are_for() -> None:
    """They do find derivatives where those are allowed: in generated code."""
    generated = without_text(gradscribe.compiler.module_source("3-4-4-2 sigmoid,tanh loss=sse"))
    for what in ("1 - y", "@ W", "delta @ W", "delta.T"):
        assert re.search(TYPED_IN[what], generated), what


def test_differentiation_happens_in_two_places_only() -> None:
    """SymPy's `diff` is called by the rule of partial derivatives and for the slopes alone."""
    calls = {
        path.relative_to(ROOT / "src" / "gradscribe").as_posix()
        for path in (ROOT / "src").rglob("*.py")
        if re.search(r"(?<!mpmath)\.diff\(", path.read_text(encoding="utf-8"))
    }
    assert calls == {"derivation/rules.py", "derivation/slopes.py"}


def test_networks_are_derived_from_their_equations_alone() -> None:
    """A network of other names has the same derivation: no name of a layer is looked for."""
    usual = derive(Network.parse("f(W2 g(W1 x + b1) + b2)"))
    other = derive(Network.parse("f(A g(B x + p1) + c)"))
    assert len(usual.steps) == len(other.steps)
    assert other["dE_dB"].text.replace("B", "W¹") == usual["dE_dW1"].text
