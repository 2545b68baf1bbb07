"""Which networks are plain: a vector a layer, each a sum of matrices times vectors, or f of one.

The blocks of a plain network's Hessian are products of a few matrices. Any other network, as one
with attention or whose values have two indices, has its second derivatives along directions.
"""

from sympy import Add, Expr, Indexed, Mul, Sum

from gradscribe.equation import Equation, Role
from gradscribe.model.network import Network
from gradscribe.notation import split
from gradscribe.symbols import names


def is_plain(network: Network) -> bool:
    """Whether every value is a vector that comes from others as in a perceptron."""
    own = [q for q in network.equations if q.variable.role is Role.VALUE and q.name != "e"]
    vectors = (network.input, *(q.variable for q in own))
    if any(len(v.shape) != 1 for v in vectors):
        return False
    if any(len(p.shape) not in (1, 2) for p in network.parameters):
        return False
    return all(_is_plain(q, network) for q in own)


def _is_plain(equation: Equation, network: Network) -> bool:
    right, variables = equation.right, network.variables
    of_values = not any(variables[n].role is Role.PARAMETER for n in names(right))
    if not right.has(Sum):  # node by node, as f(u), a product of two values, a learned slope
        return all(tuple(a.indices) == equation.indices for a in right.atoms(Indexed))
    if of_values and network.joins(equation):  # softmax, or another that joins all nodes
        return len(names(right)) == 1
    return all(_is_term(t, equation, network) for t in Add.make_args(right))


def _is_term(term: Expr, equation: Equation, network: Network) -> bool:
    """Whether a term is a number times a vector, or times a matrix and a vector."""
    number, rest = term.as_coeff_Mul()
    if not number.is_number:
        return False
    if isinstance(rest, Indexed):
        return tuple(rest.indices) == equation.indices
    if not isinstance(rest, Sum) or len(rest.limits) != 1:
        return False
    (k,) = rest.variables
    factors = Mul.make_args(rest.function)
    if len(factors) != 2 or not all(isinstance(f, Indexed) for f in factors):
        return False
    matrix, vector = sorted(factors, key=lambda f: -len(f.indices))
    known = network.variables
    return (
        split(equation.name).stem == "u"  # whose adjoint δ is kept
        and tuple(matrix.indices) == (*equation.indices, k)
        and tuple(vector.indices) == (k,)
        and known[matrix.base.name].role is Role.PARAMETER
        and known[vector.base.name].role is not Role.PARAMETER
    )
