"""What the templates of a deck and of an article are filled with: ready strings of LaTeX."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from gradscribe.errors import InputError
from gradscribe.lecture.latex import latex_script, symbol
from gradscribe.lecture.model import Frame, Lecture, Picture
from gradscribe.lecture.style import Style
from gradscribe.lecture.symbols import Macro, Notation, macros, notation_of
from gradscribe.lecture.words import Words
from gradscribe.targets.deck import A4, PAGES, Builder, Page, Piled
from gradscribe.targets.deck_parts import spaced
from gradscribe.typeset.block_picture import block_scene
from gradscribe.typeset.boxes import Box
from gradscribe.typeset.escaping import latex_text
from gradscribe.typeset.measure import estimated
from gradscribe.typeset.node_picture import node_scene
from gradscribe.typeset.tikz import tikz

ROOM, ABOVE = 203.0, 29.0  # points for a picture, less what a sentence above it takes
BABEL = {"en": "english", "pt": "brazilian"}
TAGS = {"en": "en-US", "pt": "pt-BR"}
# What the theme's macros do to the width of a formula, for the estimate.
_THEME = r"""
\newcommand{\errortone}[1]{#1}\newcommand{\slopetone}[1]{#1}
\newcommand{\weighttone}[1]{#1}\newcommand{\inputtone}[1]{#1}
\newcommand{\factorstrut}{\vphantom{\frac{\partial u_k^m}{\partial u_k^m}}}
\newcommand{\factor}[3]{\underbrace{\factorstrut #2}_{\textstyle #3}}
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
    sections: tuple["SectionView", ...]


@dataclass(frozen=True)
class SectionView:
    """A part of the lecture with its slides, for an article."""

    title: str
    slides: tuple[SlideView, ...]
    fresh: bool = False


def deck_view(lecture: Lecture, style: Style, words: Words, *, article: bool = False) -> DeckView:
    """Return the view of a lecture.

    Args:
        lecture: what to show.
        style: how.
        words: the language's words.
        article: whether it is for a page of text: nothing is hidden at first, and equations
            have numbers.
    """
    table = macros(style, words.text("lecture.samples"))
    notation = notation_of(style, words.text("lecture.samples"), expanded=False)
    definitions = symbol_definitions(table)
    builder = Builder(
        script=latex_script(notation, lambda key: word(words, key), comma=words.comma),
        words=words,
        boxes=boxes_with(definitions),
        page=A4 if article else PAGES[style.aspect],
        picture=partial(drawn, notation),
        article=article,
    )
    slides = {f.key: slides_of(f, builder) for f in lecture.frames}
    parts = dict.fromkeys(f.part for f in lecture.frames)
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
        slides=tuple(s for found in slides.values() for s in found),
        sections=tuple(
            SectionView(
                spaced(words.text(f"parts.{part}")),
                tuple(s for f in lecture.frames if f.part == part for s in slides[f.key]),
                any(f.fresh for f in lecture.frames if f.part == part),
            )
            for part in parts
        ),
    )


def drawn(notation: Notation, picture: Picture, page: Page) -> Piled | None:
    """Return a picture in TikZ with its height; None for a network that has none."""
    try:
        if picture.kind == "blocks":
            scene = block_scene(picture.network, page.width)
        else:
            scene = node_scene(picture.network, page.width, min(page.height, ROOM) - ABOVE)
    except InputError:
        return None
    inner = tikz(scene, lambda s: symbol(notation, s.name, s.indices, s.layer))
    # What is below it has stretch of its own, and a slide with a sentence above has no point over.
    text = f"\\begin{{center}}\n{inner}\n\\end{{center}}\\vspace{{-2pt}}"
    return Piled(text, scene.height + 12)


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
        found.append(SlideView(key, title + part, page, note if position == 1 else ""))
    return found
