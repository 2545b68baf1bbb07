"""Methods of SciPy, fed by a module's derivatives. SciPy is imported when one of them is run."""

import importlib
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

import numpy as np
from sympy import Interval

from gradscribe.errors import InputError
from gradscribe.learning.following import Follower
from gradscribe.learning.method import Method, Option, Outcome, Run
from gradscribe.learning.objective import Vector

EXTRA = "solve"


def scipy_optimize() -> ModuleType:
    """Return SciPy's module of solvers.

    Raises:
        InputError: SciPy is not there; the message says how to get it.
    """
    try:
        return importlib.import_module("scipy.optimize")
    except ImportError as error:
        raise InputError(
            "this method is SciPy's, which is not installed",
            where="method",
            allowed=f"pip install 'gradscribe[{EXTRA}]', or one of gradscribe's own methods",
        ) from error


class _EndedError(Exception):
    """Raised out of SciPy where it has no other way to stop."""


@dataclass(frozen=True)
class Minimizer:
    """A method of `scipy.optimize.minimize`.

    SciPy's own tests for the end are switched off: when to stop is said once, in `Follower`.

    Attributes:
        name: what SciPy calls it.
        second: what it takes of second order: "", "hess" or "hessp".
        fixed: options of SciPy with values of their own.
        names: SciPy's names of options, by gradscribe's.
        whole: those of them that SciPy wants as integers.
        ends: what its ends are, by their numbers; the others are told by `Follower`.
    """

    name: str
    second: str = ""
    fixed: Mapping[str, float] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    whole: tuple[str, ...] = ()
    ends: Mapping[int, str] = field(default_factory=dict)

    def __call__(self, run: Run) -> Outcome:
        """Return where SciPy ended."""
        minimize = scipy_optimize().minimize
        follower = Follower(run)
        if follower.reason:
            return follower.outcome()
        given = {theirs: run.options[ours] for ours, theirs in self.names.items()}
        given = {k: int(v) if k in self.whole else v for k, v in given.items()}
        second = {self.second: getattr(run.objective, self.second)} if self.second else {}

        def callback(intermediate_result: Any) -> None:
            if follower.arrived(intermediate_result.x, {}):
                raise StopIteration

        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")  # what they tell stands in the outcome
            result = minimize(
                run.objective.fun_and_jac,
                follower.w,
                jac=True,
                method=self.name,
                callback=callback,
                options={"maxiter": run.iterations + 1, **self.fixed, **given},
                **second,
            )
        if not follower.reason:
            follower.stick(_told(self.ends, result))
        return follower.outcome(_resumed(run))


class LeastSquares:
    """MINPACK's Levenberg-Marquardt method, by `scipy.optimize.least_squares`.

    An iteration ends where MINPACK asks for the Jacobian at its next point.
    """

    def __call__(self, run: Run) -> Outcome:
        """Return where SciPy ended."""
        least_squares = scipy_optimize().least_squares
        follower, objective = Follower(run), run.objective
        residuals = objective.residuals(follower.w)
        if residuals.size < objective.K:
            raise InputError(
                "this method needs at least as many numbers in D as there are parameters",
                where="least_squares-lm",
                received=f"{residuals.size} numbers, {objective.K} parameters",
                allowed="more samples, or levenberg_marquardt, which has no such limit",
            )
        if follower.reason:
            return follower.outcome()
        start = follower.w

        def slopes(w: Vector) -> Any:
            if not np.array_equal(w, follower.w) and follower.arrived(w, {}):
                raise _EndedError
            return objective.residual_jacobian(w)

        try:
            result = least_squares(
                objective.residuals, start, slopes, method="lm", x_scale="jac",
                xtol=1e-15, ftol=1e-15, gtol=1e-15, max_nfev=50 * (run.iterations + 1),
            )  # fmt: skip
        except _EndedError:
            return follower.outcome(_resumed(run))
        if not np.array_equal(result.x, follower.w):
            follower.arrived(result.x, {})
        if not follower.reason:
            follower.stick(_told(_SQUARES_END, result))
        return follower.outcome(_resumed(run))


def _told(ends: Mapping[int, str], result: Any) -> str:
    """Return in words where SciPy ended; its own message where that is not known."""
    return ends.get(int(result.status)) or f"SciPy says {str(result.message).strip().rstrip('.')!r}"


def _resumed(run: Run) -> tuple[str, ...]:
    """Return a note where a run went on without what the method had remembered."""
    if run.state is None:
        return ()
    return ("it went on from the saved w; what SciPy had remembered of earlier steps was lost",)


def _method(
    name: str, meaning: str, runner: Minimizer | LeastSquares, needs: tuple[str, ...] = (),
    own: tuple[Option, ...] = (),
) -> Method:  # fmt: skip
    return Method(name, meaning, runner, own, needs, exact=False, extra=EXTRA)


_NEVER = {"gtol": 0.0}
_NO_LENGTH = "the step has no length"
_SEARCH = "its line search found no lower cost"
_LINE_ENDS = {0: _NO_LENGTH, 2: _SEARCH, 3: "a number on its way is not finite"}
_MEMORY_ENDS = {0: "the last step did not lower it by a digit", 2: _SEARCH}
_GRADIENTS_END = {**_LINE_ENDS, 3: "its conjugate gradients did not end"}
_REGION_ENDS = {
    2: "its model of the cost promises no decrease",
    3: "the linear algebra of its step failed",
}
_SQUARES_END = {
    0: "it has evaluated the residuals 50 times an iteration",
    1: "the residuals are orthogonal to their derivatives, to 10⁻¹⁵",
    2: "the last step lowered it by less than 10⁻¹⁵ of itself",
    3: "the last step was shorter than 10⁻¹⁵ of w",
    4: "the last step was shorter than 10⁻¹⁵ of w and lowered it by less than 10⁻¹⁵ of itself",
}
SOLVERS = (
    _method("bfgs", "quasi-Newton method of Broyden, Fletcher, Goldfarb and Shanno (SciPy)",
            Minimizer("BFGS", fixed=_NEVER, ends=_LINE_ENDS)),
    _method("l-bfgs", "quasi-Newton method with limited memory (SciPy's L-BFGS-B)",
            Minimizer("L-BFGS-B", fixed={**_NEVER, "ftol": 0.0, "maxfun": 10**9},
                      names={"memory": "maxcor"}, whole=("maxcor",), ends=_MEMORY_ENDS),
            own=(Option("memory", 10, "pairs of steps and gradients kept", Interval(1, 1000),
                        whole=True),)),
    _method("newton-cg", "Newton's method, its system solved by conjugate gradients (SciPy)",
            Minimizer("Newton-CG", "hessp", {"xtol": 0.0}, ends=_GRADIENTS_END),
            ("hessian_vector_product",)),
    _method("trust-exact", "Newton's method in a trust region, solved nearly exactly (SciPy)",
            Minimizer("trust-exact", "hess", _NEVER, ends=_REGION_ENDS), ("hessian",)),
    _method("trust-krylov", "Newton's method in a trust region, in Krylov subspaces (SciPy)",
            Minimizer("trust-krylov", "hessp", _NEVER, ends=_REGION_ENDS),
            ("hessian_vector_product",)),
    _method("least_squares-lm", "Levenberg-Marquardt of MINPACK, for sums of squares (SciPy)",
            LeastSquares(), ("jacobian",)),
)  # fmt: skip
