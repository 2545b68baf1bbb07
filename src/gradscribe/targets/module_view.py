"""What the template of a NumPy module is filled with: ready strings, no mathematics."""

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sympy import Symbol

from gradscribe.derivation.reverse import weight_of_sample
from gradscribe.derivation.steps import Derivation
from gradscribe.equation import Variable
from gradscribe.formula import TEXT, expression
from gradscribe.model.network import Network
from gradscribe.notation import name_text, size_python
from gradscribe.printing.numpy_printer import source
from gradscribe.program.build import curvatures
from gradscribe.program.ir import SPECIAL, Node, Program, Ref, replaced
from gradscribe.program.lower import lower
from gradscribe.program.second_order import Terms
from gradscribe.targets.along_view import AlongView
from gradscribe.targets.check_view import CheckView, check_view
from gradscribe.targets.derivation_view import function_formulas
from gradscribe.targets.kernel_view import (
    Calls,
    KernelView,
    calls,
    is_sensitivity,
    kernel_views,
)
from gradscribe.targets.layout import WIDTH, tuple_source, wrapped
from gradscribe.targets.learning_view import LearningView, learning_view
from gradscribe.targets.mapping import mapping
from gradscribe.targets.sample_view import SampleView
from gradscribe.targets.terms_view import SecondOrderView, second_order_view
from gradscribe.version import VERSION


@dataclass(frozen=True)
class ParameterView:
    """A parameter and what it is."""

    name: str
    meaning: str


@dataclass(frozen=True)
class HelperView:
    """An activation function that takes more than one NumPy call."""

    name: str
    meaning: str
    formula: str
    source: str


@dataclass(frozen=True)
class TrainedView:
    """The parameters and classes of a trained model, which a module may have in it.

    Attributes:
        origin: the model.
        classes: the lines of a constant with the labels of the outputs; () without them.
        lines: the numbers of all parameters, in Base64; () where they lie in a file of their own.
        shapes: of the parameters, in order.
        type: of the numbers, for NumPy.
        inputs: the lines of a constant with the names of the inputs; then there is `predict`.
        columns: the lines of a constant with the columns that inputs are made of, each its name and
            its words; () where none has any. Then there is `encode`.
        scaling: the lines of constants with factors and shifts of inputs and outputs; () where
            they are folded into the parameters.
        border: what one output of two classes is compared with.
    """

    origin: str
    classes: tuple[str, ...]
    lines: tuple[str, ...]
    shapes: tuple[str, ...]
    type: str
    inputs: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    scaling: tuple[str, ...] = ()
    border: str = "0.5"


@dataclass(frozen=True)
class FactorView:
    """The factor of J.

    Attributes:
        value: its source, in names of sizes.
        sizes: the line that defines these; "" where there is none.
        of_samples: whether N is one of them.
    """

    value: str
    sizes: str
    of_samples: bool


@dataclass(frozen=True)
class ModuleView:
    """Everything that the template of a module may show."""

    title: str
    mapping: str
    summary: str
    network: tuple[str, ...]
    functions: tuple[str, ...]
    arrays: tuple[str, ...]
    version: str
    spec: str
    sizes_constant: str
    shapes_constant: str
    start: str
    parameters: tuple[ParameterView, ...]
    sizes_argument: str
    sizes_meaning: str
    dtype: str
    output_text: str
    output_shape: str
    cost_meaning: str
    cost_formula: str
    sensitivities_text: str
    call: Calls
    factor: FactorView
    curvatures: tuple[str, ...]
    special: bool
    helpers: tuple[HelperView, ...]
    kernels: tuple[KernelView, ...]
    input_size: str
    target_size: str
    of_classes: bool
    check: CheckView
    second_order: SecondOrderView
    sample: SampleView
    trained: TrainedView | None = None
    along: AlongView | None = None
    initial: tuple[str, ...] = ()
    sensitivities_names: str = ""
    sensitivities_places: str = ""
    learning: LearningView | None = None


def module_view(
    derivation: Derivation, program: Program, second: Sequence[Terms], sample: SampleView
) -> ModuleView:
    """Return the view of a module for a derivation and its program after all passes."""
    network = derivation.network
    helpers, kernels = _helpers(network, program), kernel_views(derivation, program)
    check, matrices = check_view(network), second_order_view(network, second)
    return ModuleView(
        title=_title(network, "hessian" in sample.parts),
        mapping=mapping(network),
        summary=_summary(network),
        network=_network_lines(derivation),
        functions=tuple(
            line for text in function_formulas(network) for line in textwrap.wrap(text, WIDTH - 4)
        ),
        arrays=_array_lines(network),
        version=VERSION,
        spec=spec_source(network.spec),
        sizes_constant="\n".join(_sizes_constant(network)),
        shapes_constant="\n".join(_shapes_constant(network)),
        start="\n".join(_start_constant(network)),
        parameters=tuple(
            ParameterView(v.name, f"{_meaning(v)}, {_shape(v)}.") for v in network.parameters
        ),
        sizes_argument="sizes: Sequence[int]" + (" = SIZES" if network.sizes else ""),
        sizes_meaning=_sizes_meaning(network),
        dtype=network.dtype,
        output_text=name_text(network.output.name),
        output_shape=_shape(network.output),
        cost_meaning=network.cost.variable.meaning,
        cost_formula=_cost_formula(derivation),
        sensitivities_text=_sensitivities(program),
        call=calls(program),
        factor=_factor(network),
        curvatures=tuple(_curvatures(derivation)),
        special=calls_special(helpers, kernels, check, matrices, sample),
        helpers=helpers,
        kernels=kernels,
        input_size=", ".join(size_python(s.name) for s in network.input.shape),
        target_size=", ".join(size_python(s.name) for s in network.target.shape),
        of_classes=network.loss.of_classes and len(network.target.shape) == 1,
        check=check,
        second_order=matrices,
        initial=tuple(
            f"arrays[{k}] += {v.initial}  # {v.name}"
            for k, v in enumerate(network.parameters)
            if v.initial
        ),
        sensitivities_names=tuple_source([f'"{n}"' for n in _adjoints(program)]),
        sensitivities_places=tuple_source(
            [str(program.kernel("sensitivities").outputs.index(n)) for n in _adjoints(program)]
        ),
        sample=sample,
        learning=learning_view(network.learning),
    )


def _factor(network: Network) -> FactorView:
    factor = weight_of_sample(network)
    names = {s.name for s in factor.free_symbols}
    outputs = names - {"N"}
    sizes = "N = len(D)" if names else ""
    if outputs:
        sizes = f"N, {', '.join(size_python(s.name) for s in network.output.shape)} = D.shape"
    return FactorView(source(lower(factor, (), {})), sizes, "N" in names)


def _curvatures(derivation: Derivation) -> list[str]:
    """Return the entries of a table: the second derivatives of the penalty."""
    parameters = [p.name for p in derivation.network.parameters]
    fields: dict[str, Node] = {name: Ref(f"params.{name}") for name in parameters}
    found = curvatures(derivation)
    return [f'"{name}": {source(replaced(node, fields))},' for name, node in found.items()]


def spec_source(spec: str) -> str:
    """Return a specification as a Python string, broken over lines where it is long."""
    if len(spec) <= WIDTH - len('SPEC = ""'):
        return f'"{spec}"'
    if len(spec) <= WIDTH - 6:
        return f'(\n    "{spec}"\n)'
    lines, line = [], ""
    for word in spec.split(" "):
        piece = word + " "
        if line and len(line) + len(piece) > WIDTH - 8:
            lines.append(line)
            line = ""
        while len(piece) > WIDTH - 8:
            lines.append(piece[: WIDTH - 8])
            piece = piece[WIDTH - 8 :]
        line += piece
    lines.append(line[:-1])
    return "\n".join(["(", *(f'    "{part}"' for part in lines if part), ")"])


def _title(network: Network, second_order: bool) -> str:
    what = "-".join(map(str, network.sizes)) if network.sizes else "feed-forward"
    if len(what) > 40:
        what = f"{len(network.sizes or ()) - 1}-layer"
    article = "an" if what.startswith(("8", "11-", "18-")) else "a"
    parts = "cost, gradient and Hessian" if second_order else "cost and gradient"
    text = f"{article} {what} network with its {parts}."
    return f"{network.name}: {text}" if network.name else text[0].upper() + text[1:]


def _summary(network: Network) -> str:
    text = f"For one sample, with the layer as superscript ({_lower(network.loss.meaning)}):"
    return textwrap.fill(text, WIDTH)


def _lower(text: str) -> str:
    return text[0].lower() + text[1:]


def _network_lines(derivation: Derivation) -> tuple[str, ...]:
    """Return the network's equations with their numbers."""
    width = len(derivation.network.cost.label) + 2
    own = [q for q in derivation.equations if not q.steps]
    return tuple(f"{f'({q.label})'.rjust(width)} {q.text}" for q in own)


def _array_lines(network: Network) -> tuple[str, ...]:
    values = dict(zip(network.layers, map(str, network.sizes or ()), strict=False))
    rows = [
        (name, _shape(variable, values), meaning)
        for name, variable, meaning in (
            ("X", network.input, "input"),
            ("D", network.target, _target_meaning(network)),
            *((v.name, v, _meaning(v)) for v in network.parameters),
        )
    ]
    first, second = (max(len(r[c]) for r in rows) for c in (0, 1))
    return tuple(f"{n.ljust(first)}  {s.ljust(second)}  {m}" for n, s, m in rows)


def _target_meaning(network: Network) -> str:
    if not network.loss.of_classes or len(network.target.shape) > 1:
        return "desired output"
    return "desired output: a 1 for the class, or its number 0, 1, …, as integers (N,)"


def _shape(variable: Variable, values: Mapping[Symbol, str] | None = None) -> str:
    """Return a variable's shape, with the values of sizes where they are known."""
    known = values or {}
    sizes = [known.get(s, size_python(s.name)) for s in variable.shape]
    return tuple_source(["N", *sizes] if variable.per_sample else sizes)


def _meaning(parameter: Variable) -> str:
    if parameter.meaning:
        return parameter.meaning
    return "weights" if len(parameter.shape) == 2 else "biases"


def _sizes_constant(network: Network) -> list[str]:
    names = [f'"{size_python(s.name)}"' for s in network.layers]
    sizes = [str(n) for n in network.sizes or ()]
    fixed = ["SIZES = None  # read from the parameters"]
    if sizes:
        fixed = wrapped("SIZES = (", sizes, ",)" if len(sizes) == 1 else ")")
    return [*fixed, *wrapped("_SIZE_NAMES = (", names, ",)" if len(names) == 1 else ")")]


def _quoted(text: str) -> str:
    return f'"{text}"'


def _shapes_constant(network: Network) -> list[str]:
    rows = [
        f'    "{v.name}": {tuple_source([_quoted(size_python(s.name)) for s in v.shape])},'
        for v in network.parameters
    ]
    return ["_SHAPES = {", *rows, "}"]


def _start_constant(network: Network) -> list[str]:
    rows = [f'"{name}": {value!r}' for name, value in network.start.items()]
    return wrapped("_START = {", rows, "}") if rows else []


def calls_special(*views: object) -> bool:
    """Whether any line in views calls a function that NumPy does not have."""
    text = repr(views)
    return any(f"{name.removeprefix('_')}(" in text for name in SPECIAL)


def _sizes_meaning(network: Network) -> str:
    names = [size_python(s.name) for s in network.layers]
    shown = names if len(names) <= 6 else [*names[:3], "…", names[-1]]
    return f"({', '.join(shown)}), the number of inputs and of each layer's nodes"


def _cost_formula(derivation: Derivation) -> str:
    cost, one = derivation.network.cost, derivation.network.equations[-1]
    return f"{cost.text} with {one.text}."


def _adjoints(program: Program) -> list[str]:
    """Return which derivatives of E the sensitivities are, of what the kernel gives back."""
    outputs = program.kernel("sensitivities").outputs
    return [n for n in outputs if n.startswith(("delta", "dE_d"))]


def _sensitivities(program: Program) -> str:
    names = [name_text(name) for name in filter(is_sensitivity, _adjoints(program))]
    names = names or [name_text(name) for name in _adjoints(program)]
    return ", ".join(names if len(names) <= 4 else [names[0], "…", names[-1]])


def _helpers(network: Network, program: Program) -> tuple[HelperView, ...]:
    formulas = {f"_{e.name}": e.formula for e in network.functions.values() if e is not None}
    return tuple(
        HelperView(h.name, h.meaning, expression(formulas[h.name], TEXT), source(h.value))
        for h in program.helpers
    )
