"""The printed equations of update rules and schedules, computed, against the emitted functions."""

import re
from functools import cache
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from editions import scripts
from printed_updates import Name, Page, Reader, latex_tokens, text_tokens
from test_learning_lecture import frames

import gradscribe
from gradscribe.catalog.schedules import SCHEDULES
from gradscribe.catalog.update_formulas import formulas, schedule_formula
from gradscribe.catalog.updates import UPDATES
from gradscribe.learning.objective import Objective
from gradscribe.learning.stepping import steps_module
from gradscribe.lecture.style import Style
from gradscribe.lecture.writing import written

STYLES = {"en": Style(), "pt": Style(lang="pt")}
STEPS, SEEDS = 3, 100
Equation = tuple[str, list[tuple[str, str]]]  # the left side; values and the words before each


@cache
def printed(name: str, lang: str) -> tuple[Equation, ...]:
    """Return the equations of a slide in a language, or those in Unicode for the language ""."""
    if not lang:
        entry = UPDATES[name] if name in UPDATES else SCHEDULES[name]
        lines = formulas(entry) if name in UPDATES else (schedule_formula(entry),)
        return tuple(in_text(*re.split(r" = (?![^[]*])", line, maxsplit=1)) for line in lines)
    latex, _ = scripts(STYLES[lang])
    frame = next(f for f in frames(STYLES[lang]) if f.key == f"learning-{name}")
    (display,) = frame.displays
    return tuple(
        in_latex(*[written(p, latex) for p in line.formula.parts]) for line in display.lines
    )


def in_latex(left: str, right: str) -> Equation:
    """Take the cases of a right side in LaTeX apart."""
    inner = re.fullmatch(r"\\begin\{cases\}(.*)\\end\{cases\}", right)
    rows = [row.split(" & ") for row in inner[1].split(r" \\ ")] if inner else [[right, ""]]
    return left, [(v, re.sub(r"^\\text\{[^}]*\}(\\ )?", "", c)) for v, c in rows]


def in_text(left: str, right: str) -> Equation:
    """Take the cases of a right side in Unicode apart."""
    first, cut, last = right.partition(", else ")
    rows = re.split(r", (?=[^,]*? if )", first) if cut else [first]
    return left, [
        *((v, c) for v, _, c in (row.partition(" if ") for row in rows)),
        *([(last, "")] if cut else []),
    ]


def follow(equations: tuple[Equation, ...], page: Page, lang: str) -> None:
    """Compute what each equation defines, in order."""
    read = latex_tokens if lang else text_tokens
    for left, cases in equations:
        tokens = list(read(left))
        value = next(
            Reader(list(read(v)), page)
            for v, c in cases
            if not c or Reader(list(read(c)), page).all()({})
        )
        if len(tokens) > 1:
            solve(Reader(tokens, page).all(), value.all(), page)
        elif "{" in value.tokens:
            page.values[tokens[0].name, tokens[0].when] = first_power(tokens[0], value.tokens, page)
        else:
            symbol, right = tokens[0], value.all()
            shape = (page.objective.K,) * len(symbol.indices)
            found = np.empty(shape)
            for at in np.ndindex(shape):
                found[at] = right(dict(zip(symbol.indices, at, strict=True)))
            page.values[symbol.name, symbol.when] = found if shape else float(found)


def solve(left: Any, right: Any, page: Page) -> None:
    """Solve Σ_l A_kl s_l = right_k for s, or Σ_l A_kl Q_lr = θ_r Q_kr for θ and Q."""
    K = page.objective.K
    page.unknown.clear()
    left({"k": 0, "r": 0})
    (unknown,) = dict.fromkeys(page.unknown)
    columns = []
    for unit in np.eye(K):
        one = np.tile(unit[:, None], K) if len(unknown.indices) == 2 else unit
        page.values[unknown.name, unknown.when] = one
        columns.append([left({"k": k, "r": 0}) for k in range(K)])
    matrix = np.array(columns).T
    if len(unknown.indices) == 1:
        del page.values[unknown.name, unknown.when]
        b = [right({"k": k}) for k in range(K)]
        page.values[unknown.name, unknown.when] = np.linalg.pinv(matrix, hermitian=True) @ b
        return
    values, vectors = np.linalg.eigh(matrix)
    page.values |= {("theta", ""): values, (unknown.name, ""): vectors}
    for k, r in np.ndindex(K, K):
        at = {"k": k, "r": r}
        assert left(at) == pytest.approx(right(at), abs=1e-8 * max(1, np.abs(values).max()))


def first_power(symbol: Name, tokens: list[Any], page: Page) -> float:
    """Return max {power : condition}, whose powers fall with i."""
    start, cut = tokens.index("{"), tokens.index(":")
    factor = Reader([*tokens[:start], 1.0], page) if start > 1 else None
    assert tokens[start - 1] == "max"
    assert tokens[-1] == "}"
    scale = Reader(tokens[: start - 1], page).all()({}) if factor else 1.0
    for i in range(200):
        page.values["i", ""] = float(i)
        power = Reader(tokens[start + 1 : cut], page).all()({})
        page.values[symbol.name, symbol.when] = power
        if Reader(tokens[cut + 1 : -1], page).all()({}):
            return float(scale * power)
    raise AssertionError("no power holds")


# ---- against the emitted functions -----------------------------------------------------------


@cache
def module_of(width: int) -> ModuleType:
    return gradscribe.compile(f"1-{width}-2 tanh,linear" if width else "1-2 linear")


@cache
def emitted(name: str) -> ModuleType:
    return steps_module(UPDATES[name])


def difference(name: str, equations: tuple[Equation, ...], lang: str, seed: int) -> float:
    """Return the largest difference between a page and the code, over a few steps.

    The width, the state, and the numbers that are chosen are random and all different.
    """
    rule, rng = UPDATES[name], np.random.default_rng(1000 + seed)
    width = int(rng.integers(3))  # 0: no hidden layer, J is convex
    X = rng.normal(0, 1, (5, 1))
    objective = Objective(module_of(width), X, np.sin(3 * X + [0, 1]))
    start = getattr(emitted(name), f"{name}_start")(rng.normal(0, 1.5, objective.K))
    changed = {
        m.name: rng.uniform(0.1, 1, objective.K) if m.vector else 10 ** rng.uniform(-3, 0)
        for m in rule.memory
    }
    changed |= {key: int(rng.integers(2)) for key in ("ok", rule.counter) if key in changed}
    state = start._replace(j=int(rng.integers(20)), **changed)
    settings = {
        s.name: float(rng.uniform(0.15, 0.85) if s.allowed.end <= 1 else rng.uniform(1.1, 3))
        for s in rule.settings
    }
    low = -9 if rule.penalty else -4  # a penalty that is large makes each step one that is taken
    settings |= {"epsilon": 10 ** rng.uniform(low, -0.3)} if "epsilon" in settings else {}
    worst = 0.0
    for _ in range(STEPS):
        after = getattr(emitted(name), f"{name}_step")(state, objective, **settings)
        before = {(key, "(j-1)"): value for key, value in state._asdict().items() if key != "j"}
        plain = {(key, ""): value for key, value in settings.items()}
        sizes = {("K", ""): objective.K, ("N", ""): objective.D.size}
        page = Page(objective, {**sizes, **before, **plain, ("j", ""): after.j})
        follow(equations, page, lang)
        for key, value in after._asdict().items():
            if key != "j":
                said = np.asarray(page.values[key, "(j)"])
                scale = max(1.0, float(np.abs(value).max()))
                worst = max(worst, float(np.abs(said - value).max()) / scale)
        state = after
    return worst


@pytest.mark.parametrize("lang", ["en", "pt", ""], ids=["en", "pt", "text"])
@pytest.mark.parametrize("name", UPDATES)
def test_what_is_printed_is_what_a_step_computes(name: str, lang: str) -> None:
    for seed in range(4):
        assert difference(name, printed(name, lang), lang, seed) < 1e-8


class Scalars:
    """No cost: a schedule has none."""

    K = 0


def schedule_difference(name: str, equations: tuple[Equation, ...], lang: str, seed: int) -> float:
    """Return the largest difference between a printed schedule and its function."""
    rng, worst = np.random.default_rng(seed), 0.0
    module = gradscribe.compile(f"1-1 tanh with={name}")
    settings = {s.name: float(rng.uniform(0.2, 0.9)) for s in SCHEDULES[name].settings}
    settings |= {"tau": float(rng.uniform(5, 9))} if "tau" in settings else {}
    for j in range(12):
        values = {(key, ""): value for key, value in settings.items()}
        page = Page(Scalars(), {**values, ("j", ""): j, ("pi", ""): np.pi})
        follow(equations, page, lang)
        expected = getattr(module, name)(j, **settings)
        worst = max(worst, abs(page.values["alpha", "(j)"] - expected) / abs(expected))
    return worst


@pytest.mark.parametrize("lang", ["en", "pt", ""], ids=["en", "pt", "text"])
@pytest.mark.parametrize("name", SCHEDULES)
def test_what_is_printed_is_what_a_schedule_computes(name: str, lang: str) -> None:
    assert schedule_difference(name, printed(name, lang), lang, 1) < 1e-12


# ---- mistakes that have to be found ------------------------------------------------------------


def found(name: str, equations: tuple[Equation, ...], lang: str) -> bool:
    """Whether some random state tells a page with a mistake from the code."""
    with np.errstate(all="ignore"):
        for seed in range(SEEDS):
            try:
                if not difference(name, equations, lang, seed) < 1e-8:
                    return True
            except (AssertionError, KeyError, ValueError, ArithmeticError):
                return True
    return False


def changed(equations: tuple[Equation, ...], old: str, new: str) -> tuple[Equation, ...]:
    """Return equations with the first place of a text replaced."""
    for number, (left, cases) in enumerate(equations):
        for k, (value, condition) in enumerate(cases):
            if old in value:
                wrong = [*cases[:k], (value.replace(old, new, 1), condition), *cases[k + 1 :]]
                return (*equations[:number], (left, wrong), *equations[number + 1 :])
    raise AssertionError(f"{old} is not printed")


# Factors that change what a condition says; bayesian_regularization nearly always takes a step.
DECIDES = {
    **{(name, "J^{(j-1)}"): "-2" for name in UPDATES if name != "scg"},
    **{(name, r"\tilde{J}"): "-2" for name in UPDATES if name != "scg"},
    ("saddle_free_newton", r"\theta_{\min}"): "-2",
    ("regularized_newton", r"\theta_{\max}"): "10000000000000",
    ("bayesian_regularization", r"\tilde{J}"): "100",
    ("bayesian_regularization", "F^{(j-1)}"): "-2",
    ("bayesian_regularization", r"\tilde{F}"): "100",
}


@pytest.mark.parametrize("name", UPDATES)
def test_an_error_of_a_thousandth_is_found(name: str) -> None:
    """Of a cost that nothing but a condition reads, an error that changes it is found."""
    page = printed(name, "en")
    for number, (left, cases) in enumerate(page):
        for k, (value, condition) in enumerate(cases):
            much = DECIDES.get((name, left), "1.001")
            off = [*cases[:k], (rf"{much} \, \left({value}\right)", condition), *cases[k + 1 :]]
            if r"\max \left\{" in value:
                off = [(rf"{much} \, {value}", condition)]
            wrong = (*page[:number], (left, off), *page[number + 1 :])
            assert value == "0" or found(name, wrong, "en"), (left, value)


MISTAKES = {
    "wrong index": [
        ("adam", r"\beta_{1}", r"\beta_{2}"),
        ("adam", r"\beta_{2}^{j}", r"\beta_{1}^{j}"),
        ("momentum", "v_{k}^{(j)}", "v_{k}^{(j-1)}"),
        ("nesterov", r"\mu \, v_{k}^{(j)}", r"\mu \, v_{k}^{(j-1)}"),
        ("scg", r" - r_{k}^{(j-1)}", r" - r_{k}^{(j)}"),
        ("scg", "p_{k}^{(j-1)} + r", "p_{k}^{(j)} + r"),
        ("saddle_free_newton", r"Q_{k,r} \, g_{k}", r"Q_{r,k} \, g_{k}"),
        ("levenberg_marquardt", r"\partial w_{l}", r"\partial w_{k}"),
        ("levenberg_marquardt", r"\gamma_{\mathrm{down}}", r"\gamma_{\mathrm{up}}"),
        ("regularized_newton", r"\partial w_{k} \partial w_{l}", r"\partial w_{k} \partial w_{k}"),
    ],
    "lost term": [
        ("adam", r" + \left(1 - \beta_{1}\right) \, g_{k}", ""),
        ("adam", r" + \epsilon", ""),
        ("nesterov", r"g_{k} + ", ""),
        ("newton", r" - \theta_{\min}", ""),
        ("regularized_newton", r"\mu^{(j-1)} + ", ""),
        ("damped_newton", r" + \alpha \, c \, \sum_{k=1}^{K} g_{k} \, s_{k}", r" - 1"),
        ("scg", r" + \lambda^{(j-1)} \, q", ""),
        ("scg", r" + r_{k}^{(j)}", ""),
    ],
    "wrong sign or power": [
        ("gradient_descent", r" - \alpha", r" + \alpha"),
        ("rmsprop", "g_{k}^{2}", "g_{k}^{3}"),
        ("adagrad", r"\sqrt{v_{k}^{(j)}}", "v_{k}^{(j)}"),
        ("saddle_free_newton", r"\left|\theta_{r}\right|\right)", r"\theta_{r}\right)"),
    ],
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "old", "new"), [m for kind in MISTAKES.values() for m in kind], ids=str
)
def test_a_mistake_on_a_page_is_found(name: str, old: str, new: str) -> None:
    assert found(name, changed(printed(name, "en"), old, new), "en")


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("linear_decay", r"\alpha_{0}", r"\alpha_{\tau}"),
        ("linear_decay", r" + \frac{\alpha_{\tau} \, j}{\tau}", ""),
        ("exponential_decay", r"\gamma^{j}", r"1.001 \, \gamma^{j}"),
        ("cosine_decay", r"\frac{1}{2} \, ", ""),
    ],
)
def test_a_mistake_in_a_schedule_is_found(name: str, old: str, new: str) -> None:
    page = changed(printed(name, "en"), old, new)
    assert schedule_difference(name, page, "en", 1) > 1e-4


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [("adam", "β₁", "β₂"), ("momentum", "μ vₖ(j−1)", "μ gₖ"), ("newton", " − θ_min", "")],
)
def test_a_mistake_in_text_is_found(name: str, old: str, new: str) -> None:
    assert found(name, changed(printed(name, ""), old, new), "")
