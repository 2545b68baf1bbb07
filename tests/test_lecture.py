"""The lecture: every displayed equation holds, and none of those of the lecture is missing."""

import math
import re
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import mpmath
import numpy as np
import pytest
from sympy import Symbol

from gradscribe.catalog import CATALOG
from gradscribe.catalog.activations import Activation, U
from gradscribe.compiler import derivation_text
from gradscribe.derivation.steps import derive
from gradscribe.errors import DerivationError, InputError
from gradscribe.lecture.display import (
    Atom,
    Chain,
    Decimal,
    Diagonal,
    Node,
    Product,
    Renamed,
    Toned,
    Transposed,
)
from gradscribe.lecture.lecture import MAX_FRAMES, lecture, lecture_of
from gradscribe.lecture.model import Display, Emphasis, Frame, Lecture, Line, Piece
from gradscribe.lecture.style import CHOICES, Style
from gradscribe.lecture.verify import nested, verified_lecture
from gradscribe.lecture.words import languages, placeholders, words_of
from gradscribe.model.network import Network
from gradscribe.targets.target import TEMPLATES

LOCALES = TEMPLATES / "locales"
DEEP = "-".join(["8"] * 51) + " tanh"
SPECS = {
    "symbolic": None,
    "221": "2-2-1 sigmoid",
    "2221": "2-2-2-1 sigmoid",
    "one layer": "3-2 tanh",
    "smallest": "1-1 softplus loss=sse",
    "three outputs": "3-2-3 tanh,linear",
    "kink": "4-10-3 relu,linear",
    "skip": "f2(W2 f1(W1 x + b1) + b2 + x) f1=softplus f2=tanh",
    "shared": "tanh(W tanh(W tanh(W x)))",
    "abstract": "f2(W2 f1(W1 x + b1) + b2)",
    "wide": "784-1000-10 sigmoid",
    "cases": "2-3-2 gelu_tanh,hard_tanh loss=huber",
    "classes": "2-3-2 tanh,softmax loss=cross_entropy",
    "only softmax": "2-2-2 softmax loss=cross_entropy",
    "binary": "f2(W2 f1(W1 x + b1) + b2) f1=softmax f2=sigmoid loss=bce",
    "regression": "2-2-1 tanh,linear",
    "penalties": "2-3-1 tanh,linear l2=0.01 l1=0.001",
    "own": "3-2-1 own,selu own=u*sigmoid(2*u) loss=squared_hinge",
}
# Chains that say nothing that could be computed: assignments, f(g(x)) in general, a quadratic
# model, and the condition on all z.
NOT_EQUATIONS = {"update", "leibniz", "newton", "definite"}


@cache
def told(spec: str | None, lang: str = "en") -> Lecture:
    return lecture_of(Network.parse(spec), Style(lang=lang), LOCALES)


@pytest.mark.parametrize("lang", ["en", "pt"])
@pytest.mark.parametrize("name", SPECS)
def test_every_displayed_equation_holds(name: str, lang: str) -> None:
    account = verified_lecture(told(SPECS[name], lang), seed=len(name))
    assert account.compared >= 60
    assert {key for key, _ in account.open} <= NOT_EQUATIONS


def test_fifty_layers_are_told_in_frames_that_do_not_grow() -> None:
    deep = told(DEEP)
    assert len(deep.frames) <= MAX_FRAMES
    assert len(deep.frames) == len(told("8-8-8-8-8 tanh").frames)
    for frame, formula in deep.formulas:
        assert len(list(nested(formula))) <= 8, frame.key


def test_cases_before_another_factor_are_in_parentheses() -> None:
    source = derivation_text("2-2-1 hard_tanh,elu loss=huber", "beamer")
    after = re.findall(r"\\end\{cases\}(\\right|\\,|)", source)
    assert after.count(r"\right") > 3
    assert r"\," not in after


def test_penalties_are_told_where_they_belong() -> None:
    """Both are in J and in the derivative over all samples; |w| is no case distinction."""
    source = derivation_text("2-3-1 tanh,linear l2=0.01 l1=0.001", "beamer")
    parts = {m[1]: m[2] for m in re.finditer(r"% (\S+)\n(.*?)(?=\n% |\Z)", source, re.DOTALL)}
    assert parts["cost"].count(r"\left|\w") == 2
    assert "cases" not in parts["cost"] + parts["linearity"] + parts["batch"]
    assert r"\operatorname{sign}" in parts["batch"]
    assert r"\frac{1}{50}\,\weighttone" in parts["batch"]
    assert "second derivatives of the penalty" in parts["blocks_of_hessian"]
    assert r"\begin{frame}{The cost (3/" not in source


def test_no_slide_begins_empty() -> None:
    """What is parted from the start of its frame does not wait for another overlay."""
    for spec in ("2-3-1 tanh,linear l2=0.01 l1=0.001", "4-3-2 relu"):
        source = derivation_text(spec, "beamer")
        for body in re.findall(r"\\begin\{frame\}\{.*\n((?:.|\n)*?)\\end\{frame\}", source):
            assert not re.match(r"\\onslide<[2-9]", body), body


def test_a_custom_activation_is_told_and_holds() -> None:
    swish = Activation("swish", U * CATALOG.activations["sigmoid"].formula, "swish")
    catalog = replace(CATALOG, activations=CATALOG.activations.with_entry(swish))
    network = Network.parse("f2(W2 f1(W1 x + b1) + b2) f1=swish f2=tanh", catalog=catalog)
    found = lecture(derive(network, 2), Style(), LOCALES)
    assert "slopes-swish" in {f.key for f in found.frames}
    assert verified_lecture(found).compared > 60


# ---- the lecture's equations ---------------------------------------------------------------------

# Each equation that the lecture displays, and the frame that shows it in its correct form.
EQUATIONS = {
    "min J(w)": "goal",
    "gradient vector": "gradient_vector",
    "w(k+1) = w(k) - alpha grad J": "update",
    "Hessian matrix": "hessian_matrix",
    "Newton's update": "newton",
    "z' H z > 0": "definite",
    "dJ/dw_ij^m is wanted": "goal",
    "y^3 = f^3(W^3 f^2(W^2 f^1(W^1 x + b^1) + b^2) + b^3)": "mapping",
    "J as a sum of e^2": "cost",
    "J as a sum of (d - y)^2": "explicit",
    "df(g(x))/dx": "leibniz",
    "an example of it": "leibniz",
    "dJ/dw is a sum over samples": "linearity",
    "dE/dw = dE/du du/dw": "weight_chain",
    "delta_i^m := dE/du_i^m": "weight_chain",
    "u_i^m as a sum": "affine",
    "du/dw = y": "affine",
    "du/db = 1": "affine",
    "dE/dw = delta y": "weight_gradient",
    "dE/db = delta": "weight_gradient",
    "delta^{m+1} gives delta^m": "passes",
    "delta_i^M = -2 (d - y) f'": "output_delta",
    "f'^M(u)": "slopes-sigmoid",
    "delta^M as a matrix product": "matrix_deltas",
    "the matrix F'": "slopes_matrix",
    "delta^m = F' W' delta^{m+1}": "matrix_deltas",
    "e = d - y of the example": "example_error",
    "delta^2 of the example": "example_backward",
    "delta^1 of the example": "matrix_backward",
    "W^2 transposed, F'^1 of the example": "matrix_backward",
    "gradient of node 1 as a vector": "example_node",
    "dE/dw_11^1 by the chain rule": "path_single",
    "dE/dw_12^1 by the chain rule": "direct_rest",
    "dE/db_1^1 by the chain rule": "direct_rest",
}


def test_every_equation_of_the_lecture_has_a_frame() -> None:
    frames = {f.key: f for f in told("2-2-1 sigmoid").frames}
    assert len(EQUATIONS) >= 33
    assert set(EQUATIONS.values()) <= frames.keys()
    shown = [key for key in EQUATIONS.values() if not any(_formulas(frames[key]))]
    assert not shown, f"frames without a formula: {shown}"


def _formulas(frame: Frame) -> list[Node]:
    pieces = [p for b in frame.blocks for p in _pieces(b)]
    return [p for p in pieces if isinstance(p, Node)]


def _pieces(block: Any) -> list[Piece]:
    if isinstance(block, Display):
        return [line.formula for line in block.lines]
    items = getattr(block, "items", None) or [block]
    return [p for item in items for p in getattr(item, "pieces", ())]


# Pieces of LaTeX that must stand in the frames named, written by hand from the lecture.
MUST_SHOW = {
    "explicit": r"\errortone{(\des{j} - \yi{j}{M})^{2}}",
    "weight_gradient": r"\pd{E}{\w{i}{j}{m}} &= \di{i}{m}",
    "output_delta": r"\errortone{-2\,(\des{i} - \yi{i}{M})}\,\slopetone{\fp{M}(\ui{i}{M})}",
    "hidden_delta": r"\slopetone{\fp{m}(\ui{i}{m})}\,\sum_{k=1}^{\nodes{m+1}} "
    r"\weighttone{\w{k}{i}{m+1}}\,\di{k}{m+1}",
    "matrix_deltas": r"\slopetone{\Fp{m}}\,\weighttone{(\W{m+1})^{\T{}}}\,\dvec{m+1}",
    "matrix_gradient": r"\dvec{m}\,(\inputtone{\yvec{m-1}})^{\T{}}",
    "curvature_output": r"2\,(\slopetone{\Fp{M}})^{2} - 2\,\operatorname{diag}",
}


def test_key_results_read_as_in_the_lecture() -> None:
    source = derivation_text("2-2-1 sigmoid", "beamer")
    bodies = dict(re.findall(r"\n% ([\w-]+)\n(.*?)\\end\{frame\}", source, re.S))
    for key, wanted in MUST_SHOW.items():
        assert wanted in bodies[key], f"{key}: {bodies[key]}"


# ---- the worked example against arithmetic of its own --------------------------------------------


def test_the_example_has_the_numbers_of_plain_arithmetic() -> None:
    network = Network.parse("2-2-1 tanh,sigmoid")
    found = lecture_of(network, Style(), LOCALES)
    setting = found.settings["example"]
    value = {k: np.array([float(str(v)) for v in vs]) for k, vs in setting.values.items()}
    W1, b1, W2 = value["W1"].reshape(2, 2), value["b1"], value["W2"]
    y1 = np.tanh(W1 @ value["x"] + b1)
    y2 = 1 / (1 + math.exp(-(W2 @ y1 + value["b2"][0])))
    delta2 = -2 * (value["d"][0] - y2) * y2 * (1 - y2)
    delta1 = (1 - y1**2) * W2 * delta2
    frames = {f.key: f for f in found.frames}
    numbers = {key: _decimals(frames[key]) for key in ("example_backward", "path_single")}
    assert f"{delta2:.4f}" in numbers["example_backward"]
    assert {f"{d:.4f}" for d in delta1} <= set(numbers["example_backward"])
    assert f"{delta1[0] * value['x'][0]:.4f}" in numbers["path_single"]


def _decimals(frame: Frame) -> list[str]:
    found: list[str] = []

    def walk(item: Any) -> None:
        if isinstance(item, Decimal):
            found.append(f"{float(item.value):.4f}")
        elif isinstance(item, tuple):
            for part in item:
                walk(part)
        elif hasattr(item, "__dataclass_fields__"):
            for part in vars(item).values():
                walk(part)

    walk(frame.blocks)
    return found


def test_two_paths_of_the_laboratory_add_up_to_the_recursion() -> None:
    found = {f.key: f for f in told("2-2-2-1 sigmoid").frames}
    (display, recursion) = found["path_sum"].displays
    last, other = (d.lines[-1].formula for d in (display, recursion))
    assert isinstance(last, Chain)
    assert isinstance(other, Chain)
    assert last.parts[-1] == other.parts[-1]
    assert "path_sum-paths" in {f.key for f in told("2-2-1 sigmoid").frames}


@pytest.mark.parametrize("sample", ["1,2;1", "-0.5,0.25;0"])
def test_the_sample_is_the_one_asked_for(sample: str) -> None:
    network = Network.parse("2-2-1 sigmoid")
    found = lecture_of(network, Style(sample=sample), LOCALES)
    values = found.settings["example"].values
    assert ",".join(map(str, values["x"])) + ";" + ",".join(map(str, values["d"])) == sample
    assert verified_lecture(found).compared > 60


@pytest.mark.parametrize("sample", ["1;1", "1,2", "1,2;1;1", "a,b;1", "1,2;", "1e9,2;1", "1,,2;1"])
def test_a_sample_that_does_not_fit_is_refused(sample: str) -> None:
    with pytest.raises(InputError, match="sample") as caught:
        lecture_of(Network.parse("2-2-1 sigmoid"), Style(sample=sample), LOCALES)
    assert "2 inputs" in str(caught.value)


def test_an_exercise_has_blanks_and_then_its_key() -> None:
    network = Network.parse("2-2-1 sigmoid")
    sheet = lecture_of(network, Style(exercise=True), LOCALES)
    keys = [f.key for f in sheet.frames]
    assert keys.index("exercise_gradient") < keys.index("exercise_key-forward")
    blanks = {f.key: str(f.blocks).count("Gap(") for f in sheet.frames}
    assert blanks["exercise_forward"] == 8
    assert sum(n for key, n in blanks.items() if "key" in key) == 0
    assert verified_lecture(sheet).compared > 30


# ---- the verifier catches faults -----------------------------------------------------------------


def _with_fault(told_: Lecture, key: str, fault: Any) -> Lecture:
    """Return a lecture in which one formula of a frame was changed."""
    frames = []
    for frame in told_.frames:
        if frame.key == key:
            blocks = tuple(
                Display(
                    tuple(replace(line, formula=fault(line.formula)) for line in b.lines), b.boxed
                )
                if isinstance(b, Display)
                else b
                for b in frame.blocks
            )
            assert blocks != frame.blocks, "the fault changed nothing"
            frame = replace(frame, blocks=blocks)
        frames.append(frame)
    return replace(told_, frames=tuple(frames))


def _faulty(line: Line, fault: Any) -> Line:
    return replace(line, formula=fault(line.formula))


def _everywhere(node: Any, change: Any) -> Any:
    """Return a tree with every node changed, from the leaves on."""
    if isinstance(node, tuple):
        return tuple(_everywhere(n, change) for n in node)
    if isinstance(node, Node):
        values = {k: _everywhere(v, change) for k, v in vars(node).items()}
        return change(replace(node, **values))
    return node


def _drop_slope(node: Node) -> Node:
    if isinstance(node, Product):
        kept = tuple(f for f in node.factors if not (isinstance(f, Toned) and _is_slope(f.body)))
        return replace(node, factors=kept) if 0 < len(kept) < len(node.factors) else node
    return node


def _is_slope(node: Node) -> bool:
    return isinstance(node, Diagonal) or (
        isinstance(node, Atom) and "prime" in type(node.expr).__name__
    )


def _swap_indices(node: Node) -> Node:
    if isinstance(node, Atom) and "W" in str(node.expr) and "dE" not in str(node.expr):
        i, k = Symbol("i", integer=True), Symbol("k", integer=True)
        return Atom(node.expr.xreplace({i: k, k: i}))
    return node


def _no_transpose(node: Node) -> Node:
    return node.body if isinstance(node, Transposed) else node


def _wrong_number(node: Node) -> Node:
    if isinstance(node, Decimal) and not node.exact:
        return replace(node, value=str(mpmath.mpf(node.value) * mpmath.mpf("1.001")))
    return node


def _minus(node: Node) -> Node:
    if isinstance(node, Atom) and node.expr == -2:
        return Atom(-node.expr)
    return node


FAULTS = {
    "f' lost": ("hidden_delta", _drop_slope),
    "f' lost in a matrix form": ("matrix_deltas", _drop_slope),
    "indices swapped": ("paths", _swap_indices),
    "transpose lost": ("matrix_deltas", _no_transpose),
    "sign lost": ("output_delta", _minus),
    "numbers 0.1 % wrong": ("example_backward-2", _wrong_number),
    "f' lost in the Hessian": ("curvature_matrices", _drop_slope),
}


@pytest.mark.parametrize("name", FAULTS)
def test_the_verifier_catches(name: str) -> None:
    key, change = FAULTS[name]
    wrong = _with_fault(told("3-2-3 tanh,sigmoid"), key, lambda f: _everywhere(f, change))
    with pytest.raises(DerivationError, match=key):
        verified_lecture(wrong, seed=3)


# ---- languages -----------------------------------------------------------------------------------


def test_all_languages_have_the_same_sentences_with_the_same_places() -> None:
    tables = {lang: words_of(lang, LOCALES).table for lang in languages(LOCALES)}
    assert {"en", "pt"} <= tables.keys()
    english = tables["en"]
    for lang, table in tables.items():
        assert table.keys() == english.keys(), lang
        for key, sentence in table.items():
            assert placeholders(sentence) == placeholders(english[key]), (lang, key)
            assert sentence.count("*") == english[key].count("*"), (lang, key)


@pytest.mark.parametrize("name", ["symbolic", "221", "2221", "skip", "one layer"])
def test_english_and_portuguese_have_the_same_frames_and_equations(name: str) -> None:
    english, portuguese = told(SPECS[name], "en"), told(SPECS[name], "pt")
    assert [f.key for f in english.frames] == [f.key for f in portuguese.frames]
    for a, b in zip(english.frames, portuguese.frames, strict=True):
        assert [_bare(d) for d in a.displays] == [_bare(d) for d in b.displays], a.key


def _bare(display: Display) -> list[tuple[Node, int, bool]]:
    return [(line.formula, line.step, line.continued) for line in display.lines]


@pytest.mark.parametrize("lang", ["en", "pt"])
@pytest.mark.parametrize("name", SPECS)
def test_titles_fit_on_one_line(name: str, lang: str) -> None:
    for frame in told(SPECS[name], lang).frames:
        text = "".join(_plain(p) for p in frame.title)
        assert len(text) <= 52, text


def _plain(piece: Piece) -> str:
    return piece.text if isinstance(piece, Emphasis) else piece if isinstance(piece, str) else "www"


def test_every_frame_tells_the_lecturer_why() -> None:
    for frame in told(None).frames:
        assert frame.note
        assert all(frame.note), frame.key


def test_overlays_start_at_one_and_never_skip() -> None:
    for frame in told("2-2-1 sigmoid").frames:
        steps = sorted({s for b in frame.blocks for s in _steps(b)})
        assert steps in ([], list(range(1, len(steps) + 1))), (frame.key, steps)


def _steps(block: Any) -> list[int]:
    inner = [*getattr(block, "lines", ()), *getattr(block, "items", ())]
    own = [block.step] if hasattr(block, "step") else []
    return own + [i.step for i in inner if isinstance(i, Line) or hasattr(i, "step")]


# ---- styles --------------------------------------------------------------------------------------

STYLES = {
    "layer": ("parentheses", r"\newcommand{\layer}[1]{(#1)}"),
    "transpose": ("top", r"\newcommand{\T}{\top}"),
    "sensitivity": ("s", r"\newcommand{\di}[2]{s_{#1}^{\layer{#2}}}"),
    "derivative": ("upright", r"\newcommand{\partialsign}{\mathrm{d}}"),
}


def _symbols(source: str) -> list[str]:
    """Return the symbols of a deck's displays; where lines are broken follows their widths."""
    body = source.partition(r"\begin{document}")[2]
    displays = re.findall(
        r"\\begin\{(?:align|equation)\*\}(.*?)\\end\{(?:align|equation)", body, re.S
    )
    return re.findall(
        r"\\(?:w|W|[buyd]i|[buyd]vec|f|fp|fpp|Fp|Hu)(?:\{[^{}]*\})+", "".join(displays)
    )


@pytest.mark.parametrize("name", STYLES)
def test_a_notation_changes_only_the_definitions_of_macros(name: str) -> None:
    word, definition = STYLES[name]
    usual = derivation_text("2-2-1 sigmoid", "beamer")
    changed = derivation_text("2-2-1 sigmoid", "beamer", style=Style(**{name: word}))
    assert definition in changed
    assert definition not in usual
    assert _symbols(changed) == _symbols(usual)
    assert len(_symbols(usual)) > 250
    assert word in CHOICES[name].words


def test_numerator_layout_transposes_every_derivative_by_a_matrix() -> None:
    network = Network.parse("3-2-2 tanh,sigmoid")
    found = lecture_of(network, Style(layout="numerator"), LOCALES)
    assert verified_lecture(found).compared > 60
    source = derivation_text("3-2-2 tanh", "beamer", style=Style(layout="numerator"))
    assert r"\pd{E}{\W{m}} &= \inputtone{\yvec{m-1}}\,(\dvec{m})^{\T{}}" in source
    assert "numerator layout" in source


def test_the_same_network_gives_the_same_bytes() -> None:
    first = derivation_text("3-2-2-1 tanh,sigmoid", "beamer", style=Style(lang="pt"))
    assert first == derivation_text("3-2-2-1 tanh,sigmoid", "beamer", style=Style(lang="pt"))


def test_portuguese_numbers_have_a_comma_and_english_ones_a_point() -> None:
    for lang, wrong in (("pt", r"\d\.\d"), ("en", r"\{,\}\d")):
        source = derivation_text("2-2-1 sigmoid", "beamer", style=Style(lang=lang))
        body = source.partition(r"\begin{document}")[2]
        math_ = " ".join(re.findall(r"\\begin\{align\*\}.*?\\end\{align\*\}", body, re.S))
        assert not re.search(wrong, math_)


def test_an_unknown_language_is_refused_with_the_nearest() -> None:
    with pytest.raises(InputError, match="did you mean 'pt'"):
        derivation_text("2-2-1 sigmoid", "beamer", style=Style(lang="ptt"))


def test_renamed_layers_are_a_name_only() -> None:
    frame = next(f for f in told(None).frames if f.key == "hidden_delta")
    formula = frame.displays[0].lines[0].formula
    assert isinstance(formula, Renamed)
    assert dict(formula.layers) == {"1": "m-1", "2": "m", "3": "m+1"}


def test_the_folder_of_sentences_is_where_languages_come_from(tmp_path: Path) -> None:
    text = (LOCALES / "en.toml").read_text(encoding="utf-8")
    (tmp_path / "xx.toml").write_text(text.replace("The cost", "Das Mass"), encoding="utf-8")
    found = lecture_of(Network.parse("2-1 tanh"), Style(lang="xx"), tmp_path)
    assert ("Das Mass",) in [f.title for f in found.frames]
