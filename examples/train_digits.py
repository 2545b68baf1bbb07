"""Train a generated module to read handwritten digits.

    gradscribe generate examples/digits.toml -o digits.py
    python examples/train_digits.py digits.py

Plain gradient descent over all training digits at once, w ← w - α ∇J(w): what the
gradient does is visible, nothing else helps it. The module is loaded from its file and
needs NumPy only; this script needs click too, for the progress bar.

The data are described in examples/data/README.md. The held-out digits are drawn at
random with a fixed seed, without regard to how many there are of each digit.
"""

import gzip
import importlib.util
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import click
import numpy as np
import numpy.typing as npt

DATA = Path(__file__).parent / "data" / "digits.csv.gz"
SIZES = (64, 32, 10)  # pixels, hidden nodes, digits
DARKEST = 16  # the largest value of a pixel
HELD_OUT = 0.3  # share of the digits that training never sees
SEED = 0
RATE = 20.0  # α: J is a mean over samples and outputs, so its gradient is small
STEPS = 2000
FLOOR = 0.93  # share of held-out digits read correctly below which this program fails
NOTES = 10  # lines about the progress where there is no terminal to draw a bar on

Array = npt.NDArray[np.float64]
Show = Callable[[int, float], None]  # called with the step's number and the cost J before it


class Digits(NamedTuple):
    """Digits in the form in which the network takes them.

    Attributes:
        X: pixels from 0 to 1, shape (N, 64).
        D: desired outputs, 1 at the digit and 0 elsewhere, shape (N, 10).
    """

    X: Array
    D: Array


def read(path: Path) -> Digits:
    """Return all digits of a file."""
    with gzip.open(path, "rt", encoding="ascii") as lines:
        table = np.loadtxt(lines, delimiter=",", dtype=np.int64)
    return Digits(table[:, :-1] / DARKEST, np.eye(SIZES[-1])[table[:, -1]])


def split(digits: Digits, seed: int = SEED) -> tuple[Digits, Digits]:
    """Return the digits to train on and the held-out ones."""
    order = np.random.default_rng(seed).permutation(len(digits.X))
    held_out, training = np.split(order, [round(HELD_OUT * len(order))])
    return Digits(*(a[training] for a in digits)), Digits(*(a[held_out] for a in digits))


def load(path: Path) -> ModuleType:
    """Return the module in a file."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise click.BadParameter(f"{path} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def train(
    module: ModuleType, params: Any, digits: Digits, *, rate: float, steps: int, show: Show
) -> Any:
    """Return the parameters after `steps` steps w ← w - α ∇J(w)."""
    for step in range(1, steps + 1):
        cost, gradient = module.cost_and_gradient(params, *digits)
        params = type(params)(*(w - rate * g for w, g in zip(params, gradient, strict=True)))
        show(step, float(cost))
    return params


@contextmanager
def progress(steps: int) -> Iterator[Show]:
    """Give a function that shows the cost: in a bar on a terminal, in a few lines elsewhere."""
    if not sys.stderr.isatty():
        yield lambda step, cost: note(step, steps, cost)
        return
    bar: Any = click.progressbar(
        length=steps,
        label="Training",
        item_show_func=lambda cost: "" if cost is None else f"J = {cost:.6f}",
        file=sys.stderr,
        update_min_steps=max(1, steps // 200),
    )
    with bar:
        yield lambda _, cost: bar.update(1, cost)


def note(step: int, steps: int, cost: float) -> None:
    """Write a line about the first step and about every tenth of them."""
    if step == 1 or step % max(1, steps // NOTES) == 0:
        click.echo(f"step {step:>{len(str(steps))}} of {steps}: J = {cost:.6f}", err=True)


def share_correct(module: ModuleType, params: Any, digits: Digits) -> float:
    """Return the share of the digits at whose place the largest output is."""
    outputs = module.forward(params, digits.X)
    return float(np.mean(outputs.argmax(axis=1) == digits.D.argmax(axis=1)))


def report(module: ModuleType, params: Any, parts: dict[str, Digits]) -> dict[str, float]:
    """Print cost and share for each part of the data; return the shares."""
    shares = {}
    for name, digits in parts.items():
        shares[name] = share_correct(module, params, digits)
        right = round(shares[name] * len(digits.X))
        click.echo(
            f"{name:<9}: cost J = {module.cost(params, *digits):.6f}, "
            f"{right} of {len(digits.X)} digits read correctly ({shares[name]:.1%})"
        )
    return shares


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--steps", type=click.IntRange(1), default=STEPS, show_default=True)
@click.option("--rate", type=float, default=RATE, show_default=True, help="α.")
@click.option("--seed", type=int, default=SEED, show_default=True, help="Of split and weights.")
@click.option("--floor", type=click.FloatRange(0, 1), default=FLOOR, show_default=True)
def main(file: Path, steps: int, rate: float, seed: int, floor: float) -> None:
    """Train the 64-32-10 network in FILE; exit 1 if it reads too few held-out digits."""
    module = load(file)
    training, held_out = split(read(DATA), seed)
    start = time.perf_counter()
    with progress(steps) as show:
        initial = module.initialize(SIZES, seed)
        params = train(module, initial, training, rate=rate, steps=steps, show=show)
    click.echo(f"{steps} steps with α = {rate:g} in {time.perf_counter() - start:.1f} s")
    shares = report(module, params, {"training": training, "held out": held_out})
    target = file.with_name(f"{file.stem}_parameters.npz")
    np.savez(target, **params._asdict())
    derivation = file.with_name("derivation.txt")
    for kind, path in (("derivation", derivation), ("module", file), ("parameters", target)):
        if path.exists():
            click.echo(f"{kind:<10}: {path}")
    if shares["held out"] < floor:
        raise click.ClickException(f"fewer than {floor:.1%} of the held-out digits read correctly")


if __name__ == "__main__":
    main()
