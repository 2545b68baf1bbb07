"""The worked example: its numbers, its paths and its sheet, against plain loops and by reading."""

import re
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal as Number
from functools import cache
from math import prod
from typing import Any

import mpmath
import numpy as np
import pytest
from deck_checks import faults_of_deck, faults_of_source, faults_when_set
from oracles import Stack, complex_step, recursion
from printed import computed, frames, results, unit
from sympy import Integer

from gradscribe.compiler import derivation_text
from gradscribe.errors import DerivationError, InputError
from gradscribe.lecture.display import Chain, Decimal, Gap, Named, Node, Product
from gradscribe.lecture.example import LARGE, Example, example_of, parameter_count, worth
from gradscribe.lecture.lecture import lecture_of
from gradscribe.lecture.model import Display, Frame, Lecture, Rows
from gradscribe.lecture.pathways import Pathways
from gradscribe.lecture.style import Style
from gradscribe.lecture.verify import verified_lecture
from gradscribe.lecture.words import placeholders, words_of
from gradscribe.lecture.world import DIGITS, World
from gradscribe.model.network import Network
from gradscribe.symbols import component
from gradscribe.targets.target import TEMPLATES
from gradscribe.typeset.pdf import make_pdf

LOCALES = TEMPLATES / "locales"
# Sizes all different, one layer, one node, ramps, several outputs.
STACKS = {
    "2-2-1": ("sigmoid", "sigmoid"),
    "2-2-2-1": ("tanh", "tanh", "linear"),
    "3-2": ("sigmoid",),
    "1-1": ("tanh",),
    "2-3-2": ("relu", "linear"),
    "1-2-3-2": ("softplus", "tanh", "sigmoid"),
}
OTHERS = {
    "skip": "f2(W2 f1(W1 x + b1) + b2 + x) f1=tanh f2=softplus",
    "two inputs of a layer": "linear(W2 tanh(W1 x + b1) + W3 x)",
    "shared": "tanh(W tanh(W x))",
    "symbolic": "f3(W3 f2(W2 f1(W1 x + b1) + b2) + b3)",
    "wide": "40-30-20-10 tanh,linear",
    "deep": "-".join(["5"] * 30) + " tanh",
    "many inputs": "29-1 sigmoid",
}
SPECS = [f"{sizes} {','.join(names)}" for sizes, names in STACKS.items()]


@cache
def told(spec: str, lang: str = "en", **style: Any) -> Lecture:
    return lecture_of(Network.parse(spec), Style(lang=lang, **style), LOCALES)


@cache
def source(spec: str, lang: str = "en", format: str = "beamer", **style: Any) -> str:
    return derivation_text(spec, format, style=Style(lang=lang, **style))


def example(spec: str, **style: Any) -> Example:
    found = example_of(Network.parse(spec), **style)
    assert found is not None
    return found


def arrays(found: Example) -> tuple[list[Any], Any, Any]:
    """Return the parameters, x and d of an example as arrays."""
    numbers = {
        v.name: np.array([float(n) for n in found.values[v.name]]).reshape(found.shape(v))
        for v in (*found.network.parameters, found.network.input, found.network.target)
    }
    x, d = found.network.input.name, found.network.target.name
    return [numbers[p.name] for p in found.network.parameters], numbers[x][None], numbers[d][None]


def truth(sizes: str) -> tuple[Stack, Any, Example]:
    """Return the stack of an example with what plain loops say of it; E is the sum of squares."""
    stack = Stack(STACKS[sizes], "sse")
    found = example(f"{sizes} {','.join(stack.activations)}")
    return stack, recursion(stack, *arrays(found)), found


# ---- the numbers ---------------------------------------------------------------------------------


@pytest.mark.parametrize("sizes", STACKS)
def test_every_derivative_is_printed_and_is_that_of_plain_loops(sizes: str) -> None:
    _, true, found = truth(sizes)
    text = source(f"{sizes} {','.join(STACKS[sizes])}")
    gradient = "".join(t for k, t in frames(text).items() if k.startswith("example_gradient"))
    pattern = r"\\pd\{E\}\{\\(w|bi)((?:\{\d+\})+)\} &=.*?\\boldsymbol\{(-?[\d.]+)\}"
    printed = {}
    for kind, at, number in re.findall(pattern, gradient):
        *place, layer = (int(k) for k in re.findall(r"\d+", at))
        printed[kind, layer, tuple(k - 1 for k in place)] = Number(number)
    assert len(printed) == parameter_count(found.network)
    for (kind, layer, place), number in printed.items():
        value = true.gradient[2 * (layer - 1) + (kind == "bi")][place]
        assert abs(float(number) - value) <= 0.5 * unit(number) + 1e-12, (kind, layer, place)


@pytest.mark.parametrize("sizes", ["2-2-1", "2-2-2-1", "3-2", "1-1"])
def test_the_derivatives_are_those_of_a_complex_step(sizes: str) -> None:
    stack, _, found = truth(sizes)
    params, X, D = arrays(found)
    functions = {"sigmoid": lambda u: 1 / (1 + np.exp(-u)), "tanh": np.tanh, "linear": lambda u: u}

    def cost(moved: Sequence[Any]) -> Any:
        y = X[0].astype(complex)
        for m, name in enumerate(stack.activations):
            y = functions[name](moved[2 * m] @ y + moved[2 * m + 1])
        return np.sum((D[0] - y) ** 2)

    for parameter, slopes in zip(found.network.parameters, complex_step(cost, params), strict=True):
        for at in found.places_of(parameter):
            value = found.value(component(f"dE_d{parameter.name}", at))
            assert abs(float(value) - slopes[tuple(int(k) - 1 for k in at)]) < 1e-13


@pytest.mark.parametrize("lang", ["en", "pt"])
@pytest.mark.parametrize("spec", [*SPECS, *OTHERS.values()])
def test_what_is_printed_gives_the_result_that_is_printed(spec: str, lang: str) -> None:
    found = frames(source(spec, lang))
    worked = {k: t for k, t in found.items() if k.startswith(("example_", "path_"))}
    count = 0
    for key, text in worked.items():
        for row, value, result in results(text):
            assert abs(value - float(result)) < unit(result) * (1 - 1e-9), (key, row)
            count += 1
    assert count >= 6


def test_the_reading_of_printed_rows_sees_a_wrong_digit() -> None:
    text = source(SPECS[0])
    (frame,) = [t for k, t in frames(text).items() if k == "example_backward"]
    good = list(results(frame))
    assert len(good) == 6
    assert computed(r"\errortone{-2}\cdot (\weighttone{0{,}5} - 1)^{2}") == -0.5
    wrong = 0
    for row, _, result in good:
        digits = f"{result}"
        changed = digits[:-1] + str((int(digits[-1]) + 2) % 10)
        for _, value, other in results(frame.replace(row, row.replace(digits, changed))):
            wrong += abs(value - float(other)) >= unit(other)
    assert wrong >= len(good)


@pytest.mark.parametrize("spec", [*SPECS, *OTHERS.values()])
def test_every_line_of_the_example_holds_in_both_languages(spec: str) -> None:
    for lang in ("en", "pt"):
        lecture = only(told(spec, lang), "example_", "path_", "matrix_", "direct")
        account = verified_lecture(lecture)
        assert account.compared >= 12
        assert account.open == ()


def only(lecture: Lecture, *starts: str) -> Lecture:
    kept = tuple(f for f in lecture.frames if f.key.startswith(starts))
    return replace(lecture, frames=kept)


@pytest.mark.parametrize("spec", SPECS)
def test_decimals_have_a_comma_in_portuguese_and_a_point_in_english(spec: str) -> None:
    numbers = {}
    for lang in ("en", "pt"):
        text = source(spec, lang)
        assert faults_of_source(text, lang) == []
        body = text.partition(r"\begin{document}")[2]
        body = re.sub(r"\\begin\{tikzpicture\}.*?\\end\{tikzpicture\}", "", body, flags=re.DOTALL)
        body = body.replace(r"\tallrows", "")
        numbers[lang] = re.findall(r"-?\d+(?:\{,\}|\.)\d+(?!pt|mm|\w)", body)
    assert [n.replace("{,}", ".") for n in numbers["pt"]] == numbers["en"]
    assert not any("." in n for n in numbers["pt"])


def test_the_numbers_are_the_same_each_time_and_not_saturated() -> None:
    for spec in SPECS:
        first, again = example(spec), example(spec)
        assert first.values == again.values
        assert worth(World(first.derivation, 0, first.values)) >= 1.3
        weights = [n for p in first.network.parameters for n in first.values[p.name]]
        assert all(re.fullmatch(r"-?0\.[1-9]", n) for n in weights)


def test_more_places_are_shown_where_asked_for() -> None:
    found = example(SPECS[0], places=7)
    assert {d.places for d in _decimals(found.result(component("dE_dW1", _ones(2))))} == {7}


def _ones(count: int) -> tuple[Integer, ...]:
    return tuple(Integer(1) for _ in range(count))


def _decimals(node: Any) -> list[Decimal]:
    if isinstance(node, Decimal):
        return [node]
    if isinstance(node, tuple):
        return [d for part in node for d in _decimals(part)]
    if hasattr(node, "__dataclass_fields__"):
        return [d for part in vars(node).values() for d in _decimals(part)]
    return []


# ---- paths ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("sizes", STACKS)
def test_there_are_as_many_paths_as_the_product_of_the_widths_between(sizes: str) -> None:
    found = example(f"{sizes} {','.join(STACKS[sizes])}")
    ways = Pathways(found.network, found.world.sizes)
    widths = [int(n) for n in sizes.split("-")]
    for m in range(1, len(widths)):
        for name, letters in ((f"W{m}", 2), (f"b{m}", 1)):
            start = component(name, _ones(letters))
            paths = list(ways.of(start))
            assert ways.count(start) == len(paths) == prod(widths[m + 1 :])
            assert len({p.components for p in paths}) == len(paths)


@pytest.mark.parametrize("sizes", STACKS)
def test_the_paths_of_every_parameter_add_up_to_its_derivative(sizes: str) -> None:
    _, true, found = truth(sizes)
    ways = Pathways(found.network, found.world.sizes)
    for position, parameter in enumerate(found.network.parameters):
        for at in found.places_of(parameter):
            with mpmath.workdps(DIGITS):
                total = mpmath.fsum(
                    mpmath.fprod(found.value(f.value) for f in path.factors)
                    for path in ways.of(component(parameter.name, at))
                )
            place = tuple(int(k) - 1 for k in at)
            assert abs(float(total) - true.gradient[position][place]) < 1e-13


def test_a_weight_that_is_read_twice_has_the_paths_of_both_places() -> None:
    found = example(OTHERS["shared"])
    ways = Pathways(found.network, found.world.sizes)
    start = component("W", _ones(2))
    layers = {p.components[0].base.name for p in ways.of(start)}
    assert layers == {"u1", "u2"}


def test_the_weight_that_is_asked_for_is_followed() -> None:
    keys = {f.key: f for f in told("2-2-2-1 tanh", weight="W2[2,1]").frames}
    assert "path_single" in keys
    assert "W2[2, 1]" in str(keys["path_single"].title)


@pytest.mark.parametrize(
    ("weight", "said"),
    [
        ("W9[1,1]", "W1, b1, W2, b2"), ("W1", "within 2 × 2"), ("W1[3,1]", "within 2 × 2"),
        ("W1[0,1]", "within 2 × 2"), ("b2[1,1]", "within 1"), ("W1[1,1", "W1, b1"),
        (r"\input{x}", "W1, b1"),
    ],
)  # fmt: skip
def test_a_weight_that_does_not_exist_is_refused(weight: str, said: str) -> None:
    with pytest.raises(InputError, match="weight") as caught:
        told("2-2-1 sigmoid", weight=weight)
    assert said in str(caught.value)


# ---- other networks ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["symbolic", "wide", "deep"])
def test_a_network_without_small_sizes_has_the_example_of_a_small_one(name: str) -> None:
    lecture = told(OTHERS[name])
    found = example(OTHERS[name])
    assert parameter_count(found.network) <= LARGE
    remarks = str([b for f in lecture.frames if f.key == "example_network" for b in f.blocks])
    expected = "symbolic" if name == "symbolic" else str(parameter_count(found.original))
    assert expected in remarks if name != "symbolic" else "sizes are symbolic" in remarks


def test_a_sample_of_large_numbers_is_taken_and_a_long_one_is_refused() -> None:
    found = example("2-2-1 sigmoid", sample="12345,-20.125;3")
    assert found.values["x"] == ("12345", "-20.125")
    for text in ("1e3,2;1", "1,2,3;1", "nan,1;1", "1.12345678,2;1", "0,5;1;2", "1;2"):
        with pytest.raises(InputError, match="sample"):
            example("2-2-1 sigmoid", sample=text)


# ---- the verifier catches faults -----------------------------------------------------------------


def changed(node: Any, change: Any) -> Any:
    """Return a tree with every node changed, from the leaves on."""
    if isinstance(node, tuple):
        return tuple(changed(n, change) for n in node)
    if isinstance(node, Node):
        return change(replace(node, **{k: changed(v, change) for k, v in vars(node).items()}))
    return node


def faulty(lecture: Lecture, key: str, change: Any) -> Lecture:
    """Return the one frame of a lecture with its formulas changed."""
    (frame,) = [f for f in lecture.frames if f.key == key]
    blocks = []
    for block in frame.blocks:
        if isinstance(block, Display):
            lines = tuple(replace(n, formula=changed(n.formula, change)) for n in block.lines)
            block = replace(block, lines=lines)
        if isinstance(block, Rows):
            block = replace(block, rows=changed(block.rows, change))
        blocks.append(block)
    assert tuple(blocks) != frame.blocks, "the fault changed nothing"
    return replace(lecture, frames=(replace(frame, blocks=tuple(blocks)),))


def last_digit(node: Node) -> Node:
    """Return a result that is one unit in its last place too large."""
    if isinstance(node, Chain):
        *start, last = node.parts
        return replace(node, parts=(*start, changed(last, _one_more)))
    return node


def _one_more(node: Node) -> Node:
    if isinstance(node, Decimal) and not node.exact:
        value = mpmath.mpf(node.value) + mpmath.mpf(10) ** -node.places
        return replace(node, value=mpmath.nstr(value, 30, min_fixed=-99))
    return node


def lost_factor(node: Node) -> Node:
    return replace(node, factors=node.factors[:-1]) if isinstance(node, Product) else node


def wrong_label(node: Node) -> Node:
    return replace(node, label=changed(node.label, _one_more)) if isinstance(node, Named) else node


def wrong_answer(node: Node) -> Node:
    return replace(node, answer=changed(node.answer, _one_more)) if isinstance(node, Gap) else node


FAULTS = {
    "last digit of δ": ("example_backward", last_digit, {}),
    "last digit of u, y": ("example_forward", last_digit, {}),
    "last digit of the gradient": ("example_gradient", last_digit, {}),
    "last digit in a table": ("example_result", last_digit, {}),
    "last digit of a matrix": ("matrix_backward", last_digit, {}),
    "last digit of a path": ("path_single", last_digit, {}),
    "a factor of a path lost": ("path_single", lost_factor, {}),
    "an answer of the sheet": ("exercise_forward", wrong_answer, {"exercise": True}),
    "a factor's answer": ("exercise_path", wrong_answer, {"exercise": True}),
    "a factor of the key": ("exercise_path_key", wrong_label, {"exercise": True}),
    "last digit of the key": ("exercise_key-backward", last_digit, {"exercise": True}),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_wrong_number_is_found(name: str) -> None:
    key, change, style = FAULTS[name]
    lecture = told("2-2-1 sigmoid", **style)
    verified_lecture(only(lecture, key))
    with pytest.raises(DerivationError, match=key):
        verified_lecture(faulty(lecture, key, change))


# ---- the sheet -----------------------------------------------------------------------------------


def gaps(frame: Frame) -> list[int]:
    return [int(n) for n in re.findall(r"Gap\(number=(\d+)", str(frame.blocks))]


@pytest.mark.parametrize("spec", [*SPECS, OTHERS["skip"], OTHERS["symbolic"]])
def test_the_places_of_a_sheet_are_numbered_and_the_key_answers_each(spec: str) -> None:
    lecture = told(spec, exercise=True)
    sheet = [f for f in lecture.frames if f.part == "exercise"]
    key = [f for f in lecture.frames if f.part == "key"]
    numbers = [n for f in sheet for n in gaps(f)]
    assert numbers == list(range(1, len(numbers) + 1))
    text = source(spec, format="article", exercise=True)
    answered = {int(n) for n in re.findall(r"\\tag\{(\d+)\}", text)}
    for first, last in re.findall(r"\\reason\{\((\d+)\\textendash\{\}(\d+)\)\}", text):
        answered |= set(range(int(first), int(last) + 1))
    assert answered == set(numbers)
    assert [f.fresh for f in key] == [True] + [False] * (len(key) - 1)
    assert text.count(r"\clearpage") == 1
    assert verified_lecture(lecture).open == ()


def test_a_sheet_says_no_answer() -> None:
    text = source("2-2-1 sigmoid", format="article", exercise=True)
    sheet = text.partition(r"\clearpage")[0].partition(r"\begin{document}")[2]
    answers = re.findall(r"\\boldsymbol\{(-?\d\.\d{4})\}", text.partition(r"\clearpage")[2])
    assert len(answers) > 12
    assert not [n for n in answers if n in sheet]


@pytest.mark.usefixtures("tex")
@pytest.mark.parametrize(
    ("spec", "lang", "aspect"),
    [
        ("2-2-1 sigmoid", "en", "169"),
        ("2-2-1 sigmoid", "pt", "43"),
        ("1-2-3-2 relu,tanh,linear", "pt", "169"),
        ("1-2-3-2 relu,tanh,linear", "en", "43"),
    ],
)
def test_a_sheet_on_slides_passes_every_check(spec: str, lang: str, aspect: str) -> None:
    assert faults_of_deck(source(spec, lang, aspect=aspect, exercise=True), lang=lang) == []


@pytest.mark.usefixtures("tex")
@pytest.mark.parametrize("lang", ["en", "pt"])
@pytest.mark.parametrize("spec", SPECS)
def test_a_sheet_on_paper_has_no_overfull_line(spec: str, lang: str, tmp_path: Any) -> None:
    made = make_pdf(source(spec, lang, "article", exercise=True), tmp_path / "sheet.pdf")
    assert [str(f) for f in made.findings] == []


@pytest.mark.usefixtures("tex")
@pytest.mark.parametrize("aspect", ["169", "43"])
@pytest.mark.parametrize("name", ["two inputs of a layer", "many inputs"])
def test_decks_of_unusual_examples_have_no_fault(name: str, aspect: str) -> None:
    assert faults_when_set(source(OTHERS[name], aspect=aspect), "en") == []


def test_both_languages_have_the_sentences_of_the_example() -> None:
    tables = [words_of(lang, LOCALES).table for lang in ("en", "pt")]
    starts = ("example", "path_", "exercise", "matrix_backward", "direct_rest")
    keys = [{k for k in t if k.startswith(starts)} for t in tables]
    assert keys[0] == keys[1]
    for key in keys[0]:
        assert placeholders(tables[0][key]) == placeholders(tables[1][key]), key
