"""A table of named entries, looked up with a message that helps."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Protocol, TypeVar

from gradscribe.errors import InputError, nearest


class Named(Protocol):
    """Anything with a name."""

    @property
    def name(self) -> str:
        """What it is called."""


Entry = TypeVar("Entry", bound=Named)


class Table(Mapping[str, Entry]):
    """An immutable mapping from names to entries of one kind.

    Args:
        kind: what an entry is, for messages: "activation", "loss".
        entries: the entries, in the order in which they are listed.
        refused: names that there are elsewhere, with the reason why they are not here.
    """

    def __init__(
        self, kind: str, *entries: Entry, refused: Mapping[str, str] = MappingProxyType({})
    ) -> None:
        self.kind = kind
        self.refused = refused
        self._entries = {entry.name: entry for entry in entries}
        if len(self._entries) != len(entries):
            raise ValueError(f"two entries of one name in the table of {kind}s")

    def __getitem__(self, name: str) -> Entry:
        return self._entries[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def find(
        self,
        name: str,
        *,
        where: str | None = None,
        text: str | None = None,
        position: int | None = None,
    ) -> Entry:
        """Return the entry of that name; raise `InputError` with the nearest one otherwise."""
        if name in self._entries:
            return self._entries[name]
        raise InputError(
            self.refused.get(name, f"unknown {self.kind}"),
            where=where,
            received=name,
            allowed=", ".join(self._entries),
            nearest=nearest(name, self._entries),
            text=text,
            position=position,
        )

    def with_entry(self, entry: Entry) -> "Table[Entry]":
        """Return a new table that has `entry` too."""
        return Table(self.kind, *self._entries.values(), entry, refused=self.refused)

    def with_changed(self, entry: Entry) -> "Table[Entry]":
        """Return a new table that has `entry` in the place of that of its name."""
        entries = {**self._entries, entry.name: entry}
        return Table(self.kind, *entries.values(), refused=self.refused)
