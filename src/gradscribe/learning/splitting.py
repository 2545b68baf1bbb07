"""Which rows are held out from training."""

import numpy as np
import numpy.typing as npt

from gradscribe.errors import InputError

ENOUGH = 50  # rows, from which on some are held out unless told otherwise
SHARE = 0.3
_STREAM = 1  # of random numbers, beside those of the starts


def share_of(asked: float | None, rows: int) -> float:
    """Return the share of rows that is held out: as asked, else 0.3 of 50 rows and more."""
    if asked is not None:
        return asked
    return SHARE if rows >= ENOUGH else 0.0


def held_out(
    rows: int, share: float, seed: int, classes: npt.NDArray[np.int64] | None
) -> npt.NDArray[np.bool_]:
    """Return which rows are held out, (N,): of each class the same share, as nearly as can be.

    Args:
        rows: N.
        share: of the rows, 0 ≤ share < 1.
        seed: of the draw.
        classes: the number of each row's class, (N,), or None. One row of each stays in training.

    Raises:
        InputError: nothing would be left on one side.
    """
    out = np.zeros(rows, bool)
    if share == 0:
        return out
    count = round(share * rows)
    if not 0 < count < rows:
        raise InputError(
            f"a share of {share:g} of {rows} rows leaves nothing "
            + ("to hold out" if count == 0 else "to train with"),
            where="--test",
            allowed="0 to hold out nothing, or another share",
        )
    rng = np.random.default_rng([_STREAM, seed])
    order = rng.permutation(rows)
    if classes is None:
        out[order[:count]] = True
        return out
    members = np.bincount(classes)
    exact = count * members / rows
    taken = np.minimum(np.floor(exact).astype(int), np.maximum(members - 1, 0))
    # What is missing goes where the remainder is largest, and one row more can be spared.
    for k in np.argsort(-(exact - taken), kind="stable"):
        if taken.sum() == count:
            break
        taken[k] += int(taken[k] < members[k] - 1)
    if not taken.any():
        raise InputError(
            f"{len(members)} classes in {rows} rows: no class has a row to spare",
            where="--test",
            allowed="0 to hold out nothing; for numbers a linear output and loss=mse",
        )
    for k, many in enumerate(taken):
        out[order[classes[order] == k][:many]] = True
    return out
