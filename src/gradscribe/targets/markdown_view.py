"""What the template of a Markdown document is filled with: ready strings."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from gradscribe.lecture.latex import latex_script
from gradscribe.lecture.model import Frame, Lecture
from gradscribe.lecture.style import Style
from gradscribe.lecture.symbols import notation_of
from gradscribe.lecture.words import Words
from gradscribe.targets.markdown_blocks import MarkdownBuilder, words_in_markdown
from gradscribe.targets.markdown_math import markdown_script
from gradscribe.version import VERSION


@dataclass(frozen=True)
class SectionView:
    """A frame in Markdown."""

    title: str
    body: str
    note: str


@dataclass(frozen=True)
class ChapterView:
    """A part of the lecture and its frames."""

    title: str
    sections: tuple[SectionView, ...]


@dataclass(frozen=True)
class MarkdownView:
    """Everything that the template of a Markdown document may show."""

    title: str
    subtitle: str
    author: str
    spec: str
    chapters: tuple[ChapterView, ...]
    footer: str


def markdown_builder(style: Style, words: Words) -> MarkdownBuilder:
    """Return what turns the blocks of a lecture into Markdown."""
    notation = notation_of(style, words.text("lecture.samples"), expanded=True)
    latex = latex_script(notation, lambda key: words.text(f"words.{key}"), comma=words.comma)
    return MarkdownBuilder(markdown_script(latex))


def markdown_view(lecture: Lecture, style: Style, words: Words) -> MarkdownView:
    """Return the view of a lecture in Markdown."""
    builder = markdown_builder(style, words)
    return MarkdownView(
        title=builder.text(lecture.title),
        subtitle=builder.text(lecture.subtitle),
        author=words_in_markdown(style.author),
        spec=words_in_markdown(lecture.network.spec, 400),
        chapters=tuple(chapters(lecture, builder, words)),
        footer=words_in_markdown(words.text("page.footer", version=VERSION)),
    )


def chapters(lecture: Lecture, builder: MarkdownBuilder, words: Words) -> Iterator[ChapterView]:
    """Yield the parts of a lecture."""
    for part, frames in groupby(lecture.frames, key=lambda f: f.part):
        title = words_in_markdown(words.text(f"parts.{part}"))
        yield ChapterView(title, tuple(section(f, builder, words) for f in frames))


def section(frame: Frame, builder: MarkdownBuilder, words: Words) -> SectionView:
    """Return a frame in Markdown."""
    note = words.text("page.note")
    return SectionView(builder.text(frame.title), builder.body(frame), builder.note(frame, note))
