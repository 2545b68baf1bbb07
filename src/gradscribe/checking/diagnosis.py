"""What is wrong with a gradient, where that can be told.

Every mistake that is known of is made on purpose and its result compared with what the
module gave: whichever reproduces the module's numbers, at every size, is named. One that
fits at some sizes only is not claimed.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from gradscribe.catalog.activations import ACTIVATIONS, Activation
from gradscribe.checking.arithmetic import Compiler, Slope, Value
from gradscribe.checking.compare import Array, Blocks, largest_of
from gradscribe.checking.factors import factors
from gradscribe.checking.recursion import Fault, Recursion, Truth
from gradscribe.checking.subject import Point
from gradscribe.equation import Role
from gradscribe.model.network import Network
from gradscribe.symbols import names

FIT = 1e-6  # a prediction that is this near, relative to its block, reproduces the numbers


@dataclass(frozen=True)
class Evidence:
    """What a module gave at one point and what is true there.

    Attributes:
        point: where.
        given: the module's blocks.
        true: the true ones.
        differing: the names of the blocks that disagree.
        truth: everything that the recursion found, if the network is known.
        contributions: each sample's part of the truth, up to one factor: (N, *shape).
    """

    point: Point
    given: Blocks
    true: Blocks
    differing: frozenset[str]
    truth: Truth | None = None
    contributions: Blocks = field(default_factory=dict)

    @property
    def work(self) -> int:
        """How long one recursion takes at this point, in terms."""
        return len(self.point.X) * sum(p.size for p in self.point.params.values())


@dataclass(frozen=True)
class Explanation:
    """A mistake, and what it would have given.

    Attributes:
        text: the mistake as the end of a sentence that starts with the gradient.
        predict: the block it gives, from the evidence and the block's name; None if it says
            nothing about this block or this point.
        rank: of explanations of the same blocks the one of the lowest rank is claimed.
    """

    text: str
    predict: Callable[[Evidence, str], Array | None]
    rank: int = 5

    def fits(self, name: str, every: Sequence[Evidence]) -> bool:
        """Return whether it reproduces a block wherever it says anything, and not the truth."""
        differs = False
        for evidence in sorted(every, key=lambda e: e.work):
            predicted = self.predict(evidence, name)
            if predicted is not None and not near(evidence.given[name], predicted):
                return False  # before the larger points: predicting may take long
            differs |= predicted is not None and not near(predicted, evidence.true[name])
        return differs


@dataclass(frozen=True)
class Question:
    """What is diagnosed: the words for it and the mistakes that are possible.

    Attributes:
        what: what it is called: "gradient".
        reference: what it should be: "the derivative of its own cost".
        every: the evidence, at ordinary points of different sizes.
        explanations: the mistakes to try.
    """

    what: str
    reference: str
    every: tuple[Evidence, ...]
    explanations: tuple[Explanation, ...]


def near(given: Array, expected: Array) -> bool:
    """Return whether two blocks are the same to `FIT`, of the same shape."""
    if given.shape != expected.shape or not np.isfinite(given).all():
        return False
    return largest_of(given - expected) <= FIT * max(largest_of(expected), 1e-300)


def differing(every: Sequence[Evidence]) -> list[str]:
    """Return the names of the blocks that disagree at some point."""
    return [name for name in every[0].true if any(name in e.differing for e in every)]


def settled(question: Question) -> bool:
    """Return whether one single mistake explains every block that disagrees."""
    wrong = differing(question.every)
    return any(all(x.fits(name, question.every) for name in wrong) for x in question.explanations)


def diagnose(question: Question) -> tuple[str, ...]:
    """Return one sentence for each mistake; every block that disagrees is in one of them."""
    left = differing(question.every)
    count, findings = len(question.every[0].true), []
    fitting = {
        name: [x for x in question.explanations if x.fits(name, question.every)] for name in left
    }
    while any(fitting[name] for name in left):
        text, covered = _best(fitting, left)
        findings.append(_sentence(question.what, covered, count, text))
        left = [name for name in left if name not in covered]
    return (*findings, *(_unexplained(question, name, count) for name in left))


def _best(fitting: Mapping[str, list[Explanation]], left: list[str]) -> tuple[str, list[str]]:
    """Return the explanation of most blocks; of equally good ones the simplest, or both."""
    candidates = list(dict.fromkeys(x for name in left for x in fitting[name]))
    covered = {x: [name for name in left if x in fitting[name]] for x in candidates}
    best = min(candidates, key=lambda x: (-len(covered[x]), x.rank))
    equal = [x for x in candidates if x.rank == best.rank and covered[x] == covered[best]]
    return " or ".join(dict.fromkeys(x.text for x in equal)), covered[best]


def _sentence(what: str, blocks: Sequence[str], count: int, text: str) -> str:
    if len(blocks) == count > 1:
        return f"{what} {text}, in every block"
    return f"{what} of {', '.join(blocks)} {text}" if count > 1 else f"{what} {text}"


def _unexplained(question: Question, name: str, count: int) -> str:
    """Say where a block differs most."""
    evidence = next(e for e in question.every if name in e.differing)
    given, true = evidence.given[name], evidence.true[name]
    where = f"(at {evidence.point.case})"
    if given.shape != true.shape:
        text = f"has the shape {given.shape} instead of {true.shape} {where}"
    elif not np.isfinite(given).all():
        text = f"is not finite {where}"
    else:
        entry = np.unravel_index(int(np.argmax(np.abs(given - true))), true.shape)
        place = f"[{', '.join(map(str, entry))}]" if entry else ""
        got, want = float(given[entry]), float(true[entry])
        text = f"differs, most at {name}{place}: {got:.6g} instead of {want:.6g} {where}"
    return _sentence(question.what, [name], count, text)


def general(reference: str, outputs: str, every: Sequence[Evidence]) -> Iterator[Explanation]:
    """Yield the mistakes that can be recognised without knowing the network."""
    yield Explanation("is zero", lambda e, b: np.zeros_like(e.true[b]), 0)
    yield Explanation("is transposed", lambda e, b: e.true[b].T, 1)
    for factor in factors(outputs):
        hint = _HINTS.get((factor.samples, factor.outputs, factor.twos, factor.sign), "")
        said = factor.text([e.point.sizes for e in every])
        yield Explanation(
            f"is {said} times {reference}{hint}",
            lambda e, b, factor=factor: factor.value(e.point.sizes) * e.true[b],  # type: ignore[misc]
            1 + factor.rank,
        )
    for c in sorted({ratio for name in every[0].true if (ratio := _ratio(every[0], name))}):
        yield Explanation(
            f"is {c:.7g} times {reference} (a constant factor)",
            lambda e, b, c=c: c * e.true[b],  # type: ignore[misc]
            6,
        )
    for other in every[0].true:
        yield Explanation(
            f"is that of {other}: the wrong layer",
            lambda e, b, other=other: e.true[other] if other != b else None,  # type: ignore[misc]
            4,
        )


_HINTS = {
    (-1, 0, 0, 0): ": averaged over the samples where it must be summed",
    (1, 0, 0, 0): ": summed over the samples where it must be averaged",
    (0, 0, 0, 1): ": the wrong sign",
}


def _ratio(evidence: Evidence, name: str) -> float | None:
    """Return c where given = c · true, rounded as it will be printed."""
    given, true = evidence.given[name], evidence.true[name]
    if given.shape != true.shape or not largest_of(true):
        return None
    entry = np.unravel_index(int(np.argmax(np.abs(true))), true.shape)
    ratio = float(f"{float(given[entry] / true[entry]):.7g}")
    return ratio if np.isfinite(ratio) and ratio not in (0.0, 1.0) else None


def of_samples(every: Sequence[Evidence]) -> Iterator[Explanation]:
    """Yield the mistakes of counting only some of the samples."""
    fewest = min((len(e.point.X) for e in every if len(e.point.X) > 1), default=0)
    for n in [*range(fewest), -1] if fewest else []:
        word = "last sample" if n == -1 else f"sample n = {n + 1}"
        yield Explanation(f"counts only the {word}", _only(n, averaged=False), 3)
        yield Explanation(f"counts only the {word}, N times", _only(n, averaged=True), 4)
        yield Explanation(f"leaves the {word} out", _without(n, averaged=False), 3)
        yield Explanation(
            f"leaves the {word} out and averages over the others", _without(n, averaged=True), 4
        )


def _only(n: int, *, averaged: bool) -> Callable[[Evidence, str], Array | None]:
    def predict(evidence: Evidence, name: str) -> Array | None:
        parts = evidence.contributions.get(name)
        if parts is None or len(parts) == 1:
            return None
        return np.asarray(parts[n] * (len(parts) if averaged else 1))

    return predict


def _without(n: int, *, averaged: bool) -> Callable[[Evidence, str], Array | None]:
    def predict(evidence: Evidence, name: str) -> Array | None:
        parts = evidence.contributions.get(name)
        if parts is None or len(parts) == 1:
            return None
        count = len(parts)
        return np.asarray(
            (evidence.true[name] - parts[n]) * (count / (count - 1) if averaged else 1)
        )

    return predict


def of_network(network: Network, take: Callable[[Truth], Blocks]) -> Iterator[Explanation]:
    """Yield the mistakes inside the recursion: f′ missing or at the wrong place, a term lost.

    Args:
        network: the network.
        take: what to take of the wrong recursion: its gradient or its sensitivities.
    """
    for text, fault, rank in _faults(network):
        yield _reproduced(text, Recursion(network, fault), lambda point: point, take, rank)
    right = Recursion(network)
    for p in network.parameters:
        if len(p.shape) == 1:
            text = f"is what it would be if {p.name} were zero"
            yield _reproduced(text, right, lambda point, n=p.name: _zeroed(point, n), take, 5)  # type: ignore[misc]


def _faults(network: Network) -> Iterator[tuple[str, Fault, int]]:
    """Yield mistakes in words and as `Recursion` makes them."""
    for stem, entry in network.functions.items():
        prime = f"{stem[:1]}′{stem[1:]}"
        if entry is not None:
            called = f"{prime}, the derivative of {stem} = {entry.name}"
            yield f"lacks {called}", Fault({stem: _one}), 2
            yield f"takes {called}, at y instead of u", Fault({stem: _at_output}), 3
            yield f"has {called}, squared", Fault({stem: _squared}), 4
            yield f"has {stem} itself in the place of {called}", Fault({stem: _itself}), 3
            for other in ACTIVATIONS.values():
                known = other.name in (entry.name, "linear")  # linear: f′ = 1, already tried
                if not known and not other.written_out:
                    text = f"has the derivative of {other.name} in the place of {called}"
                    yield text, Fault({stem: _slope_of(other)}), 4
    for equation in network.equations:
        for name in sorted(names(equation.right)):
            if network.variables[name].role in (Role.VALUE, Role.PARAMETER):
                edge = frozenset({(equation.name, name)})
                through = f"lacks the term of {name} that comes through {equation.name}"
                yield through, Fault(cut=edge), 5
    for p in network.parameters:
        if p.name in names(network.cost.right):
            edge = frozenset({(network.cost.name, p.name)})
            yield f"lacks the term of {p.name} in {network.cost.name}", Fault(cut=edge), 3


def _one(_compiler: Compiler, _entry: Activation, _u: Value) -> Value:
    return 1


def _at_output(compiler: Compiler, entry: Activation, u: Value) -> Value:
    return compiler.slope(entry, compiler.value(entry, u))


def _squared(compiler: Compiler, entry: Activation, u: Value) -> Value:
    return compiler.slope(entry, u) ** 2


def _itself(compiler: Compiler, entry: Activation, u: Value) -> Value:
    return compiler.value(entry, u)


def _slope_of(other: Activation) -> Slope:
    return lambda compiler, _entry, u: compiler.slope(other, u)


def _zeroed(point: Point, name: str) -> Point:
    return replace(point, params={**point.params, name: 0 * point.params[name]})


def _reproduced(
    text: str,
    recursion: Recursion,
    changed: Callable[[Point], Point],
    take: Callable[[Truth], Blocks],
    rank: int,
) -> Explanation:
    """Return the explanation by a wrong recursion, which runs once at each point asked for."""
    results: dict[str, Blocks] = {}

    def predict(evidence: Evidence, name: str) -> Array | None:
        case = evidence.point.case
        if case not in results:
            p = changed(evidence.point)
            results[case] = take(recursion.backward(p.sizes, p.params, p.X, p.D))
        return results[case].get(name)

    return Explanation(text, predict, rank)
