"""Everyone who is measured, ours first, and how they are found by name."""

import importlib
from collections.abc import Callable
from types import ModuleType
from typing import Any

import ours
from missing import Missing
from peers import (
    autograd_peer,
    casadi_peer,
    jax_peer,
    pytensor_peer,
    sympy_peer,
    torch_peer,
)

# Those that may need most patience come last: a budget may be used up by then.
FIELD: tuple[ModuleType, ...] = (
    ours,
    jax_peer,
    torch_peer,
    autograd_peer,
    pytensor_peer,
    casadi_peer,
    sympy_peer,
)


def variants(quantity: str) -> list[str]:
    """Return the names of all ways to a quantity, ours first."""
    return [name for peer in FIELD for name in peer.WAYS.get(quantity, ())]


def versions() -> list[str]:
    """Return the distributions whose versions matter."""
    return [name for peer in FIELD for name in peer.VERSIONS]


def peer_of(quantity: str, name: str) -> ModuleType:
    """Return the module that a variant is of."""
    return next(peer for peer in FIELD if name in peer.WAYS.get(quantity, ()))


def maker(quantity: str, name: str) -> Callable[[Any], Callable[[], Any]]:
    """Return what makes a variant's call."""
    return peer_of(quantity, name).WAYS[quantity][name]


def load(peer: ModuleType) -> None:
    """Import what a peer needs; raise `Missing` if it is not there."""
    try:
        for name in peer.IMPORTS:
            importlib.import_module(name)
    except ModuleNotFoundError as error:
        raise Missing(f"{error.name} is not installed") from error
