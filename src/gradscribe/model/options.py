"""The `key=value` words at the end of a one-line specification or of a formula."""

import re
from collections.abc import Container, Iterator

from gradscribe.errors import nearest
from gradscribe.model.source import Field, Source, quoted

_WORD = re.compile(r"\S+")


def options_start(text: str) -> int:
    """Return where the options start: at the word with the first `=`, or at the end.

    >>> options_start("4-3 tanh loss=mse")
    9
    """
    equals = text.find("=")
    if equals < 0:
        return len(text)
    start = equals
    while start and not text[start - 1].isspace():
        start -= 1
    return start


def read_options(
    source: Source, start: int, allowed: tuple[str, ...], defined: Container[str] = ()
) -> dict[str, Field]:
    """Return the options of `source.text[start:]` by their keys, without what is `defined` there.

    Raises:
        InputError: a word is not `key=value`, a key is unknown or given twice.
    """
    options: dict[str, Field] = {}
    for key, value in option_words(source, start):
        if key.word not in defined:
            _check_key(key, allowed)
        if key.word in options:
            raise key.error("the option is given twice", allowed="each option once")
        options[key.word] = value
    return {key: value for key, value in options.items() if key not in defined}


def option_words(source: Source, start: int) -> Iterator[tuple[Field, Field]]:
    """Yield key and value of each word of `source.text[start:]`.

    Raises:
        InputError: a word is not `key=value`.
    """
    for match in _WORD.finditer(source.text, start):
        yield _option(source, match.group(), match.start())


def _option(source: Source, word: str, at: int) -> tuple[Field, Field]:
    """Take `key=value` apart."""
    key, equals, value = word.partition("=")
    if not (key and equals and value):
        raise Field(word, source, at).error(
            "an option is key=value, without blanks around the sign =", allowed="key=value"
        )
    return Field(key, source, at), Field(value, source, at + len(key) + 1)


def _check_key(key: Field, allowed: tuple[str, ...]) -> None:
    if key.word not in allowed:
        raise key.error(
            f"unknown option {quoted(key.word)}",
            allowed=", ".join(f"{name}=…" for name in allowed),
            nearest=nearest(key.word, allowed),
        )
