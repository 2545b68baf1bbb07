"""Tokens of LaTeX's mathematics, and a document's own macros expanded in them."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from gradscribe.errors import DerivationError
from gradscribe.typeset.frames import closing

_TOKEN = re.compile(r"\\[A-Za-z]+\*?|\\.|\s+|[^\\\s]", re.DOTALL)
_NEW = re.compile(
    r"\\(?:re)?(?:newcommand|providecommand)\*?\s*\{?\s*(\\[A-Za-z]+)\s*\}?\s*(?:\[(\d)\])?\s*(?=\{)"
)
_OPERATOR = re.compile(r"\\DeclareMathOperator(\*?)\s*\{?\s*(\\[A-Za-z]+)\s*\}?\s*(?=\{)")
# No formula is nested as deep as this: more is a macro that contains itself.
MAX_EXPANSIONS = 10_000


@dataclass(frozen=True)
class Macro:
    """A macro: the number of its arguments, and its body with #1, #2, …."""

    arguments: int
    body: str


def macros_of(preamble: str) -> dict[str, Macro]:
    r"""Return the macros that a preamble defines by \newcommand and its like.

    >>> macros_of(r"\newcommand{\w}[3]{w_{#1,#2}^{#3}}")
    {'\\w': Macro(arguments=3, body='w_{#1,#2}^{#3}')}
    """
    found = {}
    for match in _NEW.finditer(preamble):
        body = preamble[match.end() + 1 : closing(preamble, match.end())]
        found[match[1]] = Macro(int(match[2] or 0), body)
    for match in _OPERATOR.finditer(preamble):
        name = preamble[match.end() + 1 : closing(preamble, match.end())]
        found[match[2]] = Macro(0, rf"\operatorname{match[1]}{{{name}}}")
    return found


def tokens(text: str) -> list[str]:
    """Return the tokens of a formula: control sequences, single characters, and one space.

    A comment ends at its line.
    """
    text = re.sub(r"(?<!\\)%[^\n]*\n?", "", text)
    return [" " if t.isspace() else t for t in _TOKEN.findall(text)]


class Reader:
    """Tokens from left to right, macros expanded on the way.

    Attributes:
        pending: what has not been read, the next token last.
    """

    def __init__(self, text: str, macros: Mapping[str, Macro]) -> None:
        self.macros = macros
        self.pending = tokens(text)[::-1]
        self.expansions = 0

    def peek(self) -> str:
        """Return the next token with macros expanded, "" at the end."""
        while self.pending and self.pending[-1] in self.macros:
            self._expand(self.macros[self.pending.pop()])
        return self.pending[-1] if self.pending else ""

    def next(self) -> str:
        """Read the next token."""
        token = self.peek()
        if token:
            self.pending.pop()
        return token

    def argument(self) -> str:
        """Read an argument: a group without its braces, or one token."""
        self.spaces()
        if not self.pending:
            return ""
        first = self.pending.pop()
        return "".join(_spaced(self._group())) if first == "{" else first

    def optional(self) -> str:
        """Read an optional argument in brackets, "" where there is none."""
        self.spaces()
        if not self.pending or self.pending[-1] != "[":
            return ""
        self.pending.pop()
        inner = []
        while self.pending and (token := self.pending.pop()) != "]":
            inner.append(token)
        return "".join(inner)

    def spaces(self) -> None:
        """Skip spaces."""
        while self.pending and self.pending[-1] == " ":
            self.pending.pop()

    def _group(self) -> Iterator[str]:
        depth = 1
        while self.pending:
            token = self.pending.pop()
            depth += {"{": 1, "}": -1}.get(token, 0)
            if depth == 0:
                return
            yield token

    def _expand(self, macro: Macro) -> None:
        """Put a macro's body in the place of its call."""
        self.expansions += 1
        if self.expansions > MAX_EXPANSIONS:
            raise DerivationError("a macro of the preamble contains itself")
        given = [self.argument() for _ in range(macro.arguments)]
        body = re.sub(r"#(\d)", lambda m: f"{given[int(m[1]) - 1]}", macro.body)
        self.pending += tokens(body)[::-1]


def _spaced(parts: Iterator[str]) -> Iterator[str]:
    r"""Yield tokens with a space after each control word, so that \cdot x stays two tokens."""
    for part in parts:
        yield f"{part} " if re.fullmatch(r"\\[A-Za-z]+\*?", part) else part
