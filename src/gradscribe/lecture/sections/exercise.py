"""The student's sheet: the worked example with places left open, and its key on another page.

A place left open keeps its answer, so a sheet is verified as its key is; only its text is blank.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count

from gradscribe.equation import Equation
from gradscribe.lecture.display import Chain, Decimal, Gap, Node, Strong, equal
from gradscribe.lecture.model import Blank, Block, Display, Frame, Line, Picture, Rows
from gradscribe.lecture.sections.example import (
    Cell,
    Worked,
    backward_equations,
    data_table,
    forward_chains,
    gradient_chains,
    layers,
    remarks,
    rounded,
    sample_sentence,
    sizes_of,
)
from gradscribe.lecture.sections.path_sum import PathChain, chain_of
from gradscribe.lecture.teller import display
from gradscribe.lecture.writing import bare
from gradscribe.notation import split

SHEET, KEY = "exercise", "key"
SIDE_BY_SIDE = 3  # answers in a row
WORKING = 2  # ruled lines to write on below a row of answers
PATHS = 2  # paths that are asked for


@dataclass(frozen=True)
class Question:
    """A number that is asked for.

    Attributes:
        number: the number of its place.
        chain: left = symbols = numbers = result.
    """

    number: int
    chain: Chain

    @property
    def asked(self) -> Node:
        """Its left side with a place left open."""
        return equal(self.chain.parts[0], Gap(self.number, bare(self.chain.parts[-1])))

    @property
    def answered(self) -> Line:
        """The whole chain, its result in bold, with the number of the place."""
        *start, last = self.chain.parts
        strong = last if isinstance(last, Strong) else Strong(last)
        chain = replace(self.chain, parts=(*start, strong))
        return Line(chain, number=self.number)


@dataclass(frozen=True)
class Task:
    """Questions that belong together.

    Attributes:
        key: of its sentences: "forward", "backward", "gradient".
        questions: in order.
        working: whether there is room to work below the answers.
    """

    key: str
    questions: tuple[Question, ...]
    working: bool


@dataclass(frozen=True)
class PathTask:
    """A path whose factors are asked for.

    Attributes:
        path: the position of the path.
        factors: the numbers of the places below its factors.
        result: the number of the place of its value.
    """

    path: int
    factors: tuple[int, ...]
    result: int


def frames(of: Worked) -> Iterator[Frame]:
    """Yield the frames of the sheet, then those of its key."""
    numbers = count(1)
    found = tasks(of, numbers)
    chain = chain_of(of)
    paths = path_tasks(chain, numbers) if chain else ()
    for frame in (given(of), *(sheet(of, task) for task in found)):
        yield replace(frame, part=SHEET, note=())
    if chain and paths:
        yield replace(path_sheet(of, chain, paths), part=SHEET, note=())
    for position, task in enumerate(found):
        frame = key_of(of, task)
        first = position == 0
        yield replace(frame, part=KEY, fresh=first, note=frame.note if first else ())
    if chain and paths:
        yield replace(path_key(of, chain, paths), part=KEY)


def tasks(of: Worked, numbers: Iterator[int]) -> tuple[Task, ...]:
    """Return the tasks forward, backward and of the gradient, their places numbered."""
    example = of.example
    groups = (
        ("forward", by_node(of, example.network.equations), True),
        ("backward", by_node(of, backward_equations(example)), True),
        ("gradient", gradient_chains(example, example.network.parameters), False),
    )
    return tuple(
        Task(key, tuple(Question(next(numbers), chain) for chain in chains), working)
        for key, chains, working in groups
    )


def by_node(of: Worked, equations: Sequence[Equation]) -> list[Chain]:
    """Return the lines of equations, layer by layer and node by node."""
    groups = (forward_chains(of.example, group) for _, group in layers(equations))
    return [chain for chains in groups for chain in chains]


# -- the sheet --


def given(of: Worked) -> Frame:
    """Show what is given: the network, the sample, the parameters."""
    told, example = of.teller, of.example
    return told.frame(
        "exercise_given",
        Picture(example.network, "nodes"),
        sample_sentence(told, example),
        data_table(example),
        *remarks(told, example),
        told.remark("exercise_given.places", places=str(told.style.places)),
        sizes=sizes_of(example),
    )


def sheet(of: Worked, task: Task) -> Frame:
    """Show places to fill in, with room to work where there is something to work out."""
    blocks: list[Block] = [of.teller.sentence(f"exercise_{task.key}.do")]
    rows = [padded_row(tuple((q.asked,) for q in group)) for group in rows_of(task)]
    if task.working:
        for row in rows:
            blocks += [Rows((), (row,)), Blank(WORKING)]
    else:
        blocks.append(Rows((), tuple(rows)))
    return of.teller.frame(f"exercise_{task.key}", *blocks)


def rows_of(task: Task) -> Iterator[tuple[Question, ...]]:
    """Yield questions in rows: those of one node together, or as many as fit."""
    row: list[Question] = []
    for question in task.questions:
        node = node_of(question)
        if row and (len(row) == SIDE_BY_SIDE or (task.working and node_of(row[0]) != node)):
            yield tuple(row)
            row = []
        row.append(question)
    if row:
        yield tuple(row)


def node_of(question: Question) -> tuple[str, ...]:
    """Return the layer and the indices of what is asked for; "" for what has no layer."""
    left = question.chain.parts[0]
    expr = getattr(bare(left), "expr", None)
    arguments = getattr(expr, "args", ())
    inner = arguments[0] if arguments and not hasattr(expr, "indices") else expr
    base = getattr(inner, "base", inner)
    at = getattr(inner, "indices", ())
    layer = split(str(base)).layer
    return (layer, *map(str, at)) if layer else ("",)


def padded_row(cells: tuple[Cell, ...]) -> tuple[Cell, ...]:
    """Return a row of answers with empty cells at its end, so that all are as long."""
    return (*cells, *[("",)] * (SIDE_BY_SIDE - len(cells)))


def path_tasks(chain: PathChain, numbers: Iterator[int]) -> tuple[PathTask, ...]:
    """Return the paths that are asked for: one or two, each factor and the product."""
    found = []
    for position, path in enumerate(chain.paths[:PATHS]):
        factors = tuple(next(numbers) for _ in path.factors)
        found.append(PathTask(position, factors, next(numbers)))
    return tuple(found)


def path_left(chain: PathChain, task: PathTask) -> Node:
    """Return the derivative where there is one path, else the name of the path."""
    return chain.left if len(chain.paths) == 1 else chain.name(task.path)


def path_sheet(of: Worked, chain: PathChain, paths: Sequence[PathTask]) -> Frame:
    """Show the chain of quotients with places below the factors."""
    told = of.teller
    blocks: list[Block] = [told.sentence("exercise_path.do", count=str(len(chain.paths)))]
    for task in paths:
        body = chain.open_factors(chain.paths[task.path], task.factors)
        gap = Gap(task.result, chain.value(chain.symbols(chain.paths[task.path])))
        left = path_left(chain, task)
        lines = Line(equal(left, body)), Line(equal(left, gap), continued=True)
        blocks.append(Display(lines, numbered=False))
    return told.frame("exercise_path", *blocks, w=chain.weight)


# -- the key --


def key_of(of: Worked, task: Task) -> Frame:
    """Show the answers of a task with the numbers put in."""
    lines = [question.answered for question in task.questions]
    return of.teller.frame(
        "exercise_key",
        display(*lines),
        rounded(of.teller),
        name=f"exercise_key-{task.key}",
        task=of.teller.words.text(f"exercise_{task.key}.title"),
    )


def path_key(of: Worked, chain: PathChain, paths: Sequence[PathTask]) -> Frame:
    """Show the factors of the paths and their products."""
    blocks: list[Block] = []
    for task in paths:
        path = chain.paths[task.path]
        symbols = chain.symbols(path)
        result: Decimal = chain.value(symbols)
        left = path_left(chain, task)
        numbers = equal(left, chain.example.numbers(symbols, result), Strong(result))
        values = chain.closed_factors(path)
        blocks.append(
            Display(
                (
                    Line(equal(left, values), hint=(f"({task.factors[0]}–{task.factors[-1]})",)),
                    Line(numbers, continued=True, number=task.result),
                ),
                numbered=False,
            )
        )
    return of.teller.frame("exercise_path_key", *blocks, rounded(of.teller), w=chain.weight)
