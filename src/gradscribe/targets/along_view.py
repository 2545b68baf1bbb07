"""The functions of a module that compute derivatives along directions."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from gradscribe.model.network import Network
from gradscribe.notation import size_python
from gradscribe.printing.numpy_printer import statement_source
from gradscribe.program.along import WEIGHTED, AlongProgram
from gradscribe.program.ir import Node, Ones, Ref, Size, Statement, replaced, walk
from gradscribe.program.weighting import SCALE
from gradscribe.targets.layout import broken_statement, call, comment, signature, tuple_source

_MEANING = {
    "hessian_along": "Return H V for each direction V, (B, …) in the shapes of the parameters.",
    "gauss_newton_along": "Return G V for each direction V; ℛ of adjoints has no ℛ of values.",
    "output_along": "Return how the output changes along each direction, (B, N, …).",
    "output_along_input": "Return how the output changes along each direction of x, (B, N, …).",
    "sample_gradients": "Return ∂E/∂w of each sample.",
}


@dataclass(frozen=True)
class AlongKernelView:
    """A function of the module.

    Attributes:
        name: of the function, without its leading underscore.
        head: its first line.
        meaning: its docstring.
        lines: its body.
        arguments: with which it is called, "params, X, D, along, scale".
        held: the sizes of what it holds for a sample, and a direction.
    """

    name: str
    head: str
    meaning: str
    lines: tuple[str, ...]
    arguments: str
    held: tuple[str, ...]


@dataclass(frozen=True)
class AlongView:
    """What the templates of these functions are filled with."""

    kernels: tuple[AlongKernelView, ...]

    def arguments(self, name: str) -> str:
        """Return with what a function is called."""
        return next(k.arguments for k in self.kernels if k.name == name)


def along_view(network: Network, programs: Iterable[AlongProgram]) -> AlongView:
    """Return the view of these programs."""
    return AlongView(tuple(_kernel_view(network, p) for p in programs))


def _kernel_view(network: Network, program: AlongProgram) -> AlongKernelView:
    kernel, parameters = program.kernel, [p.name for p in network.parameters]
    sizes = _sizes(kernel.statements)
    shapes = {n: s for n, s in program.program.shapes.items() if n in (*parameters, "X", "D")}
    sources = _sources(sizes, shapes, parameters)
    read = {*kernel.inputs, *(s.partition(".")[0].partition(" ")[0] for s in sources.values())}
    names = {"params"} if read & {*parameters, "params"} else set()
    names |= {"X", "D"} & read | {"X"}
    names |= {"along"} if program.along.directions else set()
    if program.along.name in WEIGHTED:
        names = {"params", "X", "D", "along", SCALE.name}  # these are called in one way
    types = {"params": "Parameters"}
    of_input = program.along.name == "output_along_input"
    types["along"] = "np.ndarray" if of_input else "Parameters"
    order = [n for n in ("params", "X", "D", "along", SCALE.name) if n in names]
    parameters_result = program.along.name not in ("output_along", "output_along_input")
    result = "Parameters" if parameters_result else "np.ndarray"
    typed = [f"{n}: {types.get(n, 'np.ndarray')}" for n in order]
    lines = [f"{size_python(s)} = {source}" for s, source in sources.items()]
    lines += _statement_lines(program, _fields(parameters, program))
    lines += _result(network, program)
    return AlongKernelView(
        program.along.name,
        "\n".join(signature(f"def _{program.along.name}(", typed, f") -> {result}:")),
        _MEANING[program.along.name],
        tuple(lines),
        ", ".join(order),
        tuple(_held(program)),
    )


def _sizes(statements: Iterable[Statement]) -> set[str]:
    nodes = [n for s in statements for n in walk(s.value)]
    found = {n.name for n in nodes if isinstance(n, Size)}
    return found | {n.size for n in nodes if isinstance(n, Ones)}


def _sources(
    sizes: set[str], shapes: Mapping[str, tuple[str, ...]], parameters: Iterable[str]
) -> dict[str, str]:
    """Return where each size is read: from X, a parameter or D."""
    own, found = set(parameters), {}
    for size in sorted(sizes):
        for name in ("X", *(n for n in shapes if n not in ("X", "D")), "D"):
            if size in shapes[name]:
                place = f"params.{name}" if name in own else name
                found[size] = f"{place}.shape[{shapes[name].index(size)}]"
                break
    return found


def _fields(parameters: Iterable[str], program: AlongProgram) -> dict[str, Node]:
    fields: dict[str, Node] = {name: Ref(f"params.{name}") for name in parameters}
    for direction in program.along.directions:
        name = direction.name.removeprefix("R_")
        fields[direction.name] = Ref(f"along.{name}" if name in fields else "along")
    return fields


def _statement_lines(program: AlongProgram, fields: Mapping[str, Node]) -> list[str]:
    lines: list[str] = []
    told: set[str] = set()
    for statement in program.kernel.statements:
        if statement.target not in told and statement.target in program.formulas:
            lines += comment(program.formulas[statement.target])
        told.add(statement.target)
        value = replaced(statement.value, dict(fields))
        written = Statement(statement.target, value, "", statement.update, statement.reuse)
        source = statement_source(written).replace("D.dtype", "X.dtype")
        lines += broken_statement(source)
    return lines


def _result(network: Network, program: AlongProgram) -> list[str]:
    """Return the lines that give the results back; one that is always 0 is made here."""
    there = program.kernel.outputs
    if program.along.name in ("output_along", "output_along_input"):
        if there:
            return [f"return {there[0]}"]
        count = "along" if program.along.name == "output_along_input" else "along[0]"
        return [f"return np.zeros((len({count}), *_forward(params, X)[-1].shape), X.dtype)"]
    results = []
    for name, parameter in zip(program.along.results, network.parameters, strict=True):
        zeros = f"np.zeros((len(along[0]), *params.{parameter.name}.shape), X.dtype)"
        results.append(name if name in there else zeros)
    return call("return Parameters(", results, ")", 4)


def _held(program: AlongProgram) -> list[str]:
    """Return the sizes of what is held for each sample, with as many entries as there are."""
    shapes = program.program.shapes
    targets = dict.fromkeys(s.target for s in program.kernel.statements)
    moving = program.along.moving
    if not program.along.directions:
        chosen = [shapes[t] for t in targets]
    else:
        chosen = [shapes[t] for t in targets if t in moving or shapes[t][:1] == ("B",)]
    rows = [tuple(size_python(s) for s in shape if s not in ("B", "N")) for shape in chosen]
    return [tuple_source([f'"{s}"' for s in row]) if row else "()" for row in rows]
