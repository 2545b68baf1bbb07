"""A user's text made harmless in LaTeX, HTML and Markdown.

Only text comes through here: names, titles, authors. Formulas are printed by
`gradscribe.formula` from expressions and need no escaping.
"""

import html
import re
import unicodedata
from collections.abc import Mapping

LIMIT = 80

# Ligatures of T1 (`--`, `<<`, `,,`) and characters that packages make active are kept away.
_LATEX_ASCII = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    "'": r"\textquotesingle{}",
    "`": r"\textasciigrave{}",
    "-": "{-}",
    ",": "{,}",
}
_LATEX_PUNCTUATION = {
    "–": r"\textendash{}",
    "—": r"\textemdash{}",
    "‘": r"\textquoteleft{}",
    "’": r"\textquoteright{}",
    "“": r"\textquotedblleft{}",
    "”": r"\textquotedblright{}",
    "…": r"\textellipsis{}",
    "•": r"\textbullet{}",
    "−": r"\textminus{}",
}
# Letters of U+00C0-017F that the fonts in T1 encoding do not have.
_LATEX_LETTERS = {
    "Ħ": "H", "ħ": "h", "ĸ": "k", "Ŀ": "L", "ŀ": "l", "ŉ": "n", "Ŧ": "T", "ŧ": "t", "ſ": "s",
}  # fmt: skip
_GREEK = {
    "α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "ε": "varepsilon", "ζ": "zeta",
    "η": "eta", "θ": "theta", "ι": "iota", "κ": "kappa", "λ": "lambda", "μ": "mu", "ν": "nu",
    "ξ": "xi", "π": "pi", "ρ": "rho", "ς": "varsigma", "σ": "sigma", "τ": "tau",
    "υ": "upsilon", "φ": "varphi", "χ": "chi", "ψ": "psi", "ω": "omega", "Γ": "Gamma",
    "Δ": "Delta", "Θ": "Theta", "Λ": "Lambda", "Ξ": "Xi", "Π": "Pi", "Σ": "Sigma",
    "Υ": "Upsilon", "Φ": "Phi", "Ψ": "Psi", "Ω": "Omega",
}  # fmt: skip
# Greek letters that look like Latin ones and have no macro.
_GREEK_AS_LATIN = dict(zip("ΑΒΕΖΗΙΚΜΝΟΡΤΧο", "ABEZHIKMNOPTXo", strict=True))
_LATEX: Mapping[str, str] = {
    **_LATEX_ASCII,
    **_LATEX_PUNCTUATION,
    **_LATEX_LETTERS,
    **_GREEK_AS_LATIN,
    **{letter: rf"\ensuremath{{\{name}}}" for letter, name in _GREEK.items()},
}
_MARKDOWN: Mapping[str, str] = {
    **{c: f"&#{ord(c)};" for c in "<>&$\\`|@:^~"},
    **{c: f"\\{c}" for c in "*_{}[]#+-=!"},
}
_MARKDOWN_ENUMERATION = re.compile(r"^(\d+)([.)])")


def cleaned(text: str, limit: int = LIMIT) -> str:
    r"""Return one line of visible characters, cut to `limit` with an ellipsis.

    Newlines and other space become one space. Control characters, marks that turn the
    direction of writing, invisible ones and what Unicode has not assigned are dropped.

    >>> cleaned("a\n  b\u202e\u200b"), cleaned("abcdef", 4)
    ('a b', 'abc…')
    """
    if limit < 1:
        raise ValueError(f"limit is {limit}; it must be at least 1")
    spaced = "".join(" " if c.isspace() else c for c in text)
    visible = "".join(c for c in spaced if unicodedata.category(c)[0] != "C")
    line = re.sub(" +", " ", unicodedata.normalize("NFC", visible)).strip()
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def latex_text(text: str, limit: int = LIMIT) -> str:
    r"""Return `text` as LaTeX that typesets it and does nothing else.

    Letters of U+00C0-017F stay, Greek ones become macros of mathematics, and what the fonts
    lack becomes "?". At most `limit` characters are shown. In PDF strings (`pdftitle`)
    hyperref needs its options `unicode` and `psdextra`.

    >>> latex_text(r"50% \input{x}"), latex_text("Função σ")
    ('50\\% \\textbackslash{}input\\{x\\}', 'Função \\ensuremath{\\sigma}')
    """
    return "".join(_latex_character(c) for c in cleaned(text, limit))


def _latex_character(character: str) -> str:
    """Return one character in LaTeX."""
    if character in _LATEX:
        return _LATEX[character]
    if character.isascii() or "\xa1" <= character <= "\u017f":
        return character
    base = unicodedata.normalize("NFD", character)[0]  # a Greek letter with an accent
    return _LATEX[base] if base in _GREEK or base in _GREEK_AS_LATIN else "?"


def html_text(text: str, limit: int = LIMIT) -> str:
    r"""Return `text` for the content or a quoted attribute of an HTML element.

    >>> html_text("<b>&'")
    '&lt;b&gt;&amp;&#x27;'
    """
    return html.escape(cleaned(text, limit), quote=True)


def markdown_text(text: str, limit: int = LIMIT) -> str:
    r"""Return `text` for Markdown (CommonMark, notebooks, repositories), as text only.

    What could open mathematics, HTML, code or an address is an entity; other signs of
    Markdown have a backslash.

    >>> markdown_text("2-2-1 *x* $y$ <b>")
    '2\\-2\\-1 \\*x\\* &#36;y&#36; &#60;b&#62;'
    """
    line = "".join(_MARKDOWN.get(c, c) for c in cleaned(text, limit))
    line = re.sub(r"(?i)\bwww\.", lambda m: m[0][:-1] + "&#46;", line)
    return _MARKDOWN_ENUMERATION.sub(r"\1\\\2", line)
