"""What the reader of a worked example may ask for: a sample, and a weight to follow."""

import re
from collections.abc import Sequence

from sympy import Expr, Integer

from gradscribe.errors import InputError, nearest
from gradscribe.model.network import Network
from gradscribe.symbols import component

# Numbers as a lecturer writes them on a board; longer ones would not fit on a slide.
_NUMBER = re.compile(r"[+-]?[0-9]{1,5}(\.[0-9]{1,6})?")
_COMPONENT = re.compile(r"(\w+?)(?:\[([0-9]{1,3}(?:,[0-9]{1,3})*)\])?")


def sample_of(text: str, inputs: int, outputs: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the input and the desired output of "x1,x2;d1".

    Raises:
        InputError: it is written otherwise, or has other sizes.
    """
    allowed = (
        f"{inputs} inputs, a semicolon and {outputs} desired outputs, numbers with a decimal "
        f"point: {_example(inputs, outputs)}"
    )
    sides = [[part.strip() for part in side.split(",")] for side in text.split(";")]
    if [len(side) for side in sides] != [inputs, outputs]:
        raise InputError("a sample of other sizes", where="sample", received=text, allowed=allowed)
    for number in (n for side in sides for n in side):
        if not _NUMBER.fullmatch(number):
            raise InputError(
                f"{number!r} is no number that fits on a slide",
                where="sample",
                received=text,
                allowed=f"{allowed}; at most 5 digits before the point and 6 after it",
            )
    return (tuple(sides[0]), tuple(sides[1]))


def _example(inputs: int, outputs: int) -> str:
    few = ["0.5", "-1", "2"]
    left = ",".join(few[k % 3] for k in range(min(inputs, 4)))
    right = ",".join("1" for _ in range(min(outputs, 4)))
    return f"{left}{',…' if inputs > 4 else ''};{right}{',…' if outputs > 4 else ''}"


def weight_of(text: str, network: Network, shape: Sequence[Sequence[int]]) -> Expr:
    """Return the parameter that is named, "W1[1,2]".

    Args:
        text: its name and indices, from 1; "" for the first.
        network: the network.
        shape: the sizes of each parameter, in their order.

    Raises:
        InputError: there is no such parameter.
    """
    names = [p.name for p in network.parameters]
    if not text:
        return component(names[0], [Integer(1)] * len(shape[0]))
    ones = ",".join("1" for _ in shape[0])
    first = f"{names[0]}[{ones}]" if ones else names[0]
    match = _COMPONENT.fullmatch(text.replace(" ", ""))
    if not match or match[1] not in names:
        raise InputError(
            "no such weight",
            where="weight",
            received=text,
            allowed=f"one of {', '.join(names)} and its indices from 1: {first}",
            nearest=nearest(text.partition("[")[0], names),
        )
    at = [int(k) for k in (match[2] or "").split(",") if k]
    sizes = list(shape[names.index(match[1])])
    if len(at) != len(sizes) or not all(1 <= k <= n for k, n in zip(at, sizes, strict=True)):
        whole = " × ".join(map(str, sizes))
        raise InputError(
            f"{match[1]} has no such component",
            where="weight",
            received=text,
            allowed=f"indices from 1 within {whole}" if sizes else "no indices",
        )
    return component(match[1], map(Integer, at))
