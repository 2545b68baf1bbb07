"""Filling templates. The only module that knows Jinja."""

from dataclasses import fields
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, TemplateError

from gradscribe.errors import DerivationError
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
