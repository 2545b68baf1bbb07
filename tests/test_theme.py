"""The theme of decks and articles: it compiles without a complaint in every combination."""

import re
import subprocess
from pathlib import Path

import pytest
from stage import deck, preamble

from gradscribe.typeset.measure import estimated, measured
from gradscribe.typeset.pdf import make_pdf

pytestmark = pytest.mark.usefixtures("tex")

BODY = r"""\titleframe
\begin{frame}{Um título com acento: $w_{1}^{1}$}
\rolelegend{erro}{derivada}{peso}{entrada}
\begin{align*}
 \delta &= \factor{error}{-2(d-y)}{e}\;\factor{slope}{\frac{\mathrm{d}y}{\mathrm{d}u}}{f'(u)}\;
   \factorover{weight}{w}{W} && \reason{regra da cadeia}
\onslide<2->{\\ &= \errortone{e}\,\slopetone{f'}\,\weighttone{w}\,\inputtone{x}}
\end{align*}
\[ \keyresult{\begin{aligned} a &= b \\ c &= \frac{d}{e} \end{aligned}} \]
\hypothesis{Vale para nó a nó.}
\note{Uma nota: $x$.}
\end{frame}
\begin{frame}{Lista}\lead{Saída.} Texto com \alert{ênfase}, \blank{3cm}
\begin{itemize}\item a\begin{itemize}\item b\end{itemize}\end{itemize}\today\end{frame}
"""
ARTICLE = r"""\maketitle\section{Rede}\frametitle{Um título}
\rolelegend{a}{b}{c}{d}\lead{Saída.} Texto.
\begin{align} a &= \factor{error}{-2e}{x} \onslide<2->{\\ &= b} \end{align}
\[ \keyresult{a=b} \]\note{Porque sim.}\hypothesis{Vale.}\alert{x}\today
"""


def text_of(pdf: Path) -> str:
    return subprocess.run(["pdftotext", pdf, "-"], capture_output=True, text=True).stdout


@pytest.mark.parametrize("aspect", ["169", "43"])
@pytest.mark.parametrize("lang", ["en", "pt"])
@pytest.mark.parametrize(("options", "pages"), [("", 4), (",handout", 3)])
def test_a_deck_compiles_cleanly(
    aspect: str, lang: str, options: str, pages: int, tmp_path: Path
) -> None:
    source = deck(BODY, aspect=aspect, lang=lang, options=options, author="Á. Ção")
    made = make_pdf(source, tmp_path / "deck.pdf")
    assert made.findings == ()
    assert made.pages == pages
    text = text_of(tmp_path / "deck.pdf")
    assert "3 / 3".replace(" ", "") in text.replace(" ", "")
    assert bool(re.search(r"\d de [a-z]+ de \d{4}", text)) == (lang == "pt")


@pytest.mark.parametrize("lang", ["en", "pt"])
def test_an_article_compiles_cleanly(lang: str, tmp_path: Path) -> None:
    made = make_pdf(deck(ARTICLE, "article", lang=lang), tmp_path / "article.pdf")
    assert made.findings == ()
    assert "(1.1)" in text_of(tmp_path / "article.pdf")


def test_notes_are_shown_on_request(tmp_path: Path) -> None:
    shown = "\\setbeameroption{show notes}\n\\begin{document}"
    made = make_pdf(
        deck(BODY, lang="pt").replace("\\begin{document}", shown), tmp_path / "notes.pdf"
    )
    assert made.findings == ()
    assert "Uma nota" in text_of(tmp_path / "notes.pdf")


def test_the_first_line_stays_where_it_is_on_every_overlay(tmp_path: Path) -> None:
    make_pdf(deck(BODY), tmp_path / "deck.pdf")
    boxes = [
        subprocess.run(
            ["pdftotext", "-bbox", "-f", page, "-l", page, tmp_path / "deck.pdf", "-"],
            capture_output=True, text=True,
        ).stdout
        for page in ("2", "3")
    ]  # fmt: skip
    words = [
        set(re.findall(r'<word xMin="([\d.]+)" yMin="([\d.]+)".*>(.*)</word>', b)) for b in boxes
    ]
    assert len(words[0]) > 20
    assert words[0] < words[1]


def test_widths_are_the_same_with_the_theme() -> None:
    head = preamble(symbols=r"\newcommand{\layer}[1]{(#1)}\newcommand{\fp}[1]{f'^{\layer{#1}}}")
    snippets = [
        r"\factor{slope}{\fp{m}}{\fp{m}(u)}", r"x\reason{a few words here}",
        r"\errortone{-2(d-y)}\,\weighttone{w}",
        r"\keyresult{\fp{1}=\sum_{i=1}^{N} x_i y_i z_i + a + b + c + d + e}",
    ]  # fmt: skip
    for guess, true in zip(estimated(snippets, head), measured(snippets, head), strict=True):
        assert 1.0 <= guess.width / true.width <= 1.35
