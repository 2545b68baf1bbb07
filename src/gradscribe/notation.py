"""Conventions: how an object is called in Python, in text and in LaTeX. Nowhere else.

An identifier such as `W1`, `delta12` or `dE_dy2` is a stem and, where it ends in
digits, the number of a layer. The stem decides how it is typeset; the number is the
superscript of the lecture's notation.
"""

import re
from dataclasses import dataclass
from functools import cache

from sympy import Rational, Symbol

SAMPLES = Symbol("N", integer=True, positive=True)
SAMPLE = Symbol("n", integer=True)

# The letters of indices: the free ones of a left side, and those summed over.
FREE_INDICES = ("i", "j", "l", "r")
SUMMED_INDICES = ("j", "k", "l", "r", "s", "p", "v", "o", "h", "t")

LONGEST_DECIMAL = 9  # characters of a number that a lecture shows whole
LONGEST_DENOMINATOR = 1000  # of a fraction that is written as one; another is a decimal
LARGEST_NUMERATOR = 10**15  # the same, and of a whole number

_SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
_SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
_INDEX_SUBSCRIPTS = dict(zip("aehijklmnoprstuvx", "ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ", strict=True))
_GREEK = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "eta": "η",
    "theta": "θ", "kappa": "κ", "lambda": "λ", "mu": "μ", "nu": "ν", "xi": "ξ", "pi": "π",
    "rho": "ρ", "sigma": "σ", "tau": "τ", "phi": "φ", "chi": "χ", "psi": "ψ", "omega": "ω",
}  # fmt: skip


@dataclass(frozen=True)
class Name:
    """An identifier taken apart: `delta12` is the stem "delta" of layer "12"."""

    stem: str
    layer: str


@cache
def split(identifier: str) -> Name:
    """Take an identifier apart.

    >>> split("delta12")
    Name(stem='delta', layer='12')
    """
    match = re.fullmatch(r"(.*?)_?(\d*)", identifier)
    assert match is not None  # the pattern takes every string
    return Name(match[1], match[2]) if match[1] else Name(identifier, "")


@cache
def size(layer: int) -> Symbol:
    """Return N_m, the number of nodes of layer m (N_0: of inputs)."""
    return Symbol(f"N_{layer}", integer=True, positive=True)


@cache
def index(letter: str) -> Symbol:
    """Return an index symbol."""
    return Symbol(letter, integer=True)


def size_text(name: str) -> str:
    """Return a size's name in Unicode.

    >>> size_text("N_12")
    'N₁₂'
    """
    stem, _, layer = name.partition("_")
    return stem + layer.translate(_SUBSCRIPTS)


def size_python(name: str) -> str:
    """Return a size's name in Python.

    >>> size_python("N_12")
    'N12'
    """
    return name.replace("_", "")


def name_text(identifier: str) -> str:
    """Return an identifier in Unicode.

    >>> name_text("delta2"), name_text("dE_dW1"), name_text("fprime3")
    ('δ²', '∂E/∂W¹', 'f′³')
    """
    if identifier.startswith("R_"):
        return "ℛ" + name_text(identifier[2:])
    quotient = derivative_of(identifier)
    if quotient:
        above, *below = quotient
        inner = name_text(above)
        power = "²" if len(below) == 2 else ""
        inner = f"({inner})" if "/" in inner else inner
        return f"∂{power}{inner}/" + "".join(f"∂{name_text(b)}" for b in below)
    name = split(identifier)
    stem, primes = unprimed(name.stem)
    return _GREEK.get(stem, stem) + "′" * primes + name.layer.translate(_SUPERSCRIPTS)


@cache
def derivative_of(identifier: str) -> tuple[str, ...]:
    """Return what is differentiated and by what; () for what is no derivative.

    >>> derivative_of("dE_dW1"), derivative_of("ddelta1_du2"), derivative_of("d2E_dW2_db1")
    (('E', 'W1'), ('delta1', 'u2'), ('E', 'W2', 'b1'))
    """
    second = re.fullmatch(r"d2([A-Z])_d([^_]+)_d([^_]+)", identifier)
    if second:
        return second[1], second[2], second[3]
    above, separator, below = identifier[1:].rpartition("_d")
    return (above, below) if identifier[:1] == "d" and separator and above else ()


def second_derivative(letter: str, first: str, second: str) -> str:
    """Return what a second derivative is called: E of the cost, G and R of its two parts.

    >>> second_derivative("E", "W2", "b1")
    'd2E_dW2_db1'
    """
    return f"d2{letter}_d{first}_d{second}"


def name_latex(identifier: str, *, bold: bool = False) -> str:
    r"""Return an identifier in LaTeX (bold for a whole vector or matrix).

    >>> name_latex("W2", bold=True), name_latex("fprime3")
    ('\\boldsymbol{W}^{2}', "f'^{3}")
    """
    if identifier.startswith("R_"):
        return rf"\mathcal{{R}} {name_latex(identifier[2:], bold=bold)}"
    quotient = derivative_of(identifier)
    if quotient:
        above, *variables = quotient
        power = "^{2}" if len(variables) == 2 else ""
        below = " ".join(rf"\partial {name_latex(v, bold=bold)}" for v in variables)
        return rf"\frac{{\partial{power} {name_latex(above, bold=bold)}}}{{{below}}}"
    name = split(identifier)
    stem, primes = unprimed(name.stem)
    if stem in _GREEK:
        letter = f"\\{stem}"
    else:
        letter = stem if len(stem) == 1 else rf"\mathrm{{{stem}}}".replace("_", r"\_")
    if bold:
        letter = rf"\boldsymbol{{{letter}}}"
    return letter + "'" * primes + (f"^{{{name.layer}}}" if name.layer else "")


def unprimed(stem: str) -> tuple[str, int]:
    """Split `fprimeprime` into ("f", 2)."""
    primes = 0
    while stem.endswith("prime") and stem != "prime":
        stem, primes = stem.removesuffix("prime"), primes + 1
    return stem, primes


def index_text(letters: list[str]) -> str:
    """Return indices as Unicode subscripts, in brackets where a letter has none.

    >>> index_text(["i", "j"]), index_text(["q"])
    ('ᵢⱼ', '[q]')
    """
    if all(letter in _INDEX_SUBSCRIPTS for letter in letters):
        return "".join(_INDEX_SUBSCRIPTS[letter] for letter in letters)
    return f"[{','.join(letters)}]"


def shortened_decimal(digits: str) -> str:
    """Return the digits of a number, of a long decimal the first six."""
    return f"{float(digits):.6g}" if "." in digits and len(digits) > LONGEST_DECIMAL else digits


def is_decimal(number: Rational) -> bool:
    """Whether a number is written as a decimal: as a fraction it would be too long."""
    return bool(number.q > LONGEST_DENOMINATOR or abs(number.p) > LARGEST_NUMERATOR)
