"""Kernels over single numbers as lines of Python, from lists or from arrays."""

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass

from gradscribe.equation import Variable
from gradscribe.printing.number_printer import NumberPrinter
from gradscribe.program.components import Assignment
from gradscribe.program.scalar_kernels import ScalarKernel, ScalarProgram
from gradscribe.targets.layout import (
    WIDTH,
    broken_statement,
    comment,
    filled,
    signature,
    tuple_source,
)

_MEANINGS = {
    "forward": "the outputs of every sample",
    "sample_costs": "E, a row a sample",
    "cost": "J",
    "sensitivities": "δ of every layer, a row a sample",
    "gradient": "∂J/∂w",
    "cost_and_gradient": "J and ∂J/∂w",
    "hessian": "the upper triangle of H, row by row",
    "gauss_newton": "the upper triangle of G, row by row",
    "hessian_vector_product": "H V: ℛ is the derivative along V",
    "jacobian": "∂y/∂w, a row a sample",
    "input_jacobian": "∂y/∂x, a row a sample",
    "sample_gradients": "∂E/∂w, a row a sample",
}


@dataclass(frozen=True)
class NumberKernelView:
    """A function over samples, number by number.

    Attributes:
        name: without the underscore.
        head: its first lines.
        meaning: what it returns beside the sum of all its arguments.
        lines: its body.
        rows: how many numbers it gives for a sample; 0 where it gives sums.
    """

    name: str
    head: str
    meaning: str
    lines: tuple[str, ...]
    rows: int


class _Writer(ABC):
    """Writes one kernel."""

    indent = 8  # columns of what is inside of the loop over samples

    def __init__(
        self, kernel: ScalarKernel, program: ScalarProgram, printer: NumberPrinter
    ) -> None:
        self.kernel, self.program = kernel, program
        self.known = program.components
        network = self.known.network
        self.printer = NumberPrinter()
        self.shared = printer
        self.variables: dict[str, Variable] = {p.name: p for p in network.parameters}
        if "V" in kernel.arguments:
            self.variables |= {f"R_{p.name}": p for p in network.parameters}
        data = {"X": network.input, "D": network.target}
        self.data = {a: data[a] for a in kernel.arguments if a in data}
        self.weights = [a for a in kernel.arguments if a == "S"]

    def view(self) -> NumberKernelView:
        """Return the view of the kernel."""
        lines = [*self.prologue(), *self.loop(), *self.epilogue()]
        self.shared.functions |= self.printer.functions
        head = signature(f"def _{self.kernel.name}(", self.parameters(), "):")
        rows = 0 if self.kernel.adds else len(self.kernel.result)
        meaning = _MEANINGS[self.kernel.name]
        return NumberKernelView(self.kernel.name, "\n".join(head), meaning, tuple(lines), rows)

    def parameters(self) -> list[str]:
        """Return the names of the arguments."""
        return [*self.variables, *self.data, *self.weights]

    def matrix(self, name: str, variable: Variable) -> list[list[str]]:
        """Return the names of the components of a parameter, row by row."""
        names = [self.known.symbol(name, p).name for p in self.known.places(variable)]
        width = self.known.sizes[variable.shape[-1]]
        return [names[k : k + width] for k in range(0, len(names), width)]

    @abstractmethod
    def prologue(self) -> list[str]:
        """Return the lines before the loop over samples."""

    @abstractmethod
    def loop(self) -> list[str]:
        """Return the loop over samples."""

    @abstractmethod
    def epilogue(self) -> list[str]:
        """Return the lines after it."""

    def total(self) -> list[str]:
        """Return the lines that add up all numbers of the parameters."""
        rows = [row for n, v in self.variables.items() for row in self.matrix(n, v)]
        return [
            "# finite unless an argument is not",
            *(
                line
                for position, row in enumerate(rows)
                for line in filled("total += " if position else "total = ", row, "", 4, " + ")
            ),
        ]

    def zeros(self) -> list[str]:
        """Return the lines that start the sums at zero."""
        lines, line = [], ""
        for item in self.kernel.sums:
            piece = f"{item.target} = "
            if line and len(line) + len(piece) + 7 > WIDTH:
                lines.append(f"{line}0.0")
                line = ""
            line += piece
        return [*lines, *([f"{line}0.0"] if line else [])]

    def data_total(self) -> list[str]:
        """Return the lines that add up a sample's numbers."""
        names = [n for v in self.data.values() for row in self.matrix(v.name, v) for n in row]
        return filled("total += ", names, "", self.indent, " + ")

    def statements(self) -> list[str]:
        """Return what is computed for a sample, each equation above its first component."""
        lines: list[str] = []
        told: set[str] = set()
        for item, sign in self.items():
            if item.equation and item.equation not in told:
                told.add(item.equation)
                lines += comment(self.program.formulas[item.equation], self.indent)
            text = f"{item.target} {sign} {self.printer.source(item.value)}"
            lines += _broken(text, self.indent)
        return lines

    def items(self) -> Iterator[tuple[Assignment, str]]:
        """Yield the statements with their signs."""
        yield from ((a, "=") for a in self.kernel.body)
        yield from ((a, "+=") for a in self.kernel.sums)

    def results(self) -> list[str]:
        """Return the numbers of the result."""
        return [self.printer.source(e) for e in self.kernel.result]


def _broken(text: str, indent: int) -> list[str]:
    """Break a statement, each term in a line of its own, which formatters do not for products."""
    lines = broken_statement(text, indent)
    if len(lines) > 1 and re.search(r"\) [*/]|[*/] \(", text):
        lines[-1] += "  # fmt: skip"
    return lines


class ListWriter(_Writer):
    """Kernels over lists of Python's numbers."""

    def parameters(self) -> list[str]:
        """Return the names of the arguments; functions can be given others."""
        own = [f"{f}={f}" for f in self.printer.functions]
        return [*super().parameters(), *(["*", *own] if own else [])]

    def prologue(self) -> list[str]:
        """Return the lines that take lists apart."""
        lines = [
            line
            for name, variable in self.variables.items()
            for line in self.unpacked(name, variable)
        ]
        lines += [*self.total(), *self.zeros()]
        return lines if self.kernel.adds else [*lines, "found = []"]

    def unpacked(self, name: str, variable: Variable) -> list[str]:
        """Return the lines that give each number of a list its name."""
        rows = self.matrix(name, variable)
        if len(variable.shape) == 1:
            return filled("", rows[0], f" = {name}", 4)
        line = f"{tuple_source([tuple_source(r) for r in rows])} = {name}"
        line = line if len(rows) == 1 else line.replace("((", "(", 1).replace(")) =", ") =", 1)
        if len(line) + 4 <= WIDTH:
            return [line]
        heads = [f"row{k}" for k, _ in enumerate(rows, 1)]
        lines = filled("", heads, f" = {name}", 4)
        for head, row in zip(heads, rows, strict=True):
            lines += filled("", row, f" = {head}", 4)
        return lines

    def loop(self) -> list[str]:
        """Return the loop over samples."""
        small = [v.name for v in self.data.values()]
        each = [*small, *(["s"] if self.weights else [])]
        inner = [
            line
            for name, v in zip(small, self.data.values(), strict=True)
            for line in filled("", self.matrix(v.name, v)[0], f" = {name}", 8)
        ]
        lists = [*self.data, *self.weights]
        head = f"for {', '.join(each)} in zip({', '.join(lists)}, strict=True):"
        if len(small) == 1:
            head = f"for {small[0]} in {', '.join(self.data)}:"
        lines = [*inner, *self.data_total(), *self.statements()]
        if not self.kernel.adds:
            lines += (
                filled("found += (", self.results(), ",)", 8)
                if len(self.results()) == 1
                else filled("found += (", self.results(), ")", 8)
            )
        return [head, *(f"    {line}" for line in lines)]

    def epilogue(self) -> list[str]:
        """Return the lines that give the result back."""
        if not self.kernel.adds:
            return ["return total, found"]
        return filled("return total, [", self.results(), "]", 4)


class ArrayWriter(_Writer):
    """Kernels over arrays, for a compiler."""

    def prologue(self) -> list[str]:
        """Return the lines that check shapes and give numbers names."""
        lines = ["N = len(X)", *self.check()]
        for name, variable in self.variables.items():
            for i, row in enumerate(self.matrix(name, variable)):
                lines += self.taken(name, row, f"{i}, " if len(variable.shape) == 2 else "")
        lines += [*self.total(), *self.zeros()]
        if not self.kernel.adds:
            lines.append(f"found = np.empty((N, {len(self.kernel.result)}), {self.dtype})")
        return lines

    @property
    def dtype(self) -> str:
        """The source of the type of the result."""
        return f"{next(iter(self.variables))}.dtype"

    def taken(self, name: str, row: list[str], index: str) -> list[str]:
        """Return the lines that give the numbers of a row of an array names."""
        return [f"{number} = {name}[{index}{j}]" for j, number in enumerate(row)]

    def check(self) -> list[str]:
        """Return the lines that refuse other shapes."""
        shapes = {
            name: tuple_source([str(self.known.sizes[s]) for s in v.shape])
            for name, v in self.variables.items()
        }
        shapes |= {a: f"(N, {self.known.count(v)})" for a, v in self.data.items()}
        shapes |= dict.fromkeys(self.weights, "(N,)")
        tests = [f"{name}.shape != {shape}" for name, shape in shapes.items()]
        line = f"if N == 0 or {' or '.join(tests)}:"
        if len(line) + 4 <= WIDTH:
            return [line, '    raise ValueError("shapes")']
        rows = ["N == 0", *(f"or {t}" for t in tests)]
        return ["if (", *(f"    {r}" for r in rows), "):", '    raise ValueError("shapes")']

    def loop(self) -> list[str]:
        """Return the loop over samples."""
        lines = []
        for argument, v in self.data.items():
            lines += self.taken(argument, self.matrix(v.name, v)[0], "n, ")
        lines += ["s = S[n]"] if self.weights else []
        lines += [*self.data_total(), *self.statements()]
        if not self.kernel.adds:
            lines += [
                line
                for k, text in enumerate(self.results())
                for line in broken_statement(f"found[n, {k}] = {text}", 8)
            ]
        return ["for n in range(N):", *(f"    {line}" for line in lines)]

    def epilogue(self) -> list[str]:
        """Return the lines that put sums into an array."""
        if not self.kernel.adds:
            return ["return total, found"]
        lines = [f"found = np.empty({len(self.kernel.result)}, {self.dtype})"]
        for k, text in enumerate(self.results()):
            lines += _broken(f"found[{k}] = {text}", 4)
        return [*lines, "return total, found"]
