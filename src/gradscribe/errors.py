"""What can go wrong, and whose turn it is to act.

GradscribeError
├── InputError          the user's input cannot be taken (exit code 2)
│   └── TypesetError    the PDF cannot be made: no TeX, or pdflatex failed
│       └── MissingTexError
└── DerivationError     a rule met something it has no answer for (a defect of gradscribe)
"""

import difflib
from collections.abc import Iterable


class GradscribeError(Exception):
    """Base of every error that gradscribe raises on purpose."""


class DerivationError(GradscribeError):
    """A rule, a pass or a printer met an expression that it has no case for."""


class InputError(GradscribeError, ValueError):
    """Input that cannot be taken: says what, where, what was received and what is allowed.

    Args:
        what: one sentence saying what is wrong, without a final full stop.
        where: the place: a TOML key, a file, an option.
        received: the offending value as the user wrote it.
        allowed: what would have been accepted.
        nearest: the accepted word most like the one received.
        text: the whole one-line input, to put a caret under `position`.
        position: index of the offending character in `text`.
    """

    def __init__(
        self,
        what: str,
        *,
        where: str | None = None,
        received: str | None = None,
        allowed: str | None = None,
        nearest: str | None = None,
        text: str | None = None,
        position: int | None = None,
    ) -> None:
        self.what = what
        self.where = where
        self.received = received
        self.allowed = allowed
        self.nearest = nearest
        self.position = position
        parts = [f"{where}: {what}" if where else what]
        if text is not None and position is not None:
            parts.append(_with_caret(text, position))
        if received is not None:
            parts.append(f"  received: {shortened(received)}")
        if allowed is not None:
            parts.append(f"  allowed:  {allowed}")
        if nearest is not None:
            parts.append(f"  did you mean {nearest!r}?")
        super().__init__("\n".join(parts))


class TypesetError(InputError):
    """A document cannot be made into a PDF. Its source is not affected."""


class MissingTexError(TypesetError):
    """There is no pdflatex on this machine."""


def shortened(text: str, limit: int = 80) -> str:
    """Return `text` in one printable line of at most `limit` characters.

    >>> shortened("a" * 200, 9)
    'aaaa…aaaa'
    """
    line = "".join(c if c.isprintable() else "\ufffd" for c in text)
    if len(line) <= limit:
        return line
    half = (limit - 1) // 2
    return f"{line[:half]}…{line[-half:]}"


def nearest(word: str, allowed: Iterable[str]) -> str | None:
    """Return the allowed word most like `word` but for capitals, or None when none is near.

    >>> nearest("sigmod", ["tanh", "sigmoid"]), nearest("w1", ["b1", "W1"])
    ('sigmoid', 'W1')
    """
    names = list(allowed)
    found = difflib.get_close_matches(word[:80], names, n=1, cutoff=0.6)
    small = {name.lower(): name for name in reversed(names)}
    alike = difflib.get_close_matches(word[:80].lower(), small, n=1, cutoff=0.6)
    if word.lower() in small or not found:
        return small[alike[0]] if alike else None
    return found[0]


def _with_caret(text: str, position: int, width: int = 76) -> str:
    """Return the part of `text` around `position` with a caret under it."""
    start = max(0, position - width // 2)
    end = min(len(text), start + width)
    part = "".join(c if c.isprintable() else "\ufffd" for c in text[start:end])
    left, right = ("…" if start else ""), ("…" if end < len(text) else "")
    return f"    {left}{part}{right}\n    {' ' * (len(left) + position - start)}^"
