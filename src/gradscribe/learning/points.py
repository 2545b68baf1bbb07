"""Points of the surface: of a run, or said in words."""

import re

import numpy as np

from gradscribe.errors import InputError, nearest
from gradscribe.learning.initial import KINDS, first_parameters
from gradscribe.learning.objective import Objective, Vector

_VALUE = re.compile(r"([^=\[\]]+)(?:\[([\d,\s]+)\])?=(.+)")
ALLOWED = "random, equal, zeros, a .npz file, or numbers such as b2=0.25,W1[0,1]=2 with all else 0"


def point(objective: Objective, said: str, seed: int = 0) -> Vector:
    """Return the parameters that a text says, (K,).

    Args:
        objective: the cost.
        said: "zeros", "random", "equal", a file, or values: `b2=0.25,W1[0,1]=2`.
        seed: of "random".

    Raises:
        InputError: the text says none.
    """
    if said in KINDS or said.endswith(".npz"):
        return first_parameters(objective, said, seed, 0)
    if "=" not in said:
        raise InputError(
            "no such point",
            where="--at",
            received=said,
            allowed=ALLOWED,
            nearest=nearest(said, KINDS),
        )
    params = objective.params(np.zeros(objective.K))
    arrays = {name: np.array(a, float) for name, a in zip(params._fields, params, strict=True)}
    for word in re.split(r",(?![^\[]*\])", said):
        _put(arrays, word.strip())
    return np.concatenate([a.reshape(-1) for a in arrays.values()])


def _put(arrays: dict[str, Vector], word: str) -> None:
    found = _VALUE.fullmatch(word)
    try:
        value = float(found[3]) if found else np.nan
    except ValueError:
        value = np.nan
    if found is None or not np.isfinite(value):
        raise InputError("not NAME=NUMBER", where="--at", received=word, allowed=ALLOWED)
    name, place = found[1].strip(), found[2]
    if name not in arrays:
        raise InputError(
            "the network has no such parameter",
            where="--at",
            received=name,
            allowed=", ".join(arrays),
            nearest=nearest(name, arrays),
        )
    array = arrays[name]
    if place is None:
        array[...] = value
        return
    index = tuple(int(k) for k in place.split(",") if k.strip())
    fits = len(index) == array.ndim and all(
        k < size for k, size in zip(index, array.shape, strict=True)
    )
    if not fits:
        raise InputError(
            f"{name} has no such component",
            where="--at",
            received=word,
            allowed=f"indices below {array.shape}",
        )
    array[index] = value
