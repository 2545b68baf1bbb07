"""What a deck must satisfy before it is shown: checks of its source, its log and its PDF.

Each function returns faults as sentences; none means that all is well. `faults_of_deck` compiles
a deck and does all of it.
"""

import os
import re
import subprocess
import sys
import tempfile
import unicodedata
from collections.abc import Iterator, Sequence
from pathlib import Path

from gradscribe.errors import TypesetError
from gradscribe.typeset.frames import Frame, closing, frames
from gradscribe.typeset.log import Kind, findings, first_error
from gradscribe.typeset.pdf import NAME, make_pdf, run_pdflatex

MAX_TITLE = 52
MARGIN_PT = 8.0
BANNED = {
    r"\\resizebox\b": r"\resizebox", r"\\scalebox\b": r"\scalebox", r"\\tiny\b": r"\tiny",
    r"\bshrink\b": "shrink", r"\ballowframebreaks\b": "allowframebreaks",
    r"\bremember picture\b|[\[,]overlay[\],]": "overlay", r"\\makebox\[0pt\]": r"\makebox[0pt]",
    r"\\input(?![A-Za-z])": r"\input", r"\\write(?![A-Za-z])": r"\write",
    r"\\catcode(?![A-Za-z])": r"\catcode", r"\\include(?![A-Za-z])": r"\include",
}  # fmt: skip
_NUMBER = re.compile(r"-?\d+(?:\{,\}|\.)\d+(?![\d.]*\s?(?:pt|mm|cm|em|ex|\\))")
_WORD = re.compile(r'<word xMin="([\d.-]+)" yMin="([\d.-]+)" xMax="([\d.-]+)" yMax="([\d.-]+)">')
_PAGE = re.compile(r'<page width="([\d.]+)" height="([\d.]+)">(.*?)</page>', re.DOTALL)


def faults_of_deck(tex: str, *, lang: str, expected_frames: int | None = None) -> list[str]:
    """Compile a deck, as it is and as a handout, and return all its faults."""
    with tempfile.TemporaryDirectory() as name:
        pdf = Path(name) / "deck.pdf"
        try:
            made = make_pdf(tex, pdf)
            pages = run_pdflatex(as_handout(tex), Path(name), options=("-draftmode",))
        except TypesetError as error:
            return [f"it does not compile: {error}", *faults_of_source(tex, lang)]
        found = [*faults_of_source(tex, lang), *faults_of_log(made.log, tex)]
        return [*found, *faults_of_pdf(pdf, tex, made.pages, pages, expected_frames)]


def faults_when_set(tex: str, lang: str) -> list[str]:
    """Set a deck once, as a handout without a PDF, and return the faults of source and log.

    This takes a tenth of the time of `faults_of_deck`.
    """
    handout = as_handout(tex)
    with tempfile.TemporaryDirectory() as name:
        run_pdflatex(handout, Path(name), options=("-draftmode",))
        log = (Path(name) / f"{NAME}.log").read_text(encoding="utf-8", errors="replace")
    pending = (Kind.RERUN, Kind.UNDEFINED_REFERENCE)  # this is the first of two runs
    found = (f for f in findings(log, handout) if f.kind not in pending)
    return [*faults_of_source(tex, lang), *map(str, found)]


def as_handout(tex: str) -> str:
    """Return a deck with the class option handout."""
    return tex.replace(r"\documentclass[", r"\documentclass[handout,", 1)


# ---- the source --------------------------------------------------------------------------------


def faults_of_source(tex: str, lang: str) -> list[str]:
    """Return what a deck's source has that would go unnoticed by TeX."""
    body = tex.partition(r"\begin{document}")[2]
    found = [f"{name} is used" for pattern, name in BANNED.items() if re.search(pattern, body)]
    if re.search(r"\^\{[^{}]*\}'", body):
        found.append("a prime stands behind a superscript")
    if re.search(r"(?<![A-Za-z\\])(?:nan|zoo|oo)(?![A-Za-z])", _without_words(body)):
        found.append("a value is no number")
    for frame in frames(tex):
        found += _faults_of_frame(frame, lang)
    return found


def _faults_of_frame(frame: Frame, lang: str) -> Iterator[str]:
    shown = plain(frame.title)
    if len(shown) > MAX_TITLE:
        yield f"the title “{shown}” has {len(shown)} characters"
    body = _without_pictures(frame.body)
    math = " ".join(math_of(body))
    if lang == "pt" and re.search(r"\d\.\d", math):
        yield f"a decimal point in Portuguese, in “{shown}”"
    if lang == "en" and re.search(r"\d\{,\}\d", body):
        yield f"a decimal comma in English, in “{shown}”"


def math_of(text: str) -> list[str]:
    """Return the formulas of a text, in the line and displayed."""
    environments = r"align\*?|equation\*?|gather\*?|multline\*?|aligned"
    displayed = rf"\\begin\{{({environments})\}}(.*?)\\end\{{\1\}}|\\\[(.*?)\\\]|\$([^$]*)\$"
    found = re.findall(displayed, text, re.DOTALL)
    return ["".join(parts[1:]) for parts in found]


def plain(latex: str) -> str:
    """Return what is seen of a title: macros, braces and marks of scripts are not."""
    text = latex.replace("--", "–").replace(r"\textquotesingle{}", "'")
    text = re.sub(r"\\text[a-z]+\{\}", "x", text)
    text = re.sub(r"\\([{}$&#%_ ,])", r"\1", text)
    text = re.sub(r"\\[A-Za-z]+\s?", "", text)
    return re.sub(r"[{}$^_]", "", text).strip()


def _without_pictures(text: str) -> str:
    return re.sub(r"\\begin\{tikzpicture\}.*?\\end\{tikzpicture\}", "", text, flags=re.DOTALL)


def _without_words(text: str) -> str:
    return " ".join(math_of(re.sub(r"\\text\{[^{}]*\}", "", _without_pictures(text))))


# ---- the log -----------------------------------------------------------------------------------


def faults_of_log(log: str, tex: str) -> list[str]:
    """Return errors and findings of a run."""
    error = first_error(log, tex)
    return [*([error.message] if error else []), *(str(f) for f in findings(log, tex))]


# ---- the PDF -----------------------------------------------------------------------------------


def faults_of_pdf(
    pdf: Path, tex: str, pages: int, handout_pages: int, expected_frames: int | None = None
) -> list[str]:
    """Return what is wrong with the pages of a deck."""
    deck = frames(tex)
    count = len(deck) + tex.partition(r"\begin{document}")[2].count(r"\titleframe")
    found = []
    if expected_frames is not None and count != expected_frames:
        found.append(f"{count} frames, not {expected_frames}")
    if pages < count:
        found.append(f"{pages} pages for {count} frames")
    if handout_pages != count:
        found.append(f"{handout_pages} pages of the handout for {count} frames")
    return [*found, *_faults_of_fonts(pdf), *_faults_of_text(pdf, deck), *_faults_of_places(pdf)]


def _run(*command: str | Path) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def _faults_of_fonts(pdf: Path) -> Iterator[str]:
    for line in _run("pdffonts", pdf).splitlines()[2:]:
        # Name, type (of one or two words), encoding, embedded, subset, Unicode, object.
        if "Type 3" in line:
            yield f"a bitmap font: {line.split()[0]}"
        if line.split()[-5] != "yes":
            yield f"a font that is not embedded: {line.split()[0]}"
    title = re.search(r"^Title: *(.*)$", _run("pdfinfo", pdf), re.MULTILINE)
    if title is None or not re.search(r"\w", title[1]):
        yield "the PDF has no title"


def _faults_of_text(pdf: Path, deck: Sequence[Frame]) -> Iterator[str]:
    text = _squeezed(_run("pdftotext", pdf, "-"))
    if "\ufffd" in text:
        yield "a character that cannot be read"
    if "??" in text:
        yield "an unresolved reference"
    for frame in deck:
        for part in (*_prose(frame.title), *(p for h in hypotheses(frame) for p in _prose(h))):
            if _squeezed(part) not in text:
                yield f"“{part}” is not on any page"
        for number in set(_NUMBER.findall(_without_pictures(frame.body))):
            if number.replace("{,}", ",") not in text:
                yield f"the number {number} is not on any page"


def hypotheses(frame: Frame) -> list[str]:
    """Return the small lines at the foot of a frame."""
    starts = [m.end() - 1 for m in re.finditer(r"\\hypothesis\{", frame.body)]
    return [frame.body[start + 1 : closing(frame.body, start)] for start in starts]


def _prose(latex: str) -> list[str]:
    """Return the words of a text, without formulas and macros."""
    parts = re.split(r"\$[^$]*\$|\\[A-Za-z]+\s*(?:\[[^\]]*\])?|\\.|[{}~]", latex)
    return [p.strip() for p in parts if re.search(r"[^\W\d_]{2}", p)]


def _squeezed(text: str) -> str:
    """Return a text without space, with ligatures taken apart and one kind of minus."""
    text = unicodedata.normalize("NFKC", text).replace("\u2212", "-")
    return re.sub(r"\s", "", text.replace("--", "–").replace("``", "“").replace("''", "”"))


def _faults_of_places(pdf: Path) -> Iterator[str]:
    pages = _PAGE.findall(_run("pdftotext", "-bbox", pdf, "-"))
    for number, (width, height, words) in enumerate(pages, 1):
        boxes = [tuple(map(float, box)) for box in _WORD.findall(words)]
        if not boxes:
            yield f"page {number} is empty"
        right, low = float(width) - MARGIN_PT, float(height) - MARGIN_PT
        if any(a < MARGIN_PT or b < MARGIN_PT or c > right or d > low for a, b, c, d in boxes):
            yield f"a word on page {number} is outside of it or at its edge"


# ---- the program -------------------------------------------------------------------------------


def faults_of_repetition(arguments: Sequence[str]) -> list[str]:
    """Run `python ARGUMENTS` twice with different hash seeds; what it prints must be the same."""
    outputs = [
        subprocess.run(
            [sys.executable, *arguments],
            env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, check=True,
        ).stdout
        for seed in ("1", "20")
    ]  # fmt: skip
    return [] if outputs[0] == outputs[1] else ["two runs give different files"]
