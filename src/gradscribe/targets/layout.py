"""Breaking long lines of Python as its formatters do, at 88 columns."""

import ast
import re
from collections.abc import Iterator, Sequence

WIDTH = 88


def wrapped(before: str, items: Sequence[str], after: str, indent: int = 0) -> list[str]:
    """Return `before item, item after` in one line if it fits, else an item a line.

    Args:
        before: what opens the list, with its bracket: "f(".
        items: the items.
        after: what closes it: ")".
        indent: columns that the lines will be moved right by.
    """
    line = before + ", ".join(items) + after
    if indent + len(line) <= WIDTH or not items:
        return [line]
    return [before, *(f"    {item}," for item in items), after]


def call(before: str, items: Sequence[str], after: str, indent: int = 0) -> list[str]:
    """Return a call: in one line, with its arguments in one line, or each in its own."""
    line = before + ", ".join(items) + after
    inside = "    " + ", ".join(items)
    if indent + len(line) <= WIDTH or indent + len(inside) > WIDTH:
        return wrapped(before, items, after, indent)
    return [before, inside, after]


def signature(before: str, items: Sequence[str], after: str) -> list[str]:
    """Return the head of a function: in one line, its parameters in one, or one a line."""
    line = before + ", ".join(items) + after
    if len(line) <= WIDTH:
        return [line]
    inside = "    " + ", ".join(items)
    return [before, inside, after] if len(inside) <= WIDTH else wrapped(before, items, after, WIDTH)


def tuple_source(items: Sequence[str]) -> str:
    """Return the source of a tuple.

    >>> tuple_source(["1"]), tuple_source(["1", "2"])
    ('(1,)', '(1, 2)')
    """
    return f"({items[0]},)" if len(items) == 1 else f"({', '.join(items)})"


def comment(text: str, indent: int = 4) -> list[str]:
    """Return a comment, cut with an ellipsis where it would be too long for a line."""
    room = WIDTH - indent - 2
    return [f"# {text if len(text) <= room else text[: room - 1] + '…'}"]


def broken_statement(line: str, indent: int = 4) -> list[str]:
    """Put the value of an assignment that is too long for a line in parentheses.

    >>> broken_statement("x += a + b", 80)
    ['x += (', '    a + b', ')']
    """
    if indent + len(line) <= WIDTH:
        return [line]
    head, sign, value = re.split(r" ([+*]?=) ", line, maxsplit=1)
    node = ast.parse(value, mode="eval").body
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        return _call_lines(f"{head} {sign} ", value, node, "", indent)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        inner = node.func.value
        if isinstance(inner, ast.Name):
            return _call_lines(f"{head} {sign} ", value, node, "", indent)
        if isinstance(inner, ast.Call):
            return _call_lines(
                f"{head} {sign} ", value, inner, value[inner.end_col_offset :], indent
            )
    return [f"{head} {sign} (", *(f"    {part}" for part in broken(value, indent + 4)), ")"]


def _call_lines(before: str, text: str, node: ast.Call, after: str, indent: int) -> list[str]:
    given: list[ast.expr | ast.keyword] = [*node.args, *node.keywords]
    arguments = [_cut(text, a) for a in given]
    if not after and any(indent + len(a) + 5 > WIDTH for a in arguments):
        first, *others = broken(text, indent)
        return [before + first, *others]
    return call(f"{before}{_cut(text, node.func)}(", arguments, f"){after}", indent)


def broken(expression: str, indent: int) -> list[str]:
    """Return the source of an expression in lines: at its operators and generators, if long.

    Args:
        expression: in one line, inside of brackets.
        indent: columns that the lines will be moved right by.

    >>> broken("sum(W[i, j] * x[j] for j in range(N0)) + b[i]", 48)
    ['sum(W[i, j] * x[j] for j in range(N0))', '+ b[i]']
    """
    if indent + len(expression) <= WIDTH:
        return [expression]
    whole = ast.parse(expression, mode="eval").body
    if whole.col_offset > 0:  # in parentheses
        inner = broken(_cut(expression, whole), indent + 4)
        return ["(", *(f"    {line}" for line in inner), ")"]
    match whole:
        case ast.BinOp(op=ast.Add() | ast.Sub()) as node:
            parts = list(_operands(expression, node, (ast.Add, ast.Sub)))
        case ast.BinOp(op=ast.Mult() | ast.Div() | ast.MatMult()) as node:
            parts = list(_operands(expression, node, (ast.Mult, ast.Div, ast.MatMult)))
        case ast.Call(args=[ast.GeneratorExp() as loop]) as node:
            element = _operand(expression, loop.elt)
            body = broken(element, indent + 4)
            loops = expression[expression.index(element) + len(element) : -1].strip()
            each = [f"for {part}" for part in loops.removeprefix("for ").split(" for ")]
            return [f"{_cut(expression, node.func)}(", *(f"    {b}" for b in (*body, *each)), ")"]
        case ast.Call(args=[_, *_]) as node:
            lines = [f"{_cut(expression, node.func)}("]
            alone = len(node.args) == 1 and not node.keywords  # the call has the parentheses
            for argument in node.args:
                text = _cut(expression, argument) if alone else _operand(expression, argument)
                *first, last = broken(text, indent + 4)
                lines += [*(f"    {line}" for line in first), f"    {last},"]
            named = (ast.get_source_segment(expression, k) for k in node.keywords)
            return [*lines, *(f"    {text}," for text in named), ")"]
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            inside = broken(_operand(expression, operand), indent + 1)
            return [f"-{inside[0]}", *inside[1:]]
        case ast.BinOp(op=ast.Pow(), left=left) | ast.Subscript(value=left):
            base = _operand(expression, left)
            lines = broken(base, indent)
            return [*lines[:-1], lines[-1] + expression[len(base) :]]
        case _:
            return [expression]
    return [line for part in parts for line in broken_after(*part, indent)]


def broken_after(sign: str, operand: str, indent: int) -> list[str]:
    """Return an operand in lines, its operator before the first."""
    first, *others = broken(operand, indent + len(sign))
    return [sign + first, *others]


_SIGNS = {ast.Add: "+ ", ast.Sub: "- ", ast.Mult: "* ", ast.Div: "/ ", ast.MatMult: "@ "}


def _operands(
    text: str, node: ast.expr, operators: tuple[type[ast.operator], ...]
) -> Iterator[tuple[str, str]]:
    """Yield the operands of operators that bind alike, each with the operator before it."""
    if not isinstance(node, ast.BinOp) or not isinstance(node.op, operators):
        yield "", _operand(text, node)
        return
    yield from _operands(text, node.left, operators)
    yield _SIGNS[type(node.op)], _operand(text, node.right)


def _operand(text: str, node: ast.expr) -> str:
    """Return the source of an operand, with the parentheses around it."""
    start, end = node.col_offset, node.end_col_offset or 0
    around = start > 0 and text[start - 1] == "(" and text[end : end + 1] == ")"
    return text[start - around : end + around]


def _cut(text: str, node: ast.expr | ast.keyword) -> str:
    return ast.get_source_segment(text, node) or ""


def filled(
    before: str, items: Sequence[str], after: str, indent: int, separator: str = ", "
) -> list[str]:
    """Return a list of names or numbers in one line, or in as few lines as it takes."""
    closing = "," if not before and len(items) == 1 else ""
    line = before + separator.join(items) + closing + after
    if not before and len(items) == 1:
        line = f"({items[0]},){after}"
    if indent + len(line) <= WIDTH:
        return [line]
    opening, close = (before, after) if before.endswith(("(", "[")) else (f"{before}(", f"){after}")
    rows = list(_joined(items, separator, WIDTH - indent - 4))
    return [opening, *(f"    {row}" for row in rows), f"{close}  # fmt: skip"]


def _joined(items: Sequence[str], separator: str, room: int) -> Iterator[str]:
    """Yield items joined, as many in a line as fit."""
    line = ""
    last = len(items) - 1
    for position, item in enumerate(items):
        piece = item if position == last else item + separator.rstrip() + " "
        if line and len(line) + len(piece.rstrip()) > room:
            yield line.rstrip()
            line = ""
        line += piece
    yield line.rstrip()
