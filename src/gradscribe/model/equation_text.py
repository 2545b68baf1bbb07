"""The text of index equations, taken apart: statements, and the syntax tree of each right side.

    x: 5, 3                                   a declaration of sizes; it may be left out
    u1[i] = W1[i,j] x[j] + b1[i]              an equation
    y1[i] = tanh(u1[i])
    loss=mse name=small                       options, in the last statement

Statements stand on lines of their own or are separated by `;`; what follows `#` is a comment. A
blank between factors multiplies. The trees are Python's own, read and never evaluated.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from gradscribe.errors import InputError
from gradscribe.model.source import Field, Source, quoted

MAX_STATEMENTS, MAX_PARTS, MAX_DEPTH, MAX_INDICES = 500, 2000, 60, 3
MAX_NAME = 30
EQUATION_ALLOWED = "y1[i] = tanh(u1[i])"

_STATEMENT = re.compile(r"[^;\n]+")
_LEFT = re.compile(r"([A-Za-z][A-Za-z0-9_]*)\s*(?:\[([^\[\]]*)\])?")
_DECLARATION = re.compile(r"([A-Za-z][A-Za-z0-9_]*)\s*:\s*(.*)")
_OPTION = re.compile(r"[A-Za-z]\w*=\S+")
_TOKEN = re.compile(r"\s+|[A-Za-z_]\w*|\d+\.?\d*(?:[eE][-+]?\d+)?|\.\d+|\*\*|[-+*/()\[\],^]")
_LIKE_EQUATIONS = re.compile(r"\s*(#|[A-Za-z]\w*\s*(\[|:|=\s))")


@dataclass(frozen=True)
class EquationText:
    """An equation as it was read.

    Attributes:
        name: what is defined.
        indices: the letters of its indices.
        right: the syntax tree of the right side.
        text: the statement in one way of writing.
        places: for each character of the tree's text, where it stands in the source.
    """

    name: Field
    indices: tuple[Field, ...]
    right: ast.expr
    text: str
    places: tuple[int, ...]

    def error(
        self, node: ast.expr, what: str, *, allowed: str | None = None, nearest: str | None = None
    ) -> InputError:
        """Return the error that says `what` about a part of the right side."""
        return self.field(node, ast.unparse(node)[:60]).error(
            what, allowed=allowed, nearest=nearest
        )

    def field(self, node: ast.expr, word: str) -> Field:
        """Return a word of the right side and where it stands."""
        at = self.places[min(node.col_offset, len(self.places) - 1)]
        return Field(word, self.name.source, at)


@dataclass(frozen=True)
class Declaration:
    """The sizes of a variable's indices, as they were declared."""

    name: Field
    sizes: tuple[int, ...]

    @property
    def text(self) -> str:
        """The declaration in one way of writing."""
        return f"{self.name.word}: {', '.join(map(str, self.sizes))}"


@dataclass(frozen=True)
class Statements:
    """What a text of equations says.

    Attributes:
        equations: in order.
        declarations: in order.
        options: where the options start in the text; its end without any.
    """

    equations: tuple[EquationText, ...]
    declarations: tuple[Declaration, ...]
    options: int


def looks_like_equations(text: str) -> bool:
    """Tell whether a specification is, or was meant to be, a text of equations.

    >>> [looks_like_equations(t) for t in ("y[i] = x[i]", "m = mean(j, x[j])", "f(W x) f=tanh")]
    [True, True, False]
    """
    return bool(_LIKE_EQUATIONS.match(text))


def uncommented(source: Source) -> Source:
    """Return a text with blanks for its comments."""
    blank = re.sub(r"#[^\n]*", lambda m: " " * len(m.group()), source.text)
    return Source(blank, source.where)


def statements_of(source: Source) -> Statements:
    """Return the statements of a text without comments.

    Raises:
        InputError: one is neither an equation nor a declaration, or is too long.
    """
    text = source.text
    if not text.isascii():
        at = next(k for k, c in enumerate(text) if not c.isascii())
        raise source.error("equations are written in ASCII", at, received=text[at])
    spans = [(m.start(), m.group()) for m in _STATEMENT.finditer(text) if m.group().strip()]
    if len(spans) > MAX_STATEMENTS:
        raise source.error(f"{len(spans)} statements are too many", allowed=f"{MAX_STATEMENTS}")
    equations: list[EquationText] = []
    declarations: list[Declaration] = []
    options = len(text)
    for number, (start, words) in enumerate(spans):
        at = start + len(words) - len(words.lstrip())
        if all(_OPTION.fullmatch(word) for word in words.split()):
            if number != len(spans) - 1:
                raise source.error("options stand at the end", at, received=words.strip())
            options = at
        elif (declared := _DECLARATION.fullmatch(words.strip())) is not None:
            declarations.append(_declaration(source, at, declared))
        else:
            equations.append(_equation(source, at, words.strip()))
    return Statements(tuple(equations), tuple(declarations), options)


def _declaration(source: Source, at: int, found: re.Match[str]) -> Declaration:
    words = [word.strip() for word in found[2].split(",")]
    for word in words:
        if not (word.isdigit() and len(word) < 10 and int(word) > 0):
            raise source.error(
                "a declared size is no positive integer", at + found.start(2), received=word,
                allowed=f"{found[1]}: 5, 3",
            )  # fmt: skip
    return Declaration(Field(found[1], source, at), tuple(map(int, words)))


def _equation(source: Source, at: int, text: str) -> EquationText:
    left, equals, right = text.partition("=")
    found = _LEFT.fullmatch(left.strip())
    if not equals or found is None:
        raise source.error(
            "this is neither an equation nor a declaration of sizes", at,
            received=text[:60], allowed=f"{EQUATION_ALLOWED}, or x: 5, 3",
        )  # fmt: skip
    if not right.strip():
        raise source.error("the right side is missing", at + len(left), allowed=EQUATION_ALLOWED)
    name = Field(found[1], source, at)
    letters = _letters(Field(found[2] or "", source, at + max(found.start(2), 0)))
    if found[2] is not None and not letters:
        raise name.error("the brackets are empty", allowed=f"{found[1]}[i], or {found[1]} alone")
    written, places = _multiplied(source, right, at + len(left) + 1)
    tree = _tree(source, written, places)
    shown = f"{found[1]}[{','.join(f.word for f in letters)}]" if letters else found[1]
    return EquationText(name, letters, tree, f"{shown} = {_shown(tree)}", places)


def _letters(whole: Field) -> tuple[Field, ...]:
    """Return the letters of a left side's indices."""
    words = [word.strip() for word in whole.word.split(",")] if whole.word.strip() else []
    fields = tuple(Field(word, whole.source, whole.at) for word in words)
    for field in fields:
        check_index(field)
    if len(set(words)) < len(words):
        raise whole.error("an index stands twice on the left", allowed="different letters")
    if len(words) > MAX_INDICES:
        raise whole.error(f"{len(words)} indices are too many", allowed=f"{MAX_INDICES}")
    return fields


def check_index(field: Field) -> None:
    """Check that a word may be an index.

    Raises:
        InputError: it is not a letter followed by letters and digits.
    """
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9]*", field.word) or len(field.word) > MAX_NAME:
        raise field.error("an index is a letter", allowed="letters such as i, j, t")


def _multiplied(source: Source, right: str, start: int) -> tuple[str, tuple[int, ...]]:
    """Write `*` where a blank multiplies, and `**` for `^`; return where each character was."""
    pieces: list[str] = []
    places: list[int] = []
    before, is_call = "", False
    for at, token in _tokens(source, right, start):
        opens = token == "(" and (before in (")", "]") or (_is_operand(before) and not is_call))
        if _ends(before) and (_is_operand(token) or opens):
            pieces.append("*")
            places.append(at)
        written = "**" if token == "^" else token
        pieces.append(written)
        places += [at + k if k < len(token) else at for k in range(len(written))]
        is_call = _is_name(token)
        before = token
    return "".join(pieces), tuple(places) or (start,)


def _tokens(source: Source, right: str, start: int) -> Iterator[tuple[int, str]]:
    """Yield the words and signs of a right side with their places."""
    position = 0
    while position < len(right):
        match = _TOKEN.match(right, position)
        if match is None:
            raise source.error(
                "this cannot stand in an equation", start + position,
                received=right[position], allowed="names, indices in [ ], numbers, + - * / ** ( )",
            )  # fmt: skip
        if match.group().strip():
            yield start + position, match.group()
        position = match.end()


def _is_name(token: str) -> bool:
    return token[:1].isalpha() or token[:1] == "_"


def _is_operand(token: str) -> bool:
    return token[:1].isalnum() or token[:1] in ("_", ".")


def _ends(token: str) -> bool:
    return _is_operand(token) or token in (")", "]")


def _tree(source: Source, text: str, places: tuple[int, ...]) -> ast.expr:
    try:
        tree = ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        at = min(max((getattr(error, "offset", None) or 1) - 1, 0), len(places) - 1)
        raise source.error(
            "this is not written as an equation", places[at], allowed=EQUATION_ALLOWED
        ) from None
    if sum(1 for _ in ast.walk(tree)) > MAX_PARTS:
        raise source.error("the equation is too long", places[0], allowed=f"{MAX_PARTS} parts")
    if _depth(tree) > MAX_DEPTH:
        raise source.error("the equation is nested too deeply", places[0], allowed=f"{MAX_DEPTH}")
    return tree


def _depth(tree: ast.expr) -> int:
    """Return how deeply a tree is nested."""
    deepest, todo = 0, [(tree, 0)]
    while todo:
        node, depth = todo.pop()
        deepest = max(deepest, depth)
        todo += [(c, depth + 1) for c in ast.iter_child_nodes(node) if isinstance(c, ast.expr)]
    return deepest


def _shown(tree: ast.expr) -> str:
    """Return a right side in the one way in which a specification is kept."""
    return ast.unparse(tree).replace(", ", ",")


def quoted_index(letter: str) -> str:
    """Return an index in quotes, for messages."""
    return f"index {quoted(letter)}"
