"""The sentences of a language, and the formulas that stand in them."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gradscribe.errors import DerivationError, InputError, nearest
from gradscribe.lecture.display import Node
from gradscribe.lecture.model import Emphasis, Piece

_PARTS = re.compile(r"\{(\w+)\}|\*([^*]+)\*")


@dataclass(frozen=True)
class Words:
    """The sentences of a language by their keys, "cost.linear" for one in a table.

    Attributes:
        language: "en", "pt".
        table: the sentences.
        comma: whether decimals are written with a comma.
    """

    language: str
    table: Mapping[str, str]
    comma: bool

    def text(self, key: str, **values: str) -> str:
        """Return a sentence with plain values put in."""
        return self._found(key).format(**values)

    def pieces(self, key: str, **values: Piece) -> tuple[Piece, ...]:
        """Return a sentence as its pieces, with formulas or words put in.

        Raises:
            DerivationError: the sentence does not exist or names something that is not given,
                or something given does not stand in it.
        """
        sentence = self._found(key)
        pieces: list[Piece] = []
        used = set()
        position = 0
        for match in _PARTS.finditer(sentence):
            if match.start() > position:
                pieces.append(sentence[position : match.start()])
            if match[1]:
                if match[1] not in values:
                    raise DerivationError(f"nothing is given for {{{match[1]}}} in {key!r}")
                used.add(match[1])
                pieces.append(values[match[1]])
            else:
                pieces.append(Emphasis(match[2]))
            position = match.end()
        if used != values.keys():
            raise DerivationError(f"{sorted(values.keys() - used)} do not stand in {key!r}")
        if position < len(sentence):
            pieces.append(sentence[position:])
        return tuple(pieces)

    def _found(self, key: str) -> str:
        if key not in self.table:
            raise DerivationError(f"no sentence {key!r} in the language {self.language!r}")
        return self.table[key]


def placeholders(sentence: str) -> set[str]:
    """Return the names that stand in a sentence for something to be put in."""
    return {m[1] for m in _PARTS.finditer(sentence) if m[1]}


def languages(folder: Path) -> tuple[str, ...]:
    """Return the languages that there are sentences of."""
    return tuple(sorted(p.stem for p in folder.glob("*.toml")))


def words_of(language: str, folder: Path) -> Words:
    """Return the sentences of a language.

    Raises:
        InputError: there are none.
    """
    known = languages(folder)
    if language not in known:
        raise InputError(
            "unknown language",
            received=language,
            allowed=", ".join(known),
            nearest=nearest(language, known),
        )
    text = (folder / f"{language}.toml").read_text(encoding="utf-8")
    data = tomllib.loads(text)
    comma = data.pop("decimal_comma")
    return Words(language, dict(_flat(data, "")), comma)


def _flat(data: Mapping[str, Any], prefix: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for key, value in data.items():
        if isinstance(value, Mapping):
            found += _flat(value, f"{prefix}{key}.")
        else:
            found.append((f"{prefix}{key}", str(value)))
    return found


def pieces_of(*pieces: Piece) -> tuple[Piece, ...]:
    """Return pieces as they are: a formula alone in a cell of a table."""
    return pieces


def formulas_in(pieces: tuple[Piece, ...]) -> tuple[Node, ...]:
    """Return the formulas among pieces."""
    return tuple(p for p in pieces if isinstance(p, Node))
