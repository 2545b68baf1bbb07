"""Passes: each takes a program and returns an equal one. The verifier stands behind each."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from gradscribe.program.folding import fold_constants, with_statements
from gradscribe.program.ir import (
    Call,
    Greatest,
    Kernel,
    MatMul,
    Node,
    Ones,
    Program,
    Reduce,
    Ref,
    Statement,
    children,
    rebuilt,
    references,
    walk,
)
from gradscribe.program.shapes import shape_of
from gradscribe.program.storage import accumulate, reuse
from gradscribe.program.verify import verify


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


# ---- shared subexpressions ---------------------------------------------------------------------


def share(program: Program) -> Program:
    """Compute an elementwise function or a product of matrices that occurs twice only once."""
    if len(program.kernels) == 1:
        return _shared_in_one(program)
    while True:
        repeated = _repeated(program)
        if not repeated:
            return program
        largest = max(repeated, key=lambda n: (sum(1 for _ in walk(n)), str(n)))
        program = _named(program, largest)


def _shared_in_one(program: Program) -> Program:
    """Name what occurs more than once in a single kernel, before its first use."""
    (kernel,) = program.kernels
    counts: Counter[Node] = Counter(
        node for s in kernel.statements for node in walk(s.value) if _is_costly(node)
    )
    known = {s.value: s.target for s in kernel.statements if not s.update}
    shapes = dict(program.shapes)
    names: dict[Node, str] = {}
    helpers = frozenset(h.name for h in program.helpers)
    statements: list[Statement] = []

    def shared(node: Node) -> Node:
        """Return the expression with names for what is known, naming what is needed again."""
        if node in names:
            return Ref(names[node])
        inner = rebuilt(node, tuple(shared(c) for c in children(node)))
        if counts[node] < 2:
            return inner
        name = _name_of(node, replace(program, shapes=shapes))
        shapes[name] = shape_of(node, program.shapes, helpers)
        names[node] = name
        statements.append(Statement(name, inner))
        return Ref(name)

    for statement in kernel.statements:
        value = statement.value
        if counts[value] > 1 and value not in names and known[value] == statement.target:
            value = rebuilt(value, tuple(shared(c) for c in children(value)))
            names[statement.value] = statement.target
        else:
            value = shared(value)
        statements.append(replace(statement, value=value))
    return replace(program, kernels=(with_statements(kernel, tuple(statements)),), shapes=shapes)


def _is_costly(node: Node) -> bool:
    """Whether an expression is worth a name where it occurs twice."""
    return isinstance(node, Call | MatMul | Greatest | Reduce) and bool(references(node))


def shared_in(statement: Statement, program: Program) -> tuple[Statement, ...]:
    """Return a statement after those of what occurs in it twice, with the names that they get.

    Args:
        statement: without an update.
        program: has the shapes of what the statement reads, and takes those of new names.
    """
    counts = Counter(n for n in walk(statement.value) if _is_costly(n))
    if not counts or max(counts.values()) < 2:
        return (statement,)
    kernel = Kernel("", (), (statement,), (statement.target,))
    found = _shared_in_one(replace(program, kernels=(with_statements(kernel, (statement,)),)))
    program.shapes.update(found.shapes)
    return found.kernels[0].statements


def _repeated(program: Program) -> list[Node]:
    """Return the calls and products that occur twice where one name can serve both."""
    places: dict[Node, list[str]] = {}
    for kernel in program.kernels:
        for statement in kernel.statements:
            for node in set(walk(statement.value)):
                if _is_costly(node):
                    places.setdefault(node, []).append(kernel.name)
    return [
        node
        for node, names in places.items()
        if sum(name in _served(program, names) for name in names) > 1
    ]


def _served(program: Program, places: list[str]) -> list[str]:
    """Return the kernels that can share a value, the one that computes it first.

    What the costs compute is their own: the gradient is computed without them. What both need is
    computed before, with what the loss defines, or else by each for itself.
    """
    found = list(dict.fromkeys(places))
    if len(found) > 1 and _PENALTY in found:
        found.remove(_PENALTY)  # it has nothing of the samples
    costs = [name for name in found if name in _COSTS]
    others = [name for name in found if name not in _COSTS]
    if not others:
        return costs[:1]
    if not costs or others[0] in ("forward", "loss"):
        return found
    return ["loss", *found] if any(k.name == "loss" for k in program.kernels) else others


def _named(program: Program, node: Node) -> Program:
    """Give a subexpression a name where it is needed first, and use the name everywhere."""
    found = [k for k in program.kernels if any(node in walk(s.value) for s in k.statements)]
    served = _served(program, [k.name for k in found])
    first = next(
        (s for k in found if k.name == served[0] for s in k.statements if node in walk(s.value)),
        None,
    )
    existing = first.target if first and first.value == node and not first.update else None
    name = existing or _name_of(node, program)
    helpers = frozenset(h.name for h in program.helpers)
    shapes = dict(program.shapes)
    shapes.setdefault(name, shape_of(node, program.shapes, helpers))
    kernels = []
    for kernel in program.kernels:
        if kernel.name in served:
            defined = existing is None and kernel.name == served[0]
            kernel = _with_shared(kernel, node, name, defined)
        kernels.append(kernel)
    return replace(program, kernels=_given_on(tuple(kernels)), shapes=shapes)


def _with_shared(kernel: Kernel, node: Node, name: str, defined: bool) -> Kernel:
    """Use the name of a subexpression, which is defined before its first use or at the end."""
    statements: list[Statement] = []
    for statement in kernel.statements:
        if statement.target == name:
            statements.append(statement)
            continue
        value = _with_name(statement.value, node, name)
        if value != statement.value and defined:
            statements.append(Statement(name, node))
            defined = False
        statements.append(replace(statement, value=value))
    if defined:
        statements.append(Statement(name, node))
    return with_statements(kernel, tuple(statements))


def _with_name(value: Node, node: Node, name: str) -> Node:
    if value == node:
        return Ref(name)
    return rebuilt(value, tuple(_with_name(c, node, name) for c in children(value)))


_COSTS = ("sample_costs", "cost")
_PENALTY = "penalty"
_KINDS: dict[type[Node], str] = {MatMul: "product", Greatest: "max", Reduce: "sum"}


def _name_of(node: Node, program: Program) -> str:
    """Return a name that says what is computed: `tanh_u1`."""
    what = node.function.strip("_") if isinstance(node, Call) else _KINDS[type(node)]
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
        outputs = tuple(
            dict.fromkeys([*(o for o in own if o not in kernel.outputs), *kernel.outputs])
        )
        result.append(replace(kernel, outputs=outputs))
    return tuple(result)


# ---- sums as products --------------------------------------------------------------------------

ONES = "ones"


def sum_by_product(program: Program) -> Program:
    """Sum a matrix over its rows by a product with ones: BLAS does it several times faster."""
    kernels = []
    for kernel in program.kernels:
        statements = tuple(_with_products(s, program) for s in kernel.statements)
        if statements != kernel.statements:
            statements = (Statement(ONES, Ones("N")), *statements)
        kernels.append(with_statements(kernel, statements))
    return replace(program, kernels=tuple(kernels), shapes={**program.shapes, ONES: ("N",)})


def _with_products(statement: Statement, program: Program) -> Statement:
    return replace(statement, value=_sums_as_products(statement.value, program))


def _sums_as_products(node: Node, program: Program) -> Node:
    if isinstance(node, Reduce) and node.axes == (0,) and isinstance(node.operand, Ref):
        shape = program.shapes[node.operand.name]
        if len(shape) == 2 and shape[0] == "N":
            return MatMul(Ref(ONES), node.operand)
    if isinstance(node, Reduce) and node.axes == (1,) and isinstance(node.operand, Ref):
        shape = program.shapes[node.operand.name]
        if len(shape) == 2 and shape[1] == "N":
            return MatMul(node.operand, Ref(ONES))
    return rebuilt(node, tuple(_sums_as_products(c, program) for c in children(node)))


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
        kernels.append(with_statements(kernel, tuple(kept[::-1])))
    return replace(program, kernels=tuple(kernels))


PASSES = (
    Pass("constant folding", "numbers computed, nested sums and products joined", fold_constants),
    Pass("shared subexpressions", "what occurs twice is computed once", share),
    Pass("dead code", "what nothing depends on is dropped", eliminate_dead),
    Pass("sums as products", "a sum over samples is a product with ones", sum_by_product),
    Pass("accumulate", "sums and products go into the array of a matrix product", accumulate),
    Pass("reuse", "f(u) takes the array of u where that is not needed again", reuse),
)
