"""One way to follow a run: what was best, when to stop, and what to report."""

import math
from collections.abc import Iterable

import numpy as np

from gradscribe.learning.method import DIVERGED, GRADIENT_TOLERANCE, Outcome, Progress, Run, State
from gradscribe.learning.objective import Vector

PATIENCE = 40  # iterations that leave w as it is, after which a run has got stuck
_SENTENCES = {
    "converged": "converged: |∇J| = {norm:.1e} is at most {gtol:g} (gtol)",
    "iterations": "the limit of iterations is reached, |∇J| = {norm:.1e} is above {gtol:g} (gtol)",
    "watch": "stopped before its end",
    "diverged": "diverged: the cost {how}; these are the best parameters before",
    "stuck": "no step lowers the cost any further: {how}; |∇J| = {norm:.1e}",
}


class Follower:
    """Looks at each point that a method comes to, and says when it ends.

    Args:
        run: what the method is run with.
        gradient: the vector of a state that vanishes at the end, or "" for ∂J/∂w.
        scored: the number of a state that is the lower the better a point is, or "" for J.
    """

    def __init__(self, run: Run, *, gradient: str = "", scored: str = "") -> None:
        self.run = run
        self.gradient_name, self.score_name = gradient, scored
        self.iteration = 0
        self.state: State = {}
        self.reason = ""
        self.how = ""
        start = run.w0 if run.state is None else np.asarray(run.state["w"], dtype=float)
        if run.state is not None:
            self.iteration = int(run.state.get("iteration", 0))
            self.state = run.state
        self.w = start
        self.cost, self.norm = self._measured(start)
        if run.state is not None and gradient in run.state:
            self.norm = float(np.linalg.norm(run.state[gradient]))
        first = run.state.get("first_cost", self.cost) if run.state is not None else self.cost
        self.first = float(np.asarray(first))
        self.still = 0 if run.state is None else int(run.state.get("still", 0))
        self.rises = 0 if run.state is None else int(run.state.get("rises", 0))
        best = start if run.state is None else np.asarray(run.state.get("best", start))
        cost, norm = self._measured(best)
        score = math.inf if scored else cost
        if run.state is not None and "best_score" in run.state:
            score = float(run.state["best_score"])
        self.score = score
        self.best = score, cost, norm, best
        if not math.isfinite(self.cost + self.norm):
            self.reason, self.how = "diverged", "or its gradient is not finite at the start"
        elif self.norm <= run.options[GRADIENT_TOLERANCE]:
            self.reason = "converged"
        elif self.iteration >= run.iterations:
            self.reason = "iterations"

    def _measured(self, w: Vector) -> tuple[float, float]:
        if not np.isfinite(w).all():
            return math.nan, math.nan
        cost, gradient = self.run.objective.cost_and_gradient(w)
        with np.errstate(all="ignore"):
            return cost, float(np.linalg.norm(gradient))

    def arrived(self, w: Vector, state: State) -> bool:
        """Take note of the point after an iteration; return whether the run ends there."""
        cost, norm = self._measured(w)
        if not math.isfinite(cost + norm):
            self.fail("or its gradient is not finite after this step")
            return True
        if self.gradient_name:
            norm = float(np.linalg.norm(state[self.gradient_name]))
        self.score = float(state[self.score_name]) if self.score_name else cost
        self.iteration += 1
        self.still = self.still + 1 if np.array_equal(w, self.w) else 0
        self.rises += cost > self.cost
        self.w, self.cost, self.norm = np.array(w), cost, norm
        if self.score_name or self.score < self.best[0]:  # a score is one of its penalty too
            self.best = self.score, cost, norm, self.w
        self.state = {
            **state,
            "w": self.w,
            "iteration": np.array(self.iteration),
            "first_cost": np.array(self.first),
            "best": self.best[3],
            "best_score": np.array(self.best[0]),
            "still": np.array(self.still),
            "rises": np.array(self.rises),
        }
        told = self.run.watch(Progress(self.iteration, self.w, cost, norm, self.score, self.state))
        self.reason = self._ending(told)
        return bool(self.reason)

    def fail(self, how: str) -> None:
        """Take note that a step failed; `how` goes on the sentence that starts "the cost"."""
        self.reason, self.how = "diverged", how

    def stick(self, how: str) -> None:
        """Take note that no step lowers the cost any further, and how that was found."""
        self.reason, self.how = "stuck", how

    def _ending(self, told: bool) -> str:
        limit = self.run.options[DIVERGED] * max(abs(self.first), 1e-12)
        if self.cost > limit:
            self.how = f"grew to more than {self.run.options[DIVERGED]:g} times that of the start"
            return "diverged"
        if self.norm <= self.run.options[GRADIENT_TOLERANCE]:
            return "converged"
        if told:
            return "watch"
        if self.iteration >= self.run.iterations:
            return "iterations"
        if self.still >= PATIENCE:
            self.how = f"w has stayed as it is for {PATIENCE} iterations"
            return "stuck"
        return ""

    def outcome(self, notes: Iterable[str] = (), penalty: float = 0.0) -> Outcome:
        """Return where the run ended, with what else is to be known, as in `Outcome`."""
        score, cost, norm, w = self.score, self.cost, self.norm, self.w
        if self.reason == "diverged":
            score, cost, norm, w = self.best
        why = _SENTENCES[self.reason].format(
            gtol=self.run.options[GRADIENT_TOLERANCE], how=self.how, norm=norm
        )
        return Outcome(
            np.array(w), cost, norm, score, self.iteration, self.reason, why, tuple(notes),
            self.state, penalty,
        )  # fmt: skip
