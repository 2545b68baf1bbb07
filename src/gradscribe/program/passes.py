"""Passes: each takes a program and returns an equal one. The verifier stands behind each."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from fractions import Fraction

from gradscribe.program.build import inputs_of
from gradscribe.program.ir import (
    Add,
    Call,
    Const,
    Kernel,
    MatMul,
    Mul,
    Node,
    Power,
    Program,
    Reduce,
    Ref,
    Size,
    Statement,
    Transpose,
    children,
    rebuilt,
    references,
    replaced,
    walk,
)
from gradscribe.program.shapes import shape_of
from gradscribe.program.verify import verify

SCALE = "scale"


@dataclass(frozen=True)
class Pass:
    """A named pass."""

    name: str
    meaning: str
    apply: Callable[[Program], Program]


def run_passes(program: Program, passes: "Iterable[Pass] | None" = None) -> Program:
    """Return the program after all passes, verified after each."""
    verify(program, "lowering")
    for step in PASSES if passes is None else passes:
        program = step.apply(program)
        verify(program, step.name)
    return program


def _each_value(program: Program, change: Callable[[Node], Node]) -> Program:
    """Apply a change to the value of every statement."""
    kernels = tuple(
        _with_statements(k, tuple(replace(s, value=change(s.value)) for s in k.statements))
        for k in program.kernels
    )
    return replace(program, kernels=kernels)


def _with_statements(kernel: Kernel, statements: tuple[Statement, ...]) -> Kernel:
    return replace(kernel, statements=statements, inputs=inputs_of(statements))


# ---- constant folding --------------------------------------------------------------------------


def fold_constants(program: Program) -> Program:
    """Compute with numbers, drop neutral elements, and join nested sums and products."""
    return _each_value(program, folded)


def folded(node: Node) -> Node:
    """Return an expression with its constants computed."""
    node = rebuilt(node, tuple(folded(c) for c in children(node)))
    match node:
        case Add(terms):
            return _joined(Add, terms, Fraction(0), lambda a, b: a + b)
        case Mul(factors):
            return _joined(Mul, factors, Fraction(1), lambda a, b: a * b)
        case Power(Const(value), exponent) if value or exponent > 0:
            return Const(value**exponent)
        case Power(base, 1):
            return base
        case Reduce(Reduce(operand, inner), outer):
            return Reduce(operand, _both(inner, outer))
        case Transpose(Transpose(operand)):
            return operand
        case _:
            return node


def _joined(
    kind: type[Add] | type[Mul],
    operands: tuple[Node, ...],
    neutral: Fraction,
    combine: Callable[[Fraction | float, Fraction | float], Fraction | float],
) -> Node:
    flat = [o for operand in operands for o in (children(operand) if isinstance(operand, kind) else (operand,))]
    value: Fraction | float = neutral
    for operand in flat:
        if isinstance(operand, Const):
            value = combine(value, operand.value)
    rest = [o for o in flat if not isinstance(o, Const)]
    if value != neutral:
        rest.insert(0, Const(value))
    if not rest:
        return Const(neutral)
    return rest[0] if len(rest) == 1 else kind(tuple(rest))


def _both(inner: tuple[int, ...], outer: tuple[int, ...]) -> tuple[int, ...]:
    """Return the axes summed by two reductions, counted before the first."""
    left = [a for a in range(max(inner) + max(outer) + 2) if a not in inner]
    return tuple(sorted((*inner, *(left[a] for a in outer))))


# ---- shared subexpressions ---------------------------------------------------------------------


def share(program: Program) -> Program:
    """Compute an elementwise function or a product of matrices that occurs twice only once."""
    while True:
        counts = Counter(
            node
            for kernel in program.kernels
            for statement in kernel.statements
            for node in set(walk(statement.value))
            if isinstance(node, Call | MatMul) and references(node)
        )
        twice = [node for node, count in counts.items() if count > 1]
        if not twice:
            return program
        largest = max(twice, key=lambda n: (sum(1 for _ in walk(n)), str(n)))
        program = _named(program, largest)


def _named(program: Program, node: Node) -> Program:
    """Give a subexpression a name where it occurs first, and use the name everywhere."""
    existing = next(
        (s.target for k in program.kernels for s in k.statements if s.value == node and not s.update), None
    )
    name = existing or _name_of(node, program)
    helpers = frozenset(h.name for h in program.helpers)
    shapes = dict(program.shapes)
    shapes.setdefault(name, shape_of(node, program.shapes, helpers))
    kernels = []
    done = existing is not None
    for kernel in program.kernels:
        statements: list[Statement] = []
        for statement in kernel.statements:
            if statement.target == name:
                statements.append(statement)
                continue
            value = _with_name(statement.value, node, name)
            if value != statement.value and not done:
                statements.append(Statement(name, node))
                done = True
            statements.append(replace(statement, value=value))
        kernels.append(_with_statements(kernel, tuple(statements)))
    return replace(program, kernels=_given_on(tuple(kernels)), shapes=shapes)


def _with_name(value: Node, node: Node, name: str) -> Node:
    if value == node:
        return Ref(name)
    return rebuilt(value, tuple(_with_name(c, node, name) for c in children(value)))


def _name_of(node: Node, program: Program) -> str:
    """Return a name that says what is computed: `tanh_u1`."""
    what = node.function.strip("_") if isinstance(node, Call) else "product"
    name = "_".join([what, *references(node)])
    while name in program.shapes:
        name += "_"
    return name


def _given_on(kernels: tuple[Kernel, ...]) -> tuple[Kernel, ...]:
    """Let every kernel give back what a later one reads."""
    result = []
    for position, kernel in enumerate(kernels):
        later = {name for k in kernels[position + 1 :] for name in k.inputs}
        own = [s.target for s in kernel.statements if s.target in later]
        outputs = tuple(dict.fromkeys([*(o for o in own if o not in kernel.outputs), *kernel.outputs]))
        result.append(replace(kernel, outputs=outputs))
    return tuple(result)


# ---- dead code ---------------------------------------------------------------------------------


def eliminate_dead(program: Program) -> Program:
    """Drop statements that nothing given back depends on."""
    kernels = []
    for kernel in program.kernels:
        alive, kept = set(kernel.outputs), []
        for statement in reversed(kernel.statements):
            if statement.target in alive:
                alive.update(references(statement.value))
                kept.append(statement)
        kernels.append(_with_statements(kernel, tuple(kept[::-1])))
    return replace(program, kernels=tuple(kernels))


# ---- the factor of the cost --------------------------------------------------------------------


def scale_at_source(program: Program) -> Program:
    """Multiply the first sensitivities by the factor of J instead of every gradient.

    The sensitivities are linear in their sources, so a factor common to all gradients can be
    given to the sources: the smallest arrays. Applies only where every gradient is the factor
    times an expression of degree one in the sensitivities.
    """
    gradient, deltas = program.kernel("gradient"), program.kernel("sensitivities")
    tainted = _degree_one_set(deltas, gradient)
    factors = [_scalar_factor(s.value, program) for s in gradient.statements]
    if len(set(factors)) != 1 or factors[0] == Const(Fraction(1)):
        return program
    rests = [_without_scalar(s.value, program) for s in gradient.statements]
    if not all(_degree(rest, tainted) == {1} for rest in rests):
        return program
    scaled = []
    for statement in deltas.statements:
        value = _sources_scaled(statement.value, tainted) if statement.target in tainted else statement.value
        if value is None:
            return program
        scaled.append(replace(statement, value=value))
    plain = tuple(replace(s, value=r) for s, r in zip(gradient.statements, rests, strict=True))
    weight = Kernel(SCALE, (), (Statement(SCALE, factors[0]),), (SCALE,))
    changed = {
        "sensitivities": (weight, _with_statements(deltas, tuple(scaled))),
        "gradient": (_with_statements(gradient, plain),),
    }
    kernels = tuple(new for k in program.kernels for new in changed.get(k.name, (k,)))
    return replace(program, kernels=kernels, shapes={**program.shapes, SCALE: ()})


def _degree_one_set(deltas: Kernel, gradient: Kernel) -> set[str]:
    """Return the kernel's variables that the gradients reach through sensitivities."""
    tainted = set(deltas.outputs) & set(gradient.inputs)
    for statement in reversed(deltas.statements):
        if statement.target in tainted:
            inner = [n for n in references(statement.value) if n.startswith(("delta", "dE_d"))]
            tainted.update(n for n in inner if any(s.target == n for s in deltas.statements))
    return tainted


def _factors(node: Node) -> tuple[Node, ...]:
    return node.factors if isinstance(node, Mul) else (node,)


def _is_scalar(node: Node, program: Program) -> bool:
    return all(isinstance(n, Const | Size | Mul | Power | Add) for n in walk(node))


def _scalar_factor(node: Node, program: Program) -> Node:
    return folded(Mul(tuple(f for f in _factors(node) if _is_scalar(f, program))))


def _without_scalar(node: Node, program: Program) -> Node:
    return folded(Mul(tuple(f for f in _factors(node) if not _is_scalar(f, program))))


def _degree(node: Node, tainted: set[str]) -> set[int]:
    """Return the degrees in the tainted variables of an expression's terms; {-1} if none is defined."""
    match node:
        case Ref(name):
            return {int(name in tainted)}
        case Add(terms):
            return set().union(*[_degree(t, tainted) for t in terms])
        case Mul(factors):
            return _sums([_degree(f, tainted) for f in factors])
        case MatMul(left, right):
            return _sums([_degree(left, tainted), _degree(right, tainted)])
        case Const() | Size():
            return {0}
        case Call() | Power():
            inside = set(references(node)) & tainted
            return {-1} if inside else {0}
        case _:
            return _degree(children(node)[0], tainted)


def _sums(degrees: list[set[int]]) -> set[int]:
    total = {0}
    for degree in degrees:
        total = {-1 if -1 in (a, b) else a + b for a in total for b in degree}
    return total


def _sources_scaled(node: Node, tainted: set[str]) -> Node | None:
    """Multiply the terms without a sensitivity by the factor; None where a term has two."""
    terms = node.terms if isinstance(node, Add) else (node,)
    result: list[Node] = []
    for term in terms:
        degree = _degree(term, tainted)
        if degree == {0}:
            result.append(_scaled(term))
        elif degree == {1}:
            result.append(term)
        else:
            return None
    return result[0] if len(result) == 1 else Add(tuple(result))


def _scaled(term: Node) -> Node:
    """Put the factor beside the term's numbers, so that scalars are multiplied first."""
    factors = list(_factors(term))
    numbers = [f for f in factors if isinstance(f, Const)]
    others = [f for f in factors if not isinstance(f, Const)]
    return Mul((*numbers, Ref(SCALE), *others))


# ---- in place ----------------------------------------------------------------------------------


def accumulate(program: Program) -> Program:
    """Split a sum or product whose one operand is a fresh array: the others go into it in place."""
    helpers = frozenset(h.name for h in program.helpers)
    kernels = []
    for kernel in program.kernels:
        statements: list[Statement] = []
        for statement in kernel.statements:
            statements += _split(statement, program, helpers)
        kernels.append(_with_own_updates(kernel, tuple(statements)))
    return replace(program, kernels=tuple(kernels))


def _split(statement: Statement, program: Program, helpers: frozenset[str]) -> list[Statement]:
    value = statement.value
    if not isinstance(value, Add | Mul) or not program.shapes[statement.target]:
        return [statement]
    target = program.shapes[statement.target]
    operands = children(value)
    fresh = next((o for o in operands if _is_fresh(o) and shape_of(o, program.shapes, helpers) == target), None)
    if fresh is None:
        return [statement]
    sign = "+" if isinstance(value, Add) else "*"
    rest = list(operands)
    rest.remove(fresh)
    updates = [replace(statement, value=o, update=sign) for o in rest]
    return [replace(statement, value=fresh), *updates]


def _is_fresh(node: Node) -> bool:
    """Whether evaluating an expression makes a new array of its full shape, at some cost."""
    return isinstance(node, MatMul)


def _with_own_updates(kernel: Kernel, statements: tuple[Statement, ...]) -> Kernel:
    return replace(kernel, statements=statements)


def reuse(program: Program) -> Program:
    """Let a function's result take the array of its argument, where that is not needed again."""
    kernels = []
    for kernel in program.kernels:
        statements = list(kernel.statements)
        for position, statement in enumerate(statements):
            old = _dead_argument(kernel, statement, position, program)
            if old:
                statements[position] = replace(statement, reuse=old)
        kernels.append(replace(kernel, statements=tuple(statements)))
    return replace(program, kernels=tuple(kernels))


def _dead_argument(kernel: Kernel, statement: Statement, position: int, program: Program) -> str:
    value = statement.value
    if statement.update or not isinstance(value, Call) or value.function.startswith("_"):
        return ""
    names = [a.name for a in value.arguments if isinstance(a, Ref)]
    if len(names) != 1 or names[0] in kernel.inputs or names[0] in kernel.outputs:
        return ""
    later = kernel.statements[position + 1 :]
    if any(names[0] in references(s.value) for s in later):
        return ""
    if any(s.value == Ref(names[0]) for s in kernel.statements):
        return ""
    comparison = value.function in ("greater", "greater_equal", "less", "less_equal", "where")
    same = program.shapes[names[0]] == program.shapes[statement.target]
    return names[0] if same and not comparison else ""


PASSES = (
    Pass("constant folding", "numbers computed, nested sums and products joined", fold_constants),
    Pass("shared subexpressions", "what occurs twice is computed once", share),
    Pass("dead code", "what nothing depends on is dropped", eliminate_dead),
    Pass("scale at source", "the factor of J is given to the first sensitivities", scale_at_source),
    Pass("accumulate", "sums and products go into the array of a matrix product", accumulate),
    Pass("reuse", "f(u) takes the array of u where that is not needed again", reuse),
)


def renamed(program: Program, names: dict[str, Node]) -> Program:
    """Return the program with variables replaced by expressions."""
    return _each_value(program, lambda value: replaced(value, names))
