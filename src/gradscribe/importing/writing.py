"""A trained stack as files: the specification, the module and the parameters."""

import base64
import io
import re
import sys
import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from gradscribe.catalog import CATALOG
from gradscribe.compiler import loaded, module_source
from gradscribe.errors import InputError
from gradscribe.files import write_bytes
from gradscribe.importing.stack import Array, Trained
from gradscribe.model.network import Network
from gradscribe.model.toml_file import text_blueprint
from gradscribe.targets.module_view import TrainedView

_NAME = re.compile(r"[^A-Za-z0-9_-]+")
_WIDTH = 76
SAMPLES = 32  # at which outputs are compared
# The largest difference of outputs, relative to the largest output, by the type of the numbers.
NEAR = {"float64": 1e-12, "float32": 1e-6}


@dataclass(frozen=True)
class Imported:
    """A trained model as a network of gradscribe.

    Attributes:
        model: its layers as they were read.
        spec: the network as a TOML file.
        network: the network.
        difference: the largest difference of outputs from the source's, relative to the largest;
            None where the source could not be asked.
    """

    model: Trained
    spec: str
    network: Network
    difference: float | None

    @property
    def parameters(self) -> dict[str, Array]:
        """W1, b1, … by name, in the order of the module's `Parameters`."""
        found = self.model.parameters
        return {p.name: found[p.name] for p in self.network.parameters}

    def source(self, embed: bool = False) -> str:
        """Return the source of the module, with the parameters in it if they are to be."""
        return module_source(self.network, trained=self._view(embed))

    def module(self) -> ModuleType:
        """Return the module, in memory, with `trained()` for its parameters."""
        return loaded(self.source(embed=True), "gradscribe_imported")

    def write(self, stem: str | Path, embed: bool = False, keep: Path | None = None) -> list[Path]:
        """Write STEM.toml, STEM.py and, unless they are in the module, the parameters STEM.npz.

        All or nothing: everything is as it was if one of them cannot be written.

        Args:
            stem: the path of all files without their endings.
            embed: whether the parameters are in the module.
            keep: a file that may not be written over: the model's own.

        Raises:
            InputError: a place cannot be written to.
        """
        stem = Path(stem)
        if not stem.name:
            raise InputError(
                "the output has no name",
                where="output",
                received=str(stem),
                allowed="a/folder/NAME",
            )
        contents: dict[str, bytes] = {
            ".toml": self.spec.encode("utf-8"),
            ".py": self.source(embed).encode("utf-8"),
        }
        if not embed:
            buffer = io.BytesIO()
            arrays: dict[str, Any] = dict(self.parameters)
            np.savez(buffer, **arrays)
            contents[".npz"] = buffer.getvalue()
        paths = {stem.with_name(stem.name + ending): data for ending, data in contents.items()}
        if keep is not None and keep.resolve() in {path.resolve() for path in paths}:
            raise InputError(
                "the model itself would be written over", where="output", received=str(stem)
            )
        before: dict[Path, bytes | None] = {}
        try:
            for path, data in paths.items():
                before[path] = path.read_bytes() if path.is_file() else None
                write_bytes(path, data)
        except BaseException:
            for path, old in before.items():
                _restore(path, old)
            raise
        return list(paths)

    def _view(self, embed: bool) -> TrainedView | None:
        classes = tuple(constant_lines("CLASSES", self.model.classes))
        if not embed and not classes:
            return None
        dtype = "<f4" if self.model.dtype == "float32" else "<f8"
        arrays = tuple(self.parameters.values())
        return TrainedView(
            origin=self.model.title.replace('"', "'").replace("\\", "/"),
            classes=classes,
            lines=embedded(arrays, dtype) if embed else (),
            shapes=tuple(str(a.shape) for a in arrays),
            type=dtype,
        )


def embedded(arrays: Iterable[Array], dtype: str) -> tuple[str, ...]:
    """Return the numbers of arrays, one after the other, as lines of Base64."""
    data = b"".join(np.ascontiguousarray(a, dtype).tobytes() for a in arrays)
    return tuple(textwrap.wrap(base64.b64encode(data).decode("ascii"), _WIDTH))


def _restore(path: Path, data: bytes | None) -> None:
    """Put back what a file held; take away one that was not there."""
    if data is not None:
        write_bytes(path, data)
    elif path.is_file():
        path.unlink()


def constant_lines(name: str, labels: tuple[Any, ...]) -> Iterator[str]:
    """Yield the lines of a constant of a module, a tuple of labels; nothing without them."""
    if not labels:
        return
    words = [repr(label) if isinstance(label, int | float | bool) else quoted(str(label))
             for label in labels]  # fmt: skip
    yield f"{name} = ("
    yield from (f"    {word}," for word in words)
    yield ")"
    yield ""


def quoted(text: str) -> str:
    """Return a text as Python's formatters write it: in double quotes where it has none."""
    found = repr(text)
    return f'"{found[1:-1]}"' if found[0] == "'" and '"' not in found else found


def imported(
    model: Trained,
    name: str,
    *,
    output_activation: str | None = None,
    loss: str | None = None,
) -> Imported:
    """Return a trained stack as a network, its outputs compared with the source's.

    Args:
        model: the stack.
        name: what the network is called.
        output_activation: a function to put behind the last layer.
        loss: the loss; None for the source's own, or that which goes with the last function.

    Raises:
        InputError: a function or the loss is unknown, or the outputs are not the source's.
    """
    if output_activation is not None:
        CATALOG.activations.find(output_activation, where="--output-activation")
        model = model.with_output(output_activation)
    if loss is not None:
        CATALOG.losses.find(loss, where="--loss")
    spec = model.spec(_NAME.sub("_", name)[:60] or "imported", loss or model.chosen_loss())
    network = Network.of(text_blueprint(spec, model.origin, CATALOG))
    found = Imported(model, spec, network, None)
    difference = _difference(found)
    limit = _limit(model)
    if difference is not None and not difference <= limit:
        raise InputError(
            f"the outputs differ from the source's by {difference:.1e} of the largest: "
            "something in the model is not what it seems",
            where=model.origin,
            allowed=f"{limit:.0e}",
        )
    return Imported(model, spec, network, difference)


def _limit(model: Trained) -> float:
    """Return how far outputs may be apart.

    Where the source takes off a mean that is many times the spread of an input, digits of it are
    lost: it is at so many spreads from 0.
    """
    limit = max(NEAR[model.dtype], 16 * model.precision)
    if model.scaling is None:
        return limit
    return limit * max(1.0, float(np.abs(model.scaling[1]).max()))


def _inputs(model: Trained) -> Array:
    """Return random inputs of the size that the source expects."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(SAMPLES, model.sizes[0]))
    if model.scaling is not None:
        factor, shift = model.scaling
        X = (X - shift) / np.where(factor == 0, 1, factor)
    return X.astype(np.float32).astype(float) if model.dtype == "float32" else X


def _difference(found: Imported) -> float | None:
    """Compare the outputs of the module with those of the source at random inputs."""
    predict = found.model.predict
    if predict is None:
        return None
    X = _inputs(found.model)
    try:
        true = np.asarray(predict(X), float)
    except Exception as error:  # whatever the source's library raises
        reason = (str(error).strip() or type(error).__name__).split("\n")[0]
        raise InputError(
            f"the model cannot be asked for its outputs: {reason}", where=found.model.origin
        ) from error
    module = loaded(module_source(_forward_only(found.network)), "gradscribe_compared")
    params = module.Parameters(**{k: a.astype(float) for k, a in found.parameters.items()})
    own = module.forward(params, X)
    if own.shape != true.shape:
        return float("inf")
    return float(np.abs(own - true).max() / max(float(np.abs(true).max()), sys.float_info.min))


def _forward_only(network: Network) -> Network:
    return replace(network, emit=(), emit_target="numpy", dtype="float64")


def shown(found: Imported, written: Iterable[Path]) -> str:
    """Return what was done, for people."""
    model = found.model
    sizes = "-".join(map(str, model.sizes))
    count = sum(a.size for a in found.parameters.values())
    functions = ",".join(layer.activation for layer in model.layers)
    lines = [f"{model.title}: {sizes} {functions}, {count} parameters, {model.dtype}"]
    lines += [f"  {note}" for note in model.notes]
    if found.difference is not None and found.difference > NEAR[model.dtype]:
        lines.append("  some digits are lost: the mean of an input is many times its spread")
    if found.difference is None:
        lines.append("  outputs not compared: the source cannot be asked here")
    else:
        lines.append(
            f"  outputs equal the source's at {SAMPLES} random inputs, "
            f"to {found.difference:.1e} of the largest"
        )
    return "\n".join([*lines, *(f"wrote {path}" for path in written)])
