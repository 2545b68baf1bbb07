"""Functions that a specification defines itself: `3-4-2 swish,linear swish=u/(1+exp(-u))`."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from gradscribe.catalog import Catalog
from gradscribe.model.options import option_words
from gradscribe.model.own_formula import (
    is_of_activation,
    own_activation,
    own_loss,
    read_formula,
)
from gradscribe.model.reserved import check_definition
from gradscribe.model.source import Field, Source, quoted

# What the value of an option is that is no formula, and how a formula in such characters is told.
_NAME, _VARIABLE = re.compile(r"[A-Za-z0-9_,-]*"), re.compile(r"(?<!\w)[udye](?!\w)")


@dataclass(frozen=True)
class Definitions:
    """A catalog with the functions that a specification defines.

    Attributes:
        catalog: the catalog, these functions in it.
        texts: the formula of each by its name.
    """

    catalog: Catalog
    texts: Mapping[str, str] = field(default_factory=dict)

    def with_formula(
        self, name: Field, formula: Field, parameters: Mapping[str, int | float] | None = None
    ) -> "Definitions":
        """Return these definitions and one more.

        Raises:
            InputError: the name is taken, or the formula cannot be.
        """
        known = self.catalog
        check_definition(name)
        if name.word in (*known.activations, *known.losses):
            raise name.error(f"{quoted(name.word)} is known already", allowed="a name of its own")
        read = read_formula(formula, known.activations, parameters)
        if is_of_activation(read):
            entry = own_activation(name.word, formula, read)
            more = replace(known, activations=known.activations.with_entry(entry))
        else:
            loss = own_loss(name.word, formula, read)
            more = replace(known, losses=known.losses.with_entry(loss))
        return Definitions(more, {**self.texts, name.word: read.text})

    def used(self, names: Iterable[str]) -> tuple[tuple[str, str], ...]:
        """Return the definitions of these names, in their order here."""
        wanted = set(names)
        return tuple((name, text) for name, text in self.texts.items() if name in wanted)


def definitions_in(
    source: Source, start: int, catalog: Catalog, options: tuple[str, ...]
) -> Definitions:
    """Return what the words `name=formula` of `source.text[start:]` define.

    A word is a definition where its value is no name and its key is no option.

    Raises:
        InputError: a word is not `key=value`, or a definition cannot be taken.
    """
    found = Definitions(catalog)
    for name, value in option_words(source, start):
        word = value.word
        is_name = _NAME.fullmatch(word) and not ("-" in word and _VARIABLE.search(word))
        if name.word not in options and not is_name:
            found = found.with_formula(name, value)
    return found
