"""Passes of the lowering of second derivatives, by name: each picks one of several equal forms.

They stand in the order in which an expression meets them. A pass that is left out leaves the
plain form, and every combination gives the same derivatives. The verifier stands behind the
statements and terms that come out (`verify.verify_terms`).
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Form:
    """A named pass of the second order.

    Attributes:
        name: what it is called.
        meaning: what it does.
        instead: what is done without it.
    """

    name: str
    meaning: str
    instead: str


SLOPES = Form("f″ through f′", "f″ X is q(y) v where v = f′ X is known", "f″ is computed")
COMMON = Form("common factors", "what several terms have is multiplied by once", "in every term")
DIAGONALS = Form("diagonals", "a diagonal tangent is a vector", "a matrix with its zeros")
PUT_IN = Form("plain products", "a tangent that is a product is put in where read", "an array")
EXCHANGED = Form("order of axes", "a symmetric tangent keeps the one that it comes in", "it turns")
ACCUMULATED = Form("in place", "tangents go into the array of their first product", "new arrays")
STACKED = Form("stacked factors", "W and b of a layer are in one product", "a product for each")
CONSTANTS = Form("constants apart", "what has no sample leaves the sum", "it meets each sample")
GROUPED = Form("two sides", "factors are split by the sides of a block", "the first and the rest")
TRIANGLES = Form("triangles", "half of what is symmetric is multiplied", "all of it")

FORMS = (
    SLOPES,
    COMMON,
    DIAGONALS,
    PUT_IN,
    EXCHANGED,
    ACCUMULATED,
    STACKED,
    CONSTANTS,
    GROUPED,
    TRIANGLES,
)
