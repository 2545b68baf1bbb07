"""Where the frames of a deck begin and end in its source, and what their titles are."""

import re
from dataclasses import dataclass

_BEGIN = re.compile(r"\\begin\{frame\}")
_END = re.compile(r"\\end\{frame\}")
_OPTIONAL = re.compile(r"\s*(?:<[^>]*>|\[[^\]]*\])")
_TITLE = re.compile(r"\\frametitle\s*(?=\{)")


@dataclass(frozen=True)
class Frame:
    r"""A frame of a deck.

    Attributes:
        title: its title as it stands in the source, "" where it has none.
        first: the line of its `\begin{frame}`, from 1.
        last: the line of its `\end{frame}`, to which TeX ascribes most warnings.
        body: what stands between, without the title.
    """

    title: str
    first: int
    last: int
    body: str


def frames(source: str) -> list[Frame]:
    """Return the frames of a deck in order; what its preamble defines is none."""
    found = []
    start = max(0, source.find(r"\begin{document}"))
    for begin in _BEGIN.finditer(source, start):
        end = _END.search(source, begin.end())
        if end is None:
            break
        first, last = (source.count("\n", 0, place) + 1 for place in (begin.start(), end.start()))
        title, body = _titled(source[begin.end() : end.start()])
        found.append(Frame(title, first, last, body))
    return found


def _titled(text: str) -> tuple[str, str]:
    """Split what stands in a frame into its title and its body."""
    place = 0
    while option := _OPTIONAL.match(text, place):
        place = option.end()
    start = re.compile(r"[ \t]*\n?[ \t]*").match(text, place)
    at = start.end() if start else place
    if text[at : at + 1] == "{":
        end = closing(text, at)
        return text[at + 1 : end], text[end + 1 :]
    inside = _TITLE.search(text, place)
    if inside is None:
        return "", text[place:]
    end = closing(text, inside.end())
    return text[inside.end() + 1 : end], text[place : inside.start()] + text[end + 1 :]


def closing(text: str, start: int) -> int:
    r"""Return the place of the brace that closes the one at `start` (the end if none does).

    >>> closing(r"{a\}{b}}c", 0)
    7
    """
    depth, place = 0, start
    while place < len(text):
        if text[place] == "\\":
            place += 1
        elif text[place] in "{}":
            depth += 1 if text[place] == "{" else -1
            if depth == 0:
                return place
        place += 1
    return len(text)


def frame_at(found: list[Frame], line: int) -> Frame | None:
    """Return the frame that a line of the source lies in."""
    return next((f for f in found if f.first <= line <= f.last), None)
