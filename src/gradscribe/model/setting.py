"""A number of a function that a specification chooses: `huber.threshold=2`, `relu.kink=0.5`."""

import re
from dataclasses import dataclass

from sympy import Rational

from gradscribe.model.source import Field, quoted

KINK = "kink"
LEARNED = "learned"
_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d{1,3})?")
_LEARNED = re.compile(rf"{LEARNED}\((.*)\)")
_ALLOWED = f"a number, 1.5, or {LEARNED}(1.5) for one that is learned and starts there"
LARGEST, SMALLEST = 1e30, 1e-30


@dataclass(frozen=True)
class Setting:
    """A number of a function.

    Attributes:
        name: the function, as it was written.
        key_field: what the number is called, as it was written.
        value: the number, as it was written.
        number: what it is, or where it starts.
        learned: whether it is a parameter of the network.
    """

    name: Field
    key_field: Field
    value: Field
    number: Rational
    learned: bool = False

    @property
    def function(self) -> str:
        """The function's name."""
        return self.name.word

    @property
    def key(self) -> str:
        """What the number is called."""
        return self.key_field.word

    @property
    def plain(self) -> float:
        """The number as Python has it; an integer stays one."""
        return int(self.number) if self.number.is_Integer else float(self.number)

    @property
    def text(self) -> str:
        """The value as a word of a specification."""
        return f"{LEARNED}({self.plain!r})" if self.learned else repr(self.plain)


def setting_of(key: Field, value: Field) -> Setting:
    """Return the setting of a word `function.number=value`.

    Raises:
        InputError: a part of the key is missing, or the value is no number.
    """
    name, _, word = key.word.partition(".")
    if not name or not word:
        raise key.error("a number of a function is function.number=value", allowed="relu.kink=0.5")
    at = None if key.at is None else key.at + len(name) + 1
    found = _LEARNED.fullmatch(value.word)
    number = number_of(value, found[1] if found else value.word)
    parts = Field(name, key.source, key.at), Field(word, key.source, at)
    return Setting(*parts, value, number, bool(found))


def number_of(field: Field, word: str) -> Rational:
    """Return the number of a word.

    Raises:
        InputError: it is none, or too large or too small.
    """
    if not _NUMBER.fullmatch(word.strip()):
        raise field.error(f"{quoted(word)} is not a number", allowed=_ALLOWED)
    number = Rational(word.strip())
    if number != 0 and not SMALLEST <= abs(number) <= LARGEST:
        raise field.error("the number is too large or too small", allowed="1e-30 to 1e30")
    return number
