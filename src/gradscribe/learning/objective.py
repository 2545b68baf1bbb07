"""The cost of a module on data and its derivatives, as functions of one vector."""

import inspect
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gradscribe.errors import InputError

Vector = NDArray[np.floating[Any]]
Matrix = NDArray[np.floating[Any]]

_TRIALS = 3  # random points at which a cost is compared with a sum of squares
_EQUAL = 1e-9


class Objective:
    """J of a generated module on data, as a function of w, the vector of all K parameters.

    It has the functions of a module's `Problem` too (`fun`, `jac`, `hess`, `hessp`), so what takes
    one takes the other. What is not finite comes back as NaN or infinity, without a warning.

    Args:
        module: a module that gradscribe generated, or one with functions of the same names.
        X: the input, (N, N_0).
        D: the desired output, (N, N_M), or the numbers of the classes, (N,), as integers.
        sizes: (N_0, …, N_M) where the module does not fix them.
        weights: the weight of each sample, (N,), where the module takes them.

    Raises:
        InputError: the module lacks what is needed, or the data do not fit to it.
    """

    def __init__(
        self,
        module: ModuleType,
        X: ArrayLike,
        D: ArrayLike,
        *,
        sizes: Sequence[int] | None = None,
        weights: ArrayLike | None = None,
    ) -> None:
        self.module = module
        self.X = _data("X", X)
        self.D = _data("D", D)
        self.sizes = _sizes(module, sizes)
        self.weights = None if weights is None else _data("weights", weights)
        self._check_rows()
        like = _refused(lambda: module.initialize(self.sizes), "sizes")
        self.dtype = np.dtype(like[0].dtype)
        self.K = sum(array.size for array in like)
        self._more = {} if self.weights is None else {"sample_weight": self.weights}
        self._last: tuple[Vector, float, Vector] | None = None
        self._square_at: tuple[str, Vector, Matrix] | None = None
        self._scale: float | None = None
        _refused(lambda: module.cost(like, self.X, self.D, **self._more), "data")

    def _check_rows(self) -> None:
        for name, array in (("D", self.D), ("weights", self.weights)):
            if array is not None and len(array) != len(self.X):
                raise InputError(
                    f"{name} and X do not have the same number of samples",
                    received=f"{len(array)} and {len(self.X)}",
                )
        takes = inspect.signature(self.module.cost).parameters
        if self.weights is not None and "sample_weight" not in takes:
            raise InputError(
                "this module takes no weights of samples",
                where=_name(self.module),
                allowed="a module whose functions have `sample_weight`",
            )

    @property
    def N(self) -> int:
        """The number of samples."""
        return len(self.X)

    def start(self, seed: int = 0) -> Vector:
        """Return random parameters by the module's own rule, (K,)."""
        return _flat(self.module.initialize(self.sizes, seed))

    def params(self, w: Vector) -> Any:
        """Return w as the module's `Parameters`."""
        return self.module.unravel(np.asarray(w), self.sizes)

    def cost(self, w: Vector) -> float:
        """Return J(w)."""
        return float(self._of("cost", w))

    def cost_of(self, w: Vector, D: ArrayLike) -> float:
        """Return what J(w) would be with other desired outputs, of the same shape."""
        with np.errstate(all="ignore"):
            return float(self.module.cost(self.params(w), self.X, np.asarray(D), **self._more))

    def cost_and_gradient(self, w: Vector) -> tuple[float, Vector]:
        """Return J(w) and ∂J/∂w, (K,); of the last w without computing them again."""
        if self._last is None or not np.array_equal(self._last[0], w):
            found = self._of("cost_and_gradient", w)
            cost, gradient = (np.nan, w * np.nan) if found is _NOWHERE else found
            self._last = np.array(w), float(cost), _flat(gradient)
        return self._last[1], self._last[2].copy()

    def gradient(self, w: Vector) -> Vector:
        """Return ∂J/∂w, (K,)."""
        return self.cost_and_gradient(w)[1]

    def hessian(self, w: Vector) -> Matrix:
        """Return H = ∂²J/∂w∂wᵀ, (K, K)."""
        return self._square("hessian", w)

    def gauss_newton(self, w: Vector) -> Matrix:
        """Return the Gauss-Newton matrix, (K, K)."""
        return self._square("gauss_newton", w)

    def hessp(self, w: Vector, v: Vector) -> Vector:
        """Return H v, (K,), without H."""
        if not np.isfinite(v).all():
            return np.full(self.K, np.nan)
        found = self._of("hessian_vector_product", w, self.params(v))
        return np.full(self.K, np.nan) if found is _NOWHERE else _flat(found)

    def forward(self, w: Vector) -> Matrix:
        """Return the output of every sample, (N, N_M)."""
        with np.errstate(all="ignore"):
            return np.asarray(self.module.forward(self.params(w), self.X))

    @property
    def is_sum_of_squares(self) -> bool:
        """Whether J is a sum of squares of d − y, so that there are residuals."""
        try:
            self._roots()
        except InputError:
            return False
        return True

    def residuals(self, w: Vector) -> Vector:
        """Return r(w), (N·N_M,), with J = Σ r²: errors d − y times √(factor of J).

        Raises:
            InputError: the cost is no sum of squares of d − y.
        """
        if not np.isfinite(w).all():
            return np.full(np.size(self.forward(np.zeros(self.K))), np.nan)
        return (self._roots()[:, None] * self._errors(w)).reshape(-1)

    def residual_jacobian(self, w: Vector) -> Matrix:
        """Return ∂r/∂w, (N·N_M, K).

        Raises:
            InputError: the cost is no sum of squares of d − y, or the module has no `jacobian`.
        """
        slopes = self._function("jacobian")(self.params(w), self.X)
        return np.asarray(-self._roots()[:, None, None] * slopes).reshape(-1, self.K)

    def batch(self, indices: ArrayLike) -> "Objective":
        """Return the same cost on some of the samples, by their numbers."""
        chosen = np.asarray(indices)
        part = object.__new__(Objective)
        part.__dict__.update(self.__dict__)
        part.X, part.D = self.X[chosen], self.D[chosen]
        part.weights = None if self.weights is None else self.weights[chosen]
        part._more = {} if part.weights is None else {"sample_weight": part.weights}
        part._last = part._scale = part._square_at = None
        return part

    def has(self, name: str) -> bool:
        """Whether the module has a function: "hessian", "gauss_newton", "jacobian" and so on."""
        return hasattr(self.module, name)

    # The names of a module's `Problem`.
    fun = cost
    jac = gradient
    hess = hessian
    fun_and_jac = cost_and_gradient

    def _function(self, name: str) -> Callable[..., Any]:
        if not self.has(name):
            raise InputError(
                f"the module has no {name}",
                where=_name(self.module),
                allowed="a module whose specification does not leave it out (see `emit`)",
            )
        function: Callable[..., Any] = getattr(self.module, name)
        return function

    def _of(self, name: str, w: Vector, *more: Any) -> Any:
        """Return what a function of the module gives at w, NaN where w is not finite."""
        function = self._function(name)
        if not np.isfinite(w).all():
            return np.nan if name == "cost" else _NOWHERE
        with np.errstate(all="ignore"):
            return function(self.params(w), self.X, self.D, *more, **self._more)

    def _square(self, name: str, w: Vector) -> Matrix:
        if (
            self._square_at is None
            or self._square_at[0] != name
            or not np.array_equal(self._square_at[1], w)
        ):
            found = self._of(name, w)
            if found is _NOWHERE:
                return np.full((self.K, self.K), np.nan)
            self._square_at = name, np.array(w), np.asarray(found)
        return self._square_at[2].copy()

    def _errors(self, w: Vector) -> Matrix:
        outputs = self.forward(w)
        if self.D.shape != outputs.shape:
            raise _no_squares(self.module)
        return np.asarray(self.D - outputs)

    def _roots(self) -> Vector:
        """Return √(factor · weight) of every sample, (N,)."""
        if self._scale is None:
            self._scale = self._factor()
        weights = np.ones(self.N) if self.weights is None else self.weights
        return np.sqrt(self._scale * weights)

    def _factor(self) -> float:
        """Return c with J = c Σ weight (d − y)², found and confirmed at random points.

        Raises:
            InputError: there is none, or it is not the same everywhere.
        """
        rng = np.random.default_rng(0)
        weights = np.ones(self.N) if self.weights is None else self.weights
        ratios = []
        for _ in range(_TRIALS):
            w = rng.normal(0, 1, self.K)
            squares = float(np.sum(weights[:, None] * self._errors(w) ** 2))
            ratios.append(self.cost(w) / squares if squares else np.nan)
        spread = np.ptp(ratios)
        if not (np.isfinite(spread) and ratios[0] > 0 and spread <= _EQUAL * ratios[0]):
            raise _no_squares(self.module)
        return ratios[0]


_NOWHERE = object()


def _no_squares(module: ModuleType) -> InputError:
    return InputError(
        "the cost of this module is no sum of squares of d − y, so it has no residuals",
        where=_name(module),
        received=str(getattr(module, "SPEC", "")) or None,
        allowed="a loss such as mse or sse, without regularization",
    )


def _flat(arrays: Any) -> Vector:
    return np.concatenate([np.asarray(array).reshape(-1) for array in arrays])


def _name(module: ModuleType) -> str:
    return str(getattr(module, "__file__", None) or module.__name__)


def _data(name: str, value: ArrayLike) -> NDArray[Any]:
    """Return data as an array with at least one row; integers stay what they are in D.

    Raises:
        InputError: it is none.
    """
    try:
        array = np.asarray(value)
    except ValueError as error:
        raise InputError(f"{name} is not an array", received=str(error)) from None
    if array.dtype.kind not in "fiub" or array.ndim == 0 or array.size == 0:
        raise InputError(
            f"{name} has no numbers to learn from",
            received=f"shape {array.shape}, type {array.dtype}",
            allowed="an array of numbers with a row for each sample",
        )
    classes = name == "D" and array.ndim == 1 and array.dtype.kind in "iub"
    return array if classes else array.astype(float)


def _sizes(module: ModuleType, sizes: Sequence[int] | None) -> tuple[int, ...]:
    fixed = getattr(module, "SIZES", None)
    found = sizes if sizes is not None else fixed
    if found is None:
        raise InputError(
            "the sizes of the layers are not known",
            where=_name(module),
            allowed="sizes=(N_0, …, N_M) beside this module, which reads them from parameters",
        )
    return tuple(int(n) for n in found)


def _refused(call: Callable[[], Any], where: str) -> Any:
    """Return what a call to the module gives; what it refuses becomes an `InputError`."""
    try:
        with np.errstate(all="ignore"):
            return call()
    except ValueError as error:
        raise InputError(str(error), where=where) from error
