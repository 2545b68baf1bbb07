"""What must hold of a program after every pass."""

from collections.abc import Iterable, Mapping, Sequence

from gradscribe.errors import DerivationError
from gradscribe.program.ir import (
    Group,
    Helper,
    Kernel,
    Program,
    Shape,
    Statement,
    Term,
    references,
)
from gradscribe.program.shapes import ONE, shape_of
from gradscribe.program.storage import is_aliased


def verify(program: Program, after: str) -> None:
    """Check a program.

    Every variable is defined before it is read, has the shape of its value exactly, and is read
    or given back; a variable is assigned once; an array that is written over is the kernel's
    own and is not read afterwards.

    Raises:
        DerivationError: naming the pass, the kernel and the statement.
    """
    helpers = frozenset(h.name for h in program.helpers)
    for helper in program.helpers:
        _located(f"{after}: {helper.name}", shape_of, helper.value, {"u": ()}, helpers)
    for kernel in program.kernels:
        _Check(program, kernel, after, helpers).run()


def verify_terms(
    name: str,
    items: Sequence[Statement | Term],
    factors: Mapping[str, Shape],
    shapes: Mapping[str, Shape],
    helpers: tuple[Helper, ...],
    read: Iterable[str] = (),
) -> None:
    """Check statements whose arrays have the samples last, and terms of second derivatives.

    Statements as in `verify`. Every array of a term has an axis for each of its indices, of one
    length wherever an index stands, and the samples' where the sum over these is taken.

    Args:
        name: of the program.
        items: statements and terms in order.
        factors: the shapes of the arrays of factors.
        shapes: of all other variables.
        helpers: activation functions that statements call.
        read: what is read beside the terms, by name.

    Raises:
        DerivationError: naming the program and the statement or the term.
    """
    terms = [i for i in items if isinstance(i, Term)]
    statements = tuple(i for i in items if isinstance(i, Statement))
    assigned = {s.target for s in statements}
    wanted = set(read) | {
        n for t in terms for g, _ in _groups(t) for a in g.arrays for n in references(a)
    }
    inputs = {n for s in statements for n in references(s.value)} - assigned
    kernel = Kernel(name, tuple(sorted(inputs)), statements, tuple(sorted(wanted & assigned)))
    known = {**shapes, **factors, "scale": ()}
    verify(Program((kernel,), known, helpers), "lowering")
    for term in terms:
        _check_term(name, term, known, frozenset(h.name for h in helpers))


def _groups(term: Term) -> list[tuple[Group, bool]]:
    """Return the groups of factors of a term, and whether they have samples."""
    found = [(term.left, True), (term.right, True)]
    return [*found, (term.constant, False)] if term.constant else found


def _check_term(name: str, term: Term, shapes: dict[str, Shape], helpers: frozenset[str]) -> None:
    lengths: dict[str, str] = {}
    for group, moving in _groups(term):
        for letters, array in zip(group.letters, group.arrays, strict=True):
            where = f"lowering, {name}, {term.formula}"
            found = _located(where, shape_of, array, shapes, helpers)
            if len(found) != len(letters) + moving:
                raise DerivationError(f"after {where}: indices {letters!r} of an array {found}")
            for letter, length in zip(letters, found, strict=False):
                if lengths.setdefault(letter, length) != length and length != ONE:
                    raise DerivationError(f"after {where}: {letter!r} is {length} and another")


def _located(where: str, function, *arguments):  # type: ignore[no-untyped-def]
    try:
        return function(*arguments)
    except DerivationError as error:
        raise DerivationError(f"after {where}: {error}") from error


class _Check:
    """The state of walking through one kernel."""

    def __init__(
        self, program: Program, kernel: Kernel, after: str, helpers: frozenset[str]
    ) -> None:
        self.program, self.kernel, self.after, self.helpers = program, kernel, after, helpers
        self.defined = set(kernel.inputs)
        self.overwritten: set[str] = set()
        self.read: set[str] = set()

    def fail(self, message: str) -> None:
        raise DerivationError(f"after {self.after}, kernel {self.kernel.name}: {message}")

    def run(self) -> None:
        for statement in self.kernel.statements:
            self._reads(statement)
            self._shape(statement)
            self._target(statement)
        for name in self.kernel.outputs:
            if name not in self.defined or name in self.overwritten:
                self.fail(f"{name} is given back but not defined")
        used = self.read | set(self.kernel.outputs)
        for statement in self.kernel.statements:
            if statement.target not in used:
                self.fail(f"{statement.target} is computed and not used")
        idle = set(self.kernel.inputs) - self.read
        if idle:
            self.fail(f"inputs that nothing reads: {sorted(idle)}")

    def _reads(self, statement: Statement) -> None:
        for name in references(statement.value):
            if name not in self.defined or name in self.overwritten:
                self.fail(f"{statement.target} reads {name}, which is not defined there")
            self.read.add(name)

    def _shape(self, statement: Statement) -> None:
        where = f"{self.after}, kernel {self.kernel.name}, {statement.target}"
        found = _located(where, shape_of, statement.value, self.program.shapes, self.helpers)
        wanted = self.program.shapes.get(statement.target)
        if statement.update == "diagonal" and wanted is not None:
            if wanted[:1] != wanted[1:2]:
                self.fail(f"{statement.target} has no diagonal: its shape is {wanted}")
            wanted = wanted[1:]
        broadcast = statement.update and wanted is not None and _fits(found, wanted)
        if found != wanted and not broadcast:
            self.fail(f"{statement.target} has shape {wanted}, its value {found}")

    def _target(self, statement: Statement) -> None:
        name = statement.target
        if statement.update:
            if name not in self.defined or name in self.kernel.inputs:
                self.fail(f"{name} is changed in place but is not the kernel's own")
            return
        if name in self.defined:
            self.fail(f"{name} is assigned twice")
        self.defined.add(name)
        if statement.reuse:
            self._reuse(statement)

    def _reuse(self, statement: Statement) -> None:
        old = statement.reuse
        if old in self.kernel.inputs or old not in self.defined:
            self.fail(f"{statement.target} takes the array of {old}, which is not the kernel's own")
        if self.program.shapes[old] != self.program.shapes[statement.target]:
            self.fail(f"{statement.target} takes the array of {old}, which has another shape")
        if is_aliased(old, self.kernel):
            self.fail(f"{statement.target} takes the array of {old}, which has two names")
        self.overwritten.add(old)


def _fits(found: tuple[str, ...], wanted: tuple[str, ...]) -> bool:
    """Whether an operand of an in-place operation broadcasts to the target's shape."""
    tail = wanted[len(wanted) - len(found) :]
    return len(found) <= len(wanted) and all(
        f in (w, "1") for f, w in zip(found, tail, strict=True)
    )
