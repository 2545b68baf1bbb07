"""What the templates of a deck and of an article are filled with: ready strings of LaTeX."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from gradscribe.lecture.latex import latex_script
from gradscribe.lecture.model import Emphasis, Frame, Lecture, Picture, Piece
from gradscribe.lecture.style import Style
from gradscribe.lecture.symbols import Macro, macros, notation_of
from gradscribe.lecture.words import Words
from gradscribe.targets.deck import PAGES, Builder, Page, Piled, spaced
from gradscribe.typeset.boxes import Box
from gradscribe.typeset.escaping import latex_text
from gradscribe.typeset.measure import estimated

# Blocks share what room is left, half as much between them as below them.
SPREAD = "\n\\par\\vspace{0pt plus .5fill}\n"
BABEL = {"en": "english", "pt": "brazilian"}
TAGS = {"en": "en-US", "pt": "pt-BR"}
# What the theme's macros do to the width of a formula, for the estimate.
_THEME = r"""
\newcommand{\errortone}[1]{#1}\newcommand{\slopetone}[1]{#1}
\newcommand{\weighttone}[1]{#1}\newcommand{\inputtone}[1]{#1}
\newcommand{\factor}[3]{\underbrace{\vphantom{\frac{\partial u_k^m}{\partial u_k^m}}#2}_{\textstyle #3}}
\newcommand{\factorover}[3]{\overbrace{#2}^{\textstyle #3}}
"""


@dataclass(frozen=True)
class SlideView:
    """A slide: its title, its body and the lecturer's note, in LaTeX."""

    key: str
    title: str
    body: str
    note: str


@dataclass(frozen=True)
class DeckView:
    """Everything that the template of a deck or an article may show."""

    aspect: str
    class_options: str
    language: str
    pdf_language: str
    pdf_title: str
    title: str
    short_title: str
    subtitle: str
    author: str
    symbols: str
    slides: tuple[SlideView, ...]


def deck_view(
    lecture: Lecture,
    style: Style,
    words: Words,
    picture: Callable[[Picture, Page], Piled | None] = lambda *_: None,
    *,
    overlays: bool = True,
) -> DeckView:
    """Return the view of a lecture.

    Args:
        lecture: what to show.
        style: how.
        words: the language's words.
        picture: a picture's LaTeX.
        overlays: whether parts of a slide appear one after the other.
    """
    table = macros(style, words.text("lecture.samples"))
    notation = notation_of(style, words.text("lecture.samples"), expanded=False)
    script = latex_script(notation, lambda key: word(words, key), comma=words.comma)
    definitions = symbol_definitions(table)
    builder = Builder(
        script=script,
        words=words,
        boxes=boxes_with(definitions),
        page=PAGES[style.aspect],
        picture=picture,
        overlays=overlays,
    )
    slides = [slide for frame in lecture.frames for slide in slides_of(frame, builder)]
    title = builder.text(lecture.title)
    return DeckView(
        aspect=style.aspect,
        class_options="",
        language=BABEL[style.lang],
        pdf_language=TAGS[style.lang],
        pdf_title=title,
        title=title,
        short_title=title,
        subtitle=builder.text(lecture.subtitle),
        author=latex_text(style.author) if style.author else "",
        symbols=definitions,
        slides=tuple(slides),
    )


def word(words: Words, key: str) -> str:
    """Return a word of the locale in LaTeX."""
    return spaced(words.text(f"words.{key}"))


def symbol_definitions(table: Sequence[Macro]) -> str:
    r"""Return the \newcommand of each symbol, with what it stands for beside it."""
    lines = []
    for macro in table:
        count = f"[{macro.arguments}]" if macro.arguments else ""
        command = rf"\newcommand{{\{macro.name}}}{count}{{{macro.body}}}"
        meaning = macro.meaning.replace("#", "no. ")
        lines.append(f"{command:<58}% {meaning}")
    return "\n".join(lines)


def boxes_with(definitions: str) -> Callable[[Sequence[str]], list[Box]]:
    """Return a function that estimates the boxes of formulas written with these macros."""
    known: dict[str, Box] = {}
    preamble = _THEME + definitions

    def boxes(texts: Sequence[str]) -> list[Box]:
        new = [t for t in dict.fromkeys(texts) if t not in known]
        known.update(zip(new, estimated(new, preamble), strict=True))
        return [known[t] for t in texts]

    return boxes


def slides_of(frame: Frame, builder: Builder) -> list[SlideView]:
    """Return the slides of a frame: one, or several where it is too high."""
    pages = builder.pages(frame)
    title = builder.text(frame.title)
    note = "\\par\n  ".join(builder.text(p) for p in frame.note)
    found = []
    for position, page in enumerate(pages, 1):
        part = f" ({position}/{len(pages)})" if len(pages) > 1 else ""
        key = frame.key if position == 1 else f"{frame.key}-{position}"
        found.append(SlideView(key, title + part, SPREAD.join(page), note if position == 1 else ""))
    return found


def plain_text(pieces: tuple[Piece, ...]) -> str:
    """Return the words of a title without its formulas."""
    texts = [p.text if isinstance(p, Emphasis) else p if isinstance(p, str) else "…" for p in pieces]
    return "".join(texts)


