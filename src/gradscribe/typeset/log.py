"""What a TeX log says: the error that stopped a run, and what a good run still complains of.

The log must have been written with `max_print_line` large enough that no message is wrapped,
and with `-file-line-error`.
"""

import re
from dataclasses import dataclass
from enum import Enum

from gradscribe.typeset.frames import Frame, frame_at, frames

# An overfull box that no eye sees.
TOLERANCE_PT = 0.5


class Kind(Enum):
    """What a finding is about."""

    OVERFULL = "overfull box"
    MISSING_CHARACTER = "missing character"
    UNDEFINED_REFERENCE = "undefined reference"
    FONT = "font substitution"
    RERUN = "another run is needed"
    NOT_IN_MATH = "text character in mathematics"
    SHRUNK = "shrunk frame"


@dataclass(frozen=True)
class Finding:
    """One complaint of TeX, once for all overlays of a frame.

    Attributes:
        kind: what it is about.
        text: the line of the log.
        line: the line of the source where TeX noticed it, if it says so.
        frame: the title of the frame that lies there, "" where there is none.
    """

    kind: Kind
    text: str
    line: int | None = None
    frame: str = ""

    def __str__(self) -> str:
        place = f" (frame “{self.frame}”)" if self.frame else ""
        return f"{self.kind.value}{place}: {self.text}"


@dataclass(frozen=True)
class TexError:
    """The error that stopped pdflatex.

    Attributes:
        message: what TeX said.
        line: the line of the source, if it says so.
        frame: the title of the frame that lies there, "" where there is none.
        context: the source up to the place of the error, as TeX showed it.
    """

    message: str
    line: int | None
    frame: str
    context: str


_PATTERNS = {
    Kind.MISSING_CHARACTER: re.compile(r"^Missing character:"),
    Kind.UNDEFINED_REFERENCE: re.compile(
        r"^LaTeX Warning: (?:Reference|Citation|Hyper reference) .*undefined"
        r"|^LaTeX Warning: There were (?:undefined|multiply-defined)"
        r"|^LaTeX Warning: Label .* multiply defined"
    ),
    Kind.FONT: re.compile(r"^LaTeX Font Warning: (?!Size substitutions)"),
    Kind.RERUN: re.compile(r"Rerun to get|Label\(s\) may have changed|Rerun LaTeX"),
    Kind.NOT_IN_MATH: re.compile(r"^LaTeX Warning: Command .* invalid in math mode"),
    Kind.SHRUNK: re.compile(r"Frame text is shrunk"),
}
_OVERFULL = re.compile(r"^Overfull \\([hv])box \((\d+(?:\.\d+)?)pt too")
_LINE = re.compile(r"(?:at|in paragraph at|detected at|input) lines? (\d+)")
# "(Font)       using … instead": the second line of a message.
_CONTINUED = re.compile(r"\n\([\w-]+\) {2,}")
_FILE_LINE = re.compile(r"^(\S[^:]*\.[A-Za-z]+):(\d+): (.+)$")


def findings(log: str, source: str = "") -> list[Finding]:
    """Return what the log of a run complains of, each once.

    Args:
        log: the log.
        source: the document; with it, findings name their frame.
    """
    deck = frames(source)
    lines = _CONTINUED.sub(" ", log).splitlines()
    found = [f for line in lines if (f := _finding(line, deck)) is not None]
    return list(dict.fromkeys(found))


def _finding(line: str, deck: list[Frame]) -> Finding | None:
    kind = _kind(line)
    if kind is None:
        return None
    place = _LINE.search(line)
    number = int(place[1]) if place else None
    frame = frame_at(deck, number) if number else None
    return Finding(kind, line.strip(), number, frame.title if frame else "")


def _kind(line: str) -> Kind | None:
    """Return what a line of the log complains of."""
    box = _OVERFULL.match(line)
    if box:
        return Kind.OVERFULL if float(box[2]) > TOLERANCE_PT else None
    return next((kind for kind, pattern in _PATTERNS.items() if pattern.search(line)), None)


def first_error(log: str, source: str = "", name: str = "document.tex") -> TexError | None:
    """Return the first error of a run, or None where there is none.

    Args:
        log: the log.
        source: the document; with it, the error names its frame.
        name: the file name under which TeX read it.
    """
    lines = log.splitlines()
    for place, text in enumerate(lines):
        match = _FILE_LINE.match(text)
        if match is None and not text.startswith("!"):
            continue
        context = next((c for c in lines[place + 1 : place + 30] if c.startswith("l.")), "")
        own = re.match(r"l\.(\d+) ?(.*)", context)
        in_source = match is not None and match[1].removeprefix("./") == name
        line = int(match[2]) if match and in_source else int(own[1]) if own else None
        frame = frame_at(frames(source), line) if line else None
        message = match[3] if match else text.lstrip("! ")
        return TexError(message, line, frame.title if frame else "", own[2] if own else "")
    return None
