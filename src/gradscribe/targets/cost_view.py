"""Costs of a module's functions as text."""

from collections.abc import Mapping
from textwrap import wrap

from sympy import Expr, collect, expand

from gradscribe.formula import TEXT, expression
from gradscribe.model.network import Network
from gradscribe.notation import SAMPLES
from gradscribe.program.costs import Cost
from gradscribe.targets.layout import WIDTH
from gradscribe.targets.mapping import mapping, sizes_text

_HEAD = """
For each function of the numpy module, for N samples:

  multiplications   of arrays: one an entry of a product, quotient or square, k an entry of a
                    contraction over k terms
  function values   of exp, tanh and the like
  bytes             of the arrays that operations write beside the result, in float64, if no
                    parts are taken; symmetric blocks in the form for large arrays
"""


def written_costs(costs: Mapping[str, Cost], network: Network) -> str:
    """Return a text with a formula for each cost of each function.

    Args:
        costs: of the functions, by name.
        network: the network; where its sizes are fixed the formulas are in N alone as well.
    """
    lines = [f"What the functions of {mapping(network)} cost", sizes_text(network), _HEAD]
    for name, cost in costs.items():
        lines.append(name)
        for what in ("multiplications", "functions", "bytes"):
            formula = getattr(cost, what)
            label = "function values" if what == "functions" else what
            lines += _wrapped(f"  {label:16s}  ", _shortest(formula))
            fixed = _with_sizes(formula, network)
            if fixed is not None:
                lines.append(f"{'':20s}= {expression(fixed, TEXT)}")
        lines.append("")
    return "\n".join(lines)


def _shortest(formula: Expr) -> str:
    """Return a formula as it was counted, or multiplied out where that is shorter."""
    forms = (collect(expand(formula), SAMPLES), formula)
    return min((expression(form, TEXT) for form in forms), key=len)


def _wrapped(label: str, text: str) -> list[str]:
    lines = wrap(text, WIDTH - len(label), break_long_words=False, break_on_hyphens=False)
    return [(label if not n else " " * len(label)) + line for n, line in enumerate(lines)]


def _with_sizes(formula: Expr, network: Network) -> Expr | None:
    """Return a formula with the sizes put in, where they are fixed and it has any."""
    sizes = dict(zip(network.layers, network.sizes or (), strict=False))
    if not sizes or formula.free_symbols <= {SAMPLES}:
        return None
    return collect(expand(formula.subs(sizes)), SAMPLES)
