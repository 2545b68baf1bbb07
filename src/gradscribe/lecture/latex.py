"""Displayed formulas in LaTeX: with one macro a symbol for a deck, with none for KaTeX."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from gradscribe.formula import LATEX, Dialect, quotient_parts
from gradscribe.lecture.display import Tone
from gradscribe.lecture.symbols import Notation
from gradscribe.lecture.writing import Layers, Script
from gradscribe.notation import name_latex, shortened_decimal, split, unprimed

COLOURS = {
    Tone.ERROR: "#9C1B06",
    Tone.SLOPE: "#0A3FD6",
    Tone.WEIGHT: "#01805A",
    Tone.INPUT: "#B01AA6",
}
_RELATIONS = {
    "=": "=", ":=": r"\mathrel{:=}", "<-": r"\leftarrow", ">": ">", "approx": r"\approx",
    "in": r"\in", "to": r"\to",
}  # fmt: skip
_GLYPHS = {
    "cdots": r"\cdots", "vdots": r"\vdots", "ddots": r"\ddots", "K": "K", "M": "M", "m": "m",
    "blank": r"\underline{\hspace{3em}}", "nothing": "", "zero": r"\boldsymbol{0}",
    "minimise": r"\min_{\boldsymbol{w}}\; J(\boldsymbol{w})", "step": r"\boldsymbol{p}",
    "parameters": r"\boldsymbol{w}", "rate": r"\alpha", "hessian": r"\boldsymbol{H}",
    "w_next": r"\boldsymbol{w}(k+1)", "w_now": r"\boldsymbol{w}(k)",
    "gradient_now": r"\nabla J\bigl(\boldsymbol{w}(k)\bigr)",
    "inverse_hessian_now": r"\boldsymbol{H}^{-1}\bigl(\boldsymbol{w}(k)\bigr)",
    "taylor_left": r"J(\boldsymbol{w}+\boldsymbol{p})", "cost_now": r"J(\boldsymbol{w})",
"naught": "0", "z": r"\boldsymbol{z}", "two": "2", "l_below_m": "l < m",
    "every_z": r"\boldsymbol{z} \ne \boldsymbol{0}", "hidden_range": r"m = 1,\dots,M-1",
    "whole_range": r"m = 1,\dots,M", "index_i": "i", "index_j": "j", "index_k": "k",
    "f_of_g": r"f\bigl(g(x)\bigr)", "g_of_x": "g(x)", "x": "x", "tau": r"\tau",
    "hidden_down": r"m = M-1,\dots,1", "semidefinite": r"\succeq 0", "definite": r"\succ 0",
    "real": r"\mathbb{R}", "lower_or_equal": r"l \le m", "l": "l", "one": "1",
    "exact_hessian": r"\boldsymbol{H}(\boldsymbol{w})", "eigen_shift": r"\lambda",
    "shifted": r"(\boldsymbol{H}+\lambda\boldsymbol{I})", "minus_gradient": r"-\nabla J",
}  # fmt: skip
# The macros of one component and of the whole, by the stem of a name with the number of a layer.
_LAYERED = {
    "W": ("w", "W"), "b": ("bi", "bvec"), "u": ("ui", "uvec"), "y": ("yi", "yvec"),
    "delta": ("di", "dvec"),
}  # fmt: skip
_PLAIN = {"x": ("inp", "xvec"), "d": ("des", "desvec"), "e": ("err", "errvec")}
_COMPONENTS = {"W": 2}
# The gradient and the Hessian of all parameters as one vector w.
_FLAT = {
    "dJ_dw": r"\nabla J(\boldsymbol{w})",
    "d2J_dw_dw": r"\boldsymbol{H}(\boldsymbol{w})",
    "I": r"\boldsymbol{I}",
}


@dataclass(frozen=True)
class _Symbols:
    """Names of variables in LaTeX, with other names for layers."""

    notation: Notation
    layers: Layers

    def layer(self, number: str) -> str:
        return self.layers.get(number, number)

    def component(self, name: str, letters: list[str], of_sample: bool) -> str:
        """Return a component of a variable, of the n-th sample or of one."""
        parts = quotient_parts(name, letters)
        sample = "(n)" if of_sample else ""
        if parts:
            return self.quotient(parts, of_sample)
        at = [self.index(k) for k in letters]
        stem, layer = split(name).stem, split(name).layer
        if name == "x" and "0" in self.layers:
            return self.notation.call("yi", *at, self.layer("0")) + sample
        if stem in _LAYERED and layer and len(at) == _COMPONENTS.get(stem, 1):
            return self.notation.call(_LAYERED[stem][0], *at, self.layer(layer)) + sample
        if name in _PLAIN and len(at) == 1:
            return self.notation.call(_PLAIN[name][0], *at) + sample
        return LATEX.component(name, at, of_sample)

    def index(self, letter: str) -> str:
        return self.size(letter) if letter.startswith("N_") else letter

    def quotient(self, parts: Sequence[tuple[str, list[str]]], of_sample: bool) -> str:
        (above, own), *variables = parts
        over = self.component(above, own, of_sample)
        if len(variables) == 1:
            return self.notation.call("pd", over, self.component(*variables[0], False))
        sign = self.notation.call("partialsign")
        below = r"\,".join(f"{sign} {self.component(v, k, False)}" for v, k in variables)
        return rf"\frac{{{sign}^{{2}} {over}}}{{{below}}}"

    def symbol(self, name: str, letters: list[str]) -> str:
        """Return a component, or the whole where there are no letters."""
        return self.component(name, letters, False) if letters else self.whole(name, False)

    def whole(self, name: str, of_sample: bool) -> str:
        """Return a whole vector or matrix."""
        if name in _FLAT:
            return _FLAT[name]
        parts = quotient_parts(name, [])
        sample = "(n)" if of_sample else ""
        if parts:
            return self.whole_quotient([p for p, _ in parts], of_sample)
        stem, layer = split(name).stem, split(name).layer
        if name == "x" and "0" in self.layers:
            return self.notation.call("yvec", self.layer("0")) + sample
        if stem in _LAYERED and layer:
            return self.notation.call(_LAYERED[stem][1], self.layer(layer)) + sample
        if name in _PLAIN:
            return self.notation.call(_PLAIN[name][1]) + sample
        return name_latex(name, bold=name not in ("E", "J")) + sample

    def whole_quotient(self, names: list[str], of_sample: bool) -> str:
        above, *below = names
        if split(above).stem == "delta":
            layers = self.layer(split(above).layer), self.layer(split(below[0]).layer)
            return self.notation.call("Hu", *layers)
        over = self.whole(above, of_sample)
        if len(below) == 1 and above in ("E", "J"):
            return self.notation.call("pd", over, self.whole(below[0], False))
        transpose = self.notation.call("T")
        if len(below) == 1:
            last = rf"({self.whole(below[0], False)})^{{{transpose}}}"
            return self.notation.call("pd", over, last)
        sign = self.notation.call("partialsign")
        under = r"\,".join(f"{sign} {self.whole(b, False)}" for b in below)
        return rf"\frac{{{sign}^{{2}} {over}}}{{{under}}}"

    def function(self, name: str, argument: str) -> str:
        if name == "exp":
            return f"e^{{{argument}}}"
        stem, primes = unprimed(split(name).stem)
        layer = split(name).layer
        if stem == "f" and layer and primes <= 2:
            head = self.notation.call(("f", "fp", "fpp")[primes], self.layer(layer))
            return f"{head}({argument})"
        return LATEX.function(name, argument)

    def size(self, name: str) -> str:
        if name == "N":
            return self.notation.call("samples")
        stem, _, layer = name.partition("_")
        if stem == "N" and layer:
            return self.notation.call("nodes", self.layer(layer))
        return LATEX.size(name)

    def slopes(self, name: str, argument: str, order: int, diagonal: bool) -> str:
        layer = self.layer(split(name).layer)
        if split(name).stem == "f" and layer:
            kind = "Fp" if diagonal else ("fpvec", "fppvec")[order - 1]
            return self.notation.call(kind, layer)
        primes = "'" * order
        head = rf"\boldsymbol{{{name_latex(name)}}}{primes}({self.whole(argument, False)})"
        return rf"\operatorname{{diag}}\bigl({head}\bigr)" if diagonal else head


def _dialect(
    notation: Notation, words: Callable[[str], str], comma: bool, layers: Layers
) -> Dialect:
    """Return the dialect of index notation in which layers have these names."""
    symbols = _Symbols(notation, layers)
    return replace(
        LATEX,
        component=symbols.component,
        size=symbols.size,
        function=symbols.function,
        total=lambda k, stop, body: rf"\sum_{{{k}=1}}^{{{stop}}} {body}",
        derivative=lambda above, below: notation.call("pd", above, below),
        cases=lambda cases: _cases(cases, words),
        product=r"\,",
        times=r"\cdot ",
        number=lambda digits: _decimal(comma, shortened_decimal(digits)),
    )


def symbol(notation: Notation, name: str, indices: Sequence[str], layer: str = "") -> str:
    """Return a symbol by its name, with another word for its layer where one is given."""
    stem = split(name).stem
    number = layer or split(name).layer
    if stem == "N" and number:
        return notation.call("nodes", number)
    if stem == "f" and number:
        return notation.call("f", number)
    if number and not split(name).layer:
        return _Symbols(notation, {"1": number}).symbol(f"{name}1", list(indices))
    return _Symbols(notation, {}).symbol(name, list(indices))


def _cases(cases: list[tuple[str, str | None]], words: Callable[[str], str]) -> str:
    rows = [
        rf"{v} & \text{{{words('if')}}}\ {c}" if c else rf"{v} & \text{{{words('otherwise')}}}"
        for v, c in cases
    ]
    return r"\begin{cases}" + r" \\ ".join(rows) + r"\end{cases}"


def _product(factors: list[str], sign: str) -> str:
    between = {
        "": r"\,",
        "cdot": r"\cdot ",
        "odot": r"\odot ",
        "otimes": r"\otimes ",
        "times": r"\times ",
        "quad": r",\qquad ",
    }[sign]
    return between.join(factors)


def _plus(term: str, minus: bool, first: bool) -> str:
    if first:
        return f"-{term}" if minus else term
    return f" - {term}" if minus else f" + {term}"


def _applied(notation: Notation, function: str, argument: str, layers: Layers) -> str:
    symbols = _Symbols(notation, layers)
    if function == "diag":
        return rf"\operatorname{{diag}}\bigl({argument}\bigr)"
    name = split(function)
    if name.stem == "f" and name.layer:
        head = notation.call("fvec", symbols.layer(name.layer))
    else:
        head = rf"\boldsymbol{{{name_latex(function)}}}"
    return rf"{head}\bigl({argument}\bigr)"


def _quotient(
    notation: Notation, above: str, below: str, total: bool, order: int, also: str
) -> str:
    if order == 1 and not also:
        return notation.call("td" if total else "pd", above, below)
    sign = r"\mathrm{d}" if total else notation.call("partialsign")
    under = rf"{sign} {below}\,{sign} {also}" if also else rf"{sign} {below}^{{2}}"
    return rf"\frac{{{sign}^{{2}} {above}}}{{{under}}}"


def _grid(rows: list[list[str]], small: bool) -> str:
    kind = "smallmatrix" if small else "bmatrix"
    tall = any(sign in cell for row in rows for cell in row for sign in (r"\frac", r"\pd"))
    cut = r" \\[7pt] " if tall else r" \\ "
    inner = cut.join(" & ".join(row) for row in rows)
    text = rf"\begin{{{kind}}} {inner} \end{{{kind}}}"
    return rf"\bigl[{text}\bigr]" if small else text


def _brace(coloured: Callable[[Tone, str], str], body: str, label: str, over: bool,
           tone: Tone | None) -> str:  # fmt: skip
    strut = r"\vphantom{\frac{\partial u_{k}^{m}}{\partial u_{k}^{m}}}"
    kind, place = ("overbrace", "^") if over else ("underbrace", "_")
    text = rf"\{kind}{{{strut}{body}}}{place}{{\textstyle {label}}}"
    return coloured(tone, text) if tone else text


def _plain_tone(tone: Tone, body: str) -> str:
    return rf"\textcolor{{{COLOURS[tone]}}}{{{body}}}"


def _macro_tone(tone: Tone, body: str) -> str:
    return rf"\{tone.value}tone{{{body}}}"


def _macro_brace(body: str, label: str, over: bool, tone: Tone | None) -> str:
    if not _tall(body):
        kind, place = ("overbrace", "^") if over else ("underbrace", "_")
        text = rf"\{kind}{{{body}}}{place}{{\textstyle {label}}}"
        return _macro_tone(tone, text) if tone else text
    name = "factorover" if over else "factor"
    return rf"\{name}{{{tone.value if tone else 'ink'}}}{{{body}}}{{{label}}}"


def _decimal(comma: bool, digits: str) -> str:
    return digits.replace(".", "{,}") if comma else digits


def latex_script(notation: Notation, words: Callable[[str], str], *, comma: bool = False) -> Script:
    """Return the script of LaTeX.

    Args:
        notation: how symbols are written; where it is expanded, no macro of the deck is used.
        words: a key of the locale -> the words in LaTeX.
        comma: whether decimals have a comma.
    """
    plain = notation.expanded
    transpose = notation.call("T") if not plain else notation.macros["T"].body
    return Script(
        dialect=partial(_dialect, notation, words, comma),
        whole=lambda name, of_sample, layers: _Symbols(notation, layers).whole(name, of_sample),
        slopes=lambda name, argument, order, diagonal, layers: _Symbols(notation, layers).slopes(
            name, argument, order, diagonal
        ),
        size=lambda name, layers: _Symbols(notation, layers).size(name),
        decimal=partial(_decimal, comma),
        word=lambda key: rf"\text{{{words(key)}}}",
        glyph=lambda name: _GLYPHS[name],
        numbers=lambda numbers: "m = " + ", ".join(n or r"\dots" for n in numbers),
        product=_product,
        plus=_plus,
        ratio=lambda above, below: rf"\frac{{{above}}}{{{below}}}",
        power=lambda base, exponent: f"{base}^{{{exponent}}}",
        big=lambda k, last, body: rf"\sum_{{{k}=1}}^{{{last}}} {body}",
        quotient=partial(_quotient, notation),
        applied=partial(_applied, notation),
        transposed=lambda body: f"{body}^{{{transpose}}}",
        parentheses=_parentheses,
        grid=_grid,
        brace=partial(_brace, _plain_tone) if plain else _macro_brace,
        toned=_plain_tone if plain else _macro_tone,
        strong=lambda body: rf"\boldsymbol{{{body}}}",
        relation=lambda name: _RELATIONS[name],
        gap=_gap,
    )


def _gap(number: int, narrow: bool) -> str:
    room = "3em" if narrow else "5em"
    return rf"\underset{{\scriptscriptstyle({number})}}{{\underline{{\hspace{{{room}}}}}}}"


def _parentheses(body: str) -> str:
    """Return a body in parentheses that grow with it, but not for a brace above it alone."""
    if "over" in body and not any(sign in body for sign in (r"\frac", r"\pd", r"\td", r"\sum")):
        return rf"\bigl[\,{body}\,\bigr]"
    return rf"\left({body}\right)" if _tall(body) else f"({body})"


def _tall(body: str) -> bool:
    """Whether parentheses around a body have to grow."""
    return any(
        sign in body for sign in (r"\frac", r"\pd", r"\td", r"\sum", "matrix", "brace", "cases")
    )
