"""One description of a neural network becomes formulas, code and numbers that cannot disagree.

network = gradscribe.Network.parse("4-8-3 tanh,sigmoid")
derivation = gradscribe.derive(network)      # every equation, with its steps
gradscribe.generate(network, "network.py")   # a NumPy module
module = gradscribe.compile(network)         # the same, in memory
gradscribe.slides(network, "lecture.tex")    # the derivation as a lecture
gradscribe.train("?-9-? tanh,linear", "data.csv", "run")  # a trained one, with its report

Each name is imported when it is first used: `import gradscribe` alone does not import SymPy.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from gradscribe.version import VERSION

if TYPE_CHECKING:
    from gradscribe.compiler import compile_network as compile  # noqa: A004  (the contract's name)
    from gradscribe.compiler import derive_network as derive
    from gradscribe.compiler import generate, slides
    from gradscribe.derivation.steps import Derivation
    from gradscribe.equation import Equation
    from gradscribe.errors import GradscribeError, InputError
    from gradscribe.importing.models import import_model
    from gradscribe.learning.facade import train
    from gradscribe.model.network import Network

__version__ = VERSION

__all__ = [
    "Derivation",
    "Equation",
    "GradscribeError",
    "InputError",
    "Network",
    "__version__",
    "compile",
    "derive",
    "generate",
    "import_model",
    "slides",
    "train",
]

_HOMES = {
    "Derivation": ("derivation.steps", "Derivation"),
    "Equation": ("equation", "Equation"),
    "GradscribeError": ("errors", "GradscribeError"),
    "InputError": ("errors", "InputError"),
    "Network": ("model.network", "Network"),
    "compile": ("compiler", "compile_network"),
    "derive": ("compiler", "derive_network"),
    "generate": ("compiler", "generate"),
    "import_model": ("importing.models", "import_model"),
    "slides": ("compiler", "slides"),
    "train": ("learning.facade", "train"),
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'gradscribe' has no attribute {name!r}")
    home, attribute = _HOMES[name]
    return getattr(import_module(f"gradscribe.{home}"), attribute)


def __dir__() -> list[str]:
    return __all__
