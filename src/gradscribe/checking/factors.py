"""Factors that a gradient can be wrong by: N, 1/N_M, 2, -1 and products of two of them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement

from sympy import Expr, Integer, Symbol

from gradscribe.notation import SAMPLES


@dataclass(frozen=True)
class Factor:
    """(-1)^sign · 2^twos · N^samples · N_M^outputs.

    Attributes:
        outputs_name: how N_M is called in this network: "N_2".
        rank: of how many elementary factors it is made.
    """

    outputs_name: str
    samples: int = 0
    outputs: int = 0
    twos: int = 0
    sign: int = 0
    rank: int = 1

    def value(self, sizes: Mapping[str, int]) -> float:
        """Return its value at these sizes."""
        samples, outputs = float(sizes[str(SAMPLES)]), float(sizes[self.outputs_name])
        powers = 2.0**self.twos * samples**self.samples * outputs**self.outputs
        return -powers if self.sign else powers

    def expression(self) -> Expr:
        """Return it as an expression in N and N_M, to multiply a loss's factor by."""
        outputs = Symbol(self.outputs_name, integer=True, positive=True)
        number = Integer(-1) ** self.sign * Integer(2) ** self.twos
        return number * SAMPLES**self.samples * outputs**self.outputs

    def text(self, every: Sequence[Mapping[str, int]]) -> str:
        """Return it in words, with its values at the sizes that were examined."""
        if self.sign == 1 and self.expression() == -1:
            return "-1"
        formula = str(self.expression()).replace("**", "^").replace("*", " ")
        used = [n for n in (str(SAMPLES), self.outputs_name) if _occurs(n, self)]
        if not used:
            return formula
        words = {str(SAMPLES): "the number of samples", self.outputs_name: "the number of outputs"}
        parts = [f"{n} = {_values(n, every)}, {words[n]}" for n in used]
        if formula == self.outputs_name or formula == str(SAMPLES):
            return f"{formula} = {_values(formula, every)} ({words[formula]})"
        return f"{formula} ({'; '.join(parts)})"


def factors(outputs_name: str) -> Iterator[Factor]:
    """Yield N, 1/N, N_M, 1/N_M, 2, 1/2, -1 and the products of two of them, simplest first."""
    single = [
        (1, 0, 0, 0), (-1, 0, 0, 0), (0, 1, 0, 0), (0, -1, 0, 0),
        (0, 0, 1, 0), (0, 0, -1, 0), (0, 0, 0, 1),
    ]  # fmt: skip
    seen = {(0, 0, 0, 0)}
    for powers in single:
        seen.add(powers)
        yield Factor(outputs_name, *powers)
    for left, right in combinations_with_replacement(single, 2):
        a, b, c, d = (p + q for p, q in zip(left, right, strict=True))
        if (a, b, c, d % 2) not in seen:
            seen.add((a, b, c, d % 2))
            yield Factor(outputs_name, a, b, c, d % 2, rank=2)


def _occurs(name: str, factor: Factor) -> bool:
    return bool(factor.samples if name == str(SAMPLES) else factor.outputs)


def _values(name: str, every: Sequence[Mapping[str, int]]) -> str:
    return ", ".join(dict.fromkeys(str(sizes[name]) for sizes in every))
