"""What every form of a specification comes down to, before the loss is added."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from sympy import Symbol

from gradscribe.catalog import Catalog
from gradscribe.catalog.activations import Activation
from gradscribe.catalog.losses import Loss
from gradscribe.equation import Equation, Role, Variable
from gradscribe.model.source import Field
from gradscribe.notation import size

DTYPES = ("float64", "float32")
DEFAULT_LOSS = "mse"
DEFAULT_DTYPE = "float64"
_NAME = re.compile(r"[A-Za-z0-9_-]{1,60}")


@dataclass(frozen=True)
class Settings:
    """What can be said of a network beside its equations.

    Attributes:
        loss: the loss.
        name: what the user calls the network, or "".
        dtype: the floating-point type of generated parameters.
    """

    loss: Loss
    name: str = ""
    dtype: str = DEFAULT_DTYPE

    @property
    def text(self) -> str:
        """The settings as options of a specification; defaults other than the loss left out."""
        words = [f"loss={self.loss.name}"]
        if self.name:
            words.append(f"name={self.name}")
        if self.dtype != DEFAULT_DTYPE:
            words.append(f"dtype={self.dtype}")
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
    """Return the settings of the fields "loss", "name" and "dtype"; each may be left out.

    Raises:
        InputError: a loss or a dtype is unknown, or the name has other characters.
    """
    loss, name, dtype = (fields.get(key) for key in ("loss", "name", "dtype"))
    if name is not None and not _NAME.fullmatch(name.word):
        raise name.error(
            "a name of a network has other characters than these",
            allowed="1 to 60 of the characters A-Z a-z 0-9 _ -",
        )
    return Settings(
        loss=loss.find(catalog.losses) if loss else catalog.losses[DEFAULT_LOSS],
        name=name.word if name else "",
        dtype=dtype.choose("dtype", DTYPES) if dtype else DEFAULT_DTYPE,
    )


def input_variable() -> Variable:
    """Return x = y⁰, shape (N_0,)."""
    return Variable("x", (size(0),), Role.INPUT, meaning="input")


def parameter(name: str, shape: tuple[Symbol, ...], layer: int) -> Variable:
    """Return a parameter: weights where it has two indices, biases where it has one."""
    meaning = f"{'weights' if len(shape) == 2 else 'biases'} of layer {layer}"
    return Variable(name, shape, Role.PARAMETER, per_sample=False, meaning=meaning)
