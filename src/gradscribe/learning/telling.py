"""Reports in a language: sentences by their keys, and numbers as people write them."""

import re
from functools import cache
from pathlib import Path

from gradscribe.lecture.words import Words, words_of
from gradscribe.targets.target import TEMPLATES

_RAISED = str.maketrans("-+0123456789", "⁻⁺⁰¹²³⁴⁵⁶⁷⁸⁹")
_NUMBER = re.compile(r"-?\d+(\.\d+)?(e[+-]\d+)?")
_EXPONENT = re.compile(r"e([+-]\d+)")


@cache
def told_in(language: str, templates: Path = TEMPLATES) -> Words:
    """Return the sentences of a language.

    Raises:
        InputError: there are none.
    """
    return words_of(language, templates / "locales")


def english() -> Words:
    """Return the language that everything is told in unless another one is asked for."""
    return told_in("en")


def numeral(text: str, words: Words) -> str:
    """Return numbers that Python wrote as people write them: 1.5e-07 is 1.5·10⁻⁷.

    >>> numeral("1.5e-07", english()), numeral("1.5e-07", told_in("pt"))
    ('1.5·10⁻⁷', '1,5·10⁻⁷')
    """
    shown = _EXPONENT.sub(lambda m: "·10" + str(int(m[1])).translate(_RAISED), text)
    shown = re.sub(r"(?<![\w.])0\.?0*·10⁰", "0", shown).replace("·10⁰", "")
    shown = re.sub(r"(?<![\w)])-(?=\d)", "−", shown)
    return re.sub(r"(?<=\d)\.(?=\d)", ",", shown) if words.comma else shown


def spoken(sentence: str, words: Words) -> str:
    """Return a sentence that a run keeps in English in a language.

    They are those of the table `notes`; what is not in it, as words of SciPy, stays as it is.
    """
    for key, pattern in _patterns():
        found = pattern.fullmatch(sentence)
        if found:
            values = found.groupdict()
            shown = {
                k: numeral(v, words) if _NUMBER.fullmatch(v) else spoken(v, words)
                for k, v in values.items()
            }
            return words.text(key, **shown)
    return sentence


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple(
        (key, re.compile(re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>.+)", re.escape(text))))
        for key, text in english().table.items()
        if key.startswith("notes.")
    )
