"""The trained module: one file that takes inputs in the units of the data.

Scalings are folded into the weights beside them where the network lets them: where one matrix
alone reads x, or one linear layer alone gives y. Whether that is so is found by trying: the
outputs have to stay the same. Where they do not, the module does the scaling itself.
"""

import io
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from gradscribe.compiler import module_source
from gradscribe.importing.writing import constant_lines, embedded, quoted
from gradscribe.learning.data import Data, scales_output
from gradscribe.learning.objective import Objective, Vector
from gradscribe.learning.scaling import Scaling
from gradscribe.model.network import Network
from gradscribe.symbols import names
from gradscribe.targets.layout import wrapped
from gradscribe.targets.module_view import TrainedView
from gradscribe.version import VERSION

Array = npt.NDArray[Any]
Named = dict[str, Array]
_EQUAL = 1e-9  # of the largest output


@dataclass(frozen=True)
class Standalone:
    """A trained module and its parameters.

    Attributes:
        source: the module.
        parameters: by name, those in the module.
        folded: whether scalings are in the parameters.
    """

    source: str
    parameters: Named
    folded: bool

    def packed(self) -> bytes:
        """Return the parameters as the content of a `.npz` file."""
        buffer = io.BytesIO()
        arrays: dict[str, Any] = dict(self.parameters)
        np.savez(buffer, **arrays)
        return buffer.getvalue()


def standalone(network: Network, objective: Objective, w: Vector, data: Data) -> Standalone:
    """Return the module of a network with parameters that were learnt, and scalings, in it.

    Args:
        network: the network.
        objective: its cost, whose module computes the outputs that are compared.
        w: all parameters, (K,).
        data: what it was trained with.
    """
    params = objective.params(w)
    given = {name: np.asarray(a) for name, a in zip(params._fields, params, strict=True)}
    folded = _folded(network, objective, given, data)
    parameters = given if folded is None else folded
    # Whatever it was trained with, this one takes arrays and has all in one file.
    network = replace(network, emit_target="numpy")
    view = _view(network, parameters, data, folded is None)
    return Standalone(module_source(network, trained=view), parameters, folded is not None)


def _view(network: Network, parameters: Named, data: Data, scales: bool) -> TrainedView:
    kind = "<f4" if network.dtype == "float32" else "<f8"
    arrays = tuple(parameters.values())
    border = 0.0 if data.logits else sum(data.labels) / 2
    return TrainedView(
        origin=f"a network trained by gradscribe {VERSION}",
        classes=tuple(constant_lines("CLASSES", data.classes)),
        lines=embedded(arrays, kind),
        shapes=tuple(str(a.shape) for a in arrays),
        type=kind,
        inputs=tuple(constant_lines("INPUTS", data.inputs)),
        columns=tuple(_column_lines(data)),
        scaling=tuple(_scaling_lines(data)) if scales else (),
        border=repr(border),
    )


def _column_lines(data: Data) -> list[str]:
    """Return the lines of a constant with names and words of columns; none without any words."""
    if all(len(column) == 1 for column in data.columns):
        return []
    lines = ["COLUMNS = ("]
    for name, *words in data.columns:
        items = [quoted(word) for word in (name, *words)]
        found = wrapped("(", items, ")" if words else ",)", 5)
        lines += [f"    {line}" for line in found[:-1]] + [f"    {found[-1]},"]
    return [*lines, ")", ""]


def _scaling_lines(data: Data) -> list[str]:
    lines: list[str] = []
    for side, scaling in (("INPUT", data.input_scaling), ("OUTPUT", data.output_scaling)):
        for name, values in (("FACTOR", scaling.factor), ("SHIFT", scaling.shift)):
            words = [repr(float(v)) for v in values]
            lines += wrapped(f"_{side}_{name} = np.array([", words, "])")
    return [*lines, ""]


def _folded(network: Network, objective: Objective, given: Named, data: Data) -> Named | None:
    """Return parameters with the scalings in them, or None where they cannot be."""
    found = dict(given)
    into, out = data.input_scaling, data.output_scaling
    if not (into.is_identity or _fold_input(network, found, into)):
        return None
    if not (out.is_identity or _fold_output(network, found, out.inverse)):
        return None
    return found if _same_outputs(objective, given, found, data) else None


def _fold_input(network: Network, found: Named, scaling: Scaling) -> bool:
    """Put W (factor · x + shift) + b = (W diag(factor)) x + (W shift + b)."""
    readers = [q for q in network.equations if network.input.name in names(q.right)]
    if len(readers) != 1:
        return False
    W, b = _affine(network, names(readers[0].right))
    if W is None or found[W].shape[1] != scaling.factor.size:
        return False
    moved = found[W] @ scaling.shift
    if b is None and moved.any():
        return False
    if b is not None:
        found[b] = found[b] + moved
    found[W] = found[W] * scaling.factor
    return True


def _fold_output(network: Network, found: Named, scaling: Scaling) -> bool:
    """Put factor · (W y + b) + shift = (diag(factor) W) y + (factor · b + shift)."""
    if not scales_output(network):
        return False
    (last,) = (q for q in network.equations if q.name == network.output.name)
    inner = names(last.right)
    sums = [q for q in network.equations if q.name in inner]
    if len(sums) != 1:
        return False
    W, b = _affine(network, names(sums[0].right))
    if W is None or b is None or len(found[W]) != scaling.factor.size:
        return False
    found[W] = scaling.factor[:, None] * found[W]
    found[b] = scaling.factor * found[b] + scaling.shift
    return True


def _affine(network: Network, read: set[str]) -> tuple[str | None, str | None]:
    """Return the one matrix and the one vector of parameters among names; None without it."""
    own = [p for p in network.parameters if p.name in read]
    matrices = [p.name for p in own if len(p.shape) == 2]
    vectors = [p.name for p in own if len(p.shape) == 1]
    if len(matrices) != 1 or len(vectors) > 1:
        return None, None
    return matrices[0], vectors[0] if vectors else None


def _same_outputs(objective: Objective, given: Named, found: Named, data: Data) -> bool:
    kind = objective.module.Parameters
    X = data.X[:64]
    true = data.output_scaling.back(np.asarray(objective.module.forward(kind(**given), X)))
    raw = data.input_scaling.back(X)
    own = np.asarray(objective.module.forward(kind(**found), raw))
    return bool(np.abs(own - true).max() <= _EQUAL * max(float(np.abs(true).max()), 1e-300))
