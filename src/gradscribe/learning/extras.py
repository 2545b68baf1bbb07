"""Libraries that only some commands need: imported when they are used, named where missing."""

from importlib import import_module
from types import ModuleType

from gradscribe.errors import InputError


def library(name: str, what: str, extra: str = "train") -> ModuleType:
    """Return a module of a library that comes with an extra.

    Args:
        name: the module.
        what: what it is needed for: "reading data".
        extra: the extra that has it.

    Raises:
        InputError: it is not installed.
    """
    try:
        return import_module(name)
    except ImportError as error:
        raise InputError(
            f"{what} needs {name.partition('.')[0]}, which is not installed",
            allowed=f"pip install 'gradscribe[{extra}]'",
        ) from error
