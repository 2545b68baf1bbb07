"""Activation functions: each is its formula. f′, f″ and their forms in y are found by SymPy."""

from dataclasses import dataclass

from sympy import Expr, Ge, Gt, Piecewise, Rational, S, Symbol, exp, log, sin, tanh

from gradscribe.symbols import OverNodes
from gradscribe.table import Table

U = Symbol("u", real=True)


@dataclass(frozen=True)
class Activation:
    """An activation function f, applied node by node.

    Attributes:
        name: the name in a specification.
        formula: f(u), an expression in `U`. At a kink f′ is that of the case that holds there:
            relu′(0) = 0, leaky_relu′(0) = 0.01, as in PyTorch. `OverNodes` in it is the sum over
            all nodes of the layer, as in softmax.
        meaning: what it is called in full.
    """

    name: str
    formula: Expr
    meaning: str

    @property
    def joins_nodes(self) -> bool:
        """Whether the output of a node depends on all nodes of the layer."""
        return bool(self.formula.has(OverNodes))


# Constants of selu with 31 digits. Source: Klambauer and others, "Self-Normalizing Neural
# Networks", 2017, section 2, and their code.
_SELU_ALPHA = Rational("1.6732632423543772848170429916717")
_SELU_SCALE = Rational("1.0507009873554804934193349852946")
# √(2/π). Source of gelu's two forms: Hendrycks and Gimpel, "Gaussian Error Linear Units", 2016.
_ROOT_2_OVER_PI = Rational("0.7978845608028653558798921198688")


def _split(above: Expr, below: Expr) -> Expr:
    """Return a function of two formulas, that for u > 0 and the other one."""
    return Piecewise((above, U > 0), (below, True))


def _clipped(inner: Expr, low: int, high: int) -> Expr:
    """Return a line that is 0 or -1 below `low` and 1 above `high`."""
    return Piecewise((S.One, Ge(U, high)), (inner, Gt(U, low)), (inner.subs(U, low), True))


ACTIVATIONS = Table(
    "activation",
    Activation("linear", U, "identity"),
    Activation("sigmoid", 1 / (1 + exp(-U)), "logistic function"),
    Activation("tanh", tanh(U), "hyperbolic tangent"),
    Activation("relu", _split(U, S.Zero), "rectified linear unit"),
    Activation("leaky_relu", _split(U, U / 100), "leaky rectified linear unit"),
    Activation("elu", _split(U, exp(U) - 1), "exponential linear unit"),
    Activation(
        "selu",
        _split(_SELU_SCALE * U, _SELU_SCALE * _SELU_ALPHA * (exp(U) - 1)),
        "scaled exponential linear unit",
    ),
    Activation("softplus", log(1 + exp(U)), "smooth rectifier"),
    Activation("softsign", _split(U / (1 + U), U / (1 - U)), "softsign function"),
    Activation("silu", U / (1 + exp(-U)), "sigmoid linear unit (swish)"),
    Activation(
        "gelu_tanh",
        U / 2 * (1 + tanh(_ROOT_2_OVER_PI * (U + Rational("0.044715") * U**3))),
        "Gaussian error linear unit, approximated with tanh",
    ),
    Activation("mish", U * tanh(log(1 + exp(U))), "mish function"),
    Activation("hard_sigmoid", _clipped(U / 6 + S.Half, -3, 3), "piecewise linear logistic"),
    Activation("hard_tanh", _clipped(U, -1, 1), "piecewise linear tangent"),
    Activation("sin", sin(U), "sine"),
    Activation("softmax", exp(U) / OverNodes(exp(U)), "softmax function"),
    Activation("log_softmax", U - log(OverNodes(exp(U))), "logarithm of softmax"),
    refused=dict.fromkeys(
        ("step", "heaviside", "sign", "threshold", "hardlim", "hardlims"),
        "a step has no derivative to learn from: it is 0 wherever there is one",
    ),
)
