"""What gradscribe generates, as one more peer.

`TARGETS` is the one place that says which of gradscribe's targets are measured.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

from cases import Problem
from gradscribe.compiler import compile_network
from gradscribe.errors import InputError
from gradscribe.model.network import Network
from missing import Missing

OURS = "gradscribe"
# The name in the report, and the words that a specification ends with.
TARGETS = {
    OURS: "",
    "gradscribe, scalar": "target=scalar",
    "gradscribe, numba": "target=numba",
}
# The part of a module that has a quantity; the others are left out.
PARTS = {"product": "hessian_vector_product", "diagonal": "hessian"}

IMPORTS = ("numpy",)
VERSIONS = ("gradscribe", "numpy")


def call(quantity: str, option: str, data: Problem) -> Callable[[], Any]:
    """Derive, generate and load the module, and return a call of one of its functions."""
    case = data.case
    try:
        words = (case.spec, option, f"emit={PARTS.get(quantity, quantity)}")
        module = compile_network(Network.parse(" ".join(filter(None, words))))
    except InputError as error:
        if not option:
            raise
        raise Missing("not built: too large for this target") from error
    except ImportError as error:
        raise Missing("not installed") from error
    params = module.Parameters(*data.parameters)
    if quantity == "product":
        V = module.unravel(data.v, case.sizes)
        return lambda: module.hessian_vector_product(params, data.X, data.D, V)
    name = "hessian_diagonal" if quantity == "diagonal" else quantity
    function = getattr(module, name, None)
    if function is None:
        raise Missing("this target has no such function")
    return lambda: function(params, data.X, data.D)


WAYS = {
    quantity: {name: partial(call, quantity, option) for name, option in TARGETS.items()}
    for quantity in ("gradient", "product", "diagonal", "gauss_newton", "hessian")
}
