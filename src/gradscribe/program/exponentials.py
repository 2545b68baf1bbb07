"""Rewrites of exponentials and of what is made of 1 + exp(a): see `stable`."""

from sympy import Add, Expr, Function, Integer, Mul, Pow, S, exp, log

maximum = Function("maximum")
minimum = Function("minimum")
log1p = Function("log1p")
expm1 = Function("expm1")


def small_exponential(a: Expr) -> Expr:
    """Return exp(-|a|), which never overflows."""
    return exp(minimum(a, -a), evaluate=False)


def logistic(a: Expr) -> Expr:
    """Return 1 / (1 + exp(-a)) without overflow."""
    return exp(minimum(a, Integer(0)), evaluate=False) / (1 + small_exponential(a))


def one_plus_exponential(expr: Expr) -> Expr | None:
    """Return a where the expression is 1 + exp(a)."""
    if not (isinstance(expr, Add) and len(expr.args) == 2 and S.One in expr.args):
        return None
    (other,) = (a for a in expr.args if a != 1)
    return other.exp if isinstance(other, exp) else None


def softplus_of(expr: Expr) -> Expr | None:
    """Find log(1 + exp(a))."""
    if not isinstance(expr, log):
        return None
    a = one_plus_exponential(expr.args[0])
    if a is None:
        return None
    return maximum(a, Integer(0)) + log1p(small_exponential(a))


def logistic_beside(expr: Expr) -> Expr | None:
    """Pair 1/(1 + exp(a)) with -d, which may be 1: σ - d is (1 - d) σ - d (1 - σ)."""
    if not (isinstance(expr, Add) and len(expr.args) == 2):
        return None
    for term, other in (expr.args, expr.args[::-1]):
        a = argument_of_logistic(term)
        if a is not None and (-other).is_Atom and not other.is_number:
            return (1 + other) * logistic(a) + other * logistic(-a)
    return None


def one_less_logistic(expr: Expr) -> Expr | None:
    """Find 1 - 1/(1 + exp(-a))."""
    if not (isinstance(expr, Add) and len(expr.args) == 2 and S.One in expr.args):
        return None
    a = argument_of_logistic(1 - expr)
    return None if a is None else logistic(-a)


def argument_of_logistic(expr: Expr) -> Expr | None:
    """Return a where an expression is 1/(1 + exp(-a)) or exp(a)/(1 + exp(a))."""
    paired = logistic_of_product(expr) or expr
    if not (isinstance(paired, Pow) and paired.exp == -1):
        return None
    a = one_plus_exponential(paired.base)
    return None if a is None else -a


def logistic_of(expr: Expr) -> Expr | None:
    """Find a power of 1/(1 + exp(a))."""
    if not (isinstance(expr, Pow) and expr.exp.is_Integer and expr.exp < 0):
        return None
    a = one_plus_exponential(expr.base)
    if a is None:
        return None
    return logistic(-a) ** (-expr.exp)


def logistic_of_product(expr: Expr) -> Expr | None:
    """Pair exp(p a) with 1/(1 + exp(a))^k for p ≤ k: p of the factors are 1/(1 + exp(-a))."""
    if not isinstance(expr, Mul):
        return None
    for denominator in expr.args:
        if not (isinstance(denominator, Pow) and denominator.exp.is_Integer):
            continue
        a, k = one_plus_exponential(denominator.base), -denominator.exp
        if a is None:
            continue
        for exponential in expr.args:
            p = exponential.exp / a if isinstance(exponential, exp) else S.Zero
            if p.is_Integer and 0 < p <= k:
                rest = [f for f in expr.args if f not in (denominator, exponential)]
                return Mul((1 + exp(-a)) ** -p, (1 + exp(a)) ** (p - k), *rest)
    return None


def common_exponential(expr: Expr) -> Expr | None:
    """Take exp(a) out of a sum beside 1/(1 + exp(a))^k, if each term has a power of it."""
    if not isinstance(expr, Mul):
        return None
    for denominator in expr.args:
        if not (isinstance(denominator, Pow) and denominator.exp.is_Integer):
            continue
        a = one_plus_exponential(denominator.base)
        if a is None:
            continue
        for factor in expr.args:
            terms = _terms(factor) if isinstance(factor, Add) else []
            if terms and all(_power_of(a, term) > 0 for term in terms):
                rest = [f for f in expr.args if f is not factor]
                return Mul(exp(a), Add(*(term * exp(-a) for term in terms)), *rest)
    return None


def _terms(expr: Expr) -> list[Expr]:
    """Return the terms of a sum, sums in them multiplied out, but for those below a fraction."""
    found: list[Expr] = []
    for term in Add.make_args(expr):
        inner = next((f for f in Mul.make_args(term) if isinstance(f, Add)), None)
        if inner is None:
            found.append(term)
        else:
            found += [t for part in inner.args for t in _terms(term / inner * part)]
    return found


def _power_of(a: Expr, term: Expr) -> int:
    """Return p where exp(p a) is a factor of a term, p > 0; else 0."""
    ratios = [f.exp / a for f in Mul.make_args(term) if isinstance(f, exp)]
    return max((int(p) for p in ratios if p.is_Integer), default=0)


def expm1_of(expr: Expr) -> Expr | None:
    """Find exp(a) - 1, or a multiple of it."""
    if not (isinstance(expr, Add) and len(expr.args) == 2 and expr.args[0].is_number):
        return None
    factor, exponential = expr.args[1].as_coeff_Mul()
    if isinstance(exponential, exp) and factor == -expr.args[0]:
        return factor * expm1(exponential.exp)
    return None
