"""What the templates of modules of single numbers are filled with: kernels as ready lines."""

from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from itertools import accumulate, pairwise

from gradscribe.derivation.reverse import weight_of_sample
from gradscribe.derivation.steps import Derivation
from gradscribe.printing.number_printer import MATH_NAMES, NumberPrinter
from gradscribe.printing.numpy_printer import source
from gradscribe.program.ir import SPECIAL, Program
from gradscribe.program.lower import lower
from gradscribe.program.scalar_kernels import ScalarProgram
from gradscribe.targets.layout import (
    WIDTH,
    call,
    filled,
    signature,
    tuple_source,
)
from gradscribe.targets.module_view import ModuleView, calls_special, module_view
from gradscribe.targets.number_kernels import ArrayWriter, ListWriter, NumberKernelView
from gradscribe.targets.sample_view import SampleView

_BYTES = 32  # of a Python number and its place in a list


@dataclass(frozen=True)
class RunnerView:
    """A function that gives the arguments of a module's functions to a kernel.

    Attributes:
        head: its first lines.
        lines: what is tried first.
        otherwise: what is done where that cannot be.
    """

    head: str
    lines: tuple[str, ...]
    otherwise: tuple[str, ...]


@dataclass(frozen=True)
class NumbersView:
    """What these modules have beside what all modules have.

    Attributes:
        kernels: the functions over samples.
        runners: what calls them.
        functions: what is imported from `math`, or from NumPy, sorted.
        special: those that NumPy does not have, if it is NumPy's functions that are called.
        placed: each parameter with its shape and the position of its first number among all.
        columns: the first and the last column of each layer's sensitivities.
        parameters: K.
        outputs: N_M.
        inputs: N_0.
        held: how many bytes the numbers of a sample take in the largest function.
    """

    kernels: tuple[NumberKernelView, ...]
    runners: tuple[RunnerView, ...]
    functions: tuple[str, ...]
    special: tuple[str, ...]
    placed: tuple[tuple[str, tuple[str, int]], ...]
    columns: tuple[tuple[int, int], ...]
    parameters: int
    outputs: int
    inputs: int
    held: int

    @property
    def upper(self) -> int:
        """The number of entries of a triangle of a matrix (K, K), its diagonal with it."""
        return self.parameters * (self.parameters + 1) // 2

    @property
    def columns_source(self) -> str:
        """The columns as the source of a tuple."""
        return tuple_source([str(pair) for pair in self.columns])


@dataclass(frozen=True)
class ScalarModuleView(ModuleView):
    """The view of a module, and its kernels over single numbers."""

    numbers: NumbersView = field(kw_only=True)


def scalar_module_view(
    derivation: Derivation, program: Program, numbers: ScalarProgram, style: str
) -> ScalarModuleView:
    """Return the view of a module.

    Args:
        derivation: of the network.
        program: what NumPy computes, for the self-check's functions.
        numbers: the kernels.
        style: how kernels take numbers: "lists" or "arrays".
    """
    base = module_view(derivation, program, (), SampleView(numbers.parts))
    values = {f.name: getattr(base, f.name) for f in fields(base)}
    view = numbers_view(numbers, style)
    values["special"] = base.special or calls_special(view)
    return ScalarModuleView(**values, numbers=view)


def numbers_view(program: ScalarProgram, style: str) -> NumbersView:
    """Return the view of the kernels."""
    known, network = program.components, program.components.network
    printer = NumberPrinter()
    writer = {"lists": ListWriter, "arrays": ArrayWriter}[style]
    kernels = tuple(writer(k, program, printer).view() for k in program.kernels)
    functions = sorted(
        f"{MATH_NAMES[f]} as {f}" if style == "lists" and f in MATH_NAMES else f
        for f in printer.functions
    )
    special = [f for f in functions if f"_{f}" in SPECIAL and style != "lists"]
    starts = list(accumulate([known.count(p) for p in network.parameters], initial=0))
    shapes = [tuple_source([str(known.sizes[s]) for s in p.shape]) for p in network.parameters]
    names = [p.name for p in network.parameters]
    layers = list(accumulate([known.count(v) for v in program.layers], initial=0))
    return NumbersView(
        kernels=kernels,
        runners=tuple(_runners(names, program, style)),
        functions=tuple(f for f in functions if f not in special),
        special=tuple(special),
        placed=tuple(zip(names, zip(shapes, starts, strict=False), strict=True)),
        columns=tuple(pairwise(layers)),
        parameters=starts[-1],
        outputs=known.count(network.output),
        inputs=known.count(network.input),
        held=_BYTES * max(len(k.body) + len(k.result) for k in program.kernels),
    )


def _runners(names: list[str], program: ScalarProgram, style: str) -> Iterator[RunnerView]:
    """Yield what calls kernels of each kind of arguments."""
    arguments = {k.arguments for k in program.kernels}
    factor = weight_of_sample(program.components.network).subs(program.components.sizes)
    value = source(lower(factor, (), {}))
    yield _runner("_of_inputs", names, ("X",), style, value)
    yield _runner("_of_pairs", names, ("X", "D"), style, value)
    yield _runner("_of_samples", names, ("X", "D", "S"), style, value)
    if ("V", "X", "D", "S") in arguments:
        yield _runner("_along", names, ("V", "X", "D", "S"), style, value)


def _condition(tests: list[str]) -> list[str]:
    """Return the lines of an `if`, at the indentation of eight columns."""
    line = f"if {' and '.join(tests)}:"
    if len(line) + 8 <= WIDTH:
        return [line]
    first, *others = tests
    return ["if (", f"    {first}", *(f"    and {test}" for test in others), "):"]


def _runner(
    name: str, parameters: list[str], arguments: tuple[str, ...], style: str, factor: str
) -> RunnerView:
    typed = [f"{a}: {'Parameters' if a == 'V' else 'np.ndarray'}" for a in arguments if a != "S"]
    weights = ["S"] if "S" in arguments else []
    typed += ["sample_weight: np.ndarray | None"] if weights else []
    bounded = name == "_of_samples"
    typed = ["kernel: Callable", "params: Parameters", *typed]
    typed += ["workspace: int = WORKSPACE"] if bounded else []
    data = [a for a in arguments if a not in ("V", "S")]
    directions = [f"R_{p}" for p in parameters] if "V" in arguments else []
    every = [*parameters, *directions, *data]
    lines = filled("", parameters, " = params", 8)
    lines += filled("", directions, " = V", 8) if directions else []
    if style == "lists":
        lines += filled("fit = ", [*(f"{n}.dtype" for n in every), "_FLOAT"], "", 8, " is ")
        conditions = [
            "fit",
            *(["workspace == WORKSPACE"] if bounded else []),
            "0 < X.size < _AT_ONCE",
            *(["sample_weight is None"] if weights else []),
        ]
        inner = [f"S = [{factor}] * len(X)"] if weights else []
        inner += ["N = len(X)"] if weights and "N" in factor else []
        inner.reverse()
        numbers = [*(f"{n}.tolist()" for n in every), *weights]
        inner += call("total, found = kernel(", numbers, ")", 12)
        inner += ["if math.isfinite(total):", "    return found"]
        lines += [*_condition(conditions), *(f"    {line}" for line in inner)]
    else:
        indent = 12 if weights else 8
        inner = ["N = len(X)", f"S = np.full(N, {factor})"] if weights else []
        inner += call("total, found = _compiled(kernel)(", [*every, *weights], ")", indent)
        inner += ["if math.isfinite(total):", "    return found"]
        conditions = ["workspace == WORKSPACE"] if bounded else []
        conditions += ["sample_weight is None"] if weights else []
        test = _condition(conditions) if conditions else []
        lines += [*test, *(f"    {line}" if test else line for line in inner)]
    otherwise = [f"params, {', '.join(data)} = _checked(params, {', '.join(data)})"]
    if weights:
        otherwise.append("S = _scale(D, sample_weight)")
    data += weights
    given = "(*params, *_direction(V, params))" if directions else "params"
    workspace = "workspace" if bounded else "WORKSPACE"
    otherwise.append(f"return _computed(kernel, {given}, {tuple_source(data)}, {workspace})")
    head = "\n".join(signature(f"def {name}(", typed, ") -> list | np.ndarray:"))
    return RunnerView(head, tuple(lines), tuple(otherwise))
