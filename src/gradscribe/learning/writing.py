"""A report as HTML and as Markdown. A user's words are text in both, and nothing else."""

import base64
import html
import re
from dataclasses import dataclass
from pathlib import Path

from gradscribe.files import write
from gradscribe.learning.drawing import Picture
from gradscribe.learning.figures import pictures
from gradscribe.learning.report import Block, Rows, Section, Sentence, report
from gradscribe.learning.telling import told_in
from gradscribe.learning.threads import one_thread
from gradscribe.learning.training import Trained
from gradscribe.targets.render import render
from gradscribe.targets.target import TEMPLATES, find_target

HTML, MARKDOWN, FIGURES = "report.html", "report.md", "figures"
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>|#~$&!])")


@dataclass(frozen=True)
class SectionView:
    """A part of a report in a format."""

    heading: str
    blocks: tuple[str, ...]


@dataclass(frozen=True)
class ReportView:
    """A report in a format: ready strings."""

    title: str
    language: str
    sections: tuple[SectionView, ...]


def write_report(trained: Trained, templates: Path = TEMPLATES) -> None:
    """Write the report of a run and its pictures into its folder, in the run's language.

    Raises:
        InputError: the folder cannot be written to, or matplotlib is missing.
    """
    lang = trained.run.settings.lang
    words = told_in(lang, templates)
    with one_thread():
        drawn = tuple(pictures(trained, words))
    told = report(trained, drawn, words)
    title = trained.run.settings.name
    path = trained.run.path
    page = render(
        find_target("report", "report", templates),
        ReportView(html.escape(title), lang, tuple(_html_section(s) for s in told)),
    )
    text = render(
        find_target("report_markdown", "report_markdown", templates),
        ReportView(escaped(title), lang, tuple(_markdown_section(s) for s in told)),
    )
    (path / FIGURES).mkdir(exist_ok=True)
    for picture in drawn:
        write(path / FIGURES / f"{picture.name}.svg", picture.svg)
    write(path / HTML, page)
    write(path / MARKDOWN, text)


def _html_section(section: Section) -> SectionView:
    blocks = tuple(_html(block) for block in section.blocks)
    return SectionView(html.escape(section.heading), blocks)


def _html(block: Block) -> str:
    """Return a block as HTML."""
    match block:
        case Sentence(text, code):
            behind = f" <code>{html.escape(code)}</code>" if code else ""
            return f"<p>{html.escape(text)}{behind}</p>"
        case Rows(head, rows):
            first = "".join(f'<th scope="col">{html.escape(word)}</th>' for word in head)
            others = "".join(
                "<tr>" + "".join(f"<td>{html.escape(word)}</td>" for word in row) + "</tr>\n"
                for row in rows
            )
            return f'<div class="scroll"><table>\n<tr>{first}</tr>\n{others}</table></div>'
        case Picture(_, caption, svg):
            content = base64.b64encode(svg.encode("utf-8")).decode("ascii")
            text = html.escape(caption)
            source = f"data:image/svg+xml;base64,{content}"
            return (
                f'<figure><img src="{source}" alt="{text}"><figcaption>{text}</figcaption></figure>'
            )


def escaped(text: str) -> str:
    """Return a text that Markdown shows as it is."""
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))


def _code(text: str) -> str:
    """Return a text as code, between more backticks than it has."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if longest else ""
    return f"{fence}{pad}{' '.join(text.split())}{pad}{fence}"


def _markdown_section(section: Section) -> SectionView:
    blocks = tuple(_markdown(block) for block in section.blocks)
    return SectionView(escaped(section.heading), blocks)


def _markdown(block: Block) -> str:
    """Return a block as Markdown."""
    match block:
        case Sentence(text, code):
            return escaped(text) + (f" {_code(code)}" if code else "")
        case Rows(head, rows):
            lines = [head, tuple("---" for _ in head), *rows]
            return "\n".join(
                "| " + " | ".join(w if w == "---" else escaped(w) for w in line) + " |"
                for line in lines
            )
        case Picture(name, caption, _):
            return f"![{escaped(caption)}]({FIGURES}/{name}.svg)"
