"""Programs of derivatives along directions: one axis more, in front, for the directions.

An equation of what moves along a direction is linear in what moves. With an index of the
direction on all that moves, it gives the derivatives along many directions at once: of the
Hessian as many rows as there are directions.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from sympy import Expr, Indexed, S

from gradscribe.derivation.along import (
    Along,
    gauss_newton_along,
    hessian_along,
    output_along,
    sample_gradients,
)
from gradscribe.derivation.reverse import with_sample
from gradscribe.derivation.steps import Derivation, slope_equations
from gradscribe.equation import Equation
from gradscribe.notation import SAMPLE, index
from gradscribe.program.build import PYTHON_NAMES, Writer, inputs_of, with_weight
from gradscribe.program.ir import Kernel, Program, Statement, references
from gradscribe.program.passes import PASSES, Pass, run_passes
from gradscribe.program.weighting import SCALE
from gradscribe.symbols import by_samples, component, without_empty_sums

DIRECTION = index("directions")
# Passes that are of the first order's kernels alone.
_FIRST_ORDER = ("sums as products", "reuse")
# What is derived of J, with the weights of samples; the others are of E or of the output.
WEIGHTED = ("hessian_along", "gauss_newton_along")


@dataclass(frozen=True)
class AlongProgram:
    """A kernel that computes derivatives along directions.

    Attributes:
        along: what moves.
        program: one kernel.
        formulas: what its statements compute, by name.
    """

    along: Along
    program: Program
    formulas: dict[str, str]

    @property
    def kernel(self) -> Kernel:
        """The kernel."""
        return self.program.kernels[0]


def along_programs(
    derivation: Derivation, adjoints: Sequence[Equation], parts: Iterable[str]
) -> tuple[AlongProgram, ...]:
    """Return the programs of derivatives along directions that parts of a module need."""
    network, wanted = derivation.network, set(parts)
    found: list[Along] = []
    if {"hessian", "hessian_vector_product"} & wanted:
        found.append(hessian_along(network, adjoints))
    if "gauss_newton" in wanted:
        found.append(gauss_newton_along(network))
    if "jacobian" in wanted:
        found += [output_along(network), output_along(network, of_input=True)]
    if "sample_gradients" in wanted:
        found.append(sample_gradients(network, adjoints))
    return tuple(along_program(derivation, item) for item in found)


def along_program(
    derivation: Derivation, found: Along, passes: Iterable[Pass] = PASSES
) -> AlongProgram:
    """Return the program of derivatives along directions."""
    network = derivation.network
    slopes = list(slope_equations(network, found.equations))
    writer = Writer(derivation)
    writer.know([*slopes, *found.equations])
    own = {q.name: q for q in (*found.equations, *slopes)}
    ordered = _in_order(found, slopes)
    zeros: set[str] = set()
    statements = []
    for equation in ordered:
        statement = _statement(equation, found, writer, zeros)
        if statement is not None:
            statements.append(statement)
    results = tuple(r for r in found.results if r not in zeros)
    statements = _needed(statements, results)
    variables = [
        *network.variables.values(), *found.directions, *(q.variable for q in own.values())
    ]  # fmt: skip
    shapes = {
        PYTHON_NAMES.get(v.name, v.name): (("B",) if v.name in found.moving else ())
        + (("N",) if v.per_sample else ())
        + tuple(s.name for s in v.shape)
        for v in variables
    }
    shapes |= {SCALE.name: ("N",)}
    kernel = Kernel(found.name, inputs_of(tuple(statements)), tuple(statements), results)
    chosen = [p for p in passes if p.name not in _FIRST_ORDER]
    program = run_passes(Program((kernel,), shapes, writer.helpers), chosen)
    return AlongProgram(found, program, {n: q.text for n, q in own.items()})


def _in_order(found: Along, slopes: list[Equation]) -> list[Equation]:
    """Return equations with each slope after what it is a function of."""
    waiting = list(slopes)
    result: list[Equation] = []
    defined = {q.name for q in found.equations}
    for equation in found.equations:
        result.append(equation)
        known = {q.name for q in result}
        ready = [
            s for s in waiting
            if {n.name for n in s.right.free_symbols} & defined <= known
            and (s.steps[0].parents[0] in known)
        ]  # fmt: skip
        result += ready
        waiting = [s for s in waiting if s not in ready]
    return result


def _statement(
    equation: Equation, found: Along, writer: Writer, zeros: set[str]
) -> Statement | None:
    """Return the statement of an equation, all directions at once; None where it is 0."""
    if found.name in WEIGHTED:
        equation = _of_samples(with_weight(equation, writer.network), found)
    right = writer.written_out(equation.right)
    gone = {a: S.Zero for a in right.free_symbols | right.atoms(Indexed) if _name(a) in zeros}
    right = without_empty_sums(right.xreplace(gone)) if gone else right
    if right == 0:
        zeros.add(equation.name)
        return None
    moved = _with_direction(right, found.moving)
    indices, variable = equation.indices, equation.variable
    if equation.name in writer.per_sample:
        names = writer.per_sample
        moved = moved if moved.has(SAMPLE) else _with_sample(moved, names, found.moving)
        indices = (SAMPLE, *indices)
    if equation.name in found.moving:
        indices = (DIRECTION, *indices)
    value = writer.lowered(moved, indices, variable)
    return Statement(equation.name, value, equation.label)


def _of_samples(equation: Equation, found: Along) -> Equation:
    """Return the equation of a result without what J has of parameters: samples come in parts."""
    if equation.name not in found.results:
        return equation
    return replace(equation, right=by_samples(equation.right)[0])


def _name(expr: Expr) -> str:
    return expr.base.name if isinstance(expr, Indexed) else str(expr)


def _with_direction(expr: Expr, moving: frozenset[str]) -> Expr:
    """Write the index of the direction in front of all that moves."""
    bases = {a.base.label for a in expr.atoms(Indexed)}
    indexed = {
        a: component(a.base.name, (DIRECTION, *a.indices))
        for a in expr.atoms(Indexed)
        if a.base.name in moving
    }
    scalars = {
        s: component(s.name, (DIRECTION,))
        for s in expr.free_symbols
        if s.name in moving and s not in bases and not isinstance(s, Indexed)
    }
    return expr.xreplace(indexed | scalars)


def _with_sample(expr: Expr, per_sample: Iterable[str], moving: frozenset[str]) -> Expr:
    """Write the index of the sample behind that of the direction."""
    written = with_sample(expr, per_sample)
    swapped = {
        a: component(a.base.name, (DIRECTION, SAMPLE, *a.indices[2:]))
        for a in written.atoms(Indexed)
        if a.base.name in moving and a.indices[:2] == (SAMPLE, DIRECTION)
    }
    return written.xreplace(swapped)


def _needed(statements: list[Statement], results: tuple[str, ...]) -> list[Statement]:
    alive, kept = set(results), []
    for statement in reversed(statements):
        if statement.target in alive:
            alive |= set(references(statement.value))
            kept.append(statement)
    return kept[::-1]
