"""Formulas in MathML: well-formed, and of the same identifiers and numbers as the LaTeX."""

import re
import unicodedata
import xml.etree.ElementTree as ET

import pytest
from editions import NETWORKS, STYLES, formulas, scripts

from gradscribe.errors import DerivationError
from gradscribe.lecture.display import Atom, Brace, Product, Tone, Toned, Whole, equal
from gradscribe.lecture.mathml import math
from gradscribe.lecture.style import Style
from gradscribe.lecture.writing import written
from gradscribe.notation import index
from gradscribe.symbols import component
from gradscribe.typeset.mathml import element, row, single, symbol

TOKENS = {"mi", "mn", "mo", "mtext"}
# Elements of MathML Core that are used, and how many children each must have (None: any number).
CHILDREN = {
    "math": None, "mrow": None, "mtable": None, "mtr": None, "mtd": None, "mstyle": None,
    "mspace": 0, "mfrac": 2, "msup": 2, "msub": 2, "munder": 2, "mover": 2, "msubsup": 3,
    "munderover": 3, "msqrt": None,
}  # fmt: skip
GREEK = {
    "alpha": "α", "delta": "δ", "lambda": "λ", "tau": "τ", "beta": "β", "gamma": "γ",
    "partial": "∂", "nabla": "∇", "epsilon": "ε", "theta": "θ", "kappa": "κ", "mu": "μ",
    "rho": "ρ", "omega": "ω", "nu": "ν", "phi": "φ", "pi": "π", "Delta": "Δ",
}  # fmt: skip
NAMES = {"exp", "log", "tanh", "sin", "cos", "min", "max"}
_LATEX = re.compile(
    r"\\(?:text|operatorname|mathrm)\{([^{}]*)\}|\\mathbb\{R\}|\\mathcal\{R\}"
    r"|\\(?:begin|end)\{\w+\}|\\\\\[[^\]]*\]|\\([A-Za-z]+)|\\.|(\d+(?:(?:\.|\{,\})\d+)?)|([A-Za-z])"
)


def in_latex(text: str) -> list[str]:
    """Return the identifiers, numbers and words of a formula in LaTeX, in order."""
    text = re.sub(r"\\textcolor\{#\w+\}", "", text)
    text = re.sub(r"\\vphantom\{(?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*\}", "", text)
    text = re.sub(r"\\hspace\{[^}]*\}", "", text)
    found = []
    for match in _LATEX.finditer(text):
        name, command, digits, letter = match.groups()
        if match[0] in (r"\mathbb{R}", r"\mathcal{R}"):
            found.append("R")
        elif command in GREEK or command in NAMES:
            found.append(GREEK.get(command, command))
        elif name or digits or letter:
            found.append((name or digits or letter).replace("{,}", ","))
    return found


def in_mathml(text: str) -> list[str]:
    """Return the identifiers, numbers and words of a formula in MathML, in order."""
    found = [
        unicodedata.normalize("NFKC", item.text or "").strip()
        for item in ET.fromstring(f"<math>{text}</math>").iter()
        if item.tag in TOKENS - {"mo"} and item.get("class") != "blank"
    ]
    return [word.replace("ϵ", "ε") for word in found if word]


def faults(text: str) -> list[str]:
    """Return what is wrong with the structure of a formula in MathML."""
    found = []
    for item in ET.fromstring(f"<math>{text}</math>").iter():
        if item.tag in TOKENS:
            if len(item) or not (item.text or "").strip(" "):
                found.append(f"{item.tag} is empty or has children")
            continue
        if item.tag not in CHILDREN:
            found.append(f"{item.tag} is not used")
            continue
        if CHILDREN[item.tag] not in (None, len(item)):
            found.append(f"{item.tag} has {len(item)} children")
        loose = [item.text, *(child.tail for child in item)]
        found += [f"text {t!r} in {item.tag}" for t in loose if t and t.strip()]
    return found


@pytest.mark.parametrize("spec", NETWORKS)
@pytest.mark.parametrize("style", STYLES, ids=["en", "pt", "upright"])
def test_each_formula_is_well_formed_and_says_what_the_latex_says(spec: str, style: Style) -> None:
    seen = 0
    for key, latex, mathml in formulas(spec, style):
        assert not faults(mathml), (key, mathml)
        assert in_mathml(mathml) == in_latex(latex), (key, latex, mathml)
        seen += 1
    assert seen > 40


def test_the_comparison_notices_what_is_missing() -> None:
    (_, latex, mathml), *_ = [f for f in formulas("2-2-1 sigmoid", STYLES[0]) if "sum" in f[1]]
    dropped = re.sub(r"<mi[^>]*>[^<]*</mi>", "", mathml, count=1)
    swapped = mathml.replace("<mi>j</mi>", "<mi>k</mi>", 1)
    assert in_mathml(dropped) != in_latex(latex) != in_mathml(swapped)
    assert faults("<mfrac><mi>x</mi></mfrac>")
    assert faults("<mrow>+<mi>x</mi></mrow>")


def test_a_layer_above_a_letter_is_not_read_as_a_power() -> None:
    weight = symbol("w_{i,j}^{m}", layer="layer")
    assert 'intent="_($x,$i,_layer,$m)"' in weight
    assert {'arg="x"', 'arg="i"', 'arg="m"'} <= set(re.findall(r'arg="\w"', weight))
    assert "intent" not in symbol("x^{2}")
    assert (
        "intent"
        not in symbol(r"\frac{\partial^{2} J}{\partial w_{1}}", layer="layer").split("</msup>")[0]
    )


def test_every_intent_refers_to_parts_that_are_there() -> None:
    for spec in NETWORKS[:3]:
        for key, _, mathml in formulas(spec, STYLES[1]):
            for item in ET.fromstring(f"<math>{mathml}</math>").iter():
                named = set(re.findall(r"\$(\w+)", item.get("intent", "")))
                below = {child.get("arg") for child in item.iter() if child is not item}
                assert named <= below, (key, item.get("intent"))


def test_roles_are_classes_and_a_brace_has_its_label_under_it() -> None:
    braced = Brace(Whole("x"), Atom(component("y", (index("i"),))))
    formula = equal(Whole("u1"), Product((Toned(Tone.WEIGHT, Whole("W1")), braced)))
    tree = ET.fromstring(f"<math>{written(formula, scripts(STYLES[0])[1])}</math>")
    assert [e.get("class") for e in tree.iter("mrow") if e.get("class")] == ["weight"]
    (outer, inner) = list(tree.iter("munder"))
    assert inner[1].text == "⏟"
    assert "".join(outer[1].itertext()) == "yi"


def test_a_minus_after_an_operator_is_a_sign() -> None:
    minus = "<mo>−</mo>"
    sign = '<mo form="prefix">−</mo>'
    after = math(f"<mo>=</mo> {minus}<mn>2</mn>{minus}<mn>1</mn>", "x")
    assert after.count(sign) == 1
    assert after.index(sign) < after.index("<mn>2") < after.index(minus)
    assert sign not in math(f"<mo>)</mo>{minus}<mn>1</mn>", "x")


@pytest.mark.parametrize("latex", [r"\input{x}", r"\write", r"\undefined{a}"])
def test_an_unknown_command_is_an_error_and_not_left_out(latex: str) -> None:
    with pytest.raises(DerivationError, match="no MathML"):
        symbol(latex)


def test_text_within_an_element_is_escaped() -> None:
    assert symbol(r"\mathrm{a<b}") == "<mi>a&lt;b</mi>"
    assert element("mi", "x", alttext='"<') == '<mi alttext="&quot;&lt;">x</mi>'


@pytest.mark.parametrize(
    ("text", "one"),
    [
        ("<mi>x</mi>", True),
        ("<mi>x</mi><mi>y</mi>", False),
        ("<mrow><mi>x</mi></mrow>", True),
        ("<mspace></mspace><mi>y</mi>", False),
        ("x", False),
        ("", False),
    ],
)
def test_a_row_is_added_only_where_there_is_more_than_one_element(text: str, one: bool) -> None:
    assert single(text) is one
    assert row(text) == (text if one else f"<mrow>{text}</mrow>")
