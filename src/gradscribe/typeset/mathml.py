r"""MathML: its elements, and symbols read from the LaTeX in which notation is defined.

A symbol such as `w_{i,j}^{m}` is defined once, in LaTeX. The reader here takes that small
language and no more: letters, indices, accents of weight, delimiters, fractions. The structure
of a formula (`lecture.mathml`) does not come through it.
"""

import html
import re
from collections.abc import Sequence

from gradscribe.errors import DerivationError
from gradscribe.typeset.tokens import Reader

TIMES = '<mo lspace="0" rspace="0.22em">&#x2062;</mo>'
APPLY = "<mo>&#x2061;</mo>"
_TALL = ("<mfrac", "<munderover", "<mtable")
SLOT = r"\slot"
_TAG = re.compile(r"<(/?)([a-z]+)[^<>]*?(/?)>")
_LETTERS = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ϵ", "varepsilon": "ε",
    "zeta": "ζ", "eta": "η", "theta": "θ", "iota": "ι", "kappa": "κ", "lambda": "λ", "mu": "μ",
    "nu": "ν", "xi": "ξ", "pi": "π", "rho": "ρ", "sigma": "σ", "tau": "τ", "upsilon": "υ",
    "phi": "ϕ", "varphi": "φ", "chi": "χ", "psi": "ψ", "omega": "ω", "Delta": "Δ", "Omega": "Ω",
    "Sigma": "Σ", "Lambda": "Λ", "ell": "ℓ", "partial": "∂", "nabla": "∇", "infty": "∞",
}  # fmt: skip
_OPERATORS = {
    "leftarrow": "←", "rightarrow": "→", "to": "→", "approx": "≈", "in": "∈", "le": "≤",
    "leq": "≤", "ge": "≥", "geq": "≥", "ne": "≠", "neq": "≠", "lt": "<", "gt": ">",
    "succ": "≻", "succeq": "⪰", "prec": "≺", "preceq": "⪯", "cdot": "⋅", "odot": "⊙",
    "otimes": "⊗", "times": "×", "circ": "∘", "cdots": "⋯", "ldots": "…", "dots": "…",
    "vdots": "⋮", "ddots": "⋱", "top": "⊤", "pm": "±", "lVert": "‖", "rVert": "‖", "Vert": "‖",
    "lbrace": "{", "rbrace": "}", "sum": "∑", "mid": "∣", "iff": "⟺", "Rightarrow": "⇒",
    "implies": "⟹", "forall": "∀", "equiv": "≡", "ll": "≪", "gg": "≫", "sim": "∼",
    "prod": "∏", "int": "∫", "star": "⋆", "ast": "∗", "prime": "′", "colon": ":",
}  # fmt: skip
_NAMES = ("min", "max", "exp", "log", "ln", "tanh", "sinh", "cosh", "sin", "cos", "tan", "det",
          "arg", "lim", "diag", "dim")  # fmt: skip
_BELOW = ("min", "max", "lim")  # names whose index stands below them
_SPACES = {
    r"\,": "0.167em", r"\:": "0.222em", r"\;": "0.278em", r"\ ": "0.25em", r"\quad": "1em",
    r"\qquad": "2em", r"\!": "-0.167em", "~": "0.25em",
}  # fmt: skip
_SIZES = re.compile(r"\\(?:left|right|middle|[bB]igg?[lrm]?)")
_SIGNS = {"-": "−", "*": "∗", r"\{": "{", r"\}": "}", r"\|": "‖", r"\%": "%", r"\_": "_"}
_VARIANTS = {r"\mathbb": {"R": "ℝ", "N": "ℕ", "E": "𝔼"}, r"\mathcal": {"R": "ℛ", "L": "ℒ"}}
_ACCENTS = {r"\hat": "^", r"\tilde": "~"}
_GROUPED = (r"\mathrel", r"\mathbin", r"\mathord", r"\mathop", r"\mathstrut")
_IGNORED = (r"\displaystyle", r"\textstyle", r"\limits", r"\nolimits", " ")


def element(tag: str, *parts: str, **attributes: str) -> str:
    """Return an element; `class_` is the attribute "class", as `_` stands for "-".

    >>> element("mi", "x", class_="a")
    '<mi class="a">x</mi>'
    """
    given = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{html.escape(value)}"'
        for name, value in attributes.items()
        if value
    )
    return f"<{tag}{given}>{''.join(parts)}</{tag}>"


def identifier(text: str) -> str:
    """Return an identifier: one letter, or a name."""
    return element("mi", html.escape(text))


def number(digits: str) -> str:
    """Return a number; a constant that has a letter is an identifier."""
    if digits[:1].isdigit():
        return element("mn", html.escape(digits))
    return identifier(_LETTERS.get(digits, digits))


def operator(sign: str, **attributes: str) -> str:
    """Return an operator."""
    return element("mo", html.escape(sign), **attributes)


def row(text: str) -> str:
    """Return markup as one element.

    >>> row("<mi>x</mi>"), row("<mi>x</mi><mi>y</mi>")
    ('<mi>x</mi>', '<mrow><mi>x</mi><mi>y</mi></mrow>')
    """
    return text if single(text) else element("mrow", text)


def single(text: str) -> bool:
    """Whether markup is exactly one element."""
    depth = 0
    for match in _TAG.finditer(text):
        if depth == 0 and match.start() and text[: match.start()].strip():
            return False
        depth += 0 if match[3] else -1 if match[1] else 1
        if depth == 0:
            return not text[match.end() :].strip() and text.lstrip() == text
    return False


def parentheses(text: str) -> str:
    """Return markup in parentheses."""
    return fenced("(", text, ")")


def fenced(left: str, text: str, right: str) -> str:
    """Return markup between two signs, which grow where it is tall.

    Elsewhere they must not: fonts put space around the pieces of a sign that grows.
    """
    stretchy = "" if any(tag in text for tag in _TALL) else "false"
    signs = (operator(sign, stretchy=stretchy) for sign in (left, right))
    return element("mrow", next(signs), text, next(signs))


def bold(letter: str) -> str:
    """Return a letter in the bold italic of mathematics, where Unicode has one.

    >>> bold("W"), bold("δ"), bold("0")
    ('𝑾', '𝜹', '𝟎')
    """
    for first, last, start in (
        ("A", "Z", 0x1D468),
        ("a", "z", 0x1D482),
        ("α", "ω", 0x1D736),
        ("0", "9", 0x1D7CE),
    ):
        if first <= letter <= last:
            return chr(start + ord(letter) - ord(first))
    return letter


def symbol(latex: str, *slots: str, layer: str = "") -> str:
    r"""Return a symbol's LaTeX as MathML.

    Args:
        latex: the symbol.
        slots: markup that takes the place of each `\slot`, in order.
        layer: the word for a layer where a superscript is the number of one, "" where it is not:
            a power and a layer look alike, and this says which is meant.

    Raises:
        DerivationError: something in it is not known here.

    >>> symbol("x_{i}")
    '<msub><mi>x</mi><mi>i</mi></msub>'
    """
    return _Symbols(latex, slots, layer).all()


class _Symbols:
    """Reads symbols from left to right."""

    def __init__(self, latex: str, slots: Sequence[str], layer: str, weight: bool = False) -> None:
        self.reader = Reader(latex, {})
        self.slots = list(slots)
        self.layer = layer
        self.weight = weight

    def inner(self, latex: str, *, weight: bool | None = None, layer: str | None = None) -> str:
        """Return a part; it takes its slots from those that are left."""
        part = _Symbols(
            latex,
            (),
            self.layer if layer is None else layer,
            self.weight if weight is None else weight,
        )
        part.slots = self.slots
        return part.all()

    def all(self) -> str:
        """Return all that is left."""
        found = ""
        while self.reader.peek():
            found += self.scripted()
        return found

    def scripted(self) -> str:
        """Return an atom with what stands below and above it."""
        token = self.reader.next()
        if token in _IGNORED:
            return ""
        body = self.atom(token)
        below = above = primes = ""
        self.reader.spaces()
        while (mark := self.reader.peek()) in ("_", "^", "'"):
            self.reader.next()
            if mark == "'":
                primes += operator("′", lspace="0", rspace="0")
            elif mark == "_":
                below = row(self.inner(self.reader.argument(), layer=""))
            else:
                above = self.inner(self.reader.argument(), layer="")
            self.reader.spaces()
        if token[1:] in _BELOW and below:
            return element("munder", body, below)
        return self.with_scripts(body, below, primes, above)

    def with_scripts(self, body: str, below: str, primes: str, above: str) -> str:
        """Return a body with its index, and its primes and its layer above it."""
        if not (below or primes or above):
            return body
        body = row(body)
        named = self.layer if above and body != identifier("∂") else ""
        if not named:
            return _scripts(body, below, row(primes + above) if primes or above else "")
        top = _marked(row(above), "m")
        over = element("mrow", _marked(row(primes), "p"), top) if primes else top
        spoken = ["$x", *(["$p"] if primes else []), *(["$i"] if below else [])]
        intent = f"_({','.join([*spoken, f'_{named}', '$m'])})"
        below = _marked(below, "i") if below else ""
        return _scripts(_marked(body, "x"), below, over, intent)

    def atom(self, token: str) -> str:
        """Return one atom."""
        if token == "{":
            self.reader.pending.append(token)
            return row(self.inner(self.reader.argument()))
        if token.isdigit():
            return self.digits(token)
        if token.isalpha():
            return identifier(bold(token) if self.weight else token)
        if token in _SPACES:
            return f'<mspace width="{_SPACES[token]}"></mspace>'
        if _SIZES.fullmatch(token):
            return self.delimiter(token)
        if token.startswith("\\") and len(token) > 2:
            return self.command(token)
        stretchy = "false" if token in "()[]|" else ""
        return operator(_SIGNS.get(token, token), stretchy=stretchy)

    def delimiter(self, token: str) -> str:
        """Return a delimiter after a command for its size, which MathML finds by itself."""
        self.reader.spaces()
        sign = self.reader.next()
        if sign == ".":
            return ""
        shown = _SIGNS.get(sign) or _OPERATORS.get(sign[1:]) or sign
        return operator(shown, stretchy="" if token in (r"\left", r"\right") else "false")

    def digits(self, token: str) -> str:
        """Return a number of several digits."""
        while self.reader.peek().isdigit():
            token += self.reader.next()
        return element("mn", "".join(map(bold, token)) if self.weight else token)

    def command(self, token: str) -> str:
        """Return what a control word stands for."""
        name = token[1:]
        if token == SLOT:
            return row(self.slots.pop(0))
        if name in _LETTERS:
            letter = _LETTERS[name]
            return identifier(bold(letter) if self.weight else letter)
        if name in _OPERATORS:
            return operator(_OPERATORS[name])
        if name in _NAMES:
            return identifier(name)
        if token in _VARIANTS:
            letter = self.reader.argument()
            return identifier(_VARIANTS[token].get(letter, letter))
        if token in (r"\bmod", r"\mathstrut"):
            return ""
        return self.with_argument(token)

    def with_argument(self, token: str) -> str:
        """Return what a control word makes of its argument."""
        reader = self.reader
        match token:
            case r"\boldsymbol" | r"\mathbf" | r"\bm":
                return row(self.inner(reader.argument(), weight=True))
            case r"\mathrm" | r"\operatorname":
                name = _plain(reader.argument())
                upright = {"mathvariant": "normal"} if len(name) == 1 else {}
                return element("mi", html.escape(name), **upright)
            case r"\text":
                return element("mtext", html.escape(_plain(reader.argument())))
            case r"\frac" | r"\dfrac" | r"\tfrac":
                return element("mfrac", *(row(self.inner(reader.argument())) for _ in range(2)))
            case r"\hat" | r"\tilde":
                accent = operator(_ACCENTS[token], stretchy="false")
                return element("mover", row(self.inner(reader.argument())), accent, accent="true")
            case r"\sqrt":
                return element("msqrt", self.inner(reader.argument()))
            case r"\underline" | r"\blank":
                reader.argument()
                return element("mtext", "&#xA0;" * 8, class_="blank")
            case r"\mathrel" | r"\mathbin":
                return operator(_relation(reader.argument()))
            case _ if token in _GROUPED:
                return row(self.inner(reader.argument()))
        raise DerivationError(f"there is no MathML for {token}")


def _marked(text: str, name: str) -> str:
    """Return an element with a name by which an intent refers to it."""
    return re.sub(r"^<(\w+)", rf'<\1 arg="{name}"', text, count=1)


def _scripts(body: str, below: str, above: str, intent: str = "") -> str:
    """Return a body with a subscript, a superscript or both."""
    tag = "msubsup" if below and above else "msub" if below else "msup"
    return element(tag, body, below, above, intent=intent)


def _plain(text: str) -> str:
    """Return words of LaTeX as characters."""
    return re.sub(r"\\([_%&#$ ])", r"\1", text.replace(r"\-", "")).replace("~", "\u00a0")


def _relation(text: str) -> str:
    """Return a composed relation as characters."""
    return re.sub(r"\\([A-Za-z]+) ?", lambda m: _OPERATORS.get(m[1], m[1]), text)
