"""What the template of an HTML page is filled with: ready strings."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from gradscribe.derivation.steps import Derivation
from gradscribe.errors import InputError
from gradscribe.lecture.display import Atom, equal
from gradscribe.lecture.latex import latex_script
from gradscribe.lecture.mathml import mathml_script
from gradscribe.lecture.model import Frame, Lecture, Line, Picture
from gradscribe.lecture.shown import Shower
from gradscribe.lecture.style import Style
from gradscribe.lecture.symbols import notation_of
from gradscribe.lecture.words import Words
from gradscribe.targets.page_blocks import Code, PageBuilder, listing_of
from gradscribe.targets.palette import DARK, LIGHT, declarations
from gradscribe.targets.prose import parameters_in, plain_text
from gradscribe.typeset.escaping import html_text
from gradscribe.typeset.picture import block_picture, node_picture
from gradscribe.typeset.svg import svg
from gradscribe.version import VERSION

LANGUAGES = {"pt": "pt-BR"}  # tags of languages that are not their own
_HEAD = re.compile(r"(id=\"|url\(#)head")  # the arrow's head: each picture of a page has its own
LISTED = 48  # equations that the table of code shows; of more, the middle is left out


@dataclass(frozen=True)
class FrameView:
    """A frame: its place in the page, its title, its blocks and its note, in HTML."""

    anchor: str
    number: str
    title: str
    body: str
    note: tuple[str, ...]


@dataclass(frozen=True)
class PartView:
    """A part of the lecture and its frames."""

    anchor: str
    title: str
    frames: tuple[FrameView, ...]


@dataclass(frozen=True)
class RowView:
    """An equation and the lines that compute it; an empty label where some are left out."""

    anchor: str
    label: str
    formula: str
    listing: str


@dataclass(frozen=True)
class PageView:
    """Everything that the template of a page may show."""

    language: str
    title: str
    heading: str
    subtitle: str
    author: str
    spec: str
    light: str
    dark: str
    contents: str
    skip: str
    note: str
    parts: tuple[PartView, ...]
    code_title: str
    code_note: str
    code_heads: tuple[str, ...]
    code_rows: tuple[RowView, ...]
    footer: str


def page_builder(style: Style, words: Words, code: Mapping[str, Code]) -> PageBuilder:
    """Return what turns the blocks of a lecture into HTML.

    Args:
        style: the notation.
        words: the language.
        code: the code of equations, by their names.
    """
    notation = notation_of(style, words.text("lecture.samples"), expanded=True)

    def word(key: str) -> str:
        return words.text(f"words.{key}")

    latex = latex_script(notation, word, comma=words.comma)
    mathml = mathml_script(
        latex,
        lambda key: html_text(word(key)),
        comma=words.comma,
        layer=words.text("page.layer"),
    )
    return PageBuilder(mathml, latex, words, drawn, code)


def drawn(picture: Picture) -> str:
    """Return a picture as SVG, "" for a network that has none."""
    try:
        if picture.kind == "blocks":
            scene = block_picture(picture.network)
        else:
            scene = node_picture(picture.network)
    except InputError:
        return ""
    sizes = "".join(f"-{n}" for n in picture.network.sizes or ())
    return _HEAD.sub(rf"\1{picture.kind}{sizes}-head", svg(scene))


def page_view(
    lecture: Lecture,
    style: Style,
    words: Words,
    code: Mapping[str, Sequence[str]],
) -> PageView:
    """Return the view of a lecture as a page.

    Args:
        lecture: what to show.
        style: how.
        words: the language's words.
        code: the lines of the module that compute an equation, by its name.
    """
    derivation = lecture.settings["network"].derivation
    listed = codes(derivation, code)
    builder = page_builder(style, words, listed)
    spec = html_text(lecture.network.spec, 400)
    return PageView(
        language=LANGUAGES.get(style.lang, style.lang),
        title=html_text(plain_text(lecture.title)),
        heading=builder.text(lecture.title),
        subtitle=builder.text(lecture.subtitle),
        author=html_text(style.author),
        spec=spec,
        light=declarations(LIGHT),
        dark=declarations(DARK),
        contents=html_text(words.text("page.contents")),
        skip=html_text(words.text("page.skip")),
        note=html_text(words.text("page.note")),
        parts=tuple(part_views(lecture, builder)),
        code_title=html_text(words.text("page.code_title")),
        code_note=html_text(words.text("page.code_note" if code else "page.no_code"), 400),
        code_heads=tuple(html_text(words.text(f"page.{k}")) for k in ("equation", "statement")),
        code_rows=tuple(code_rows(derivation, builder)),
        footer=html_text(words.text("page.footer", version=VERSION)),
    )


def codes(derivation: Derivation, lines: Mapping[str, Sequence[str]]) -> dict[str, Code]:
    """Return the code of each equation that has some, with the equation's number."""
    found = [q for q in derivation.equations if q.name in lines]
    listed = {q.name for q in (*found[: LISTED // 2], *found[-LISTED // 2 :])}
    return {
        q.name: Code(
            label=q.label,
            lines=tuple(lines[q.name]),
            parameters=frozenset(parameters_in(Atom(q.right))),
            listed=len(found) <= LISTED or q.name in listed,
        )
        for q in found
    }


def part_views(lecture: Lecture, builder: PageBuilder) -> Iterable[PartView]:
    """Yield the parts of a lecture, frames numbered through."""
    number = 0
    seen: Counter[str] = Counter()
    for part, frames in groupby(lecture.frames, key=lambda f: f.part):
        views = []
        for frame in frames:
            number += 1
            seen[frame.key] += 1
            views.append(frame_view(frame, number, seen[frame.key], builder))
        title = html_text(builder.words.text(f"parts.{part}"))
        yield PartView(f"part-{part}", title, tuple(views))


def frame_view(frame: Frame, number: int, time: int, builder: PageBuilder) -> FrameView:
    """Return a frame as HTML; `time` is 2 where it is shown for the second time."""
    again = f"-{time}" if time > 1 else ""
    return FrameView(
        anchor=frame.key.replace("_", "-") + again,
        number=str(number),
        title=builder.text(frame.title),
        body=builder.body(frame),
        note=tuple(builder.text(p) for p in frame.note),
    )


def code_rows(derivation: Derivation, builder: PageBuilder) -> Iterable[RowView]:
    """Yield every equation with its code; of very many, the first and the last."""
    shower = Shower(derivation.network, derivation.by_name)
    found = [q for q in derivation.equations if q.name in builder.code]
    gap = [q.name for q in found if not builder.code[q.name].listed]
    for equation in found:
        code = builder.code[equation.name]
        if code.listed:
            line = Line(equal(Atom(equation.left), shower.tree(equation.right)))
            formula, listing = builder.formula([line]), listing_of(code.lines)
            yield RowView(f"eq-{equation.name}", f"({code.label})", formula, listing)
        elif equation.name == gap[0]:
            left_out = builder.words.text("page.left_out", count=str(len(gap)))
            yield RowView("", "", html_text(left_out), "")
