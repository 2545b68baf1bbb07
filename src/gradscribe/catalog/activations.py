"""Activation functions: each is its formula. f′, f″ and their forms in y are found by SymPy."""

from dataclasses import dataclass

from sympy import Expr, Ge, Gt, Piecewise, Rational, S, Symbol, erf, exp, log, sin, sqrt, tanh

from gradscribe.catalog.constants import Constant, learned, put_in
from gradscribe.symbols import OverNodes
from gradscribe.table import Table

U = Symbol("u", real=True)


@dataclass(frozen=True)
class Activation:
    """An activation function f, applied node by node.

    Attributes:
        name: the name in a specification.
        form: f(u), an expression in `U` and the symbols of its constants. `OverNodes` in it is
            the sum over all nodes of the layer, as in softmax.
        meaning: what it is called in full.
        constants: the numbers in it that a specification may choose.
        kink: how much of f′ at a kink is that to the right, from 0 to 1; the rest is that to
            the left. None: that of the case which holds there, relu′(0) = 0 and
            leaky_relu′(0) = 0.01, as in PyTorch.
    """

    name: str
    form: Expr
    meaning: str
    constants: tuple[Constant, ...] = ()
    kink: Rational | None = None

    @property
    def formula(self) -> Expr:
        """f(u) with the numbers of its constants, but for those that are learned."""
        return put_in(self.form, self.constants)

    @property
    def learned(self) -> tuple[Constant, ...]:
        """The constants that are parameters of the network."""
        return learned(self.constants)

    @property
    def has_cases(self) -> bool:
        """Whether the formula is another one for some u."""
        return bool(self.form.has(Piecewise))

    @property
    def joins_nodes(self) -> bool:
        """Whether the output of a node depends on all nodes of the layer."""
        return bool(self.form.has(OverNodes))

    @property
    def written_out(self) -> bool:
        """Whether an equation has the formula itself: it reads more than one number."""
        return self.joins_nodes or bool(self.learned)


# Constants of selu with 31 digits. Source: Klambauer and others, "Self-Normalizing Neural
# Networks", 2017, section 2, and their code.
_SELU_ALPHA = Rational("1.6732632423543772848170429916717")
_SELU_SCALE = Rational("1.0507009873554804934193349852946")
# √(2/π). Source of gelu's two forms: Hendrycks and Gimpel, "Gaussian Error Linear Units", 2016.
_ROOT_2_OVER_PI = Rational("0.7978845608028653558798921198688")
_SLOPE = Constant("slope", Rational(1, 100), "slope for u < 0")
_ALPHA = Constant("alpha", S.One, "size for u < 0")
_BETA = Constant("beta", S.One, "steepness", above=S.Zero)


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
    Activation(
        "leaky_relu", _split(U, _SLOPE.symbol * U), "leaky rectified linear unit", (_SLOPE,)
    ),
    Activation(
        "prelu",
        _split(U, _SLOPE.symbol * U),
        "leaky rectified linear unit with a learned slope",
        (Constant("slope", Rational(1, 4), "slope for u < 0", learned=True),),
    ),
    Activation(
        "elu", _split(U, _ALPHA.symbol * (exp(U) - 1)), "exponential linear unit", (_ALPHA,)
    ),
    Activation(
        "selu",
        _split(_SELU_SCALE * U, _SELU_SCALE * _SELU_ALPHA * (exp(U) - 1)),
        "scaled exponential linear unit",
    ),
    Activation(
        "softplus", log(1 + exp(_BETA.symbol * U)) / _BETA.symbol, "smooth rectifier", (_BETA,)
    ),
    Activation("softsign", _split(U / (1 + U), U / (1 - U)), "softsign function"),
    Activation("silu", U / (1 + exp(-_BETA.symbol * U)), "sigmoid linear unit (swish)", (_BETA,)),
    Activation("gelu", U / 2 * (1 + erf(U / sqrt(2))), "Gaussian error linear unit"),
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
