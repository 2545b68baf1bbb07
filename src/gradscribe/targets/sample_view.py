"""The functions of a module for H V and for derivatives of each sample."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from gradscribe.notation import size_python
from gradscribe.printing.numpy_printer import source, statement_source
from gradscribe.program.ir import Node, Ones, Program, Ref, Size, Statement, replaced, walk
from gradscribe.program.products import PRODUCT, SampleTerms
from gradscribe.program.shapes import ONE, shape_of
from gradscribe.targets.layout import broken_statement, call, comment
from gradscribe.targets.terms_view import (
    Sizes,
    enter_lines,
    factors_line,
    held_lines,
    row_of,
)


@dataclass(frozen=True)
class SampleView:
    """What the templates of these functions are filled with.

    Attributes:
        parts: what the module has beside cost and gradient.
        product: the body of the function of H V.
        jacobian: that of the generator of ∂y/∂w.
        input_jacobian: that of the function of ∂y/∂x.
        sample_gradient: that of the generator of ∂E(n)/∂w.
        enter: a literal: the parameters that enter each variable.
        held: entries of a table: how many numbers of a sample are held for each.
    """

    parts: tuple[str, ...]
    product: tuple[str, ...] = ()
    jacobian: tuple[str, ...] = ()
    input_jacobian: tuple[str, ...] = ()
    sample_gradient: tuple[str, ...] = ()
    enter: tuple[str, ...] = ()
    held: tuple[str, ...] = ()

    @property
    def has_problem(self) -> bool:
        """Whether a module has second derivatives, and so the functions of one vector."""
        return bool({"hessian", "gauss_newton", "hessian_vector_product"} & set(self.parts))


def sample_view(
    parts: tuple[str, ...],
    parameters: Sequence[str],
    product: tuple[Program, dict[str, str]] | None,
    programs: Iterable[SampleTerms],
) -> SampleView:
    """Return the view of these programs."""
    programs = list(programs)
    lines = {p.name: tuple(_lines(p, parameters)) for p in programs}
    factors = next((p.factors for p in programs if p.factors), ())
    held = tuple(line for p in programs for line in held_lines(_function(p), [_held(p)]))
    own = tuple(_product_lines(*product, parameters)) if product else ()
    return SampleView(parts, own, enter=enter_lines(factors), held=held, **lines)


def _function(program: SampleTerms) -> str:
    """Return the name of the function that computes a program."""
    return f"_{program.name}_terms" if program.yields else f"_{program.name}"


def _held(program: SampleTerms) -> Sizes:
    """Return how many numbers of one sample are held: what is computed, z, and what is copied.

    An expression may have two arrays as large as its value, before it is written.
    """
    shapes = {s.target: program.shapes[s.target] for s in program.statements}
    found: Sizes = Counter(tuple(map(size_python, shape[:-1])) for shape in shapes.values())
    for factors in program.factors:
        found += Counter(row_of(use) for use in factors.uses)
    goals = [_goal(program, node) for _, node, _ in program.yields]
    goals += [_goal(program, program.result)] if program.result else []
    for shape in {*found, *goals}:
        found[shape] += 2
    uses = [u for f in program.factors for u in f.uses]
    again = [u for k, u in enumerate(uses) if u.parameter in {v.parameter for v in uses[:k]}]
    for use in again:  # what a parameter that is used before adds is a product of its own
        found[(*max(goals, key=len), *row_of(use))] += 1
    return found


def _goal(program: SampleTerms, node: Node) -> tuple[str, ...]:
    """Return the sizes of what is given back, a diagonal with its zeros."""
    helpers = frozenset(h.name for h in program.helpers)
    return tuple(size_python(s) for s in shape_of(node, program.shapes, helpers)[:-1] if s != ONE)


def _product_lines(
    program: Program, formulas: Mapping[str, str], parameters: Sequence[str]
) -> list[str]:
    kernel = program.kernel(PRODUCT)
    fields: dict[str, Node] = {name: Ref(f"params.{name}") for name in parameters}
    fields |= {f"R_{name}": Ref(f"V.{name}") for name in parameters}
    nodes = [n for s in kernel.statements for n in walk(s.value)]
    sizes = {n.name for n in nodes if isinstance(n, Size)}
    sizes |= {n.size for n in nodes if isinstance(n, Ones)}
    lines = [*_size_lines(sorted(map(size_python, sizes))), "X, D = X.T, D.T"]
    lines += _statement_lines(kernel.statements, formulas, fields)
    return [*lines, *call("return Parameters(", kernel.outputs, ")", 4)]


def _size_lines(sizes: list[str]) -> list[str]:
    if not sizes:
        return []
    if sizes == ["N"]:
        return ["N = D.shape[0]"]
    return [f"N, {sizes[-1]} = D.shape" if "N" in sizes else f"{sizes[0]} = D.shape[1]"]


def _statement_lines(
    statements: Iterable[Statement], formulas: Mapping[str, str], fields: Mapping[str, Node]
) -> list[str]:
    lines: list[str] = []
    told: set[str] = set()
    for statement in statements:
        if statement.target not in told and statement.target in formulas:
            lines += comment(formulas[statement.target])
        told.add(statement.target)
        written = replace(statement, value=replaced(statement.value, dict(fields)))
        lines += broken_statement(statement_source(written))
    return lines


def _lines(program: SampleTerms, parameters: Sequence[str]) -> list[str]:
    fields: dict[str, Node] = {name: Ref(f"params.{name}") for name in parameters}
    lines = _statement_lines(program.statements, program.formulas, fields)
    lines += [factors_line(f, fields) for f in program.factors]
    for node, array, z in program.yields:
        parts = [f'"{node}"', source(replaced(array, fields)), z]
        line = f"yield {', '.join(parts)}"
        lines += [line] if len(line) <= 84 else ["yield (", *(f"    {p}," for p in parts), ")"]
    if program.result is not None:
        lines += broken_statement(f"result = {source(replaced(program.result, fields))}")
        lines.append("return result")
    return lines
