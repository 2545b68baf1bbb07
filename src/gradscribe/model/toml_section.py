"""One table of a TOML file, read with messages that name the file and the key."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gradscribe.errors import InputError, nearest, shortened
from gradscribe.model.source import Field, Source

MAX_TEXT = 20_000

KEYS = {
    "": ("name", "network", "activation", "loss", "regularization", "emit"),
    "network": ("sizes", "activations", "layer", "formula", "functions"),
    "loss": ("name", "reduction"),
    "emit": ("target", "dtype", "functions"),
}
_KINDS: dict[type, str] = {
    str: "text",
    bool: "true or false",
    int: "an integer",
    float: "a number",
    list: "a list",
    dict: "a table",
}


@dataclass(frozen=True)
class Section:
    """A table of a TOML file.

    Attributes:
        path: the file, as the user called it.
        name: the table's name, "" for the whole file.
        values: what it holds.
    """

    path: str
    name: str
    values: Mapping[str, Any]

    def where(self, key: str) -> str:
        """Return the place of a key, for messages: "net.toml: loss.name"."""
        name = f"{self.name}.{key}" if self.name else key
        return f"{shortened(self.path, 200)}: {shortened(name)}"

    def checked(self, known: tuple[str, ...] = ()) -> "Section":
        """Return this table if each of its keys is known; raise `InputError` otherwise."""
        known = known or KEYS[self.name]
        for key in self.values:
            if key not in known:
                raise InputError(
                    "unknown key",
                    where=self.where(key),
                    received=key,
                    allowed=", ".join(known),
                    nearest=nearest(key, known),
                )
        return self

    def section(self, key: str) -> "Section":
        """Return the table at a key; an empty one where it is left out."""
        name = f"{self.name}.{key}" if self.name else key
        return Section(self.path, name, self.value(key, dict, "a table") or {})

    def value(self, key: str, kind: type, allowed: str) -> Any:
        """Return the value at a key, of the type `kind`; None where it is left out."""
        value = self.values.get(key)
        if value is None or type(value) is kind:
            return value
        raise self.wrong_type(key, value, allowed)

    def number(self, key: str) -> int | float:
        """Return the number at a key."""
        value = self.values[key]
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.wrong_type(key, value, "a number")
        return value

    def text(self, key: str) -> Field | None:
        """Return the text at a key; None where it is left out."""
        value = self.value(key, str, "text")
        return None if value is None else self.field(key, value)

    def field(self, key: str, word: str) -> Field:
        """Return a word at a key."""
        if len(word) > MAX_TEXT:
            raise InputError(
                f"a text of {len(word)} characters is too long",
                where=self.where(key),
                allowed=f"{MAX_TEXT} characters",
            )
        return Field(word, Source(word, self.where(key)))

    def refuse(self, keys: tuple[str, ...], what: str, allowed: str) -> None:
        """Raise `InputError` if one of the keys is given."""
        for key in keys:
            if key in self.values:
                raise InputError(what, where=self.where(key), allowed=allowed)

    def wrong_type(self, key: str, value: object, allowed: str) -> InputError:
        """Return the error of a value of another type than allowed."""
        return InputError(
            "a value of the wrong type",
            where=self.where(key),
            received=f"{_KINDS.get(type(value), 'a date or a time')}, {shown(value)}",
            allowed=allowed,
        )


def shown(value: object) -> str:
    """Return a value of a TOML file for a message."""
    try:
        return shortened(str(value))
    except (ValueError, RecursionError):
        # Python prints no integers of thousands of digits, and no lists that deep.
        return "too long to be shown"
