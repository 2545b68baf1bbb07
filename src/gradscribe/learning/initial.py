"""Where a start begins."""

import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from gradscribe.errors import InputError, nearest
from gradscribe.learning.objective import Objective, Vector

KINDS = ("random", "equal", "zeros")
FILE = "file"  # a run has a copy of it
EQUAL = 0.5  # every parameter of an equal start


def seed_of(seed: int, k: int) -> int:
    """Return the seed of start k: its own, whatever the other starts do."""
    return int(np.random.SeedSequence([seed, k]).generate_state(1)[0])


def first_parameters(objective: Objective, initial: str, seed: int, k: int) -> Vector:
    """Return the parameters at which start k begins, (K,).

    random: by the rule of the module; equal: 0.5 each, so that all nodes of a layer are the same
    and stay the same; zeros: 0 each; or those of a `.npz` file, by their names.

    Raises:
        InputError: the file does not fit the network.
    """
    if initial == "random":
        return objective.start(seed_of(seed, k))
    if initial in KINDS:
        return np.full(objective.K, EQUAL if initial == "equal" else 0.0)
    return read_parameters(Path(initial), objective)


def check_initial(initial: str) -> None:
    """Check that a word says where starts begin, or that its file is there.

    Raises:
        InputError: it does not.
    """
    if initial not in KINDS and not Path(initial).is_file():
        raise InputError(
            "there is no such file",
            where="--init",
            received=initial,
            allowed=f"{', '.join(KINDS)}, or a .npz file of parameters",
            nearest=nearest(initial, KINDS),
        )


def named_parameters(objective: Objective, w: Vector) -> bytes:
    """Return parameters as the content of a `.npz` file, by their names."""
    params = objective.params(w)
    buffer = io.BytesIO()
    arrays: dict[str, Any] = dict(zip(params._fields, params, strict=True))
    np.savez(buffer, **arrays)
    return buffer.getvalue()


def read_parameters(path: Path, objective: Objective) -> Vector:
    """Return the parameters in a file as one vector, (K,).

    Raises:
        InputError: there is no such file, or it does not fit the network.
    """
    like = objective.params(np.zeros(objective.K))
    names = like._fields
    try:
        with np.load(path, allow_pickle=False) as file:
            found = {name: np.asarray(file[name], float) for name in names}
    except FileNotFoundError as error:
        raise InputError("there is no such file", where=str(path)) from error
    except KeyError as error:
        raise InputError(
            "a parameter is missing",
            where=str(path),
            received=str(error.args[0]),
            allowed=", ".join(names),
        ) from error
    except (OSError, ValueError, EOFError, AttributeError, zipfile.BadZipFile) as error:
        raise InputError(f"not a sound .npz file: {error}", where=str(path)) from error
    for name, own in zip(names, like, strict=True):
        if found[name].shape != own.shape or not np.isfinite(found[name]).all():
            raise InputError(
                f"{name} is not finite or has another shape",
                where=str(path),
                received=str(found[name].shape),
                allowed=str(own.shape),
            )
    return np.concatenate([found[name].reshape(-1) for name in names])
