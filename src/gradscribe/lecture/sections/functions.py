"""f, f′ and f″ of the activation functions in use."""

from collections.abc import Iterator

from sympy import Expr, Mul

from gradscribe.catalog.activations import Activation
from gradscribe.catalog.losses import Y
from gradscribe.derivation.slopes import kinks, slope, slope_ratio
from gradscribe.lecture.display import Atom, equal
from gradscribe.lecture.model import Frame, Line, Sentence
from gradscribe.lecture.sections.network import U
from gradscribe.lecture.teller import Teller, display
from gradscribe.symbols import scalar_function

SHORT = 12  # operations up to which a second derivative is shown


def frames(teller: Teller) -> Iterator[Frame]:
    """Yield a frame for each activation function that is known."""
    shown: set[str] = set()
    for stem, entry in teller.network.functions.items():
        if entry is not None and entry.name not in shown:
            shown.add(entry.name)
            yield one(teller, stem, entry)


def function_words(teller: Teller, entry: Activation) -> str:
    """Return what a function is called."""
    return teller.words.table.get(f"activations.{entry.name}", entry.meaning)


def one(teller: Teller, stem: str, entry: Activation) -> Frame:
    """Show a function with its first and second derivative."""
    f, first, second = (Atom(scalar_function(stem, order)(U)) for order in range(3))
    lines = [Line(equal(f, teller.tree(entry.formula)))]
    lines.append(Line(equal(first, *map(teller.tree, first_forms(stem, entry))), step=2))
    found = second_form(stem, entry)
    if found is not None:
        lines.append(Line(equal(second, teller.tree(found)), step=3))
    return teller.frame(
        "slopes",
        display(*lines),
        *remarks(teller, stem, entry, len(lines)),
        name=f"slopes-{entry.name}",
        function=function_words(teller, entry),
    )


def remarks(teller: Teller, stem: str, entry: Activation, step: int) -> Iterator[Sentence]:
    """Yield what is to be said of a derivative: what is taken for it at kinks, or its form."""
    places = kinks(entry)
    if places:
        first = scalar_function(stem, 1)
        for value in dict.fromkeys(places.values()):
            there = [Atom(first(p)) for p in places if places[p] == value]
            yield teller.sentence("slopes.kink", step=step, value=equal(*there, Atom(value)))
    if slope(entry, 2).of_u.is_zero and places:
        yield teller.sentence("slopes.straight", step=step)
    else:
        yield teller.sentence(f"slopes.{kind(entry)}", step=step)


def kind(entry: Activation) -> str:
    """Return what a derivative is computed from."""
    first = slope(entry)
    if first.of_u.is_number:
        return "constant"
    return "of_output" if first.of_y is not None else "of_argument"


def first_forms(stem: str, entry: Activation) -> list[Expr]:
    """Return f′ in terms of u, and of f(u) where that is exact and shorter."""
    found = slope(entry)
    forms = [found.of_u]
    if found.of_y is not None and found.of_y != found.of_u:
        forms.append(found.of_y.subs(Y, scalar_function(stem)(U)))
    return forms


def second_form(stem: str, entry: Activation) -> Expr | None:
    """Return f″ through f′ and f where that is short; None where it is long."""
    f, first = scalar_function(stem)(U), scalar_function(stem, 1)(U)
    ratio = slope_ratio(entry)
    if ratio is not None and ratio != 0:
        return Mul(first, ratio.subs(Y, f))
    of_u = slope(entry, 2).of_u
    return of_u if of_u.count_ops() <= SHORT else None
