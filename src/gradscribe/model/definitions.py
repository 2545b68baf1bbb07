"""Functions that a specification defines or changes.

`3-4-2 swish,relu swish=u/(1+exp(-beta*u)) swish.beta=learned(1.5) relu.kink=0.5` defines swish,
with a learned number, and says what is taken for relu′(0).
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from gradscribe.catalog import Catalog
from gradscribe.catalog.activations import Activation
from gradscribe.catalog.constants import Constant, chosen
from gradscribe.catalog.losses import Loss
from gradscribe.errors import nearest
from gradscribe.model.options import option_words
from gradscribe.model.own_formula import (
    is_of_activation,
    own_activation,
    own_loss,
    read_formula,
)
from gradscribe.model.reserved import check_definition
from gradscribe.model.setting import KINK, Setting, setting_of
from gradscribe.model.source import Field, Source, quoted

# What the value of an option is that is no formula, and how a formula in such characters is told.
_NAME, _VARIABLE = re.compile(r"[A-Za-z0-9_,-]*"), re.compile(r"(?<!\w)[udye](?!\w)")
_WORD = re.compile(r"[A-Za-z_]\w*")


@dataclass(frozen=True)
class Definitions:
    """A catalog with the functions that a specification defines or changes.

    Attributes:
        catalog: the catalog, these functions in it.
        texts: the words that say so, by their keys: `swish`, `swish.beta`.
        settings: the numbers that are chosen of functions in the catalog.
    """

    catalog: Catalog
    texts: Mapping[str, str] = field(default_factory=dict)
    settings: tuple[Setting, ...] = ()

    def with_formula(
        self, name: Field, formula: Field, numbers: Iterable[Setting] = ()
    ) -> "Definitions":
        """Return these definitions and one more.

        Args:
            name: of the function.
            formula: its text.
            numbers: what the names of numbers in it stand for, or where they start.

        Raises:
            InputError: the name is taken, or the formula cannot be.
        """
        known, numbers = self.catalog, tuple(numbers)
        check_definition(name)
        if name.word in (*known.activations, *known.losses):
            raise name.error(f"{quoted(name.word)} is known already", allowed="a name of its own")
        kink = next((n for n in numbers if n.key == KINK), None)
        numbers = tuple(n for n in numbers if n.key != KINK)
        read = read_formula(formula, known.activations, numbers)
        if is_of_activation(read):
            entry = own_activation(name.word, formula, read)
            more = replace(known, activations=known.activations.with_entry(entry))
        else:
            loss = own_loss(name.word, formula, read)
            more = replace(known, losses=known.losses.with_entry(loss))
        own = {f"{name.word}.{n.key}": n.text for n in numbers if n.learned}
        found = replace(self, catalog=more, texts={**self.texts, name.word: read.text, **own})
        return found if kink is None else found.with_setting(kink)

    def with_setting(self, setting: Setting) -> "Definitions":
        """Return these definitions with a number of a function of the catalog chosen.

        Raises:
            InputError: there is no such function, it has no such number, or that has another
                value than it may.
        """
        name, known = setting.function, self.catalog
        if name in known.activations:
            entry = _changed(known.activations[name], setting)
            more = replace(known, activations=known.activations.with_changed(entry))
        elif name in known.losses:
            loss = known.losses[name]
            loss = replace(loss, constants=_constants(loss, setting))
            more = replace(known, losses=known.losses.with_changed(loss))
        else:
            every = (*known.activations, *known.losses)
            raise setting.name.error(
                f"unknown function {quoted(name)}",
                allowed=", ".join(every),
                nearest=nearest(name, every),
            )
        texts = {**self.texts, f"{name}.{setting.key}": setting.text}
        return Definitions(more, texts, (*self.settings, setting))

    def __contains__(self, key: object) -> bool:
        """Whether a word of a specification with this key is about functions."""
        return isinstance(key, str) and ("." in key or key in self.texts)

    def used(self, names: Iterable[str]) -> tuple[tuple[str, str], ...]:
        """Return the words on functions of these names and on those in their formulas, in order.

        Raises:
            InputError: a number is chosen of a function that is none of them.
        """
        wanted, todo = set[str](), list(names)
        while todo:
            name = todo.pop()
            if name not in wanted:
                wanted.add(name)
                todo += _WORD.findall(self.texts.get(name, ""))
        for setting in self.settings:
            if setting.function not in wanted:
                raise setting.name.error(
                    f"{quoted(setting.function)} is not in this network: its number has no effect",
                    allowed=", ".join(
                        sorted(wanted & {*self.catalog.activations, *self.catalog.losses})
                    ),
                )
        return tuple((k, text) for k, text in self.texts.items() if k.partition(".")[0] in wanted)


def _changed(entry: Activation, setting: Setting) -> Activation:
    """Return an activation function with a number, or with what is taken for f′ at its kinks."""
    if setting.key == KINK:
        return _with_kink(entry, setting)
    others = (KINK,) if entry.has_cases else ()
    changed = replace(entry, constants=_constants(entry, setting, others))
    if changed.learned and changed.kink is not None:
        raise setting.value.error("what is taken at kinks cannot be chosen beside learned numbers")
    return changed


def _with_kink(entry: Activation, setting: Setting) -> Activation:
    if setting.learned or not 0 <= setting.number <= 1:
        raise setting.value.error(
            "f′ at a kink is between that to the left and that to the right",
            allowed="a number from 0 (left) to 1 (right): for relu, f′(0) itself",
        )
    if not entry.has_cases:
        raise setting.key_field.error(f"{entry.name} has no kink", allowed="a function with cases")
    if entry.learned:
        raise setting.value.error("what is taken at kinks cannot be chosen beside learned numbers")
    return replace(entry, kink=setting.number)


def _constants(
    entry: Activation | Loss, setting: Setting, others: tuple[str, ...] = ()
) -> tuple[Constant, ...]:
    """Return the constants of a function, of one of them another value.

    Args:
        entry: the function.
        setting: the value.
        others: what may be chosen beside constants, for messages.
    """
    known = {c.name: c for c in entry.constants}
    names = (*known, *others)
    if setting.key not in known:
        raise setting.key_field.error(
            f"{entry.name} has no number {quoted(setting.key)}",
            allowed=", ".join(names) or "none: its formula has no number to choose",
            nearest=nearest(setting.key, names),
        )
    constant = known[setting.key]
    if not constant.allows(setting.number):
        raise setting.value.error(
            f"{constant.name} of {entry.name} has a value that it may not",
            allowed=constant.allowed,
        )
    return chosen(entry.constants, setting.key, setting.number, learned=setting.learned)


def definitions_in(
    source: Source, start: int, catalog: Catalog, options: tuple[str, ...]
) -> Definitions:
    """Return what the words of `source.text[start:]` say of functions.

    A word is a definition where its value is no name and its key is no option; one with a dot in
    its key is a number of a function.

    Raises:
        InputError: a word is not `key=value`, or a definition cannot be taken.
    """
    words = list(option_words(source, start))
    settings = [setting_of(key, value) for key, value in words if "." in key.word]
    formulas = [
        (key, value)
        for key, value in words
        if "." not in key.word and _is_formula(key, value, options)
    ]
    own = {key.word for key, _ in formulas}
    found = Definitions(catalog)
    for setting in settings:
        if setting.function not in own:
            found = found.with_setting(setting)
    for key, value in formulas:
        found = found.with_formula(key, value, (s for s in settings if s.function == key.word))
    return found


def _is_formula(key: Field, value: Field, options: tuple[str, ...]) -> bool:
    word = value.word
    is_name = _NAME.fullmatch(word) and not ("-" in word and _VARIABLE.search(word))
    return key.word not in options and not is_name
