"""Planes through the surface of a cost: J along two directions, with the way of training."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from gradscribe.errors import InputError, nearest
from gradscribe.learning.drawing import Drawing, Picture, colour, thinned
from gradscribe.learning.telling import english, spoken
from gradscribe.learning.verdict import Surface, Verdict
from gradscribe.lecture.words import Words

Numbers = npt.NDArray[np.floating[Any]]
REACH = 1.5  # unless the way of training goes further
STEPS = 61  # of the grid along each direction
FEWER = 25  # of a network with many parameters
_MANY = 500
_SMALL = 1e-12
WORDS = ("largest", "second", "smallest", "random")


@dataclass(frozen=True)
class Direction:
    """A direction through all parameters.

    Attributes:
        vector: of length 1, (K,).
        label: what it is.
    """

    vector: Numbers = field(repr=False)
    label: str


@dataclass(frozen=True)
class Plane:
    """J on w + a · p + b · q.

    Attributes:
        surface: the cost.
        center: w, (K,).
        across: p.
        up: q, orthogonal to p.
    """

    surface: Surface
    center: Numbers = field(repr=False)
    across: Direction
    up: Direction

    @classmethod
    def leading(cls, surface: Surface, verdict: Verdict, w: Numbers) -> "Plane":
        """Return the plane of the largest curvature and the most negative one.

        Where none is negative, of the two largest ones.
        """
        if verdict.eigenvalues.size < 2:
            return cls.along(surface, None, w, ("random", "random"))
        negative = verdict.eigenvalues[0] < -verdict.tolerance
        return cls(
            surface,
            w,
            _eigen(verdict, -1),
            _eigen(verdict, 0) if negative else _eigen(verdict, -2),
        )

    @classmethod
    def along(
        cls, surface: Surface, verdict: Verdict | None, w: Numbers, words: Sequence[str]
    ) -> "Plane":
        """Return the plane along two directions that words say.

        Args:
            surface: the cost.
            verdict: on the point, for eigenvectors.
            w: the point, (K,).
            words: each "largest", "second" or "smallest" (eigenvalue), "random", or a parameter,
                "W1[0,1]".

        Raises:
            InputError: a word is none of these, or both are one direction.
        """
        check_directions(surface.names, words, eigenvectors=verdict is not None)
        first, second = (_direction(surface, verdict, word, k) for k, word in enumerate(words))
        rest = second.vector - (first.vector @ second.vector) * first.vector
        length = float(np.linalg.norm(rest))
        if length <= _SMALL:
            raise _same(words)
        return cls(surface, w, first, Direction(rest / length, second.label))

    def at(self, a: float, b: float) -> float:
        """Return J at a point of the plane."""
        return float(self.surface.cost(self.center + a * self.across.vector + b * self.up.vector))

    def grid(self, a: Numbers, b: Numbers) -> Numbers:
        """Return J on a grid, (len(b), len(a))."""
        return np.array([[self.at(x, y) for x in a] for y in b])

    def projected(self, places: Numbers) -> Numbers:
        """Return points as they lie over the plane, (S, 2)."""
        moved = np.asarray(places, float).reshape(-1, self.center.size) - self.center
        return np.column_stack([moved @ self.across.vector, moved @ self.up.vector])


def check_directions(names: Sequence[str], words: Sequence[str], *, eigenvectors: bool) -> None:
    """Check that words say two directions, before anything is computed.

    Args:
        names: of the parameters.
        words: as in `Plane.along`.
        eigenvectors: whether there are any.

    Raises:
        InputError: a word is no direction, or both are one.
    """
    for word in words:
        key = _key(names, word)
        if key in WORDS and key != "random" and not eigenvectors:
            raise InputError(
                "there are too many parameters for eigenvectors",
                where="--along",
                received=word,
                allowed="random, or a parameter",
            )
    first, second = (_key(names, word) for word in words)
    if first == second != "random":
        raise _same(words)


def _same(words: Sequence[str]) -> InputError:
    return InputError("both directions are the same", where="--along", received=",".join(words))


def _key(names: Sequence[str], word: str) -> str:
    """Return one of `WORDS`, or the name of a parameter, as a word says it.

    Raises:
        InputError: it says none.
    """
    key = word.replace(" ", "")
    own = {name.replace(" ", ""): name for name in names}
    if f"{key}[0]" in own and f"{key}[1]" not in own:
        key = f"{key}[0]"  # a vector of one number
    if key in WORDS or key in own:
        return own.get(key, key)
    raise InputError(
        "no such direction",
        where="--along",
        received=word,
        allowed=f"{', '.join(WORDS)}, or a parameter such as {names[0]}",
        nearest=nearest(key, [*WORDS, *own]),
    )


def _eigen(verdict: Verdict, k: int) -> Direction:
    value = float(verdict.eigenvalues[k])
    return Direction(verdict.direction(k), f"along the eigenvector of λ = {value:.3g}")


def _direction(surface: Surface, verdict: Verdict | None, word: str, k: int) -> Direction:
    """Return the direction that a word says."""
    key = _key(surface.names, word)
    if key == "random":
        v = np.random.default_rng(k).normal(size=surface.size)
        return Direction(v / np.linalg.norm(v), f"a random direction ({k + 1})")
    if key not in WORDS:
        place = surface.names.index(key)
        return Direction(np.eye(1, surface.size, place)[0], f"along {key}")
    assert verdict is not None  # otherwise the words have been refused
    if verdict.eigenvalues.size < (2 if key == "second" else 1):
        raise InputError(
            f"there are {verdict.eigenvalues.size} eigenvalues", where="--along", received=word
        )
    return _eigen(verdict, {"largest": -1, "second": -2, "smallest": 0}[key])


def plane_picture(
    plane: Plane,
    places: Numbers,
    name: str,
    *,
    reach: float | None = None,
    words: Words | None = None,
) -> Picture:
    """Return the picture of a plane: level lines with the way of training, and the surface.

    Args:
        plane: the plane.
        places: the parameters on the way, (S, K).
        name: of the file.
        reach: how far it goes from its centre; None for what the way needs, at most.
        words: the language; English where none is given.
    """
    words = words or english()
    way = plane.projected(places)
    whole = len(places) > 1
    size = reach or max(REACH, 1.15 * float(np.abs(way).max()) if whole else REACH)
    line = np.linspace(-size, size, STEPS if plane.surface.size < _MANY else FEWER)
    J = plane.grid(line, line)
    labels = _label(plane.across, words), _label(plane.up, words)
    drawing = Drawing(8.6, 3.9, kinds=("flat", "solid"), comma=words.comma)
    _draw_plane(drawing, labels, line, _bounded(J), thinned(way, 200) if whole else way[:0])
    caption = words.text("figures.plane", across=labels[0], up=labels[1])
    if whole:
        caption += words.text("figures.way")
    return drawing.picture(name, caption)


def _bounded(J: Numbers) -> Numbers:
    """Return costs without what is not finite, which stands at the highest of the others."""
    finite = J[np.isfinite(J)]
    top = float(finite.max()) if finite.size else 1.0
    return np.asarray(np.where(np.isfinite(J), J, top))


def _levels(J: Numbers) -> Numbers:
    """Return levels of lines: closer where J is low."""
    low, high = float(J.min()), float(J.max())
    if high - low <= _SMALL * max(abs(low), abs(high), _SMALL):
        return low + np.linspace(-1, 1, 3) * max(abs(low), 1) * 1e-9
    return np.asarray(low + (high - low) * np.linspace(0, 1, 22) ** 2)


def _label(direction: Direction, words: Words) -> str:
    """Return what a direction is called in a language."""
    return spoken(direction.label, words)


def _draw_plane(
    drawing: Drawing, labels: tuple[str, str], line: Numbers, J: Numbers, way: Numbers
) -> None:
    flat, solid = drawing.axes
    flat.contourf(line, line, J, levels=_levels(J), cmap="viridis")
    flat.contour(line, line, J, levels=_levels(J), colors="white", linewidths=0.4)
    flat.grid(visible=False)
    if len(way):
        flat.plot(*way.T, color=colour(1), linewidth=1.2)
        flat.plot(*way[0], "o", color=colour(1), markersize=4)
    flat.plot(0, 0, "*", color="white", markeredgecolor="black", markersize=9)
    flat.set_xlabel(labels[0])
    flat.set_ylabel(labels[1])
    a, b = np.meshgrid(line, line)
    solid.plot_surface(
        a, b, J, cmap="viridis", linewidth=0.2, edgecolor="#ffffff40",
        rcount=STEPS, ccount=STEPS,
    )  # fmt: skip
    solid.set_box_aspect(None, zoom=0.93)  # room for what stands at the axes
    solid.set_zlabel("J")
