"""Lectures and their editions, each made once for all tests of a process."""

from collections.abc import Iterator
from functools import cache

from gradscribe.editions import edition
from gradscribe.lecture.display import Node
from gradscribe.lecture.latex import latex_script
from gradscribe.lecture.lecture import lecture_of
from gradscribe.lecture.mathml import mathml_script
from gradscribe.lecture.model import Lecture
from gradscribe.lecture.style import Style
from gradscribe.lecture.symbols import notation_of
from gradscribe.lecture.words import words_of
from gradscribe.lecture.writing import Script, written
from gradscribe.model.network import Network
from gradscribe.targets.markdown_math import markdown_script, safe
from gradscribe.targets.target import TEMPLATES

LOCALES = TEMPLATES / "locales"
DEFAULT = ""
SKIP = "f2(W2 f1(W1 x + b1) + b2 + V x) f1=tanh f2=sigmoid"
ABSTRACT = "f2(W2 f1(W1 x + b1) + b2)"
DEEP = "5-" + "4-" * 11 + "3 softplus"
# Every shape of story: two and three layers, one, open sizes, a skip, no functions, a kink.
NETWORKS = (
    "2-2-1 sigmoid",
    "3-4-2 tanh,linear loss=sse",
    "1-1 relu",
    DEFAULT,
    SKIP,
    ABSTRACT,
    DEEP,
)
LANGUAGES = ("en", "pt")
STYLES = (
    Style(),
    Style(lang="pt", layer="parentheses", transpose="top", sensitivity="s"),
    Style(derivative="upright", layout="numerator"),
)


@cache
def lecture(spec: str, style: Style = STYLES[0]) -> Lecture:
    return lecture_of(Network.parse(spec or None), style, LOCALES)


def lecture_in(spec: str, lang: str) -> Lecture:
    return lecture(spec, Style(lang=lang))


@cache
def text_of(spec: str, format: str, style: Style = STYLES[0]) -> str:
    return edition(spec or None, format, style)


def scripts(style: Style) -> tuple[Script, Script]:
    """Return LaTeX without macros, and MathML."""
    words = words_of(style.lang, LOCALES)
    notation = notation_of(style, words.text("lecture.samples"), expanded=True)
    latex = latex_script(notation, lambda k: words.text(f"words.{k}"), comma=words.comma)
    layer = words.text("page.layer")
    mathml = mathml_script(
        latex, lambda k: words.text(f"words.{k}"), comma=words.comma, layer=layer
    )
    return latex, mathml


def formulas(spec: str, style: Style) -> Iterator[tuple[str, str, str]]:
    """Yield each formula's frame, its LaTeX and its MathML."""
    latex, mathml = scripts(style)
    for frame, node in lecture(spec, style).formulas:
        yield frame.key, written(node, latex), written(node, mathml)


def in_markdown(node: Node, style: Style) -> str:
    return safe(written(node, markdown_script(scripts(style)[0])))
