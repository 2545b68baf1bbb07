"""One description of a neural network becomes formulas, code and numbers that cannot disagree.

network = gradscribe.Network.parse("4-8-3 tanh,sigmoid")
derivation = gradscribe.derive(network)      # every equation, with its steps
gradscribe.generate(network, "network.py")   # a NumPy module
module = gradscribe.compile(network)         # the same, in memory
gradscribe.slides(network, "lecture.tex")    # the derivation as a lecture
"""

from gradscribe.compiler import compile_network as compile  # noqa: A004  (the contract's name)
from gradscribe.compiler import derive_network as derive
from gradscribe.compiler import generate, slides
from gradscribe.derivation.steps import Derivation
from gradscribe.equation import Equation
from gradscribe.errors import GradscribeError, InputError
from gradscribe.model.network import Network
from gradscribe.version import VERSION

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
    "slides",
]
