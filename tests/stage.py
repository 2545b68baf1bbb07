"""The templates of decks and articles, filled: what tests of typesetting are made with."""

from dataclasses import dataclass

from gradscribe.targets.render import render
from gradscribe.targets.target import TEMPLATES, Target

BABEL = {"en": ("english", "en"), "pt": ("brazilian", "pt-BR")}


@dataclass(frozen=True)
class Head:
    """What `theme.tex.jinja` of a deck or an article is filled with.

    Attributes:
        aspect: "169" or "43".
        class_options: further options of the class, each after a comma: ",handout".
        language: the babel name of the language.
        pdf_language: its tag.
        title, short_title, pdf_title, subtitle, author: ready LaTeX.
        symbols: definitions of the macros of symbols.
    """

    aspect: str
    class_options: str
    language: str
    pdf_language: str
    title: str
    short_title: str
    pdf_title: str
    subtitle: str
    author: str
    symbols: str


def preamble(
    kind: str = "beamer",
    *,
    lang: str = "en",
    aspect: str = "169",
    options: str = "",
    title: str = "Backpropagation",
    subtitle: str = "A network with two hidden nodes",
    author: str = "",
    symbols: str = "",
) -> str:
    """Return the preamble of a document of this kind: "beamer" or "article"."""
    target = Target(kind, TEMPLATES / kind, "theme.tex.jinja", "lecture", "")
    language, tag = BABEL[lang]
    head = Head(aspect, options, language, tag, title, title, title, subtitle, author, symbols)
    return render(target, head)


def deck(body: str, kind: str = "beamer", **settings: str) -> str:
    """Return a whole document with this body."""
    return "\n".join((preamble(kind, **settings), r"\begin{document}", body, r"\end{document}", ""))
