"""Widths of Computer Modern's characters, in thousandths of an em, as TeX measures them.

Source: the width of each in an 11 pt document with lmodern; `tests/test_measure.py` compares the
boxes built of them with what pdflatex measures.
"""

from collections.abc import Mapping
from string import ascii_lowercase, ascii_uppercase, digits


def _table(characters: str, widths: str) -> dict[str, int]:
    return dict(zip(characters, map(int, widths.split()), strict=True))


def control_words(names: str) -> frozenset[str]:
    """Return names separated by spaces as control words."""
    return frozenset(f"\\{name}" for name in names.split())


def _named(names: str, width: int) -> dict[str, int]:
    return dict.fromkeys(control_words(names), width)


# Mathematical italic, and signs.
MATH: Mapping[str, int] = {
    **_table(
        ascii_lowercase,
        "529 429 433 520 466 597 513 576 345 469 552 318 878 600 485 503 482 479 469 361 572 521"
        " 743 572 526 509",
    ),
    **_table(
        ascii_uppercase,
        "750 809 786 856 796 782 786 912 518 651 921 681 1079 912 791 781 791 767 671 723 792 806"
        " 1083 907 803 754",
    ),
    **dict.fromkeys(digits, 500),
    **dict.fromkeys("+-=<>", 778),
    **dict.fromkeys("[]|,;:!.", 280),
    **_table("()/?*@", "389 389 500 472 500 778"),
    **_named("iota zeta theta delta xi rho", 518),
    **_named("lambda mu beta pi kappa upsilon phi nu tau eta gamma sigma epsilon varepsilon", 618),
    **_named("alpha chi varphi omega Gamma psi Lambda Xi", 694),
    **_named("Sigma Phi Omega Pi", 750),
    **_named("Theta Upsilon Psi Delta nabla", 833),
    **_named("partial wedge vee in notin cup cap", 667),
    **_named("cdot mid colon vdots vert lvert rvert", 280),
    **_named("times odot otimes oplus ominus pm mp le leq ge geq ne neq equiv approx sim", 778),
    **_named("propto subset top bot", 778),
    **_named("infty to gets mapsto leftarrow rightarrow Leftarrow Rightarrow ll gg iff", 1000),
    **_named("ast circ setminus Vert lVert rVert |", 500),
    **_named("langle rangle lfloor rfloor lceil rceil dagger ell", 444),
    **_named("forall exists", 556),
    **_named("ldots ddots cdots dots dotsc dotsb", 1333),
    **_named("longrightarrow longleftarrow", 1611),
    **_named("{ } _ # $", 500),
    **_named("coloneqq", 989),
    **_named("prime", 275),
    **_named("% &", 833),
}

# Upright letters: \mathrm, names of functions, and text in either family.
UPRIGHT: Mapping[str, int] = {
    **_table(
        ascii_lowercase,
        "511 556 444 556 444 385 513 563 278 306 539 283 841 563 500 556 555 392 394 389 563 536"
        " 731 544 536 444",
    ),
    **_table(
        ascii_uppercase,
        "750 708 722 764 681 653 785 750 361 514 778 625 917 750 778 681 778 760 556 722 750 758"
        " 1037 754 766 611",
    ),
    **dict.fromkeys(digits, 500),
    **_table(
        " -,.;:!'()[]/*+=?", "340 333 278 278 278 278 319 278 389 389 289 289 500 500 778 778 472"
    ),
}
UNKNOWN = 1000
# The most by which other styles are wider.
BOLD, CALLIGRAPHIC = 1.215, 1.33
# By how much letters are wider in fonts that are drawn for a size, at most.
WIDENING: Mapping[float, float] = {
    12.0: 0.98, 10.95: 1.0, 10.0: 1.0, 9.0: 1.033, 8.0: 1.075, 7.0: 1.19, 6.0: 1.3, 5.0: 1.5,
}  # fmt: skip

BINARY = frozenset("+-*") | control_words(
    "cdot times odot otimes oplus ominus pm mp ast circ cup cap wedge vee setminus"
)
RELATIONS = frozenset("=<>:") | control_words(
    "le leq ge geq ne neq equiv approx sim propto in notin to gets mapsto leftarrow rightarrow"
    " Leftarrow Rightarrow longrightarrow longleftarrow iff mid coloneqq ll gg subset"
)
OPENING = frozenset(("(", "[", r"\{")) | control_words("langle lfloor lceil lVert lvert")
CLOSING = frozenset((*")]!?", r"\}")) | control_words("rangle rfloor rceil rVert rvert")
PUNCTUATION = frozenset({",", ";", "\\colon"})
INNER = control_words("ldots cdots ddots dots dotsc dotsb")
# Characters by height and depth; one that is not known is taken for a high and deep one.
_DEEP = frozenset("gjpqyQ") | control_words(
    "beta gamma zeta eta mu xi rho varphi phi chi psi vert lvert rvert Vert lVert rVert"
    " langle rangle lfloor rfloor lceil rceil le leq ge geq ne neq { }"
)
_SMALL = frozenset("acegmnopqrsuvwxyz.,:;") | control_words(
    "alpha gamma epsilon varepsilon eta iota kappa mu nu pi rho sigma tau upsilon varphi chi"
    " omega cdot ldots cdots dots"
)
_FLAT = frozenset("+-=<>*") | control_words("times odot otimes oplus ominus pm to sim approx")
_KNOWN = (
    frozenset(ascii_lowercase + ascii_uppercase + digits)
    | _SMALL
    | control_words(
        "delta theta lambda partial nabla prime infty ell"
        " Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega"
    )
)


def words_width(text: str) -> float:
    """Return how wide words are in em, set upright."""
    return sum(UPRIGHT.get(c, 600) for c in text) / 1000


def vertical(sign: str) -> tuple[float, float]:
    """Return the height and depth of a character in em, at most."""
    if sign in _FLAT:
        return 0.6, 0.1
    height = 0.46 if sign in _SMALL else 0.67 if sign in digits else 0.75
    return height, 0.25 if sign in _DEEP or sign not in _KNOWN else 0.02


# Total heights (in em) and widths of the sizes of each delimiter; the last one is assembled.
DELIMITER_HEIGHTS = (1.0, 1.2, 1.8, 2.4, 3.0)
DELIMITER_WIDTHS: Mapping[str, tuple[int, ...]] = {
    **dict.fromkeys("()", (389, 458, 597, 736, 792, 875)),
    **dict.fromkeys("[]", (283, 417, 472, 528, 583, 667)),
    **dict.fromkeys(("\\{", "\\}"), (500, 583, 667, 750, 806, 889)),
    **dict.fromkeys(("\\langle", "\\rangle"), (389, 472, 611, 750, 750, 750)),
    **dict.fromkeys(("|", "\\vert", "\\lvert", "\\rvert"), (278, 333, 333, 333, 333, 333)),
    **dict.fromkeys(("\\|", "\\Vert", "\\lVert", "\\rVert"), (500, 556, 556, 556, 556, 556)),
    ".": (110,) * 6,
}
