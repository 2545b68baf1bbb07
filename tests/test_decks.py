"""Decks and articles as TeX sets them: nothing overfull, missing, cut off or read from a file."""

import re
import subprocess
from pathlib import Path

import pytest
from deck_checks import faults_of_deck, faults_when_set

from gradscribe.compiler import derivation_text, lecture_pdf
from gradscribe.lecture.style import Style
from gradscribe.typeset.pdf import make_pdf

SPECS = {
    "symbolic": None,
    "221": "2-2-1 sigmoid",
    "2221": "2-2-2-1 sigmoid",
    "three outputs": "4-10-3 tanh,sigmoid",
    "deep": "-".join(["8"] * 51) + " tanh",
    "wide": "784-1000-1000-10 relu,linear",
    "custom": "f2(W2 f1(W1 x + b1) + b2 + x) f1=softplus f2=tanh",
    "shared": "tanh(W tanh(W tanh(W x)))",
    "wide example": "3-3-2-1 softplus,linear",
    "smallest": "1-1 softplus loss=sse",
    "cases": "2-3-1 gelu_tanh,selu loss=hinge",
}


def deck(spec: str | None, **style: str) -> str:
    return derivation_text(spec, "beamer", style=Style(**style))


def editions() -> list[tuple[str, str, str]]:
    """Return each deck in both languages and both shapes, some in all four combinations."""
    every = [(name, lang, a) for name in SPECS for lang in ("en", "pt") for a in ("169", "43")]
    whole = ("symbolic", "221")
    return [e for e in every if e[0] in whole or e[1:] in (("en", "169"), ("pt", "43"))]


@pytest.mark.usefixtures("tex")
@pytest.mark.parametrize(("name", "lang", "aspect"), editions())
def test_nothing_in_a_deck_is_overfull_or_missing(name: str, lang: str, aspect: str) -> None:
    source = deck(SPECS[name], lang=lang, aspect=aspect)
    # A frame that does not fit is parted, which its title says; the parts are one frame.
    assert len(re.findall(r"\\begin\{frame\}(?!.*\((?:[2-9]|1\d)/\d+\)\})", source)) <= 60
    assert faults_when_set(source, lang) == []


@pytest.mark.usefixtures("tex")
@pytest.mark.parametrize(
    ("name", "lang", "aspect"), [("symbolic", "en", "43"), ("221", "pt", "169")]
)
def test_a_deck_passes_every_check(name: str, lang: str, aspect: str) -> None:
    source = deck(SPECS[name], lang=lang, aspect=aspect)
    frames = source.count(r"\begin{frame}")
    assert faults_of_deck(source, lang=lang, expected_frames=frames) == []


@pytest.mark.usefixtures("tex")
@pytest.mark.parametrize(
    "style",
    [
        {"layer": "parentheses", "sensitivity": "s", "derivative": "upright"},
        {"layout": "numerator", "transpose": "top"},
    ],
)
def test_a_deck_in_another_notation_has_no_fault(style: dict[str, str]) -> None:
    assert faults_when_set(deck("2-2-1 tanh,sigmoid", **style), "en") == []


@pytest.mark.usefixtures("tex")
@pytest.mark.parametrize("lang", ["en", "pt"])
def test_an_article_has_no_overfull_line(lang: str, tmp_path: Path) -> None:
    source = derivation_text("2-2-1 sigmoid", "article", style=Style(lang=lang))
    assert source.count(r"\begin{align}") > 20
    made = make_pdf(source, tmp_path / "article.pdf")
    assert [str(f) for f in made.findings] == []


HOSTILE = [
    r"\input{/etc/passwd}", r"\write18{touch x}", "^^5cinput", "100 % of } { $x_1^2$ & ~ #",
    "\u202eright to left\u200b", "\U0001f600 emoji", "x" * 10_000, r"\end{frame}\end{document}",
]  # fmt: skip


@pytest.mark.usefixtures("tex")
@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_titles_and_authors_are_text(text: str, tmp_path: Path) -> None:
    path = tmp_path / "deck.pdf"
    source = deck("2-1 tanh", title=text, author=text)
    first, end, _ = source.partition("\\end{frame}\n")  # what follows has no text of a user
    lecture_pdf(f"{first}{end}\\end{{document}}\n", path)
    words = subprocess.run(
        ["pdftotext", "-l", "1", str(path), "-"], capture_output=True, text=True, check=True
    ).stdout
    assert "root:" not in words
    assert not (tmp_path / "x").exists()
    readable = [c for c in text[:20] if c.isascii() and c.isalnum()]
    assert all(c in words for c in readable)
