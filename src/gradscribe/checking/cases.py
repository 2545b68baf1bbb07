"""At which sizes and points a module is examined."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from sympy import Expr, Indexed

from gradscribe.checking.recursion import Array, Recursion, Truth
from gradscribe.checking.subject import Layout, Point, data_sizes
from gradscribe.equation import Equation
from gradscribe.model.network import Network
from gradscribe.symbols import ScalarFunction

WIDTHS = (2, 3, 4, 6)
MANY = 130  # samples: more than a module may take at a time
WIDE = 19  # nodes: more than loops are unrolled for
WORK = 6000  # terms of one recursion; above, the cases with many samples and nodes are left out
SAMPLE_COUNTS = (7, 5)  # none of the widths: N_M in the place of N would not be seen
LARGE = 1500  # parameters; above, only two samples are used
HUGE = 10000  # parameters; above, there is no time to drive u to where it is wanted


@dataclass(frozen=True)
class Case:
    """Sizes and how far the activations u shall reach (None: as they come).

    With `partly`, only half of the samples are driven there, by their inputs: what the others
    contribute keeps the derivatives well above rounding, so that a mistake made only at large u
    is seen in them. With `zeros`, some of the inputs and desired outputs are zero.
    """

    title: str
    widths: tuple[int, ...]
    samples: int
    reach: float | None = None
    partly: bool = False
    zeros: bool = False


def planned(layout: Layout, network: Network | None, rng: np.random.Generator) -> Iterator[Case]:
    """Yield the cases: all sizes different, of one, all alike, and u far out.

    A mistake such as an average instead of a sum, or N_M for N, shows only where these
    numbers differ; a transposed block of one wide layer shows only where widths are alike.
    """
    tied = tied_layers(network) if network is not None else {}
    if layout.fixed is not None:
        yield from _fixed(layout, layout.fixed)
        return
    first = _different(layout, tied, rng)
    second = tuple(WIDTHS[(WIDTHS.index(w) + 1) % len(WIDTHS)] for w in first)
    yield Case("all sizes different", first, SAMPLE_COUNTS[0])
    yield Case("other sizes", second, SAMPLE_COUNTS[1])
    yield Case("one sample", first, 1)
    yield Case("all sizes 1", (1,) * len(layout.layers), 1)
    yield Case("all widths alike", (3,) * len(layout.layers), 4)
    yield Case("one output", (*first[:-1], 1), 5, zeros=True)
    yield Case("one input", (1, *first[1:]), 2)
    if len(first) > 2:
        yield Case("layers of one node", (first[0], *(1,) * (len(first) - 2), first[-1]), 5)
    wide = tuple(WIDE + (m % 3) for m in range(len(first)))
    for title, widths, samples in (("many samples", first, MANY), ("many nodes", wide, 2)):
        if parameter_count(layout, widths) * samples <= WORK:
            yield Case(title, widths, samples)
    yield Case("|u| to 30", second, 4, 30.0)
    yield Case("|u| to 1000 in half of the samples", first, 4, 1000.0, partly=True)
    yield Case("|u| to 1000", first, 4, 1000.0)


def _fixed(layout: Layout, widths: tuple[int, ...]) -> Iterator[Case]:
    count = parameter_count(layout, widths)
    few = 2 if count > LARGE else 5
    yield Case("fixed sizes", widths, few)
    yield Case("one sample", widths, 1)
    if count <= LARGE:
        yield Case("other number of samples", widths, 3, zeros=True)
    if count * MANY <= WORK:
        yield Case("many samples", widths, MANY)
    if count <= HUGE:
        yield Case("|u| to 30", widths, few, 30.0)
        yield Case("|u| to 1000 in half of the samples", widths, few, 1000.0, partly=True)
        yield Case("|u| to 1000", widths, few, 1000.0)


def parameter_count(layout: Layout, widths: tuple[int, ...]) -> int:
    """Return K."""
    sizes = dict(zip(layout.layers, widths, strict=True))
    return sum(int(np.prod([sizes[n] for n in shape])) for shape in layout.shapes.values())


def draw(
    case: Case, layout: Layout, recursion: Recursion | None, rng: np.random.Generator
) -> Point:
    """Return random parameters and data for a case."""
    sizes = dict(zip(layout.layers, case.widths, strict=True))
    params = {}
    for name, shape in layout.shapes.items():
        numbers = rng.normal(size=[sizes[n] for n in shape])
        params[name] = numbers / np.sqrt(max(1, numbers.shape[-1])) if len(shape) > 1 else numbers
    X = rng.normal(size=(case.samples, *(sizes[name] for name in layout.inputs)))
    targets = (case.samples, *(sizes[name] for name in layout.outputs))
    D = desired(recursion.network if recursion else None, targets, rng)
    if case.zeros:
        X[rng.random(X.shape) < 0.3] = 0.0
        if recursion is None or "entropy" not in recursion.network.loss.name:
            D[rng.random(D.shape) < 0.3] = 0.0
    point = Point(_titled(case), data_sizes(sizes, case.samples), params, X, D)
    if case.reach is None:
        return point
    if case.partly:
        return _partly_far(point, case.reach)
    return stretched(point, case.reach, recursion) if recursion else _blown_up(point, case.reach)


def _partly_far(point: Point, reach: float) -> Point:
    """Scale the inputs of half of the samples so that the largest is `reach`."""
    X = point.X.copy()
    far = X[: len(X) // 2]
    far *= reach / np.max(np.abs(far))
    return Point(point.case, point.sizes, point.params, X, point.D)


def desired(network: Network | None, shape: tuple[int, ...], rng: np.random.Generator) -> Array:
    """Return desired outputs that the loss makes sense for: probabilities for an entropy."""
    if network is None or "entropy" not in network.loss.name:
        return rng.normal(size=shape)
    if "binary" in network.loss.name:
        return rng.uniform(0.05, 0.95, size=shape)
    return rng.dirichlet(np.ones(shape[-1]), size=shape[:-1])


def stretched(point: Point, reach: float, recursion: Recursion) -> Point:
    """Scale each layer's parameters, from the first, so that max |u| there is `reach`."""
    params = dict(point.params)
    done: set[str] = set()
    for equation in _bent(recursion.network):
        own = [p for p in _read(equation.right) if p in params and p not in done]
        largest = _largest(recursion, point, params, equation.name)
        doubled = params | {p: 2 * params[p] for p in own}
        degree = np.log2(_largest(recursion, point, doubled, equation.name) / largest)
        if own and degree > 0:
            factor = float((reach / largest) ** (1 / degree))
            params |= {p: factor * params[p] for p in own}
        done |= set(own)
    return Point(point.case, point.sizes, params, point.X, point.D)


def largest_argument(network: Network, truth: Truth) -> float:
    """Return max |u| over the arguments of all activation functions, at least 1."""
    bent = [float(np.max(np.abs(truth.values[q.name]))) for q in _bent(network)]
    return max([1.0, *bent])


def tied_layers(network: Network) -> Mapping[str, str]:
    """Return the sizes that must be equal: one index runs over both of them.

    A skip connection y_i = f(u_i) + x_i ties N_1 to N_0 although no word says so.
    """
    tied: dict[str, str] = {}
    order = [s.name for s in network.layers]
    for equation in network.equations:
        for names in _sizes_of_indices(equation, network).values():
            first, *others = sorted({_root(tied, n) for n in names}, key=order.index)
            tied |= dict.fromkeys(others, first)
    return {name: _root(tied, name) for name in order}


def _sizes_of_indices(equation: Equation, network: Network) -> Mapping[str, set[str]]:
    used = {
        k.name: {n.name} for k, n in zip(equation.indices, equation.variable.shape, strict=True)
    }
    for a in equation.right.atoms(Indexed):
        for k, n in zip(a.indices, network.variables[a.base.name].shape, strict=True):
            used.setdefault(str(k), set()).add(n.name)
    return used


def _root(tied: Mapping[str, str], name: str) -> str:
    while tied.get(name, name) != name:
        name = tied[name]
    return name


def _different(
    layout: Layout, tied: Mapping[str, str], rng: np.random.Generator
) -> tuple[int, ...]:
    """Return random widths, different where they can be, else from their neighbours."""
    widths: dict[str, int] = {}
    chosen: list[int] = []
    for m, name in enumerate(layout.layers):
        root = tied.get(name, name)
        if root not in widths:
            near = chosen[-1:] + (chosen[:1] if m == len(layout.layers) - 1 else [])
            free = [w for w in WIDTHS if w not in (chosen if m < len(WIDTHS) else near)]
            widths[root] = int(rng.choice(free))
        chosen.append(widths[root])
    return tuple(chosen)


def _bent(network: Network) -> Iterator[Equation]:
    """Yield the equations that define an argument of an activation function, in order."""
    arguments = {
        a.base.name
        for q in network.equations
        for f in q.right.atoms(ScalarFunction)
        for a in f.args[0].atoms(Indexed)
    }
    yield from (q for q in network.equations if q.name in arguments)


def _read(right: Expr) -> list[str]:
    return sorted({a.base.name for a in right.atoms(Indexed)})


def _largest(recursion: Recursion, point: Point, params: Mapping[str, Array], name: str) -> float:
    values = recursion.forward(point.sizes, params, point.X, point.D).values
    return max(float(np.max(np.abs(values[name]))), 1e-300)


def _blown_up(point: Point, reach: float) -> Point:
    params = {name: reach * block for name, block in point.params.items()}
    return Point(point.case, point.sizes, params, point.X, point.D)


def _titled(case: Case) -> str:
    return f"{case.title}: {'-'.join(map(str, case.widths))}, N={case.samples}"
