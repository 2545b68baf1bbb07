"""The self-check of a module: the network's equations in plain Python, and the cases to try."""

import ast
from dataclasses import dataclass, replace

from sympy import Add

from gradscribe.catalog.activations import U
from gradscribe.derivation.plain import is_plain
from gradscribe.equation import Equation
from gradscribe.model.fusing import fused
from gradscribe.model.network import Network
from gradscribe.notation import size_python
from gradscribe.printing.numpy_printer import source
from gradscribe.printing.scalar_printer import scalar_source
from gradscribe.program.build import parts_of_cost
from gradscribe.program.lower import lower
from gradscribe.program.stable import stabilised
from gradscribe.symbols import ScalarFunction
from gradscribe.targets.layout import WIDTH, broken, broken_statement, tuple_source

# Widths for networks of any sizes: neighbours differ from each other and from N.
_WIDTHS = ((3, 5, 2, 4, 6), (4, 2, 6, 3, 5))
_SAMPLES = (7, 8)


@dataclass(frozen=True)
class DefinitionView:
    """One of the network's equations as an entry of the table in `_equations`."""

    name: str
    shape: str
    reads: str
    function: str


@dataclass(frozen=True)
class CheckView:
    """What the template of the self-check is filled with."""

    sizes_unpacked: str
    definitions: tuple[DefinitionView, ...]
    penalty: tuple[str, ...]
    cases: tuple[str, ...]
    input_shape: str
    target_shape: str


def check_view(network: Network) -> CheckView:
    """Return the view of a network's self-check."""
    layers = list(network.layers)
    return CheckView(
        sizes_unpacked=_unpacked(network),
        definitions=tuple(_definition(q, network) for q in network.equations),
        penalty=tuple(_penalty(network)),
        cases=tuple(_cases(network)),
        input_shape=", ".join(f"sizes[{layers.index(s)}]" for s in network.input.shape),
        target_shape=", ".join(f"sizes[{layers.index(s)}]" for s in network.target.shape),
    )


def _unpacked(network: Network) -> str:
    names = [size_python(s.name) for s in network.layers]
    if len(names) == 1:
        return f"({names[0]},) = sizes"
    if len(names) * 6 < 70:
        return f"{', '.join(names)} = sizes"
    rows = "".join(f"        {name},\n" for name in names)
    return f"(\n{rows}    ) = sizes"


def _definition(item: Equation, network: Network) -> DefinitionView:
    right = fused(item.right, network)
    right = right if right.has(ScalarFunction) else stabilised(right)
    item = replace(item, right=right)
    reads = sorted({s.name for s in right.free_symbols} & network.variables.keys())
    return DefinitionView(
        name=item.name,
        shape=tuple_source([size_python(s.name) for s in item.variable.shape])
        if item.indices
        else "()",
        reads=tuple_source([f'"{r}"' for r in reads]),
        function=_function(item, network),
    )


def _function(item: Equation, network: Network) -> str:
    """Return an equation as a lambda, in parentheses where it takes another line."""
    head = f"lambda {', '.join(['v', *(k.name for k in item.indices)])}: "
    body = scalar_source(item.right, function_sources(network))
    if 12 + len(head) + len(body) + 1 <= WIDTH:
        return head + body
    if isinstance(ast.parse(body, mode="eval").body, ast.Call):
        return head + "\n            ".join(broken(body, 12, forced=True))
    lines = "".join(f"                {line}\n" for line in broken(body, 16))
    return f"{head}(\n{lines}            )"


def function_sources(network: Network) -> dict[str, str]:
    """Return the source of each activation function, `{}` for its argument."""
    sources = {}
    for stem, entry in network.functions.items():
        assert entry is not None  # the compiler refuses unbound functions before this
        formula = stabilised(entry.formula)
        if formula == U:
            sources[stem] = "{}"
        elif all(not a.args for a in formula.args):
            sources[stem] = source(lower(formula, (), {U: "{}"}))
        else:
            sources[stem] = f"_{entry.name}({{}})"
    return sources


def _penalty(network: Network) -> list[str]:
    """Return the lines that add up what J has of the parameters; none if it has nothing."""
    _, _, penalty = parts_of_cost(network)
    lines: list[str] = []
    for term in Add.make_args(penalty) if penalty != 0 else ():
        sign = "+=" if lines else "="
        lines += broken_statement(f"penalty {sign} {scalar_source(term, {})}")
    return lines


def _cases(network: Network) -> list[str]:
    # What is no plain network may multiply values, whose rounding errors grow with them.
    far = 1000 if is_plain(network) else 8
    if network.sizes is not None:
        return ["(SIZES, 2, 1),", f"(SIZES, 3, {far}),"]
    count = len(network.layers)
    rows = [(_widths(network, w), n, 1) for w, n in zip(_WIDTHS, _SAMPLES, strict=True)]
    ones = 1 if far == 1000 else 2  # a norm of one node is 0 but for rounding
    rows += [((ones,) * count, 1, 1), (_widths(network, _WIDTHS[0]), 4, far)]
    return [f"({tuple_source([str(s) for s in sizes])}, {n}, {u})," for sizes, n, u in rows]


def _widths(network: Network, pattern: tuple[int, ...]) -> tuple[int, ...]:
    """Return sizes by a pattern; a size that occurs twice has one value."""
    known: dict[str, int] = {}
    for position, size in enumerate(network.layers):
        known.setdefault(size.name, pattern[position % len(pattern)])
    return tuple(known[s.name] for s in network.layers)
