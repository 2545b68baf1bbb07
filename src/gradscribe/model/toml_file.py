"""The specification as a TOML file: the same fields, named."""

import stat
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gradscribe.catalog import Catalog
from gradscribe.errors import InputError, nearest, shortened
from gradscribe.model.blueprint import DEFAULT_LOSS, Blueprint, Settings, settings_of
from gradscribe.model.definitions import Definitions
from gradscribe.model.formula import abstract_functions, blueprint_of_tokens
from gradscribe.model.setting import Setting, number_of
from gradscribe.model.source import Field
from gradscribe.model.stack import (
    DEFAULT_LAYER,
    SIZES_ALLOWED,
    Stack,
    activations_of,
    check_widths,
    sizes_of,
    stack_blueprint,
)
from gradscribe.model.syntax import tokens_of
from gradscribe.model.toml_section import Section, shown

MAX_BYTES = 1_000_000

# What a loss becomes with another reduction than its own.
_REDUCTIONS = {
    ("mse", "mean"): "mse",
    ("mse", "sum"): "sse",
    ("sse", "mean"): "mse",
    ("sse", "sum"): "sse",
}
_VARIABLES = {"activation": "a formula in u", "loss": "a formula in d, y and e = d - y"}
_LEARNED_KEYS = ("value", "learned")
_NEITHER = "[network] needs sizes and activations, or a formula"


def file_blueprint(path: str, catalog: Catalog) -> Blueprint:
    """Return the blueprint of a TOML file.

    Raises:
        InputError: the file cannot be read, or anything in it cannot be taken.
    """
    return _blueprint(Section(path, "", loaded(path)).checked(), catalog)


def text_blueprint(text: str, where: str, catalog: Catalog) -> Blueprint:
    """Return the blueprint of the text of a TOML file.

    Raises:
        InputError: anything in it cannot be taken.
    """
    return _blueprint(Section(where, "", tomllib.loads(text)).checked(), catalog)


def _blueprint(whole: Section, catalog: Catalog) -> Blueprint:
    """Return the blueprint of what a TOML file holds."""
    defined = _definitions(whole, catalog)
    catalog = defined.catalog
    network, emit = (whole.section(key).checked() for key in ("network", "emit"))
    loss = without_tables(whole.section("loss")).checked()
    fields = {
        "name": whole.text("name"),
        "loss": _loss(loss) or _only_loss(whole.section("loss"), loss),
        "dtype": emit.text("dtype"),
        "emit": _functions(emit),
        "with": _listed(emit, "with"),
        "target": emit.text("target"),
        **_penalties(whole.section("regularization"), catalog),
    }
    settings = settings_of({key: f for key, f in fields.items() if f is not None}, catalog)
    if "formula" in network.values:
        return _formula(network, settings, defined)
    stack = _stack(network, catalog)
    return stack_blueprint(stack, settings.defining(defined, stack.activations))


def _penalties(section: Section, catalog: Catalog) -> dict[str, Field | None]:
    """Return the coefficients of the penalties, and which parameters they are put on."""
    section = section.checked((*catalog.penalties, "on"))
    numbers = {key: section.number(key) for key in section.values if key != "on"}
    found: dict[str, Field | None] = {k: section.field(k, repr(n)) for k, n in numbers.items()}
    return {**found, "on": section.text("on")}


def _definitions(whole: Section, catalog: Catalog) -> Definitions:
    """Return what the tables [activation.NAME] and [loss.NAME] define, or choose of the catalog."""
    found = Definitions(catalog)
    tables = [
        (kind, name, whole.section(kind).section(name))
        for kind in ("activation", "loss")
        for name, value in whole.section(kind).values.items()
        if kind == "activation" or isinstance(value, dict)
    ]
    for kind, name, table in tables:
        if table.text("formula") is None:
            known = catalog.activations if kind == "activation" else catalog.losses
            if name not in known:
                raise InputError(
                    "the key is missing: a function that is not in the catalog needs its formula",
                    where=table.where("formula"),
                    nearest=nearest(name, known),
                )
            for number in _numbers(table, name):
                found = found.with_setting(number)
    for kind, name, table in tables:
        formula = table.text("formula")
        if formula is not None:
            found = found.with_formula(table.field(name, name), formula, _numbers(table, name))
            if (name in found.catalog.losses) != (kind == "loss"):
                raise formula.error(f"not a formula of the kind {kind}", allowed=_VARIABLES[kind])
    return found


def _numbers(table: Section, name: str) -> list[Setting]:
    """Return the numbers of a function."""
    keys = [key for key in table.values if key != "formula"]
    return [_number(table, table.field(name, name), key) for key in keys]


def _number(table: Section, name: Field, key: str) -> Setting:
    """Return a number of a function: `1.5`, or `{value = 1.5, learned = true}`."""
    value, learned = table.values[key], False
    if isinstance(value, dict):
        inner = table.section(key)
        for own in inner.values:
            if own not in _LEARNED_KEYS:
                raise InputError(
                    "unknown key",
                    where=inner.where(own),
                    received=own,
                    allowed=", ".join(_LEARNED_KEYS),
                    nearest=nearest(own, _LEARNED_KEYS),
                )
        if "value" not in inner.values:
            raise InputError("the key is missing", where=inner.where("value"))
        learned = bool(inner.value("learned", bool, "true or false"))
        value = inner.number("value")
    else:
        table.number(key)
    field = table.field(key, repr(value))
    return Setting(name, table.field(key, key), field, number_of(field, field.word), learned)


def without_tables(section: Section) -> Section:
    """Return a table without the tables in it."""
    values = {k: v for k, v in section.values.items() if not isinstance(v, dict)}
    return Section(section.path, section.name, values)


def loaded(path: str) -> Mapping[str, Any]:
    """Return what a TOML file holds.

    Raises:
        InputError: it is missing, not a file, too large, not UTF-8 or not TOML.
    """
    content, where = _read(path), shortened(path, 200)
    try:
        # With this last line, tomllib says the line of what is wrong at the end, too.
        return tomllib.loads(content.decode("utf-8") + "\n")
    except UnicodeDecodeError as error:
        what = f"not UTF-8: byte {error.start} cannot be decoded"
        raise InputError(what, where=where, allowed="a TOML file in UTF-8") from error
    except RecursionError as error:
        raise InputError("lists or tables are nested too deeply", where=where) from error
    except ValueError as error:
        # tomllib says the line and the column; int() refuses numbers of thousands of digits.
        raise InputError(f"not TOML: {error}", where=where) from error


def _read(path: str) -> bytes:
    """Return the content of a file of a bounded size."""
    where = shortened(path, 200)
    if "\0" in path:
        raise InputError("a path cannot have a NUL character", where=where)
    try:
        # A pipe or a device would not end.
        if not stat.S_ISREG(Path(path).stat().st_mode):
            raise InputError("not a file", where=where, allowed="a TOML file")
        with Path(path).open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except FileNotFoundError as error:
        raise InputError("there is no such file", where=where) from error
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", where=where) from error
    if len(content) > MAX_BYTES:
        raise InputError("the file is too large", where=where, allowed=f"{MAX_BYTES} bytes")
    return content


def _loss(section: Section) -> Field | None:
    """Return the loss that a name and a reduction mean together."""
    name, reduction = section.text("name"), section.text("reduction")
    if reduction is None:
        return name
    reduction.choose("reduction", ("mean", "sum"))
    word = name.word if name else DEFAULT_LOSS
    if (word, reduction.word) not in _REDUCTIONS:
        known = {loss for loss, _ in _REDUCTIONS}
        raise reduction.error(f"the loss '{word}' has one reduction", allowed=f"only with {known}")
    return section.field("reduction", _REDUCTIONS[word, reduction.word])


def _only_loss(section: Section, plain: Section) -> Field | None:
    """Return the one loss that is defined where none is named."""
    defined = [name for name in section.values if name not in plain.values]
    return section.field(defined[0], defined[0]) if len(defined) == 1 else None


def _functions(emit: Section) -> Field | None:
    """Return the functions that a module is to have, given as a list or as `hessian,jacobian`."""
    return _listed(emit, "functions", "gradient")


def _listed(section: Section, key: str, otherwise: str = "") -> Field | None:
    """Return words given as a list or as one text; of an empty list `otherwise`, or nothing."""
    value = section.values.get(key)
    if value is None or isinstance(value, str):
        return section.text(key)
    if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
        raise section.wrong_type(key, value, "text or a list of texts")
    return section.field(key, ",".join(value) or otherwise) if value or otherwise else None


def _stack(network: Section, catalog: Catalog) -> Stack:
    """Return the stack of `sizes`, `activations` and `layer`."""
    network.refuse(("functions",), "functions belong to a formula", "activations = …")
    if "sizes" not in network.values or "activations" not in network.values:
        missing = [key for key in ("sizes", "activations") if key not in network.values]
        raise InputError("the key is missing", where=network.where(missing[0]), allowed=_NEITHER)
    values = network.value("sizes", list, "a list of integers")
    whole = network.field("sizes", shown(values))
    sizes = sizes_of([_size(network, m, value) for m, value in enumerate(values)], whole)
    names = _names(network)
    both = network.field("activations", ",".join(field.word for field in names))
    entries = activations_of(names, len(sizes) - 1, catalog.activations, both)
    layer = (network.text("layer") or network.field("layer", DEFAULT_LAYER)).find(catalog.layers)
    check_widths(layer, sizes, whole)
    return Stack(sizes, entries, layer)


def _size(network: Section, m: int, value: object) -> tuple[Field, int]:
    key = f"sizes[{m}]"
    if type(value) is not int:
        raise network.wrong_type(key, value, SIZES_ALLOWED)
    return network.field(key, shown(value)), value


def _names(network: Section) -> list[Field]:
    """Return the names of activation functions, given as a list or as `tanh,linear`."""
    value = network.values["activations"]
    if isinstance(value, str):
        words = network.field("activations", value).word.split(",")
        return [network.field("activations", word.strip()) for word in words]
    if not isinstance(value, list):
        raise network.wrong_type("activations", value, "text or a list of texts")
    for m, word in enumerate(value):
        if not isinstance(word, str):
            raise network.wrong_type(f"activations[{m}]", word, "text")
    return [network.field(f"activations[{m}]", word) for m, word in enumerate(value)]


def _formula(network: Section, settings: Settings, defined: Definitions) -> Blueprint:
    """Return the blueprint of `formula` and the bindings in `functions`."""
    others = ("sizes", "activations", "layer")
    network.refuse(others, "a formula has this already", "either formula or sizes, not both")
    formula = network.text("formula")
    assert formula is not None  # the caller has seen the key
    if "=" in formula.word:
        raise formula.error(
            "options do not belong in a formula here", allowed="[network.functions]"
        )
    tokens = tokens_of(formula.source, len(formula.word))
    allowed = abstract_functions(tokens, defined.catalog.activations)
    functions = network.section("functions")
    bindings = {key: functions.text(key) for key in functions.values}
    for key in bindings:
        if key not in allowed:
            raise InputError(
                "the formula has no such function",
                where=functions.where(key),
                received=key,
                allowed=", ".join(allowed) or "none: no function is abstract",
                nearest=nearest(key, allowed),
            )
    given = {key: field for key, field in bindings.items() if field is not None}
    end = len(formula.word)
    return blueprint_of_tokens(formula.source, tokens, end, given, settings, defined)
