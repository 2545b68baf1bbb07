"""Rewrites that keep a formula's value where its plain evaluation overflows or cancels.

Each is exact in real arithmetic, holds for any argument, and leaves an expression that is
analytic wherever the formula was (|a| is written min(a, -a), which also orders complex numbers
by their real part), so that a complex step through generated code stays valid.
"""

from collections.abc import Callable
from dataclasses import dataclass

from sympy import (
    Add,
    Expr,
    Function,
    Integer,
    Mul,
    Piecewise,
    Pow,
    S,
    Sum,
    cosh,
    erf,
    exp,
    log,
    sinh,
    tanh,
)
from sympy.core.relational import GreaterThan, Relational, StrictGreaterThan

from gradscribe.notation import index
from gradscribe.program.exponentials import (
    common_exponential,
    expm1_of,
    log1p,
    logistic,
    logistic_beside,
    logistic_of,
    logistic_of_product,
    maximum,
    minimum,
    one_less_logistic,
    one_plus_exponential,
    small_exponential,
    softplus_of,
)
from gradscribe.symbols import Largest, Total

# SymPy itself makes 2 - erfc(a) of erfc(-a).
complement = Function("_erfc")


_COSH_IS_EXP = Integer(20)  # where exp(-2 a) is less than the last digit of 1


@dataclass(frozen=True)
class Rewrite:
    """A named rewrite: `apply` returns None where it does not match at the top of an expression."""

    name: str
    meaning: str
    apply: Callable[[Expr], Expr | None]


def _softplus_beside(expr: Expr) -> Expr | None:
    """Pair log(1 + exp(a)) with c a in a sum: nothing is subtracted from max(a, 0) then."""
    if not isinstance(expr, Add):
        return None
    for term in expr.args:
        a = one_plus_exponential(term.args[0]) if isinstance(term, log) else None
        beside = [t for t in expr.args if a is not None and a.is_Atom and a in Mul.make_args(t)]
        if a is None or not beside:
            continue
        c = Add(*(t / a for t in beside))
        rest = Add(*(t for t in expr.args if t is not term and t not in beside))
        least, most = minimum(a, Integer(0)), maximum(a, Integer(0))
        return (1 + c) * most + c * least + log1p(small_exponential(a)) + stabilised(rest)
    return None


def _log_beside_one(expr: Expr) -> Expr | None:
    if not (isinstance(expr, log) and isinstance(expr.args[0], Add) and S.One in expr.args[0].args):
        return None
    return log1p(stabilised(expr.args[0] - 1))


def _one_plus_tanh(expr: Expr) -> Expr | None:
    """Pair c with c tanh(a), or with -c tanh(a)², in a sum."""
    if not isinstance(expr, Add) or not expr.args[0].is_number:
        return None
    number, *others = (_as_tanh(term) for term in expr.args)
    for term in others:
        factor, function = term.as_coeff_Mul()
        rest = Add(*(t for t in others if t is not term))
        if isinstance(function, tanh) and abs(factor) == abs(number):
            toward = 2 * stabilised(function.args[0]) * (1 if factor == number else -1)
            return 2 * number * logistic(toward) + stabilised(rest)
        squared = isinstance(function, Pow) and function.exp == 2
        if squared and isinstance(function.base, tanh) and factor == -number:
            small = small_exponential(2 * stabilised(function.base.args[0]))
            return 4 * number * small / (1 + small) ** 2 + stabilised(rest)
    return None


def _one_plus_erf(expr: Expr) -> Expr | None:
    """Pair c with c erf(a) in a sum."""
    if not isinstance(expr, Add) or not expr.args[0].is_number:
        return None
    number, *others = expr.args
    for term in others:
        factor, function = term.as_coeff_Mul()
        if isinstance(function, erf) and abs(factor) == abs(number):
            rest = Add(*(t for t in others if t is not term))
            toward = stabilised(function.args[0]) * (-1 if factor == number else 1)
            return number * complement(toward) + stabilised(rest)
    return None


def _log_cosh(expr: Expr) -> Expr | None:
    if not isinstance(expr, log):
        return None
    factor, function = expr.args[0].as_coeff_Mul()
    if not isinstance(function, cosh) or not factor.is_positive:
        return None
    if factor != 1:
        return log(factor) + _log_cosh(log(function))
    a = stabilised(function.args[0])
    size = maximum(a, -a)
    near = minimum(size, _COSH_IS_EXP)
    return maximum(size - _COSH_IS_EXP, Integer(0)) + log1p(sinh(near) ** 2) / 2


def _sinh_over_cosh(expr: Expr) -> Expr | None:
    found = _as_tanh(expr)
    return None if found == expr else found


def _as_tanh(expr: Expr) -> Expr:
    """Return an expression with tanh(a)^k for sinh(a)^k cosh(a)^-k among its factors."""
    powers = expr.as_powers_dict() if isinstance(expr, Mul) else {}
    for base, k in powers.items():
        if isinstance(base, sinh) and powers.get(cosh(base.args[0])) == -k:
            ratio = sinh(base.args[0]) ** k * cosh(base.args[0]) ** -k
            return _as_tanh(expr / ratio) * tanh(base.args[0]) ** k
    return expr


def _ramp(expr: Expr) -> Expr | None:
    if not (isinstance(expr, Piecewise) and len(expr.args) == 2):
        return None
    (value, condition), (other, _) = expr.args
    if isinstance(condition, StrictGreaterThan) and other == 0 and condition.lhs == value:
        return maximum(value, Integer(0)) if condition.rhs == 0 else None
    return None


def _guarded(expr: Expr) -> Expr | None:
    """Keep the functions of each of two cases from what only the other one is for.

    All cases are computed for all arguments before one is chosen.
    """
    if not (isinstance(expr, Piecewise) and len(expr.args) == 2):
        return None
    (value, condition), (other, _) = expr.args
    if not isinstance(condition, Relational) or not condition.rhs.is_number:
        return None
    above, below = (f(condition.lhs, condition.rhs) for f in (maximum, minimum))
    upper = isinstance(condition, StrictGreaterThan | GreaterThan)
    here, there = (above, below) if upper else (below, above)
    pairs = ((value, condition, here), (other, True, there))
    return Piecewise(
        *((stabilised(_put(case, condition.lhs, side)), when) for case, when, side in pairs)
    )


def _put(case: Expr, argument: Expr, replacement: Expr) -> Expr:
    """Replace an argument inside functions and below fractions: sums and products need no guard."""
    if isinstance(case, Function) or (isinstance(case, Pow) and case.exp.is_negative):
        return case.xreplace({argument: replacement})
    if not case.args:
        return case
    return case.func(*[_put(a, argument, replacement) for a in case.args])


def _shifted(body: Expr, part: Sum) -> tuple[Expr, Expr]:
    """Return c = max_k b_k and Σ_k exp(b_k - c) for a sum of exponentials."""
    ((k, first, last),) = part.limits
    other = index(f"{k.name}_max")
    largest = Largest(body.xreplace({k: other}), (other, first, last))
    return largest, Total(exp(body - largest, evaluate=False), (k, first, last))


def _summed_exponents(expr: Expr) -> tuple[Expr, Sum] | None:
    """Return b_k and the sum where the expression is Σ_k exp(b_k), not shifted yet."""
    if not isinstance(expr, Sum) or len(expr.limits) != 1 or expr.has(Largest):
        return None
    return (expr.function.exp, expr) if isinstance(expr.function, exp) else None


def _softmax(expr: Expr) -> Expr | None:
    """Pair exp(a) with 1/Σ_k exp(b_k)."""
    if not isinstance(expr, Mul):
        return None
    for denominator in expr.args:
        if not (isinstance(denominator, Pow) and denominator.exp == -1):
            continue
        found = _summed_exponents(denominator.base)
        exponential = next((f for f in expr.args if isinstance(f, exp)), None)
        if found is not None and exponential is not None:
            largest, shifted = _shifted(*found)
            rest = [f for f in expr.args if f not in (denominator, exponential)]
            return Mul(exp(exponential.exp - largest, evaluate=False), 1 / shifted, *rest)
    return None


def _log_of_sum(expr: Expr) -> Expr | None:
    if not isinstance(expr, log):
        return None
    found = _summed_exponents(expr.args[0])
    if found is None:
        return None
    largest, shifted = _shifted(*found)
    return largest + log(shifted)


REWRITES = (
    Rewrite("ramp", "a where a > 0, else 0, is max(a, 0)", _ramp),
    Rewrite(
        "softplus beside its argument",
        "log(1 + exp(a)) + c a is (1 + c) max(a, 0) + c min(a, 0) + log1p(exp(-|a|))",
        _softplus_beside,
    ),
    Rewrite(
        "logistic beside a variable",
        "1/(1 + exp(-a)) - d is (1 - d)/(1 + exp(-a)) - d/(1 + exp(a))",
        logistic_beside,
    ),
    Rewrite(
        "one less a logistic",
        "1 - 1/(1 + exp(-a)) is 1/(1 + exp(a))",
        one_less_logistic,
    ),
    Rewrite("softplus", "log(1 + exp(a)) is max(a, 0) + log1p(exp(-|a|))", softplus_of),
    Rewrite(
        "common exponential",
        "(exp(a) b + exp(2 a) c)/(1 + exp(a)) is exp(a) (b + exp(a) c)/(1 + exp(a))",
        common_exponential,
    ),
    Rewrite("paired logistic", "exp(a) / (1 + exp(a)) is 1 / (1 + exp(-a))", logistic_of_product),
    Rewrite("guarded cases", "a case for a > c may have max(a, c) in place of a", _guarded),
    Rewrite(
        "tanh beside 1",
        "c + c tanh(a) is 2 c / (1 + exp(-2 a)), c - c tanh(a)² is 4 c t/(1 + t)², t = exp(-2|a|)",
        _one_plus_tanh,
    ),
    Rewrite("erf beside 1", "c + c erf(a) is c erfc(-a)", _one_plus_erf),
    Rewrite("logistic", "1 / (1 + exp(a)) is exp(min(-a, 0)) / (1 + exp(-|a|))", logistic_of),
    Rewrite(
        "log cosh",
        "log(cosh(a)) is max(|a| - 20, 0) + log1p(sinh(c)²)/2 with c = min(|a|, 20)",
        _log_cosh,
    ),
    Rewrite("sinh over cosh", "the ratio of sinh(a) and cosh(a) is tanh(a)", _sinh_over_cosh),
    Rewrite(
        "shift by the maximum",
        "exp(a)/Σ exp(b) is exp(a - c)/Σ exp(b - c), c the largest b",
        _softmax,
    ),
    Rewrite(
        "logarithm of a sum of exponentials",
        "log Σ exp(b) is c + log Σ exp(b - c), c the largest b",
        _log_of_sum,
    ),
    Rewrite("log1p", "log(1 + a) is log1p(a)", _log_beside_one),
    Rewrite("expm1", "exp(a) - 1 without cancellation", expm1_of),
)

# exp of more than this overflows, which Python's math takes for an error.
_LARGEST_EXPONENT = Integer(709)


def _logistic_by_cases(expr: Expr) -> Expr | None:
    if not (isinstance(expr, Pow) and expr.exp.is_Integer and expr.exp < 0):
        return None
    a = one_plus_exponential(expr.base)
    if a is None:
        return None
    cases = ((expr.base**-1, a < _LARGEST_EXPONENT), (exp(-a), True))
    return Piecewise(*cases, evaluate=False) ** (-expr.exp)


# For numbers one by one, of which only one case is computed.
BY_CASES = tuple(
    Rewrite(
        "logistic", "1 / (1 + exp(a)) is exp(-a) to the last digit, for a > 709", _logistic_by_cases
    )
    if rewrite.name == "logistic"
    else rewrite
    for rewrite in REWRITES
)


def stabilised(expr: Expr, rewrites: tuple[Rewrite, ...] = REWRITES) -> Expr:
    """Return an equal expression that neither overflows nor cancels where the rewrites apply."""
    for rewrite in rewrites:
        found = rewrite.apply(expr)
        if found is not None:
            return found if not found.has(exp) else _inside_once(found, expr, rewrites)
    if not expr.args or isinstance(expr, Piecewise):
        return expr
    return expr.func(*[stabilised(a, rewrites) for a in expr.args])


def _inside_once(found: Expr, origin: Expr, rewrites: tuple[Rewrite, ...]) -> Expr:
    """Go on inside a rewritten expression, unless it is already the final form."""
    if isinstance(origin, Mul):
        return stabilised(found, rewrites)
    return found
