"""Escaping: what comes out is text and nothing else, in LaTeX, HTML and Markdown."""

import html
import re
import subprocess
import unicodedata
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hostile import HOSTILE
from hypothesis import given
from hypothesis import strategies as st

from gradscribe.typeset.escaping import cleaned, html_text, latex_text, markdown_text
from gradscribe.typeset.pdf import make_pdf

# What latex_text may contain beside letters, digits and harmless signs.
MACROS = re.compile(r"\\(?:text[a-z]+\{\}|[{}$&#%_]|ensuremath\{\\[A-Za-z]+\})|\{[-,]\}")
HARMLESS = re.compile(r"[A-Za-z0-9 !()*+./:;=?@\[\]\u00a1-\u017f]*")

DECK = r"""\documentclass[11pt,hyperref={unicode,psdextra}]{beamer}
\usepackage[T1]{fontenc}\usepackage[utf8]{inputenc}\usepackage{lmodern,amsmath}
\hypersetup{pdftitle={%s}}
\begin{document}
%s
\end{document}
"""


def frame(text: str) -> str:
    """A frame that has the text as its title and, in letters small enough, in its body."""
    return rf"\begin{{frame}}{{{text}}}\fontsize{{5}}{{6}}\selectfont[[{text}]]\end{{frame}}"


def expected(text: str) -> str:
    """The text as a reader of the PDF should get it back, spaces aside."""
    out = []
    for c in cleaned(text):
        if c.isascii() or "\u00c0" <= c <= "\u017f" or "α" <= c <= "ω" or c in "Δ…":
            out.append(c)
        else:
            base = unicodedata.normalize("NFD", c)[0]
            out.append({"Η": "H"}.get(base, base if "α" <= base <= "ω" else "?"))
    return re.sub(r"\s", "", "".join(out).replace("…", "...").replace("ο", "o"))


def read_back(pdf: Path) -> list[str]:
    text = subprocess.run(
        ["pdftotext", "-raw", str(pdf), "-"], capture_output=True, check=True, text=True
    ).stdout
    joined = unicodedata.normalize("NFC", re.sub(r"\s", "", text))
    return [part.replace("\u2206", "Δ") for part in re.findall(r"\[\[(.*?)\]\]", joined)]


@pytest.mark.usefixtures("tex")
def test_hostile_texts_compile_and_read_back(tmp_path: Path) -> None:
    deck = DECK % (latex_text(HOSTILE[9]), "\n".join(frame(latex_text(t)) for t in HOSTILE))
    made = make_pdf(deck, tmp_path / "deck.pdf")
    assert made.pages == len(HOSTILE)
    # Not an overfull box: a word of eighty letters is as wide as it is.
    assert [f for f in made.findings if "Overfull" not in f.text] == []
    assert "Token not allowed in a PDF string" not in made.log
    assert read_back(tmp_path / "deck.pdf") == [expected(t) for t in HOSTILE]


@pytest.mark.usefixtures("tex")
def test_every_character_that_is_kept_is_in_the_fonts(tmp_path: Path) -> None:
    kept = [
        chr(c) for c in range(0x21, 0x2030) if latex_text(f"a{chr(c)}b", 9) not in ("a?b", "ab")
    ]
    assert len(kept) > 350
    body = "\n".join(
        rf"\begin{{frame}}{' '.join(latex_text(c) for c in kept[i : i + 60])}\end{{frame}}"
        for i in range(0, len(kept), 60)
    )
    made = make_pdf(DECK % (latex_text("σ"), body), tmp_path / "deck.pdf")
    assert made.findings == ()


@pytest.mark.parametrize("text", HOSTILE)
def test_latex_has_only_known_macros(text: str) -> None:
    assert HARMLESS.fullmatch(MACROS.sub("", latex_text(text)))


@given(st.text(max_size=120))
def test_latex_of_any_text_has_only_known_macros(text: str) -> None:
    assert HARMLESS.fullmatch(MACROS.sub("", latex_text(text)))


@given(st.text(max_size=200), st.integers(1, 90))
def test_cleaned_is_one_short_line_of_visible_characters(text: str, limit: int) -> None:
    line = cleaned(text, limit)
    assert len(line) <= limit
    assert all(unicodedata.category(c)[0] != "C" for c in line)
    assert line == " ".join(line.split())
    assert cleaned(line, limit) == line or unicodedata.normalize("NFC", line) != line


def test_a_limit_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        latex_text("a", 0)


class _Reader(HTMLParser):
    """Collects the text, and every element and attribute."""

    def __init__(self) -> None:
        super().__init__()
        self.text = ""
        self.elements: list[tuple[str, list[tuple[str, str | None]]]] = []

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, attrs))


@given(st.text(max_size=100) | st.sampled_from(HOSTILE))
def test_html_reads_back_in_content_and_attributes(text: str) -> None:
    reader = _Reader()
    safe = html_text(text)
    reader.feed(f"<p title=\"{safe}\">{safe}</p><p title='{safe}'></p>")
    reader.close()
    line = cleaned(text)
    assert reader.text == line
    assert reader.elements == [("p", [("title", line)]), ("p", [("title", line)])]


@given(st.text(max_size=100) | st.sampled_from(HOSTILE))
def test_markdown_reads_back_and_has_no_sign_left(text: str) -> None:
    safe = markdown_text(text)
    bare = re.sub(r"\\[!-/:-@\[-`{-~]|&#\d+;", "", safe)
    assert not re.search(r"[<>&$\\`|@:^~*_{}\[\]#+=!-]", bare)
    assert not re.match(r"\d+[.)]", safe)
    unescaped = re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", safe)
    assert html.unescape(unescaped) == cleaned(text)
