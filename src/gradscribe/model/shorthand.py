"""The specification in one line: `8-16-16-1 tanh,linear loss=mse`."""

import re
from collections.abc import Iterator

from gradscribe.catalog import Catalog
from gradscribe.model.blueprint import Blueprint, options_of, settings_of
from gradscribe.model.definitions import definitions_in
from gradscribe.model.options import options_start, read_options
from gradscribe.model.source import Field, Source
from gradscribe.model.stack import (
    DEFAULT_LAYER,
    Stack,
    activations_of,
    check_widths,
    size_field,
    sizes_of,
    stack_blueprint,
)

_LIKE_SIZES = re.compile(r"[-+]?\d|[^()]*-\d")


def looks_like_sizes(text: str) -> bool:
    """Tell whether the first word is, or was meant to be, sizes joined by `-`.

    >>> [looks_like_sizes(text) for text in ("4-a-3 tanh", "-3-2", "-f(x)", "W x - b")]
    [True, True, False, False]
    """
    words = text.split(maxsplit=1)
    if not words:
        return False
    # isdigit() takes the superscripts that \d does not.
    return words[0][0].isdigit() or bool(_LIKE_SIZES.match(words[0]))


def shorthand_blueprint(source: Source, catalog: Catalog) -> Blueprint:
    """Return the blueprint of a one-line specification.

    Raises:
        InputError: anything in it cannot be taken.
    """
    first = re.search(r"\S+", source.text)
    assert first is not None  # nothing at all is the default specification
    start = max(options_start(source.text), first.end())
    whole = Field(first.group(), source, first.start())
    sizes = sizes_of([size_field(word, source, at) for word, at in _pieces(whole, "-")], whole)
    names = _names(source, first.end(), start)
    known = (*options_of(catalog), "layer")
    defined = definitions_in(source, start, catalog, known)
    catalog = defined.catalog
    options = read_options(source, start, known, defined)
    entries = activations_of(
        [Field(word, source, at) for word, at in _pieces(names, ",")],
        len(sizes) - 1,
        catalog.activations,
        names,
    )
    kind = options.get("layer", Field(DEFAULT_LAYER, source)).find(catalog.layers)
    check_widths(kind, sizes, whole)
    settings = settings_of(options, catalog)
    return stack_blueprint(Stack(sizes, entries, kind), settings.defining(defined, entries))


def _names(source: Source, start: int, end: int) -> Field:
    """Return the names of activation functions, as they were written."""
    between = source.text[start:end]
    if not between.strip():
        raise source.error(
            "the activation functions are missing",
            start,
            allowed="after the sizes, a name such as tanh, or names such as tanh,linear",
        )
    return Field(between.strip(), source, start + len(between) - len(between.lstrip()))


def _pieces(field: Field, separator: str) -> Iterator[tuple[str, int]]:
    """Yield the parts of a word between separators, without blanks, and where they are."""
    assert field.at is not None
    at = field.at
    for piece in field.word.split(separator):
        yield piece.strip(), at + len(piece) - len(piece.lstrip())
        at += len(piece) + len(separator)
