"""Breaking long lines of Python as its formatters do, at 88 columns."""

from collections.abc import Sequence

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
