"""Equal forms of a sum of products that take less to compute, found before lowering.

* f″(u) X, where v = f′(u) X is known already, is q(y) v with q = f″/f′: no f″ is computed. It
  is done where q is a polynomial in y = f(u), so that nothing is divided by an f′ that is 0.
* a factor that several terms have is multiplied by once.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

from sympy import Add, Expr, Indexed, Mul, Sum, Symbol

from gradscribe.catalog.losses import Y
from gradscribe.derivation.slopes import slope_ratio
from gradscribe.equation import Equation
from gradscribe.model.network import Network
from gradscribe.notation import SUMMED_INDICES
from gradscribe.program.columns import monomials
from gradscribe.program.forms import COMMON, FORMS, SLOPES, Form
from gradscribe.symbols import ScalarFunction, canonical, scalar_function


class Factoring:
    """What is known when equations are brought into a form that takes less to compute.

    Args:
        known: equations of what is computed before.
        network: the network, whose functions are bound.
        forms: passes that are done.
    """

    def __init__(
        self, known: Iterable[Equation], network: Network, forms: Iterable[Form] = FORMS
    ) -> None:
        self.network, self.forms = network, frozenset(forms)
        self.outputs = {
            q.right.func: q for q in network.equations if isinstance(q.right, ScalarFunction)
        }
        self.slopes: dict[type[ScalarFunction], list[Equation]] = {}
        for equation in known:
            for factor in Mul.make_args(equation.right):
                if isinstance(factor, ScalarFunction):
                    self.slopes.setdefault(factor.func, []).append(equation)

    def factored(self, equation: Equation) -> Equation:
        """Return an equation with its right side in a form that takes less to compute."""
        terms = [self.by_known(t) for t in monomials(equation.right)]
        right = without_common(terms) if COMMON in self.forms else Add(*terms)
        return replace(equation, right=right)

    def by_known(self, term: Expr) -> Expr:
        """Return f″(u) X as q(y) v where v = f′(u) X is known."""
        if SLOPES not in self.forms:
            return term
        for place in [f for f in Mul.make_args(term) if isinstance(f, ScalarFunction)]:
            entry = self.network.functions[place.stem]
            ratio = slope_ratio(entry) if place.order == 2 and entry else None
            output = self.outputs.get(scalar_function(place.stem))
            if ratio is None or output is None or output.right.args[0].base != place.args[0].base:
                continue
            at = tuple(place.args[0].indices)
            own = {_canonical(f, at): f for f in Mul.make_args(term)}
            first = scalar_function(place.stem, 1)
            for equation in self.slopes.get(first, ()):
                right = equation.right.xreplace(dict(zip(equation.indices, at, strict=False)))
                others = [_canonical(f, at) for f in Mul.make_args(right)]
                if len(at) == len(equation.indices) and first(place.args[0]) in others:
                    others.remove(first(place.args[0]))
                    if set(others) <= own.keys():
                        rest = _without(term, [place, *(own[f] for f in others)])
                        return rest * ratio.subs(Y, output.variable[at]) * equation.variable[at]
        return term


def without_common(terms: Iterable[Expr]) -> Expr:
    """Return the sum of terms with the factor that most of them have taken out, and so on."""
    terms = list(terms)
    counts = Counter(f for t in terms for f in set(Mul.make_args(t)) if _is_elementwise(f))
    if not counts or max(counts.values()) < 2:
        return Add(*terms)
    most = max(counts, key=lambda f: (counts[f], str(f)))
    having = [t for t in terms if most in Mul.make_args(t)]
    inner = without_common(_without(t, [most]) for t in having)
    return Add(Mul(most, inner), without_common(t for t in terms if t not in having))


def _is_elementwise(factor: Expr) -> bool:
    return not factor.is_number and not factor.has(Sum) and bool(factor.atoms(Indexed))


def _without(term: Expr, factors: Iterable[Expr]) -> Expr:
    rest = list(Mul.make_args(term))
    for factor in factors:
        rest.remove(factor)
    return Mul(*rest)


def _canonical(factor: Expr, at: tuple[Symbol, ...]) -> Expr:
    """Return a factor with the usual letters for its summed indices."""
    return canonical(factor, at, SUMMED_INDICES) if factor.has(Sum) else factor
