"""The checks of decks pass a good one and catch each deliberate breakage."""

import pytest
from deck_checks import (
    as_handout,
    faults_of_deck,
    faults_of_log,
    faults_of_repetition,
    faults_of_source,
    plain,
)
from stage import deck

from gradscribe.model.network import Network
from gradscribe.typeset.picture import block_picture, node_picture
from gradscribe.typeset.tikz import tikz

NETWORK = Network.parse("2-2-1 sigmoid")
PLAIN = deck(
    r"""\titleframe
\begin{frame}{A rede 2--2--1 e a notação}\centering
Primeira figura
\note{A rede e seus nós.}
\end{frame}
\begin{frame}{Blocos}\centering
Segunda figura
\end{frame}
\begin{frame}{Exemplo: a cadeia inteira de $w_{1,1}^{1}$}
\begin{align*}
 \frac{\partial E}{\partial w_{1,1}^{1}}
 &= \factor{error}{-2(d-y_1^2)}{-2e}\;\factor{slope}{f'^{2}(u_1^2)}{0{,}2464}
\onslide<2->{\\ &= -2\,(0{,}4401)\cdot 0{,}2464 = -0{,}2169}
\end{align*}
\[ \keyresult{\delta_1^2 = -0{,}2169} \]
\hypothesis{Mostrado com quatro casas decimais; ver $\delta$ acima.}
\end{frame}
""",
    lang="pt",
    subtitle="",
)
GOOD = PLAIN.replace("Primeira figura", tikz(node_picture(NETWORK))).replace(
    "Segunda figura", tikz(block_picture(NETWORK))
)
FRAMES = 4
END = r"\hypothesis{Mostrado"
BLOCKS = r"\begin{frame}{Blocos}"
LONG_TITLE = "Um título de quadro que é longo demais para a sua única linha"

# What is done to the good deck, and a word of the fault that must be found.
BREAKAGES = {
    "wide display": (END, r"\[\rule{420pt}{1pt}\]" + END, "overfull"),
    "wide line": (END, r"\mbox{\rule{420pt}{1pt}}" + END, "overfull"),
    "tall frame": (END, r"\rule{1pt}{150pt}" + END, "overfull"),
    "error": (END, r"\nosuch" + END, "compile"),
    "prime behind superscript": (END, r"$f^{M}'$" + END, "prime"),
    "blank line in math": (r"\[ \keyresult", "\\[ a\n\n+ \\keyresult", "compile"),
    "shrunk by hand": (END, r"\resizebox{1cm}{!}{a}" + END, r"\resizebox"),
    "overlay picture": (END, r"\tikz[remember picture,overlay]\node{a};" + END, "overlay"),
    "undefined reference": (END, r"\ref{nowhere}" + END, "undefined"),
    "unresolved on the page": (END, r"??" + END, "unresolved"),
    "missing character": (END, r"{\font\x=cmr10 \x\char200}" + END, "missing character"),
    "font substitution": (END, r"{\usefont{T1}{lmr}{m}{none}a}" + END, "font"),
    "accent in math": (END, r"$\mathrm{nó}$" + END, "mathematics"),
    "long title": ("{Blocos}", f"{{{LONG_TITLE}}}", "characters"),
    "decimal point": ("= -0{,}2169}", "= -0.2169}", "decimal point"),
    "number without a value": (END, r"$x = nan$" + END, "no number"),
    "hidden number": (END, r"\phantom{$0{,}9999$}" + END, "0{,}9999"),
    "hidden hypothesis": (END, r"\setbox0\vbox{\hypothesis{Nunca visto}}" + END, "Nunca visto"),
    "off the page": (END, r"\rlap{\hspace{-24pt}abc}" + END, "outside"),
    "empty page": (BLOCKS, r"\begin{frame}[plain]\end{frame}" + BLOCKS, "empty"),
    "lost frame": ("\\titleframe\n", "\n", "3 frames"),
    "no PDF title": ("Backpropagation", "", "no title"),
    "bitmap font": (r"\usepackage{lmodern}", r"\usepackage[T1]{fontenc}", ""),
    "reads a file": (END, r"\input{article.cls}" + END, r"\input"),
}  # fmt: skip


@pytest.mark.usefixtures("tex")
def test_a_good_deck_passes() -> None:
    assert faults_of_deck(GOOD, lang="pt", expected_frames=FRAMES) == []


@pytest.mark.usefixtures("tex")
@pytest.mark.parametrize("name", BREAKAGES)
def test_a_breakage_is_caught(name: str) -> None:
    old, new, word = BREAKAGES[name]
    assert old in PLAIN
    broken = PLAIN.replace(old, new)
    found = faults_of_deck(broken, lang="pt", expected_frames=FRAMES)
    assert any(word in fault for fault in found), found


def test_a_decimal_comma_in_english_is_caught() -> None:
    assert any("comma" in fault for fault in faults_of_source(GOOD, "en"))


def test_what_is_seen_of_a_title() -> None:
    assert plain(r"Exemplo 2--2--1: $w_{1,1}^{1}$ \& mais") == "Exemplo 2–2–1: w1,11 & mais"
    assert len(plain(r"a\textbackslash{}b")) == 3


def test_a_log_with_an_error_is_caught() -> None:
    assert faults_of_log("./document.tex:3: Oh no.\n", GOOD) == ["Oh no."]
    assert "handout," in as_handout(GOOD)


def test_an_order_that_changes_from_run_to_run_is_caught() -> None:
    letters = "print(list(set('abcdefghij')))"
    assert faults_of_repetition(["-c", letters])
    assert faults_of_repetition(["-c", letters.replace("list", "sorted")]) == []
