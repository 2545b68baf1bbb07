"""A run that is stopped at any moment goes on, and ends where one that was not stopped does."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from gradscribe.learning.folder import opened
from gradscribe.learning.live import Quiet
from gradscribe.learning.methods import METHODS as ALL_METHODS
from gradscribe.learning.starts import STOPPED, carry_out, objective_of, result_of
from gradscribe.learning.training import Plan, new_run, train

# How many runs are stopped, of each kind; GRADSCRIBE_INTERRUPTIONS=30 stops so many.
COUNT = int(os.environ.get("GRADSCRIBE_INTERRUPTIONS", "2"))
STOPS = [(signal.SIGKILL if k % 2 == 0 else signal.SIGINT, k) for k in range(COUNT)]
STEPS = {"scg": 700, "l-bfgs": 700, "adam": 2500, "gradient_descent": 2500}
METHODS = tuple(STEPS)


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "bumps.csv"
    x = np.linspace(-3, 3, 300)
    rows = "\n".join(f"{a:.6f},{np.sin(2 * a):.6f}" for a in x)
    path.write_text("x,y\n" + rows + "\n", encoding="ascii")
    return path


def arguments(table, folder, method):
    return [
        "?-9-? tanh,linear", str(table), "-o", str(folder), "--method", method,
        "--starts", "3", "--iterations", str(STEPS[method]), "--seed", "4", "--quiet",
    ]  # fmt: skip


def command(*words):
    return [sys.executable, "-m", "gradscribe", "train", *words]


def gone_on(folder):
    """Carry out the rest of a run in this process, without its report."""
    return train(opened(folder), processes=0, display=Quiet())


@pytest.fixture(scope="module")
def whole(table, tmp_path_factory):
    """The runs that nothing stops, each by its method, made when it is first asked for."""
    found = {}

    def of(method):
        if method not in found:
            found[method] = tmp_path_factory.mktemp("whole") / method
            plan = Plan(method, iterations=STEPS[method], starts=3, seed=4)
            new_run("?-9-? tanh,linear", table, found[method], plan)
            gone_on(found[method])
        return found[method]

    return of


def same_end(one, other):
    for name in ("parameters.npz", "trained.py"):
        assert (one / name).read_bytes() == (other / name).read_bytes(), name
    a, b = opened(one), opened(other)
    for k in range(a.settings.starts):
        mine, theirs = result_of(a, k), result_of(b, k)
        assert mine.w.tobytes() == theirs.w.tobytes()
        assert (mine.reason, mine.iterations) == (theirs.reason, theirs.iterations)
        assert mine.curve[:, :3].tobytes() == theirs.curve[:, :3].tobytes()
        assert mine.places.tobytes() == theirs.places.tobytes()


@pytest.mark.parametrize(("number", "round"), STOPS, ids=lambda v: str(getattr(v, "name", v)))
def test_a_stopped_run_ends_where_it_would_have(table, whole, tmp_path, number, round):
    rng = random.Random(100 * round + number)
    method = METHODS[round % len(METHODS)] if round < 4 else rng.choice(METHODS)
    folder, expected = tmp_path / "run", whole(method)
    process = subprocess.Popen(
        command(*arguments(table, folder, method)),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        start_new_session=True,
    )  # fmt: skip
    deadline = time.monotonic() + 60
    # Before there is a folder there is nothing to go on with: the command is given again.
    while not (folder / "run.json").is_file() and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(rng.uniform(0, 3.5))
    if number == signal.SIGINT:
        os.killpg(process.pid, number)  # as a terminal does: to all processes of the run
    else:
        process.kill()
    error = process.communicate(timeout=60)[1]
    if number == signal.SIGINT:
        assert process.returncode in (0, 130), error
        assert "Traceback" not in error
    opened(folder)
    gone_on(folder)
    assert not list(folder.rglob(".*.part"))
    same_end(folder, expected)


@pytest.mark.parametrize("method", [*ALL_METHODS, "adam+cosine_decay"])
def test_every_method_goes_on_to_the_same_end(table, tmp_path, method):
    """Stopped thrice, before and after what is saved; and ended at a limit that is raised then."""
    begun = tmp_path / "begun"
    new_run("?-3-? tanh,linear", table, begun, Plan(method, iterations=11, starts=2, seed=3))
    stopped, limited = (Path(shutil.copytree(begun, tmp_path / n)) for n in ("stopped", "limited"))
    gone_on(begun)
    for last in (6, 3, 8):
        run = opened(stopped)
        carry_out(run, objective_of(run), 0, lambda report, last=last: report.iteration >= last)
    assert result_of(run, 0).reason == STOPPED
    gone_on(stopped)
    same_end(stopped, begun)
    train(opened(limited).with_settings(iterations=4), processes=0, display=Quiet())
    assert {result_of(opened(limited), k).iterations for k in (0, 1)} == {4}
    train(opened(limited).with_settings(iterations=11), processes=0, display=Quiet())
    same_end(limited, begun)
    for k in (0, 1):
        mine, theirs, raised = (
            opened(folder).load_start(k) for folder in (stopped, begun, limited)
        )
        for name in set(theirs) - {"seconds", "curve"}:  # which have times
            assert mine[name].tobytes() == theirs[name].tobytes() == raised[name].tobytes(), name
