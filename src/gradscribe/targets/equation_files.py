"""Each displayed equation of a lecture as files of its own, for slides made elsewhere."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from gradscribe.lecture.display import Tone
from gradscribe.lecture.latex import COLOURS, latex_script
from gradscribe.lecture.mathml import math, mathml_script
from gradscribe.lecture.model import Frame, Lecture
from gradscribe.lecture.style import Style
from gradscribe.lecture.symbols import notation_of
from gradscribe.lecture.words import Words
from gradscribe.lecture.writing import Script, written
from gradscribe.targets.page_view import LANGUAGES
from gradscribe.targets.prose import edged, plain_text
from gradscribe.typeset.escaping import cleaned, html_text, latex_text

MARK = "gradscribe equations"
_TONE = re.compile(r"\\textcolor\{#([0-9A-F]{6})\}")
_CLASS = re.compile(rf' class="({"|".join(t.value for t in Tone)})"')
_NAMESPACE = "http://www.w3.org/1998/Math/MathML"


@dataclass(frozen=True)
class EquationFile:
    """A displayed equation.

    Attributes:
        name: the name of its files, without the suffix: "07-hidden-delta-2".
        heading: the title of the frame that it is the first of, "" for the others.
        tex: the text of its LaTeX file.
        mathml: the text of its MathML file.
        markup: its MathML for a page.
    """

    name: str
    heading: str
    tex: str
    mathml: str
    markup: str


@dataclass(frozen=True)
class IndexView:
    """Everything that the template of the index may show."""

    language: str
    title: str
    note: str
    mark: str
    equations: tuple[EquationFile, ...]


def index_view(lecture: Lecture, style: Style, words: Words) -> IndexView:
    """Return the displayed equations of a lecture as files, and the index of these."""
    return IndexView(
        language=LANGUAGES.get(style.lang, style.lang),
        title=html_text(plain_text(lecture.title)),
        note=html_text(words.text("equations.note"), 400),
        mark=MARK,
        equations=tuple(equation_files(lecture, style, words)),
    )


def texts(view: IndexView, index: str) -> Mapping[str, str]:
    """Return the text of each file by its name."""
    files = {"index.html": index}
    for equation in view.equations:
        files[f"{equation.name}.tex"] = equation.tex
        files[f"{equation.name}.mathml"] = equation.mathml
    return files


def equation_files(lecture: Lecture, style: Style, words: Words) -> Iterator[EquationFile]:
    """Yield the displayed equations of a lecture, named by their place and their frame."""
    notation = notation_of(style, words.text("lecture.samples"), expanded=True)
    plain = latex_script(notation, lambda k: words.text(f"words.{k}"), comma=words.comma)
    latex = latex_script(
        notation,
        lambda k: edged(words.text(f"words.{k}"), latex_text),
        comma=words.comma,
    )
    layer = words.text("page.layer")
    mathml = mathml_script(
        plain, lambda k: html_text(words.text(f"words.{k}")), comma=words.comma, layer=layer
    )
    digits = max(2, len(str(len(lecture.frames))))
    for number, frame in enumerate(lecture.frames, 1):
        yield from _of_frame(frame, f"{number:0{digits}d}", latex, mathml)


def _of_frame(frame: Frame, number: str, latex: Script, mathml: Script) -> Iterator[EquationFile]:
    lines = [line for display in frame.displays for line in display.lines]
    title = cleaned(plain_text(frame.title))
    for position, line in enumerate(lines, 1):
        place = f"-{position}" if len(lines) > 1 else ""
        tex = _TONE.sub(r"\\textcolor[HTML]{\1}", written(line.formula, latex))
        markup = _coloured(math(written(line.formula, mathml), tex, block=True))
        yield EquationFile(
            name=f"{number}-{frame.key.replace('_', '-')}{place}",
            heading=html_text(title) if position == 1 else "",
            tex=f"% {title}\n% Packages: amsmath, amssymb, xcolor\n\\[\n{tex}\n\\]\n",
            mathml=_document(markup),
            markup=markup,
        )


def _coloured(markup: str) -> str:
    """Return MathML with colours in the place of classes, which mean nothing elsewhere."""
    return _CLASS.sub(lambda m: f' mathcolor="{COLOURS[Tone(m[1])]}"', markup)


def _document(markup: str) -> str:
    """Return a `math` element as a document."""
    declared = markup.replace("<math", f'<math xmlns="{_NAMESPACE}"', 1)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{declared}\n'
