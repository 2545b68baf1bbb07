"""Which reader a file or an object is for."""

import re
import stat
import zipfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from gradscribe.errors import InputError, nearest
from gradscribe.importing.archive import check_sizes
from gradscribe.importing.sklearn_models import from_sklearn, is_sklearn
from gradscribe.importing.stack import Array, Trained
from gradscribe.importing.torch_models import array_of, from_state, from_torch, is_torch

OBJECTS = "a fitted model of scikit-learn, an nn.Sequential of PyTorch, or arrays by name"
# What a file's ending means, and the extra that has what is needed to read it.
_PICKLES = (".pkl", ".pickle", ".joblib")
# How an MLP was trained lies in its file too; skops does not list these types of scikit-learn.
_OPTIMIZERS = "sklearn.neural_network._stochastic_optimizers."
_ENDINGS = (".npz", ".safetensors", ".pt", ".pth", ".keras", ".onnx", ".skops", *_PICKLES)


def read_file(path: Path, functions: Sequence[str] | None, trust: bool) -> Trained:
    """Return the stack in a file.

    Args:
        path: the file; its ending says what it is.
        functions: activation functions, for files that have none in them.
        trust: whether code in a pickle may run.

    Raises:
        InputError: there is no such file, it is not sound, or it cannot be taken over.
    """
    _check_file(path)
    ending = path.suffix.lower()
    if functions is not None and ending in (".keras", ".onnx", ".skops", *_PICKLES):
        raise _has_functions(functions)
    if ending in _PICKLES:
        return _unpickled(path, trust)
    if ending not in _ENDINGS:
        raise InputError(
            "no model has such an ending",
            where=str(path),
            received=ending or path.name,
            allowed=", ".join(_ENDINGS),
            nearest=nearest(ending, _ENDINGS),
        )
    readers: Mapping[str, Callable[[], Trained]] = {
        ".npz": lambda: from_state(_named(_arrays(path)), f"arrays of {path.name}", functions),
        ".safetensors": lambda: from_state(_tensors(path), f"tensors of {path.name}", functions),
        ".pt": lambda: _state(path, functions),
        ".pth": lambda: _state(path, functions),
        ".keras": lambda: _with("h5py", "keras", "keras_models").from_keras(path),
        ".onnx": lambda: _with("onnx", "onnx", "onnx_models").from_onnx(path),
        ".skops": lambda: _skops(path),
    }
    return readers[ending]()


def read_object(model: Any, functions: Sequence[str] | None = None) -> Trained:
    """Return the stack of a live object.

    Raises:
        InputError: it cannot be taken over.
    """
    if (is_sklearn(model) or is_torch(model)) and functions is not None:
        raise _has_functions(functions)
    if is_sklearn(model):
        return from_sklearn(model)
    if is_torch(model):
        return from_torch(model)
    if isinstance(model, Mapping):
        arrays = {str(name): _plain(value) for name, value in model.items()}
        return from_state(_named(arrays), "arrays", functions, in_order=True)
    raise InputError(
        "no such model is known", where="model", received=type(model).__name__, allowed=OBJECTS
    )


def _plain(value: Any) -> Array:
    """Return an array or a tensor as an array."""
    found = array_of(value) if hasattr(value, "detach") else None
    return np.asarray(value) if found is None else found


def _has_functions(functions: Sequence[str]) -> InputError:
    return InputError(
        "the model has its activation functions in it",
        where="--activations",
        received=",".join(functions),
        allowed="--output-activation for one behind the last layer",
    )


def _reason(error: Exception) -> str:
    """Return the first line of what a library says, without codes for a terminal."""
    text = re.sub(r"\x1b\[[0-9;]*m", "", str(error)).strip()
    return text.split("\n")[0] or type(error).__name__


def _check_file(path: Path) -> None:
    try:
        regular = stat.S_ISREG(path.stat().st_mode)
    except FileNotFoundError as error:
        raise InputError("there is no such file", where=str(path)) from error
    except (OSError, ValueError) as error:
        raise InputError(f"cannot be read: {error}", where=str(path)) from error
    if not regular:
        raise InputError("not a file", where=str(path), allowed="a file with a trained model")


def needed(package: str, extra: str) -> Any:
    """Return a package that only some need.

    Raises:
        InputError: it is not installed; the message says how to install it.
    """
    try:
        return import_module(package)
    except ImportError as error:
        raise InputError(
            f"reading this needs the package {package}",
            where="import",
            allowed=f"pip install 'gradscribe[{extra}]'",
        ) from error


def _with(package: str, extra: str, reader: str) -> Any:
    needed(package, extra)
    return import_module(f"gradscribe.importing.{reader}")


def _arrays(path: Path) -> dict[str, Array]:
    """Return the arrays of an .npz, none of which may be a pickle."""
    try:
        with path.open("rb") as stream:
            if not zipfile.is_zipfile(stream):
                raise InputError("no archive of arrays", where=str(path), allowed="np.savez(…)")
            stream.seek(0)
            with np.load(stream, allow_pickle=False) as file:
                check_sizes(file.zip, path)
                return {name: file[name] for name in file.files}
    except InputError:
        raise
    except Exception as error:  # zipfile, zlib and NumPy each have errors of their own
        raise InputError(f"not a sound .npz: {_reason(error)}", where=str(path)) from error


def _named(arrays: Mapping[str, Array]) -> dict[str, Array]:
    """Return arrays named W1, b1, … or coefs_0, intercepts_0, … under the names of a state."""
    found = {}
    for name, array in arrays.items():
        stem = name.rstrip("0123456789")
        number = name[len(stem) :]
        kinds = {"W": "weight", "b": "bias"}
        found[f"{number}.{kinds[stem]}" if number and stem in kinds else name] = array
    return found


def _tensors(path: Path) -> dict[str, Array]:
    """Return the tensors of a .safetensors file."""
    package = needed("safetensors.numpy", "safetensors")
    try:
        found: dict[str, Array] = package.load_file(path)
    except Exception as error:  # the package's own error, or NumPy's for a type it has not
        raise InputError(f"not a sound .safetensors: {_reason(error)}", where=str(path)) from error
    return found


def _state(path: Path, functions: Sequence[str] | None) -> Trained:
    """Return the stack of a state_dict that PyTorch has saved; nothing but tensors is read."""
    torch = needed("torch", "torch")
    try:
        found = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # pickle's, zipfile's and PyTorch's own
        raise InputError(
            f"not a state_dict of tensors: {_reason(error)}",
            where=str(path),
            allowed="torch.save(model.state_dict(), …)",
        ) from error
    if not isinstance(found, Mapping) or not all(hasattr(t, "detach") for t in found.values()):
        inner = list(found) if isinstance(found, Mapping) else []
        raise InputError(
            "not a state_dict",
            where=str(path),
            received=f"{type(found).__name__} {', '.join(map(str, inner))}".strip(),
            allowed="names and tensors: torch.save(model.state_dict(), …)",
        )
    arrays = {str(name): _plain(tensor) for name, tensor in found.items()}
    return from_state(arrays, f"state_dict of {path.name}", functions, in_order=True)


def _skops(path: Path) -> Trained:
    """Return the stack of a .skops file; types that skops does not trust are refused."""
    package = needed("skops.io", "sklearn")
    try:
        types = package.get_untrusted_types(file=path)
        known = [name for name in types if name.startswith(_OPTIMIZERS)]
        unknown = [name for name in types if name not in known]
        model = None if unknown else package.load(path, trusted=known)
    except Exception as error:  # zipfile's, json's and skops's own
        raise InputError(f"not a sound .skops: {_reason(error)}", where=str(path)) from error
    if unknown:
        raise InputError(
            "the file has types that may run code",
            where=str(path),
            received=", ".join(unknown),
            allowed="types of scikit-learn and NumPy",
        )
    return _of_sklearn(model, path)


def _unpickled(path: Path, trust: bool) -> Trained:
    """Return the stack of a pickle, which runs code that is in the file.

    Raises:
        InputError: that is not allowed, or it is no model.
    """
    if not trust:
        raise InputError(
            "a pickle can run any code when it is read",
            where=str(path),
            allowed="--trust, if you know where the file comes from; or skops.io.dump(model, …) "
            "and its file, which runs nothing",
        )
    package = needed("joblib", "sklearn")
    try:
        model = package.load(path)
    except Exception as error:  # whatever the file raises
        raise InputError(f"cannot be unpickled: {_reason(error)}", where=str(path)) from error
    return _of_sklearn(model, path)


def _of_sklearn(model: Any, path: Path) -> Trained:
    with suppress(InputError):
        if not is_sklearn(model):
            return read_object(model)
    if not is_sklearn(model):
        raise InputError(
            "no model in it", where=str(path), received=type(model).__name__, allowed=OBJECTS
        )
    return from_sklearn(model)
