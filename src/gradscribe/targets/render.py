"""Filling templates and writing files. The only module that knows Jinja."""

import os
import stat
import tempfile
from dataclasses import fields
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, TemplateError

from gradscribe.errors import DerivationError, InputError
from gradscribe.targets.target import Target


def render(target: Target, view: Any) -> str:
    """Return a target's template filled with a view, which is a dataclass of ready strings."""
    environment = Environment(
        loader=FileSystemLoader(target.folders),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # Python and text, not HTML
    )
    values = {f.name: getattr(view, f.name) for f in fields(view)}
    try:
        return environment.get_template(target.template).render(values)
    except TemplateError as error:
        place = f"{target.folder.name}/{target.template}"
        raise DerivationError(f"template {place}: {error}") from error


def write(path: Path, text: str) -> None:
    """Write a file whole or not at all: an old one stays as it was until the new one is complete.

    Raises:
        InputError: the place cannot be written to.
    """
    try:
        if path.is_dir():
            raise InputError(
                "the output is a directory", where="output", received=str(path), allowed="a file"
            )
        if path.exists() and not path.is_file():
            path.write_text(text, encoding="utf-8")  # a device or a pipe is not replaced
            return
        _replace(path.resolve(), text)
    except OSError as error:
        reason = error.strerror or str(error)
        raise InputError(
            f"cannot write the output ({reason})", where="output", received=str(path)
        ) from error


def _replace(path: Path, text: str) -> None:
    """Write beside the file, then take its place in one step."""
    if not path.parent.is_dir():
        raise InputError(
            "no such folder",
            where="output",
            received=str(path.parent),
            allowed="an existing folder",
        )
    mode = stat.S_IMODE(path.stat().st_mode) if path.exists() else 0o666 & ~_umask()
    if path.exists() and not os.access(path, os.W_OK):
        raise InputError("the file is read-only", where="output", received=str(path))
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:40]}.", suffix=".part")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(mode)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _umask() -> int:
    """Return the process's file mode mask (which can only be read by setting it)."""
    mask = os.umask(0)
    os.umask(mask)
    return mask
