"""What is kept of a start while it learns: costs, norms, times, and a part of the way."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from gradscribe.learning.method import Progress
from gradscribe.learning.objective import Vector

Array = npt.NDArray[Any]
MAX_POINTS = 4000  # of the curve of costs
MAX_PLACES = 128  # of the way through the parameters
MAX_NUMBERS = 4_000_000  # of all places together


@dataclass
class Thinned:
    """Values of iterations; when there are too many, every second one is kept from then on.

    What is kept depends on the iterations alone, so that a run that was interrupted keeps the
    same as one that was not.

    Attributes:
        most: how many are kept at most.
        stride: iterations from one to the next.
        iterations: of the values that are kept.
        values: as they were given.
    """

    most: int
    stride: int = 1
    iterations: list[int] = field(default_factory=list)
    values: list[Any] = field(default_factory=list)

    def add(self, iteration: int, value: Any) -> None:
        """Keep a value, if its iteration is one of those that are kept."""
        if iteration % self.stride:
            return
        self.iterations.append(iteration)
        self.values.append(value)
        if len(self.iterations) > self.most:
            self.stride *= 2
            kept = [k for k, i in enumerate(self.iterations) if i % self.stride == 0]
            self.iterations = [self.iterations[k] for k in kept]
            self.values = [self.values[k] for k in kept]

    def cut(self, iteration: int) -> None:
        """Forget what comes after an iteration."""
        count = sum(i <= iteration for i in self.iterations)
        del self.iterations[count:], self.values[count:]


class Trail:
    """The curve of a start and its way through the parameters.

    Args:
        size: K, the number of parameters.
    """

    def __init__(self, size: int) -> None:
        self.curve = Thinned(MAX_POINTS)
        self.places = Thinned(max(2, min(MAX_PLACES, MAX_NUMBERS // max(size, 1))))

    def add(self, progress: Progress, seconds: float) -> None:
        """Keep the point after an iteration."""
        point = (progress.cost, progress.gradient_norm, seconds)
        self.curve.add(progress.iteration, point)
        self.places.add(progress.iteration, np.array(progress.w))

    def first(self, w: Vector, cost: float, norm: float) -> None:
        """Keep the point where the start begins."""
        self.curve.add(0, (cost, norm, 0.0))
        self.places.add(0, np.array(w))

    def arrays(self) -> dict[str, Array]:
        """Return all that is kept as arrays by name."""
        return {
            "curve_iterations": np.array(self.curve.iterations, np.int64),
            "curve": np.array(self.curve.values, float).reshape(-1, 3),
            "curve_stride": np.array(self.curve.stride),
            "place_iterations": np.array(self.places.iterations, np.int64),
            "places": np.array(self.places.values, float),
            "place_stride": np.array(self.places.stride),
        }

    @classmethod
    def restored(cls, size: int, arrays: dict[str, Array]) -> "Trail":
        """Return the trail that `arrays` gave."""
        found = cls(size)
        found.curve.iterations = arrays["curve_iterations"].tolist()
        found.curve.values = [tuple(row) for row in arrays["curve"].tolist()]
        found.curve.stride = int(arrays["curve_stride"])
        found.places.iterations = arrays["place_iterations"].tolist()
        found.places.values = list(arrays["places"])
        found.places.stride = int(arrays["place_stride"])
        return found
