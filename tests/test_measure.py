"""Estimated widths hold against pdflatex; lines are as full as they can be."""

import time
from pathlib import Path

import pytest
from formulas import WRITTEN, derived
from hypothesis import given
from hypothesis import strategies as st

from gradscribe.errors import DerivationError, TypesetError
from gradscribe.typeset.boxes import Box
from gradscribe.typeset.measure import PREAMBLE, broken, estimated, measured
from gradscribe.typeset.tokens import Macro, macros_of

MACROS = r"""
\newcommand{\layer}[1]{(#1)}
\newcommand{\w}[3]{w_{#1,#2}^{\layer{#3}}}
\newcommand{\fstrut}{\vphantom{\frac{\partial u_{k}^{m+1}}{\partial u_{k}^{m+1}}}}
\newcommand{\factor}[3]{\textcolor{#1}{\underbrace{\fstrut #2}_{\textstyle #3\mathstrut}}}
\DeclareMathOperator{\diag}{diag}
"""
WITH_MACROS = (
    r"\w{1}{2}{3}",
    r"\w12{m+1}\,\diag(\w{i}{j}{m})",
    r"\sum_{k=1}^{N}\factor{red}{\frac{\partial E}{\partial u_k}}{\w{k}{i}{m+1}}\;x",
    r"\factor{blue}{x}{y}=\factor{blue}{x}{\text{a long label}}",
)


def ratios(snippets: tuple[str, ...], estimates: list[Box], preamble: str) -> dict[str, float]:
    true = measured(snippets, preamble)
    return {s: e.width / t.width for s, e, t in zip(snippets, estimates, true, strict=True)}


@pytest.mark.usefixtures("tex")
def test_estimates_are_on_the_wide_side_and_near() -> None:
    snippets = (*WRITTEN, *derived())
    assert len(WRITTEN) >= 80
    assert len(snippets) > 150
    found = ratios(snippets, estimated(snippets), PREAMBLE)
    wrong = {s: r for s, r in found.items() if not 1.0 <= r <= 1.35}
    assert wrong == {}
    assert sorted(found.values())[len(found) // 2] < 1.1


@pytest.mark.usefixtures("tex")
@pytest.mark.parametrize("size", [r"\large", r"\small", r"\footnotesize", r"\scriptsize"])
def test_estimates_hold_in_other_sizes(size: str) -> None:
    snippets = tuple(WRITTEN)
    true, estimates = measured(snippets, fontsize=size), estimated(snippets, fontsize=size)
    wrong = {
        s: e.width / t.width
        for s, e, t in zip(snippets, estimates, true, strict=True)
        if not 1.0 <= e.width / t.width <= 1.4
    }
    assert wrong == {}


@pytest.mark.usefixtures("tex")
def test_estimates_expand_the_macros_of_the_preamble() -> None:
    preamble = PREAMBLE + MACROS
    found = ratios(WITH_MACROS, estimated(WITH_MACROS, preamble), preamble)
    assert all(1.0 <= r <= 1.35 for r in found.values()), found


@pytest.mark.usefixtures("tex")
def test_heights_are_not_underestimated() -> None:
    true, estimates = measured(WRITTEN), estimated(WRITTEN)
    low = [
        s
        for s, e, t in zip(WRITTEN, estimates, true, strict=True)
        if e.height + e.depth < 0.98 * (t.height + t.depth)
    ]
    assert low == []


@pytest.mark.usefixtures("tex")
def test_four_hundred_formulas_are_measured_in_a_second_or_two() -> None:
    start = time.monotonic()
    assert len(measured(list(WRITTEN) * 5)) == 5 * len(WRITTEN)
    assert time.monotonic() - start < 10


@pytest.mark.usefixtures("tex")
def test_a_formula_that_is_no_latex_is_an_error() -> None:
    with pytest.raises(TypesetError, match="Undefined control sequence"):
        measured(["x", r"\nosuch"])
    with pytest.raises(TypesetError):
        measured(["x", r"}\end{document}"])


def test_estimates_need_no_tex(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = estimated(WRITTEN)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert estimated(WRITTEN) == before


@pytest.mark.parametrize("odd", ["", "{", "}", "^", "x^", r"\frac", r"\left(", "&", r"\begin{x}"])
def test_an_incomplete_formula_has_some_box(odd: str) -> None:
    assert estimated([odd])[0].width >= 0


@given(st.text(alphabet=r"\{}^_'&$ abfrac()[]lefightbgn.,", max_size=30))
def test_any_text_has_some_box(text: str) -> None:
    assert estimated([text])[0].width < 10_000


def test_macros_of_a_preamble() -> None:
    preamble = r"\renewcommand*\a{x}\providecommand{\b}[2]{{#1}\}#2}\newcommand\c[1]{#1}"
    assert macros_of(preamble) == {
        r"\a": Macro(0, "x"), r"\b": Macro(2, r"{#1}\}#2"), r"\c": Macro(1, "#1"),
    }  # fmt: skip
    with pytest.raises(DerivationError, match="contains itself"):
        estimated([r"\a"], r"\newcommand{\a}{\a\a}")


WIDTHS = st.lists(st.floats(0.1, 200), max_size=30)


@given(WIDTHS, st.floats(10, 150), st.floats(60, 200))
def test_lines_hold_all_terms_in_order_and_fit(
    terms: list[float], first: float, width: float
) -> None:
    lines = broken(terms, first, width)
    assert [i for line in lines for i in line] == list(range(len(terms)))
    for number, line in enumerate(lines):
        room = width if number else first
        assert sum(terms[i] for i in line) <= room + 1e-9 or len(line) == 1
        if number + 1 < len(lines):
            following = terms[lines[number + 1][0]]
            assert sum(terms[i] for i in line) + following > room - 1e-9
    assert all(lines[1:])


def test_breaking_by_hand() -> None:
    assert broken([], 10, 20) == [[]]
    assert broken([5, 5, 5], 10, 20) == [[0, 1], [2]]
    assert broken([15, 5, 15, 1], 10, 20) == [[], [0, 1], [2, 3]]
    assert broken([30, 5], 10, 20) == [[0], [1]]
