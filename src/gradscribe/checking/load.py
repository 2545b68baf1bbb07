"""A Python file becomes a module that can be examined."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

from gradscribe.errors import InputError
from gradscribe.model.network import Network

NEEDED = ("cost", "gradient")


def load_module(path: str | Path) -> ModuleType:
    """Import a module from its file, under a name of its own.

    Raises:
        InputError: there is no such file, it is not Python, it raises while it is imported,
            or it lacks `cost` or `gradient`.
    """
    path = Path(path)
    _check_readable(path)
    name = f"gradscribe_checked_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise InputError("not a Python file", where=str(path), allowed="a file ending in .py")
    module = importlib.util.module_from_spec(spec)
    before = sys.modules.get(name)
    sys.modules[name] = module  # dataclasses look their module up while it is imported
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        text = f"{type(error).__name__}: {error}"
        raise InputError(
            "the module raises while it is imported", where=str(path), received=text
        ) from error
    finally:
        _restore(name, before)
    _check_complete(module, path)
    return module


def network_of(module: ModuleType, spec: str | None = None) -> Network | None:
    """Return the network that a module is to be compared with.

    Args:
        module: the module.
        spec: what the caller says; it goes before the module's own `SPEC`.

    Returns:
        the network, or None where neither says anything.

    Raises:
        InputError: the specification cannot be taken.
    """
    said = spec if spec is not None else getattr(module, "SPEC", None)
    if said is None:
        return None
    if not isinstance(said, str):
        raise InputError("SPEC is not a text", where=str(module.__file__), received=repr(said))
    return Network.parse(said)


def _restore(name: str, before: ModuleType | None) -> None:
    if before is None:
        sys.modules.pop(name, None)
    else:
        sys.modules[name] = before


def _check_readable(path: Path) -> None:
    """Raise unless the path is a file that Python can compile."""
    where = str(path)
    if path.is_dir():
        raise InputError("is a directory", where=where, allowed="a Python file")
    if not path.exists():
        raise InputError("there is no such file", where=where)
    if path.suffix != ".py":
        raise InputError("not a Python file", where=where, allowed="a file ending in .py")
    try:
        compile(path.read_bytes(), where, "exec")
    except SyntaxError as error:
        line = f"line {error.lineno}: " if error.lineno else ""
        raise InputError(
            f"not valid Python: {line}{error.msg}",
            where=where,
            received=(error.text or "").strip() or None,
        ) from error
    except ValueError as error:  # a null byte
        raise InputError(f"not valid Python: {error}", where=where) from error
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", where=where) from error


def _check_complete(module: ModuleType, path: Path) -> None:
    missing = [name for name in NEEDED if not callable(getattr(module, name, None))]
    if missing:
        raise InputError(
            f"the module lacks {' and '.join(missing)}",
            where=str(path),
            allowed="a module with cost(params, X, D) and gradient(params, X, D)",
        )
