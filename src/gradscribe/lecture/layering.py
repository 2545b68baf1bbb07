"""Formulas for any layer m: the equations of one layer, once all others are known to be the same.

The equations of layer 2, with 1, 2 and 3 written m-1, m and m+1, stand for every layer whose
own equations they become when 2 is replaced by its number. A layer that differs, such as one
with a skip connection, forms a group of its own and is shown by itself.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sympy import Expr, Indexed, IndexedBase, Symbol

from gradscribe.derivation.steps import Derivation
from gradscribe.equation import Equation
from gradscribe.notation import derivative_of, size, split
from gradscribe.symbols import ScalarFunction, scalar_function


@dataclass(frozen=True)
class Group:
    """Layers that have the same equations but for their numbers.

    Attributes:
        shown: the layer whose equations are shown.
        members: all of them.
        layers: the names of the numbers of layers: {"1": "m-1", "2": "m", "3": "m+1"}; none
            where the layer is shown by its own number.
    """

    shown: int
    members: tuple[int, ...]
    layers: Mapping[str, str]


@dataclass(frozen=True)
class Layering:
    """The layers of a network in groups.

    Attributes:
        count: M.
        hidden: the groups of the layers before the last.
        forward: the groups of all layers as far as only their own equations are concerned.
        last: the last layer, shown as M.
    """

    count: int
    hidden: tuple[Group, ...]
    forward: tuple[Group, ...]
    last: Group


def renumbered(name: str, numbers: Mapping[str, str]) -> str:
    """Return a name with other numbers of layers; x is y of layer 0.

    >>> renumbered("ddelta1_du2", {"1": "3", "2": "4"}), renumbered("x", {"0": "2"})
    ('ddelta3_du4', 'y2')
    """
    parts = derivative_of(name)
    if len(parts) == 2:
        above, below = (renumbered(p, numbers) for p in parts)
        return f"d{above}_d{below}"
    if len(parts) == 3:
        cost, first, second = (renumbered(p, numbers) for p in parts)
        return f"d2{cost}_d{first}_d{second}"
    layer = "0" if name == "x" else split(name).layer
    if layer not in numbers:
        return name
    stem = "y" if name == "x" else split(name).stem
    underscore = "_" if name.startswith("N_") else ""
    number = numbers[layer]
    return "x" if stem == "y" and number == "0" else f"{stem}{underscore}{number}"


def moved(expr: Expr, numbers: Mapping[str, str]) -> Expr:
    """Return an expression with other numbers of layers."""
    values: dict[Expr, Expr] = {}
    for atom in expr.atoms(Symbol):
        name = renumbered(atom.name, numbers)
        if name != atom.name:
            number = name.removeprefix("N_")
            values[atom] = size(int(number)) if name.startswith("N_") else Symbol(name)
    for atom in expr.atoms(Indexed):
        base = IndexedBase(renumbered(atom.base.name, numbers))
        values[atom] = Indexed(base, *atom.indices)
    functions = {a.func for a in expr.atoms(ScalarFunction)}
    expr = expr.xreplace(values)
    new = {f: scalar_function(renumbered(f.stem, numbers), f.order) for f in functions}
    return expr.replace(
        lambda e: isinstance(e, ScalarFunction) and e.func in new, lambda e: new[e.func](*e.args)
    )


def shifted(start: int, goal: int, reach: int = 1) -> dict[str, str]:
    """Return the numbers around one layer with those around another."""
    return {str(start + k): str(goal + k) for k in range(-reach, reach + 1)}


class _Layers:
    """Compares the equations of layers."""

    def __init__(self, derivation: Derivation) -> None:
        self.derivation = derivation
        network = derivation.network
        names = [q.name for q in network.equations]
        self.count = sum(split(n).stem == "u" for n in names)
        self.output_layer = split(network.output.name).layer

    def names(self, m: int, stems: tuple[str, ...]) -> list[str]:
        return [n for s in stems if (n := f"{s}{m}") in self.derivation.by_name]

    def same(self, a: int, b: int, stems: tuple[str, ...]) -> bool:
        """Whether layer b has the equations of layer a with the numbers moved."""
        first, second = (self.names(m, stems) for m in (a, b))
        numbers = shifted(a, b)
        if [renumbered(n, numbers) for n in first] != second:
            return False
        pairs = zip(first, second, strict=True)
        return all(self.same_equation(p, q, numbers) for p, q in pairs)

    def same_equation(self, first: str, second: str, numbers: Mapping[str, str]) -> bool:
        a, b = self.derivation.by_name[first], self.derivation.by_name[second]
        return bool(moved(a.right, numbers) == b.right) and a.indices == b.indices

    def groups(self, members: range, stems: tuple[str, ...]) -> tuple[Group, ...]:
        found: list[list[int]] = []
        for m in members:
            for group in found:
                if self.same(group[-1], m, stems):
                    group.append(m)
                    break
            else:
                found.append([m])
        return tuple(self.group(g) for g in found)

    def group(self, members: list[int]) -> Group:
        shown = members[min(1, len(members) - 1)]
        alone = len(members) == 1 and self.count > 2
        layers = {} if alone else {str(shown - 1): "m-1", str(shown): "m", str(shown + 1): "m+1"}
        return Group(shown, tuple(members), layers)


FORWARD = ("u", "y")
BACKWARD = ("u", "y", "delta", "dE_dy", "dE_dW", "dE_db")


def layering(derivation: Derivation) -> Layering:
    """Return the groups of a network's layers."""
    layers = _Layers(derivation)
    count = layers.count
    names = {str(count): "M", str(count - 1): "M-1"}
    hidden = layers.groups(range(1, count), BACKWARD)
    forward = layers.groups(range(1, count + 1), FORWARD)
    return Layering(count, hidden, forward, Group(count, (count,), names))


def equation_of(derivation: Derivation, stem: str, m: int) -> Equation | None:
    """Return the equation of a layer's variable, if there is one."""
    return derivation.by_name.get(f"{stem}{m}")
