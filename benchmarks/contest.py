"""One case: every variant of every quantity, results compared before times.

    python benchmarks/contest.py < task.json

is the process of one case that `compare.py` starts; it prints what it found as JSON.
"""

import json
import statistics
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TextIO

import everyone
import measuring
from agreement import Reference
from cases import Case, Problem, problem
from missing import Missing
from ours import OURS, TARGETS
from runner import Limits, Probe, Runner, running

PATIENCE = Limits(seconds=60, memory=4 << 30)
OWN_PATIENCE = Limits(seconds=300, memory=16 << 30)  # without ours there is nothing to report

Found = dict[str, Any]  # of one variant: {"missing": reason} or {"seconds": …, "build": …, …}


@dataclass(frozen=True)
class Task:
    """What is measured of one case.

    Attributes:
        case: the network.
        variants: of every quantity the names.
        skipped: why a variant ("quantity/name") is not tried.
        limits: seconds and bytes until the second call of a Hessian is done; for the rest it is
            half the time.
        rounds: how many times each variant has its turn.
        turn: seconds that all turns of a variant may last; if it is slower it has fewer.
        budget: seconds for the first calls of a quantity; when they are over, the peers that are
            left are not tried.
    """

    case: Case
    variants: dict[str, list[str]]
    skipped: dict[str, str] = field(default_factory=dict)
    limits: Limits = PATIENCE
    rounds: int = 11
    turn: float = 1.5
    budget: float = 60.0

    def text(self) -> str:
        """Return the task as JSON."""
        return json.dumps(asdict(self))

    @classmethod
    def read(cls, stream: TextIO) -> "Task":
        """Return the task that `text` has written."""
        found = json.load(stream)
        case = {**found.pop("case")}
        case["sizes"] = tuple(case["sizes"])
        limits = Limits(*found.pop("limits"))
        return cls(case=Case(**case), limits=limits, **found)


class Contest:
    """The variants of one case."""

    def __init__(self, task: Task, folder: Path) -> None:
        self.task, self.folder = task, folder
        self.data: Problem = problem(task.case)
        self.unloaded: dict[str, str] = {}
        self.slow: dict[str, str] = {}  # a peer whose gradient was too much, and what it was

    def load(self) -> None:
        """Import every peer that has a variant here."""
        peers = {everyone.peer_of(q, n) for q, names in self.task.variants.items() for n in names}
        for peer in peers:
            try:
                everyone.load(peer)
            except Missing as reason:
                self.unloaded[peer.__name__] = str(reason)

    def results(self) -> dict[str, Any]:
        """Return what was found of each quantity, and the largest difference."""
        found, worst = {}, 0.0
        for quantity, names in self.task.variants.items():
            reference = Reference(self.folder)
            found[quantity] = self.quantity(quantity, names, reference)
            worst = max(worst, reference.worst)
        return {"found": found, "difference": worst}

    def quantity(self, quantity: str, names: Sequence[str], by: Reference) -> dict[str, Found]:
        """Return what was found of the variants of a quantity."""
        found: dict[str, Found] = {}
        clock = measuring.Clock(self.task.budget)
        with ExitStack() as stack:
            runners = {}
            for name in names:
                try:
                    if reason := self.reason(quantity, name, clock):
                        raise Missing(reason)
                    runners[name], probe = self.started(quantity, name, by, stack)
                    if name in TARGETS:
                        clock = measuring.Clock(self.task.budget)  # it is the peers' alone
                except Missing as reason:
                    self.note(quantity, name, str(reason))
                    found[name] = {"missing": str(reason)}
                else:
                    found[name] = probe._asdict()
            for name, times in self.turns(runners, found).items():
                found[name] |= {"seconds": statistics.median(times), "rounds": len(times)}
            if quantity == "hessian" and OURS in runners:
                found[OURS]["traced"] = runners[OURS].traced()
        return found

    def started(
        self, quantity: str, name: str, by: Reference, stack: ExitStack
    ) -> tuple[Runner, Probe]:
        """Return a variant's process and its first calls, after its result was compared.

        Raises:
            Missing: there is none.
        """
        result = self.folder / "result.npy"
        make = everyone.maker(quantity, name)
        with ExitStack() as own:
            runner = own.enter_context(running(make, self.data, result))
            probe = runner.probe(OWN_PATIENCE if name in TARGETS else self.limits(quantity))
            by.compare(name, result)
            stack.push(own.pop_all())
        return runner, probe

    def limits(self, quantity: str) -> Limits:
        """Return what a peer may take."""
        whole = self.task.limits
        return whole if quantity == "hessian" else whole._replace(seconds=whole.seconds / 2)

    def reason(self, quantity: str, name: str, clock: measuring.Clock) -> str:
        """Return why a variant is not tried, or nothing."""
        if name in TARGETS:
            return ""
        known = self.task.skipped.get(f"{quantity}/{name}") or self.slow.get(name, "")
        absent = self.unloaded.get(everyone.peer_of(quantity, name).__name__)
        return absent or known or ("not tried: time was up" if clock.over else "")

    def note(self, quantity: str, name: str, reason: str) -> None:
        """Let a variant whose gradient takes too long try nothing larger."""
        if quantity == "gradient" and reason.startswith("not within"):
            self.slow[name] = f"not tried: its gradient {reason}"

    def turns(self, runners: Mapping[str, Runner], found: Mapping[str, Found]) -> dict[str, Any]:
        """Return the seconds of a call of each variant in each of its rounds."""
        task, times = self.task, {name: [] for name in runners}
        for turn in range(task.rounds):
            for name in rotated(list(runners), turn):
                second = max(found[name]["second"], 1e-9)
                # An untimed call comes first if calls are short.
                share = min(task.rounds, max(1, int(task.turn / second)))
                if (turn + 1) * share // task.rounds > turn * share // task.rounds:
                    repeats = max(1, round(measuring.BLOCK / second))
                    times[name].append(runners[name].seconds(repeats))
        return times


def rotated(names: list[str], turn: int) -> list[str]:
    """Return the names, beginning with another one each turn."""
    first = turn % len(names) if names else 0
    return names[first:] + names[:first]


def main() -> None:
    task = Task.read(sys.stdin)
    with tempfile.TemporaryDirectory() as folder:
        contest = Contest(task, Path(folder))
        contest.load()
        print(json.dumps(contest.results()))


if __name__ == "__main__":
    main()
