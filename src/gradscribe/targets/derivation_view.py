"""What a template of a derivation is filled with: ready strings, in the order of the equations."""

from dataclasses import dataclass

from gradscribe.derivation.steps import Derivation
from gradscribe.equation import Equation
from gradscribe.model.network import Network
from gradscribe.notation import name_text, size_text
from gradscribe.printing.formula import LATEX, TEXT, Dialect, equation, expression, step


@dataclass(frozen=True)
class StepView:
    """A step: `formula` is `= what came out`, aligned to the equation's left side."""

    formula: str
    latex: str
    rule: str
    parents: str


@dataclass(frozen=True)
class EquationView:
    """An equation with the steps that led to it."""

    label: str
    formula: str
    latex: str
    rule: str
    steps: tuple[StepView, ...]


@dataclass(frozen=True)
class DerivationView:
    """Everything that a template may show."""

    title: str
    underline: str
    mapping: tuple[str, ...]
    cost_note: str
    definitions: tuple[EquationView, ...]
    functions: tuple[str, ...]
    derived: tuple[EquationView, ...]
    closing: str
    spec: str


def derivation_view(derivation: Derivation, checked: str) -> DerivationView:
    """Return the view of a derivation.

    Args:
        derivation: what to show.
        checked: a sentence on how its steps were checked.
    """
    network = derivation.network
    title = f"Gradient of {network.name or network.spec}"
    return DerivationView(
        title=title,
        underline="=" * len(title),
        mapping=mapping(network),
        cost_note=f" (J: {network.loss.meaning})",
        definitions=tuple(_equation_view(q, derivation) for q in derivation.equations if not q.steps),
        functions=function_formulas(network),
        derived=tuple(_equation_view(q, derivation) for q in derivation.derived),
        closing=checked,
        spec=network.spec,
    )


def _equation_view(item: Equation, derivation: Derivation) -> EquationView:
    labels = {q.name: q.label for q in derivation.equations}
    width = max(len(q.label) for q in derivation.equations) + 2
    steps = tuple(
        StepView(
            formula=f"= {expression(s.after, TEXT)}",
            latex=step(item, s, LATEX),
            rule=s.rule,
            parents=" " + ", ".join(f"({labels[p]})" for p in s.parents) if s.parents else "",
        )
        for s in item.steps
        if item.rule != "slope"
    )
    label = f"({item.label})".rjust(width)
    return EquationView(label, equation(item, TEXT), equation(item, LATEX), item.rule, steps)


def mapping(network: Network) -> tuple[str, ...]:
    """Return lines that say which sizes the network maps between."""
    sizes = [size_text(s.name) for s in network.layers]
    if network.sizes is None:
        return (f"{' → '.join(_elided(sizes))} (sizes are those of the parameters)",)
    return (f"{' → '.join(_elided([str(n) for n in network.sizes]))}",)


def _elided(items: list[str]) -> list[str]:
    return items if len(items) <= 12 else [*items[:6], "⋯", *items[-3:]]


def function_formulas(network: Network, dialect: Dialect = TEXT) -> tuple[str, ...]:
    """Return what each activation function is: f¹(u) = tanh(u)."""
    lines: dict[str, list[str]] = {}
    for stem, entry in network.functions.items():
        text = expression(entry.formula, dialect) if entry else "any differentiable function"
        lines.setdefault(text, []).append(f"{name_text(stem)}(u)")
    return tuple(f"{' = '.join(_elided(names))} = {text}" for text, names in lines.items())
