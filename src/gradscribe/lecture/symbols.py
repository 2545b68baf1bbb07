"""One macro for each symbol of the lecture: its definition follows the style.

A deck defines these macros and writes with them, so that a lecturer changes a notation in one
place. Markdown and HTML have no macros: the same definitions are put in where they are used.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from gradscribe.lecture.style import Style


@dataclass(frozen=True)
class Macro:
    r"""A symbol.

    Attributes:
        name: the macro, without the backslash.
        arguments: how many it takes.
        body: its definition, with `#1` for the first.
        meaning: what it stands for, for the comment beside it.
    """

    name: str
    arguments: int
    body: str
    meaning: str


_LAYERS = {"plain": "#1", "parentheses": "(#1)"}
_TRANSPOSES = {"T": "T", "top": r"\top"}
_LETTERS = {"delta": r"\delta", "s": "s"}
_SIGNS = {"partial": r"\partial", "upright": r"\mathrm{d}"}


def macros(style: Style, samples: str) -> tuple[Macro, ...]:
    """Return the macros of a style.

    Args:
        style: the style.
        samples: the index of N in the number of samples: "data", "dados".
    """
    delta = _LETTERS[style.sensitivity]
    return (
        Macro("layer", 1, _LAYERS[style.layer], "how the number of a layer is written"),
        Macro("T", 0, _TRANSPOSES[style.transpose], "the transpose"),
        Macro("partialsign", 0, _SIGNS[style.derivative], "a partial derivative"),
        Macro("pd", 2, r"\frac{\partialsign #1}{\partialsign #2}", "its quotient"),
        Macro("td", 2, r"\frac{\mathrm{d} #1}{\mathrm{d} #2}", "a derivative by the one variable"),
        Macro("w", 3, r"w_{#1,#2}^{\layer{#3}}", "weight of input #2 of node #1 of layer #3"),
        Macro("W", 1, r"\boldsymbol{W}^{\layer{#1}}", "weights of layer #1"),
        Macro("bi", 2, r"b_{#1}^{\layer{#2}}", "bias of node #1 of layer #2"),
        Macro("bvec", 1, r"\boldsymbol{b}^{\layer{#1}}", "biases of layer #1"),
        Macro("ui", 2, r"u_{#1}^{\layer{#2}}", "activation of node #1 of layer #2"),
        Macro("uvec", 1, r"\boldsymbol{u}^{\layer{#1}}", "activations of layer #1"),
        Macro("yi", 2, r"y_{#1}^{\layer{#2}}", "output of node #1 of layer #2"),
        Macro("yvec", 1, r"\boldsymbol{y}^{\layer{#1}}", "outputs of layer #1"),
        Macro("di", 2, rf"{delta}_{{#1}}^{{\layer{{#2}}}}", "sensitivity of node #1 of layer #2"),
        Macro("dvec", 1, rf"\boldsymbol{{{delta}}}^{{\layer{{#1}}}}", "sensitivities of layer #1"),
        Macro("inp", 1, "x_{#1}", "input #1"),
        Macro("xvec", 0, r"\boldsymbol{x}", "the input"),
        Macro("des", 1, "d_{#1}", "desired output #1"),
        Macro("desvec", 0, r"\boldsymbol{d}", "the desired output"),
        Macro("err", 1, "e_{#1}", "error of output #1"),
        Macro("errvec", 0, r"\boldsymbol{e}", "the error"),
        Macro("f", 1, r"f^{\layer{#1}}", "activation function of layer #1"),
        Macro("fp", 1, r"f'^{\layer{#1}}", "its derivative"),
        Macro("fpp", 1, r"f''^{\layer{#1}}", "its second derivative"),
        Macro("fvec", 1, r"\boldsymbol{f}^{\layer{#1}}", "the function of a whole layer"),
        Macro("Fp", 1, r"\boldsymbol{F}'^{\layer{#1}}", "diagonal matrix of the f'"),
        Macro("fpvec", 1, r"\boldsymbol{f}'^{\layer{#1}}", "vector of the f'"),
        Macro("fppvec", 1, r"\boldsymbol{f}''^{\layer{#1}}", "vector of the f''"),
        Macro("Hu", 2, r"\boldsymbol{H}_{u}^{#1,#2}", "curvature between layers #1 and #2"),
        Macro("nodes", 1, "N_{#1}", "number of nodes of layer #1"),
        Macro("samples", 0, rf"N_{{\text{{{samples}}}}}", "number of samples"),
    )


@dataclass(frozen=True)
class Notation:
    """Writes symbols: as macros, or with their definitions put in."""

    macros: Mapping[str, Macro]
    expanded: bool

    def call(self, name: str, *arguments: str) -> str:
        r"""Return a symbol.

        >>> notation_of(Style(), "data", expanded=True).call("w", "i", "j", "m")
        'w_{i,j}^{m}'
        """
        if name not in self.macros:
            raise KeyError(name)
        if not self.expanded:
            inner = "".join(f"{{{a}}}" for a in arguments)
            return rf"\{name}{inner}" if arguments else rf"\{name}{{}}"
        macro = self.macros[name]
        body = macro.body
        for position, argument in enumerate(arguments, 1):
            body = body.replace(f"#{position}", argument)
        return self._inner(body)

    def _inner(self, body: str) -> str:
        """Put in the definitions of the macros that a definition is made of."""
        body = re.sub(r"\\layer\{([^{}]*)\}", lambda m: self.call("layer", m[1]), body)
        return body.replace(r"\partialsign", self.macros["partialsign"].body)


def notation_of(style: Style, samples: str, *, expanded: bool) -> Notation:
    """Return the notation of a style."""
    return Notation({m.name: m for m in macros(style, samples)}, expanded)
