"""Where a word of a specification was written, so that every message can point at it."""

from dataclasses import dataclass
from typing import TypeVar

from gradscribe.errors import InputError, nearest, shortened
from gradscribe.table import Named, Table

Entry = TypeVar("Entry", bound=Named)


@dataclass(frozen=True)
class Source:
    """A text that the user wrote.

    Attributes:
        text: the text; "" where a caret makes no sense (a number of a TOML file).
        where: what the text is: "spec", "net.toml: network.formula".
    """

    text: str
    where: str = "spec"

    def error(
        self,
        what: str,
        at: int | None = None,
        *,
        received: str | None = None,
        allowed: str | None = None,
        nearest: str | None = None,
    ) -> InputError:
        """Return the error that says `what`, with a caret under the character `at`."""
        return InputError(
            what,
            where=self.where,
            received=received,
            allowed=allowed,
            nearest=nearest,
            text=None if at is None else self.text,
            position=at,
        )


@dataclass(frozen=True)
class Field:
    """A word that the user wrote, and where.

    Attributes:
        word: the word.
        source: the text it stands in.
        at: the index of its first character there; None where a caret makes no sense.
    """

    word: str
    source: Source
    at: int | None = None

    def error(
        self, what: str, *, allowed: str | None = None, nearest: str | None = None
    ) -> InputError:
        """Return the error that says `what` about this word."""
        return self.source.error(
            what, self.at, received=self.word or None, allowed=allowed, nearest=nearest
        )

    def find(self, table: Table[Entry]) -> Entry:
        """Return the entry of this name; raise `InputError` with the nearest otherwise."""
        text = None if self.at is None else self.source.text
        return table.find(self.word, where=self.source.where, text=text, position=self.at)

    def choose(self, kind: str, allowed: tuple[str, ...]) -> str:
        """Return this word if it is allowed; raise `InputError` with the nearest otherwise."""
        if self.word in allowed:
            return self.word
        raise self.error(
            f"unknown {kind}", allowed=", ".join(allowed), nearest=nearest(self.word, allowed)
        )


def quoted(word: str) -> str:
    """Return a word of the user in quotes, short enough for one line of a message."""
    return f"'{shortened(word, 40)}'"
