"""Programs beside the blocks of second derivatives: H V, and derivatives of each sample."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from sympy import Expr, Indexed, KroneckerDelta, S, Symbol
from sympy import Mul as SymMul

from gradscribe.derivation.directional import Directional
from gradscribe.derivation.reverse import adjoint_name
from gradscribe.derivation.second_order import SecondOrder
from gradscribe.derivation.steps import Derivation, slope_equations
from gradscribe.derivation.tangents import FREE, Ground
from gradscribe.equation import Equation, Role, Variable
from gradscribe.model.network import Network
from gradscribe.notation import SAMPLE
from gradscribe.program.build import PYTHON_NAMES, Writer, inputs_of, with_weight
from gradscribe.program.columns import Columns, with_last_sample
from gradscribe.program.factoring import Factoring
from gradscribe.program.forms import FORMS, STACKED, Form
from gradscribe.program.ir import (
    Call,
    Const,
    Helper,
    Kernel,
    Mul,
    Node,
    Ones,
    Program,
    Ref,
    Shape,
    Statement,
    references,
)
from gradscribe.program.passes import PASSES, Pass, run_passes
from gradscribe.program.tangents import Factors, TangentWriter, factors_of, factors_shapes
from gradscribe.program.verify import verify_terms
from gradscribe.program.weighting import SCALE
from gradscribe.symbols import without_empty_sums

PRODUCT = "hessian_vector_product"


def product_program(
    derivation: Derivation,
    found: Directional,
    passes: Iterable[Pass] = PASSES,
    forms: Iterable[Form] = FORMS,
) -> tuple[Program, dict[str, str]]:
    """Return the program of H V, a kernel of its own, and what its statements compute.

    Args:
        derivation: of the network.
        found: forward mode along a direction.
        passes: what is done to the program.
        forms: passes of the second order that are done.
    """
    network = derivation.network
    writer = Writer(derivation, forms)
    derived = _factored(found, network, writer.forms)
    slopes = list(slope_equations(network, derived))
    writer.know([*slopes, *derived])
    for variable in found.direction:
        writer.names[Symbol(variable.name)] = variable.name
    equations = _without_zeros([*network.equations[:-1], *slopes, *derived], found, writer)
    columns = Columns(writer.names)
    alive = {q.name for q in found.products}
    statements = []
    for equation in reversed(equations):
        if equation.name in alive:
            statement = _statement(with_weight(equation, network), writer, columns)
            alive |= set(references(statement.value))
            statements.append(statement)
    statements.reverse()
    variables = [
        *network.variables.values(),
        *found.direction,
        *(q.variable for q in equations),
    ]
    shapes = {PYTHON_NAMES.get(v.name, v.name): _shape(v) for v in variables} | {SCALE.name: ("N",)}
    kernel = Kernel(
        PRODUCT, inputs_of(tuple(statements)), tuple(statements),
        tuple(q.name for q in found.products),
    )  # fmt: skip
    program = run_passes(Program((kernel,), shapes, writer.helpers), passes)
    return program, {q.name: q.text for q in equations}


def _without_zeros(
    equations: Sequence[Equation], found: Directional, writer: Writer
) -> list[Equation]:
    """Return the equations with their functions written out, without those that define 0.

    ℛδ is 0 where neither the loss nor the activation function has a second derivative.
    """
    zeros: dict[Expr, Expr] = {}
    kept = []
    parameters = {q.name: p for q, p in zip(found.products, writer.network.parameters, strict=True)}
    for equation in equations:
        right = writer.written_out(equation.right)
        gone = {a: S.Zero for a in right.atoms(Indexed) if a.base.label in zeros}
        right = without_empty_sums(right.xreplace(gone)) if gone else right
        if right == 0 and equation.name not in parameters:
            zeros[Symbol(equation.name)] = S.Zero
            continue
        if right == 0:  # a whole product is 0: zeros in the shape of its parameter
            right = SymMul(S.Zero, parameters[equation.name][equation.indices], evaluate=False)
        kept.append(replace(equation, right=right) if right != equation.right else equation)
    return kept


def _factored(found: Directional, network: Network, forms: Iterable[Form]) -> list[Equation]:
    """Return the equations in order, in the form that takes least to compute."""
    derived = (*found.equations, *found.products)
    factoring = Factoring(found.equations, network, forms)
    return [*found.adjoints, *map(factoring.factored, derived)]


def _statement(equation: Equation, writer: Writer, columns: Columns) -> Statement:
    """Return the statement of an equation, arrays with the samples last."""
    per_sample = frozenset(writer.per_sample)
    right = with_last_sample(equation.right, per_sample)
    indices = equation.indices
    if equation.name in per_sample:
        indices = (*indices, SAMPLE)
    value = columns.lower(right, indices)
    if SAMPLE in indices and not right.has(SAMPLE):
        value = Mul((value, Ones("N")))
    return Statement(equation.name, value, equation.label)


def _shape(variable: Variable) -> Shape:
    sizes = tuple(s.name for s in variable.shape)
    return (*sizes, "N") if variable.per_sample else sizes


@dataclass(frozen=True)
class SampleTerms:
    """A program that yields, for each variable that parameters enter, what changes with it.

    Attributes:
        name: of the function.
        statements: in order, the samples' axis last.
        yields: the variable, the array that changes with it, and its factors z.
        factors: the arrays of factors.
        result: an array that is given back instead, or None.
        formulas: what the statements compute.
        helpers: activation functions that statements call.
        shapes: of all variables, the samples' axis last.
    """

    name: str
    statements: tuple[Statement, ...]
    yields: tuple[tuple[str, Node, str], ...]
    factors: tuple[Factors, ...]
    result: Node | None
    formulas: dict[str, str]
    helpers: tuple[Helper, ...]
    shapes: dict[str, Shape]


def sample_gradient_program(
    writer: Writer, equations: Sequence[Equation], ground: Ground
) -> SampleTerms:
    """Return the program of ∂E(n)/∂w: δ of each variable that parameters enter.

    Args:
        writer: what writes the network's functions out.
        equations: what is computed before, in order.
        ground: of the network.
    """
    order = _entered(ground)
    own = _writer(writer, order, equations, [])
    own.forward()
    yields = [
        (f.label, own.columns.lower(own.written(_adjoint(f)), (FREE[0], SAMPLE)), f.name)
        for f in _factors(own)
    ]
    return _program("sample_gradient", own, yields, None)


def jacobian_programs(
    writer: Writer, equations: Sequence[Equation], ground: Ground, needed: Sequence[Equation]
) -> tuple[SampleTerms, SampleTerms]:
    """Return the programs of ∂y/∂w and of ∂y/∂x, y the output of a sample.

    Args:
        writer: what writes the network's functions out.
        equations: what is computed before, in order.
        ground: of the network.
        needed: the tangents of the output.
    """
    network = writer.network
    order = _entered(ground)
    output = network.output
    results = []
    for name in ("jacobian", "input_jacobian"):
        own = _writer(writer, order, equations, needed)
        own.forward()
        for equation in needed:
            own.tangent(equation)
        if name == "jacobian":
            yields = [(f.label, _array(own, output, f.node), f.name) for f in _factors(own)]
            results.append(_program(name, own, yields, None))
        else:
            results.append(_program(name, own, [], _array(own, output, network.input)))
    return results[0], results[1]


def _factors(own: TangentWriter) -> tuple[Factors, ...]:
    return factors_of(own.order, STACKED in own.writer.forms)


def _entered(ground: Ground) -> SecondOrder:
    """Return what the parameters enter, without any tangent or block."""
    return SecondOrder((), (), ground.nodes, ground.uses)


def _array(own: TangentWriter, above: Variable, below: Variable) -> Node:
    """Return ∂above/∂below as an array with axes (i, j, n)."""
    at = FREE[:2]
    from_tangent = Variable(
        f"d{above.name}_d{below.name}", (*above.shape, *below.shape), Role.TANGENT
    )
    if below.role is Role.PARAMETER and from_tangent.name not in {*own.replaced, *own.shapes}:
        zeros = Mul((Const(Fraction(0)), Call("ones_like", (Ref(above.name),))))
        return Call("_diagonal_matrix", (zeros,))  # a number of the loss, one for each output
    expr = own.put_in(from_tangent[at]) if above != below else KroneckerDelta(*at)
    return own.full(expr, at, above)


def _adjoint(factors: Factors) -> Expr:
    name = adjoint_name(factors.node.name)
    return Variable(name, factors.node.shape, Role.ADJOINT)[FREE[:1]]


def _writer(
    writer: Writer, order: SecondOrder, equations: Sequence[Equation], tangents: Sequence[Equation]
) -> TangentWriter:
    slopes = list(slope_equations(writer.network, [*equations, *tangents]))
    writer.know(slopes)
    values = [q for q in equations if q.variable.role is Role.VALUE]
    adjoints = [q for q in equations if q.variable.role is Role.ADJOINT]
    return TangentWriter(writer, order, [*values, *slopes, *adjoints])


def _program(
    name: str,
    own: TangentWriter,
    yields: list[tuple[str, Node, str]],
    result: Node | None,
) -> SampleTerms:
    factors = own.factors if yields else ()
    nodes = [node for _, node, _ in yields] + [n for f in factors for n in f.nodes]
    alive = {n for node in [*nodes, *([result] if result else [])] for n in references(node)}
    kept = []
    for statement in reversed(own.accumulated()):
        if statement.target in alive:
            alive |= set(references(statement.value))
            kept.append(statement)
    kept.reverse()
    verify_terms(name, kept, factors_shapes(factors), own.shapes, own.writer.helpers, alive)
    return SampleTerms(
        name,
        tuple(kept),
        tuple(yields),
        factors,
        result,
        own.formulas,
        own.writer.helpers,
        own.shapes,
    )
