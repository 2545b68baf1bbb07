"""What every form of a specification comes down to, before the loss is added."""

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from sympy import Rational, Symbol

from gradscribe.catalog import Catalog
from gradscribe.catalog.activations import Activation
from gradscribe.catalog.losses import Loss
from gradscribe.catalog.penalties import Penalty
from gradscribe.catalog.schedules import Schedule
from gradscribe.catalog.update_rule import UpdateRule
from gradscribe.equation import Equation, Role, Variable
from gradscribe.model.definitions import Definitions
from gradscribe.model.source import Field
from gradscribe.notation import size

DTYPES = ("float64", "float32")
TARGETS = ("numpy", "scalar", "numba")
# What a module may have beside the cost and its gradient, by the names of its functions: which
# part of the module has them.
EMITTED = {
    "gradient": "",
    "hessian": "hessian",
    "hessian_block": "hessian",
    "hessian_diagonal": "hessian",
    "hessian_vector_product": "hessian_vector_product",
    "gauss_newton": "gauss_newton",
    "jacobian": "jacobian",
    "input_jacobian": "jacobian",
    "sample_gradients": "sample_gradients",
}
DEFAULT_LOSS = "mse"
DEFAULT_DTYPE = "float64"
DEFAULT_TARGET = "numpy"
# What a penalty may be put on; the first unless told otherwise.
PENALIZED = ("weights", "all")
LARGEST_COEFFICIENT = 1e30
# The words of a specification's options that have to do with its cost and its module.
OPTIONS = ("loss", "name", "dtype", "emit", "target", "on", "with")
Teaching = UpdateRule | Schedule
_NAME = re.compile(r"[A-Za-z0-9_-]{1,60}")


@dataclass(frozen=True)
class Settings:
    """What can be said of a network beside its equations.

    Attributes:
        loss: the loss.
        name: what the user calls the network, or "".
        dtype: the floating-point type of generated parameters.
        emit: the parts that a module has beside cost and gradient; None for the usual ones.
        target: what a module is written with.
        definitions: functions and losses that the specification defines, as names and formulas.
        learning: the update rules and schedules that a module has.
        penalties: what is added to J for parameters, each with its coefficient λ.
        penalized: which parameters these are put on, of `PENALIZED`.
    """

    loss: Loss
    name: str = ""
    dtype: str = DEFAULT_DTYPE
    emit: tuple[str, ...] | None = None
    target: str = DEFAULT_TARGET
    definitions: tuple[tuple[str, str], ...] = ()
    learning: tuple[Teaching, ...] = ()
    penalties: tuple[tuple[Penalty, Rational], ...] = ()
    penalized: str = PENALIZED[0]

    def defining(
        self, defined: Definitions, activations: Iterable[Activation | None]
    ) -> "Settings":
        """Return these settings with the definitions that the network uses."""
        used = [entry.name for entry in activations if entry is not None]
        return replace(self, definitions=defined.used([*used, self.loss.name]))

    @property
    def text(self) -> str:
        """The settings as options of a specification; defaults other than the loss left out."""
        words = [f"loss={self.loss.name}"]
        if self.name:
            words.append(f"name={self.name}")
        if self.dtype != DEFAULT_DTYPE:
            words.append(f"dtype={self.dtype}")
        if self.emit is not None:
            words.append(f"emit={','.join(self.emit) or 'gradient'}")
        if self.target != DEFAULT_TARGET:
            words.append(f"target={self.target}")
        if self.learning:
            words.append(f"with={','.join(entry.name for entry in self.learning)}")
        words += [f"{penalty.name}={_decimal(λ)}" for penalty, λ in self.penalties]
        if self.penalties and self.penalized != PENALIZED[0]:
            words.append(f"on={self.penalized}")
        words += [f"{name}={formula}" for name, formula in self.definitions]
        return " ".join(words)


@dataclass(frozen=True)
class Blueprint:
    """A network without the equations of its loss (see `Network` for the fields)."""

    equations: tuple[Equation, ...]
    parameters: tuple[Variable, ...]
    input: Variable
    functions: Mapping[str, Activation | None]
    layers: tuple[Symbol, ...]
    sizes: tuple[int, ...] | None
    settings: Settings
    spec: str


def settings_of(fields: Mapping[str, Field], catalog: Catalog) -> Settings:
    """Return the settings of the fields in `OPTIONS` and of the coefficients of penalties.

    Each may be left out.

    Raises:
        InputError: a loss, a dtype, a function or a target is unknown, the name has other
            characters, or a coefficient is no number or negative.
    """
    loss, name, dtype, target = (fields.get(key) for key in ("loss", "name", "dtype", "target"))
    if name is not None and not _NAME.fullmatch(name.word):
        raise name.error(
            "a name of a network has other characters than these",
            allowed="1 to 60 of the characters A-Z a-z 0-9 _ -",
        )
    coefficients = {p: _coefficient(fields[p]) for p in catalog.penalties if p in fields}
    penalties = tuple((catalog.penalties[p], λ) for p, λ in coefficients.items() if λ)
    return Settings(
        loss=loss.find(catalog.losses) if loss else catalog.losses[DEFAULT_LOSS],
        name=name.word if name else "",
        dtype=dtype.choose("dtype", DTYPES) if dtype else DEFAULT_DTYPE,
        emit=_emitted(fields["emit"]) if "emit" in fields else None,
        target=target.choose("target", TARGETS) if target else DEFAULT_TARGET,
        learning=learning_of(fields["with"], catalog) if "with" in fields else (),
        penalties=penalties,
        penalized=_penalized(fields.get("on"), bool(penalties), catalog),
    )


def options_of(catalog: Catalog) -> tuple[str, ...]:
    """Return the words that `settings_of` takes."""
    return (*OPTIONS, *catalog.penalties)


def learning_of(field: Field, catalog: Catalog) -> tuple[Teaching, ...]:
    """Return the update rules and schedules of a list `adam,linear_decay`, each once.

    Raises:
        InputError: one of them is unknown.
    """
    known: dict[str, Teaching] = {**catalog.updates, **catalog.schedules}
    words = [Field(word.strip(), field.source, field.at) for word in field.word.split(",")]
    names = [word.choose("update rule or schedule", tuple(known)) for word in words]
    return tuple(known[name] for name in dict.fromkeys(names))


def _coefficient(field: Field) -> Rational:
    """Return λ as it is written: a decimal number that is not negative."""
    try:
        value = float(field.word)
    except ValueError:
        value = math.nan
    if not 0 <= value <= LARGEST_COEFFICIENT:
        raise field.error("not a coefficient of a penalty", allowed="a number from 0 to 1e30")
    return Rational(repr(value))


def _decimal(number: Rational) -> str:
    return repr(float(number))


def _penalized(field: Field | None, any_penalty: bool, catalog: Catalog) -> str:
    if field is None:
        return PENALIZED[0]
    chosen = field.choose("group of parameters", PENALIZED)
    if not any_penalty:
        given = " or ".join(f"{name}=…" for name in catalog.penalties)
        raise field.error("there is no penalty to be put on these parameters", allowed=given)
    return chosen


def _emitted(field: Field) -> tuple[str, ...]:
    """Return the parts of a module that have the functions of a list `hessian,jacobian`."""
    words = [Field(word.strip(), field.source, field.at) for word in field.word.split(",")]
    asked = {EMITTED[word.choose("function", tuple(EMITTED))] for word in words}
    return tuple(part for part in dict.fromkeys(EMITTED.values()) if part and part in asked)


def input_variable() -> Variable:
    """Return x = y⁰, shape (N_0,)."""
    return Variable("x", (size(0),), Role.INPUT, meaning="input")


def parameter(name: str, shape: tuple[Symbol, ...], layer: int) -> Variable:
    """Return a parameter: weights where it has two indices, biases where it has one."""
    meaning = f"{'weights' if len(shape) == 2 else 'biases'} of layer {layer}"
    return Variable(name, shape, Role.PARAMETER, per_sample=False, meaning=meaning)


def vector(name: str, nodes: Symbol, meaning: str, initial: int) -> Variable:
    """Return a parameter of one number a node that is no bias."""
    return Variable(name, (nodes,), Role.PARAMETER, False, meaning, initial)
