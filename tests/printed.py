"""The numbers of a deck as they are printed, read back from its LaTeX and computed again."""

import math
import re
from collections.abc import Iterator
from decimal import Decimal

_TONE = re.compile(r"\\(?:error|slope|weight|input)tone\{((?:[^{}]|\{[^{}]*\})*)\}")
_SIGNS = (
    (r"\,", ""), (r"\bigl[", "("), (r"\bigr]", ")"), (r"\left(", "("), (r"\right)", ")"),
    (r"\cdot", "*"), ("{,}", "."), (r"\tanh", "tanh"), ("{}", ""),
)  # fmt: skip
_NUMERIC = re.compile(r"(?:[\d.+\-*/() ]|\*\*|exp|tanh)+")


def frames(source: str) -> dict[str, str]:
    """Return the frames of a deck by their keys."""
    parts = re.split(r"(?m)^% (\S+)\n(?=\\begin\{frame\})", source)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def without_overlays(text: str) -> str:
    """Return formulas without the commands that reveal them."""
    return re.sub(r"\\onslide<\d+->\{", "", text)


def rows(frame: str) -> Iterator[str]:
    """Yield each row of a frame's displays; what is broken over several rows is one."""
    displays = re.findall(
        r"\\begin\{align\*?\}(.*?)\\end\{align\*?\}", without_overlays(frame), re.DOTALL
    )
    for display in displays:
        row = ""
        for line in re.split(r"\\\\\[\dpt\]", display):
            left, _, right = line.partition("&")
            if left.strip() and row:
                yield row
                row = ""
            row += line if left.strip() else right
        yield row


def plain(text: str) -> str:
    """Return a part of a formula in Python's notation, if it has numbers alone."""
    while _TONE.search(text):
        text = _TONE.sub(r"\1", text)
    text = re.sub(r"\\boldsymbol\{((?:[^{}]|\{[^{}]*\})*)\}", r"\1", text)
    text = re.sub(r"\\tag\{\d+\}|&&?\\reason\{.*|\\quad", "", text)
    for sign, python in _SIGNS:
        text = text.replace(sign, python)
    text = re.sub(r"e\^\{([^{}]*)\}", r"exp(\1)", text)
    text = re.sub(r"\^\{2\}", "**2", text)
    text = re.sub(r"\\frac\{([^{}]*)\}\{([^{}]*)\}", r"((\1)/(\2))", text)
    return re.sub(r"\}+$", "", text.strip()).strip()


def computed(text: str) -> float | None:
    """Return the value of a numeric formula; None for one that has symbols."""
    text = plain(text)
    if not text or not _NUMERIC.fullmatch(text):
        return None
    names = {"exp": math.exp, "tanh": math.tanh, "__builtins__": {}}
    return float(eval(text, names))  # digits, signs and two functions: see `_NUMERIC`


def results(frame: str) -> Iterator[tuple[str, float, Decimal]]:
    """Yield a row, the value of its numbers and the result that is printed of them."""
    for row in rows(frame):
        parts = re.split(r"(?<![\\{])=", row)
        values = [computed(p) for p in parts[1:]]
        if len(values) > 1 and values[-1] is not None and values[-2] is not None:
            yield row, values[-2], Decimal(plain(parts[-1]))


def unit(number: Decimal) -> float:
    """Return a unit in the last place of a number."""
    return 10.0 ** int(number.as_tuple().exponent)
