"""The grammar of a formula: text to tree, without recursion and without evaluating anything.

    expression:  [+ | -] term {(+ | -) term}
    term:        factor {[* | @] factor}
    factor:      name | name ( expression {, expression} ) | ( expression )

A tree is the list of its nodes, each after its operands; so whatever is done with a tree is a
loop over that list, and deep nesting cannot exhaust Python's stack.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from gradscribe.model.source import Source, quoted

# Functions of several arguments, as they are written.
SEVERAL = {"norm": "norm(v, gain, shift)", "concat": "concat(x, y)"}
MAX_DEPTH = 200
MAX_NAMES = 1000

_TOKEN = re.compile(r"\s+|[A-Za-z_][A-Za-z0-9_]*|[-+*@(),]|[0-9]+|.", re.DOTALL)
_WORD = re.compile(r"[A-Za-z_]")
_ALLOWED = "names, + - * @ ( ) and blanks"


@dataclass(frozen=True)
class Token:
    """A word or a sign, and where it is."""

    text: str
    at: int

    @property
    def is_word(self) -> bool:
        """Whether it is a name."""
        return bool(_WORD.match(self.text))


@dataclass(frozen=True)
class Name:
    """A matrix or a vector."""

    at: int
    word: str


@dataclass(frozen=True)
class Call:
    """A function of the node `argument`, and of those that follow it.

    Attributes:
        at: where it stands.
        word: its name.
        argument: its first argument.
        others: its other arguments.
    """

    at: int
    word: str
    argument: int
    others: tuple[int, ...] = ()

    @property
    def arguments(self) -> tuple[int, ...]:
        """All arguments in order."""
        return (self.argument, *self.others)


@dataclass(frozen=True)
class Product:
    """The product of two nodes or more, from the left."""

    at: int
    factors: tuple[int, ...]


@dataclass(frozen=True)
class Sum:
    """The sum of nodes, each with its sign +1 or -1."""

    at: int
    terms: tuple[tuple[int, int], ...]


Node = Name | Call | Product | Sum


@dataclass
class _Group:
    """What has been read since a parenthesis was opened: `terms`, then `factors` of the last."""

    opened: Token | None
    function: Token | None = None
    at: int = 0
    sign: Token | None = None
    operator: Token | None = None
    terms: list[tuple[int, int]] = field(default_factory=list)
    factors: list[int] = field(default_factory=list)
    factor_at: int = 0
    arguments: list[int] = field(default_factory=list)


@dataclass
class _Reader:
    """Reads tokens one by one; `groups` are the parentheses that are open."""

    source: Source
    end: int
    nodes: list[Node] = field(default_factory=list)
    groups: list[_Group] = field(default_factory=lambda: [_Group(None)])

    def add(self, node: Node) -> int:
        self.nodes.append(node)
        return len(self.nodes) - 1

    def take(self, token: Token) -> None:
        """Read a token other than a function and an opening parenthesis."""
        if token.is_word:
            self.factor(self.add(Name(token.at, token.text)), token.at)
        elif token.text == ")":
            self.close(token)
        elif token.text == ",":
            self.separate(token)
        elif token.text in "*@":
            self.multiply(token)
        else:
            self.add_sign(token)

    def open(self, opened: Token, function: Token | None) -> None:
        if len(self.groups) > MAX_DEPTH:
            raise self.source.error(
                "the parentheses are nested too deeply", opened.at, allowed=f"{MAX_DEPTH} levels"
            )
        self.groups.append(_Group(opened, function, at=opened.at + 1))

    def separate(self, token: Token) -> None:
        """End an argument of a function that has several."""
        group = self.groups[-1]
        if group.function is None or group.function.text not in SEVERAL:
            raise self.source.error(
                "only some functions have several arguments", token.at,
                allowed=" and ".join(SEVERAL.values()),
            )  # fmt: skip
        group.arguments.append(self.finish_sum(token.at))
        group.terms = []

    def close(self, token: Token) -> None:
        if len(self.groups) == 1:
            raise self.source.error("this parenthesis was not opened", token.at)
        node = self.finish_sum(token.at)
        group = self.groups.pop()
        if group.function is not None:
            first, *others = (*group.arguments, node)
            node = self.add(Call(group.function.at, group.function.text, first, tuple(others)))
        assert group.opened is not None  # the outermost group is never closed by a token
        self.factor(node, (group.function or group.opened).at)

    def factor(self, node: int, at: int) -> None:
        group = self.groups[-1]
        group.operator = None
        if not group.factors:
            group.factor_at = at
        inner = self.nodes[node]
        group.factors += inner.factors if isinstance(inner, Product) else (node,)

    def multiply(self, token: Token) -> None:
        group = self.groups[-1]
        if not group.factors or group.operator:
            raise self.source.error("a factor is missing before this sign", token.at)
        group.operator = token

    def add_sign(self, token: Token) -> None:
        group = self.groups[-1]
        if group.factors:
            self.finish_term(token.at)
        elif group.terms or group.sign:
            raise self.source.error("a term is missing before this sign", token.at)
        group.sign = token

    def finish_term(self, at: int) -> None:
        group = self.groups[-1]
        if group.operator:
            raise self.source.error("a factor is missing after this sign", group.operator.at)
        if not group.factors:
            raise self._missing_term(group, at)
        sign = -1 if group.sign and group.sign.text == "-" else 1
        node = group.factors[0]
        if len(group.factors) > 1:
            node = self.add(Product(group.factor_at, tuple(group.factors)))
        group.terms.append((sign, node))
        group.factors, group.sign = [], None

    def finish_sum(self, at: int) -> int:
        self.finish_term(at)
        group = self.groups[-1]
        if len(group.terms) == 1 and group.terms[0][0] == 1:
            return group.terms[0][1]
        return self.add(Sum(group.at, tuple(group.terms)))

    def finish(self) -> tuple[Node, ...]:
        opened = self.groups[-1].opened
        if opened is not None:
            raise self.source.error("this parenthesis is not closed", opened.at, allowed=")")
        self.finish_sum(self.end)
        return tuple(self.nodes)

    def _missing_term(self, group: _Group, at: int) -> Exception:
        if group.sign:
            return self.source.error("a term is missing after this sign", group.sign.at)
        if group.function:
            what = f"the function {quoted(group.function.text)} needs an argument"
            return self.source.error(what, at)
        return self.source.error("a formula is missing here", at, allowed=_ALLOWED)


def tokens_of(source: Source, end: int) -> list[Token]:
    """Return the words and signs of `source.text[:end]`.

    Raises:
        InputError: a character or a number that a formula cannot have.
    """
    found: list[Token] = []
    for match in _TOKEN.finditer(source.text, 0, end):
        token = Token(match.group(), match.start())
        if token.is_word or token.text in "+-*@(),":
            found.append(token)
        elif not token.text.isspace():
            raise _unexpected(source, token)
    words = [token for token in found if token.is_word]
    if len(words) > MAX_NAMES:
        raise source.error(
            f"{len(words)} names are too many for a formula",
            words[MAX_NAMES].at,
            allowed=f"{MAX_NAMES} names",
        )
    return found


def _unexpected(source: Source, token: Token) -> Exception:
    numeric = token.text.isnumeric()
    what = "a number cannot stand in a formula" if numeric else "an unexpected character"
    allowed = "names of matrices and vectors, such as W1" if numeric else _ALLOWED
    return source.error(what, token.at, received=token.text, allowed=allowed)


def tree_of(
    source: Source, tokens: list[Token], end: int, is_function: Callable[[str], bool]
) -> tuple[Node, ...]:
    """Return the tree of a formula; the last node is the whole of it.

    Args:
        source: the text, for messages.
        tokens: its words and signs.
        end: where the formula ends.
        is_function: whether a name before a parenthesis is applied rather than multiplied.

    Raises:
        InputError: the formula is not well formed.
    """
    reader = _Reader(source, end)
    function: Token | None = None
    for token, following in zip(tokens, [*tokens[1:], None], strict=False):
        if token.is_word and following and following.text == "(" and is_function(token.text):
            function = token
        elif token.text == "(":
            reader.open(token, function)
            function = None
        else:
            reader.take(token)
    return reader.finish()
