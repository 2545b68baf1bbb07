"""What a template of a derivation is filled with: ready strings, in the order of the equations."""

from dataclasses import dataclass

from gradscribe.catalog.activations import Activation
from gradscribe.catalog.schedules import Schedule
from gradscribe.catalog.update_formulas import formulas, schedule_formula
from gradscribe.catalog.update_rule import UpdateRule
from gradscribe.derivation.slopes import kinks
from gradscribe.derivation.steps import Derivation
from gradscribe.equation import Equation, Role
from gradscribe.formula import LATEX, TEXT, Dialect, expression
from gradscribe.model.network import Network
from gradscribe.notation import name_text, split
from gradscribe.targets.mapping import elided, mapping, sizes_text

_RULE_COLUMN = 62


@dataclass(frozen=True)
class StepView:
    """A step of a derivation.

    Attributes:
        formula: what came out, as text.
        latex: the whole line `left = what came out`.
        rule: the name of the rule.
        parents: the numbers of the equations that were used.
    """

    formula: str
    latex: str
    rule: str
    parents: tuple[str, ...]


@dataclass(frozen=True)
class EquationView:
    """An equation with the steps that led to it.

    Attributes:
        label: its number, in parentheses.
        name: the identifier of its left side.
        left: its left side, as text.
        formula: the whole equation, as text.
        latex: the whole equation in LaTeX.
        rule: the rule that gave it.
        steps: the steps.
        lines: the steps under each other, with their rules beside them, as text.
    """

    label: str
    name: str
    left: str
    formula: str
    latex: str
    rule: str
    steps: tuple[StepView, ...]
    lines: tuple[str, ...]


@dataclass(frozen=True)
class DerivationView:
    """Everything that a template of a derivation may show."""

    title: str
    underline: str
    mapping: str
    sizes: str
    cost_meaning: str
    definitions: tuple[EquationView, ...]
    indent: str
    functions: tuple[str, ...]
    derived: tuple[EquationView, ...]
    checked: str
    spec: str
    name: str
    layered: bool
    second_order: bool
    learning: tuple[tuple[str, tuple[str, ...]], ...]


def derivation_view(derivation: Derivation, checked: str) -> DerivationView:
    """Return the view of a derivation.

    Args:
        derivation: what to show.
        checked: a sentence on how its steps were checked.
    """
    network = derivation.network
    second = any(q.variable.role is Role.CURVATURE for q in derivation.equations)
    what = "gradient and Hessian" if second else "gradient"
    title = f"The {what} of {network.name or 'a network'}"
    labels = {q.name: f"({q.label})" for q in derivation.equations}
    width = max(map(len, labels.values()))
    views = {q.name: _equation_view(q, labels, width) for q in derivation.equations}
    return DerivationView(
        title=title,
        underline="=" * len(title),
        mapping=mapping(network),
        sizes=sizes_text(network),
        cost_meaning=network.loss.meaning,
        definitions=tuple(views[q.name] for q in derivation.equations if not q.steps),
        indent=" " * width,
        functions=function_formulas(network),
        derived=tuple(views[q.name] for q in derivation.derived),
        checked=checked,
        spec=network.spec,
        name=network.name,
        layered=any(split(q.name).stem == "delta" for q in derivation.derived),
        second_order=any(q.variable.role is Role.TANGENT for q in derivation.derived),
        learning=tuple(_learning(entry) for entry in network.learning),
    )


def _learning(entry: UpdateRule | Schedule) -> tuple[str, tuple[str, ...]]:
    """Return what an update rule or a schedule is called, and its equations."""
    own = formulas(entry) if isinstance(entry, UpdateRule) else (schedule_formula(entry),)
    return f"{entry.meaning[0].upper()}{entry.meaning[1:]}", own


def _equation_view(item: Equation, labels: dict[str, str], width: int) -> EquationView:
    left, left_latex = (expression(item.shown_left, d) for d in (TEXT, LATEX))
    steps = tuple(
        StepView(
            formula=expression(s.after, TEXT),
            latex=f"{left_latex} = {expression(s.after, LATEX)}",
            rule=s.rule,
            parents=tuple(labels[p] for p in s.parents),
        )
        for s in item.steps
    )
    label = labels[item.name].rjust(width)
    return EquationView(
        label=label,
        name=item.name,
        left=left,
        formula=item.text,
        latex=item.latex,
        rule=item.rule,
        steps=steps,
        lines=tuple(_lines(label, left, steps)),
    )


def _lines(label: str, left: str, steps: tuple[StepView, ...]) -> list[str]:
    """Return steps under each other: the left side once, the rule in a column of its own."""
    told = [s for s in steps if s.formula != left]
    lines = []
    for position, item in enumerate(told):
        head = f"{label}  {left}" if position == 0 else " " * (len(label) + 2 + len(left))
        why = f"{item.rule} {', '.join(item.parents)}".rstrip()
        lines.append(f"{head} = {item.formula}".ljust(_RULE_COLUMN) + f"  {why}")
    return lines


def _at_kinks(entry: Activation) -> str:
    """Return what is taken for f′ at kinks: " (f′(0) = 0)"."""
    taken = [f"f′({expression(p, TEXT)}) = {expression(v, TEXT)}" for p, v in kinks(entry).items()]
    return f" ({', '.join(taken)})" if taken else ""


def function_formulas(network: Network, dialect: Dialect = TEXT) -> tuple[str, ...]:
    """Return what each activation function is: f¹(u) = tanh(u)."""
    lines: dict[str, list[str]] = {}
    for stem, entry in network.functions.items():
        text = expression(entry.formula, dialect) if entry else ""
        text += _at_kinks(entry) if entry and dialect is TEXT else ""
        lines.setdefault(text, []).append(name_text(stem) + ("(u)" if entry else ""))
    return tuple(
        f"{' = '.join(elided(names, 2, 1))} = {text}"
        if text
        else f"{', '.join(elided(names, 2, 1))}: any differentiable function"
        for text, names in lines.items()
    )
