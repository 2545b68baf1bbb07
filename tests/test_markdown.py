"""Markdown: what is mathematics reaches the reader unchanged, what is a user's text stays text."""

import re
from dataclasses import replace

import pytest
from editions import DEFAULT, LANGUAGES, LOCALES, SKIP, STYLES, in_markdown, lecture, text_of
from hostile import HOSTILE
from markdown_it import MarkdownIt
from markdown_it.token import Token

from gradscribe.lecture.style import Style
from gradscribe.lecture.words import words_of
from gradscribe.targets.markdown_math import safe
from gradscribe.targets.markdown_view import markdown_view
from gradscribe.targets.render import render
from gradscribe.targets.target import find_target
from gradscribe.typeset.escaping import cleaned

SHOWN = ("2-2-1 sigmoid", DEFAULT, SKIP)
# What MathJax 2 and 3 and KaTeX (strict) all know, of what occurs.
KNOWN = set(
    re.findall(
        r"\w+",
        """
        aligned alpha approx begin bigl bigr bmatrix boldsymbol bullet cases cdot cdots cr ddots
        delta dots end exp frac hspace in infty lambda le left leftarrow log lt gt mathbb
        mathcal mathrel mathrm min nabla ne negthinspace odot operatorname otimes overbrace
        overset partial qquad quad relax right space succ succeq sum tanh tau text textstyle
        thickspace medspace thinspace times to top underbrace underline underset vdots vphantom
        vert Vert smallmatrix lbrace rbrace circ displaystyle
        """,
    )
)
HTML = MarkdownIt("commonmark", {"html": True}).enable("table")


def spans(text: str) -> list[str]:
    """Return all mathematics of a document, displays first."""
    shown = re.findall(r"\$\$\n(.*?)\n\$\$", text, re.DOTALL)
    rest = re.sub(r"\$\$\n.*?\n\$\$", "", text, flags=re.DOTALL)
    return shown + re.findall(r"\$([^$\n]+)\$", rest)


def leaves(tokens: list[Token]) -> str:
    """Return what is left of a document as text, line by line."""
    found = []
    for token in tokens:
        children = token.children or ()
        found += ["\n" if c.type.endswith("break") else c.content for c in children]
        found.append("\n")
    return "".join(found)


@pytest.mark.parametrize("spec", SHOWN)
@pytest.mark.parametrize("style", STYLES, ids=["en", "pt", "upright"])
def test_markdown_leaves_the_mathematics_as_it_is(spec: str, style: Style) -> None:
    text = text_of(spec, "markdown", style)
    read = leaves(HTML.parse(text))
    formulas = spans(text)
    assert len(formulas) > 60
    for formula in formulas:
        assert formula in read, formula
        assert not re.search(r"\\[^A-Za-z]", formula), formula
        assert set(re.findall(r"\\([A-Za-z]+)", formula)) <= KNOWN, formula
        assert formula.count("{") == formula.count("}")
        assert formula.count(r"\left") - formula.count(r"\leftarrow") == formula.count(r"\right")


def test_the_check_notices_what_markdown_would_change() -> None:
    for harmed in (r"a\,b", r"\boldsymbol{a}_{i} + \boldsymbol{b}_{i}", r"a \\ b"):
        assert harmed not in leaves(HTML.parse(f"so ${harmed}$ it is")) or r"\," in harmed
        assert safe(harmed) in leaves(HTML.parse(f"so ${safe(harmed)}$ it is"))


def unbroken(latex: str) -> str:
    """Return LaTeX without what breaks and aligns its rows."""
    return re.sub(r"\s|&|\\cr|\\q?quad", "", latex)


@pytest.mark.parametrize("spec", SHOWN)
def test_every_formula_of_the_lecture_is_there(spec: str) -> None:
    text = unbroken(text_of(spec, "markdown"))
    for frame in lecture(spec).frames:
        for display in frame.displays:
            for line in display.lines:
                whole = unbroken(in_markdown(line.formula, STYLES[0]))
                assert whole.rpartition("=")[2] in text, (frame.key, whole)


def test_a_dollar_sign_opens_and_closes_where_it_is_seen() -> None:
    text = text_of(SHOWN[0], "markdown", Style(lang="pt"))
    inline = re.sub(r"\$\$\n.*?\n\$\$", "", text, flags=re.DOTALL)
    for match in re.finditer(r"\$([^$\n]+)\$", inline):
        assert match[1] == match[1].strip()
        before, after = inline[match.start() - 1], inline[match.end()]
        assert not before.isalnum(), match
        assert not after.isalnum(), match


def titled(text: str) -> str:
    told = replace(lecture("1-1 tanh"), title=(text,))
    view = markdown_view(told, Style(author=text), words_of("en", LOCALES))
    return render(find_target("markdown", "markdown"), view)


def shape(text: str) -> list[str]:
    """Return the elements of a document, without their text."""
    found = []
    for token in HTML.parse(text):
        found.append(token.type)
        found += [c.type for c in token.children or () if c.type not in ("text", "text_special")]
    return found


@pytest.mark.parametrize(
    "text", [*HOSTILE, "</style><p>", "-->", "1. one", "- a", "+ b", "# c", "===", "> d", "![a](b)",
             "a --- b", "http://x.yz a@b.cd www.x.yz", "&lt;b&gt;", "***", "a: b\\", "[a]: b"]
)  # fmt: skip
def test_a_users_text_stays_text(text: str) -> None:
    document = titled(text)
    assert shape(document) == shape(titled("plain"))
    heading = HTML.parse(document)[1]
    shown = "".join(c.content for c in heading.children or ())
    assert shown == cleaned(text, 4000)
    assert "$" not in document.splitlines()[0]


def test_both_languages_have_the_same_displays() -> None:
    english, portuguese = (
        [re.sub(r"\\text\{[^}]*\}", "", s).replace("{,}", ".") for s in spans(text)]
        for text in (text_of(SHOWN[0], "markdown", Style(lang=k)) for k in LANGUAGES)
    )
    assert [s for s in english if "=" in s] == [s for s in portuguese if "=" in s]
