"""Which names a formula may use: those that nothing else in a derivation or a module has."""

import keyword
import re

from gradscribe.catalog.activations import Activation
from gradscribe.model.source import Field
from gradscribe.notation import FREE_INDICES, SUMMED_INDICES
from gradscribe.table import Table

MAX_LENGTH = 30
ABSTRACT_FUNCTION = re.compile(r"[A-Za-z][0-9]*")

_IDENTIFIER = re.compile(r"[A-Za-z][A-Za-z0-9]*")
_NOTATION = frozenset(["x", "d", "e", "E", "J", "N", "n", "X", "D", "w"])
_INDICES = frozenset(FREE_INDICES + SUMMED_INDICES)
_LETTERS = " ".join(sorted(_INDICES))
_MODULE = frozenset(
    {
        "Parameters", "initialize", "ravel", "unravel", "forward", "cost", "sensitivities",
        "gradient", "cost_and_gradient", "jacobian", "input_jacobian", "hessian",
        "hessian_block", "hessian_diagonal", "hessian_vector_product", "gauss_newton",
        "sample_gradients", "problem", "Problem", "WORKSPACE", "SPEC", "SIZES", "trained",
        "CLASSES",
    }
)  # fmt: skip
_CODE = frozenset(
    {"params", "sizes", "seed", "np", "sum", "tuple", "len", "range", "float", "int", "zip"}
    | {"outputs", "scale", "ones", "count", "index", "solved", "first", "STEPS"}
    | {"setting", "vector", "RANGES", "check_state", "check_problem", "is_real"}
)
# Private functions, classes and tables of generated modules; an own function `f` is `_f` there.
_PRIVATE_WORDS = (
    "AT_ONCE Block Diagonal ENTER ERFC_FAR ERFC_MIDDLE ERF_NEAR FLOAT HELD PACK PACK_UPPER "
    "PLACED PLACES RANGES Rows SENSITIVITIES SHAPES SIZE_NAMES SMALL STEPS TRAINED UNFIT "
    "Upper add_curvature add_diagonal add_entries add_square add_symmetric add_term agrees "
    "aligned alignment along apply array axes bell bytes_given cast changed check_out "
    "check_problem check_size check_state checked common compiled computed cost "
    "cost_and_gradient cost_at defined_penalty diagonal diagonal_matrix direction equations "
    "erf erfc erfc_compiled errors errors_along expected fill filled first fit forward "
    "gauss_newton gauss_newton_terms gradient held hessian hessian_terms hessian_vector_product "
    "input_jacobian inside is_fit is_real is_symmetric jacobian jacobian_terms joined less "
    "letters loss matrix_shape mirror number numbers of_inputs of_pairs of_samples ones outer "
    "output_size pair_places pairs parameters parts parts_of penalty penalty_curvature places "
    "plan product product_plan ranges ratio recursion reordered rows rows_of_classes "
    "sample_costs sample_gradient_terms sample_gradients scale self_check sensitivities "
    "setting shapes shapes_fit sizes_of solved split square stacked sum_terms symmetric table "
    "tiles units upper_goals upper_places vector weighted weights whole without_repeats"
)
_PRIVATE = frozenset(_PRIVATE_WORDS.split())
_KERNELS = frozenset({"along", "samples", "math", "functools", "cmath", "Callable", "Sequence"})
_DERIVED = re.compile(r"(u|y|z|delta)[0-9]+")
_DERIVED_PREFIXES = ("_", "dE_", "dJ_", "fprime", "R_")
_VALUE = re.compile(r"[uy][0-9]{1,3}")
_SIZE = re.compile(r"N[0-9]+")


def check_parameter(field: Field, activations: Table[Activation]) -> None:
    """Check that a matrix or a vector may have this name.

    Raises:
        InputError: it may not; the message says which rule it breaks.
    """
    name = field.word
    rules = (
        (name in activations, "is an activation function and needs an argument"),
        (name in _INDICES, f"is a letter of an index in the equations ({_LETTERS})"),
        (name in _MODULE, "is a name of the generated module"),
        (name in _CODE, "is a name used in generated code"),
        *_common_rules(name),
    )
    _refuse_first(field, rules, "names such as W1, b1, A, c, Wout")


def check_value(field: Field, activations: Table[Activation]) -> None:
    """Check that what an equation of the user defines may have this name.

    Raises:
        InputError: it may not; the message says which rule it breaks.
    """
    if _VALUE.fullmatch(field.word):
        return
    if field.word in _KERNELS:
        what = "this name cannot be used: it is a name used in generated code"
        raise field.error(what, allowed="names such as u1, y1, Q, gate")
    check_parameter(field, activations)


def check_function(field: Field) -> None:
    """Check that an abstract function may have this name.

    Raises:
        InputError: it may not; the message says which rule it breaks.
    """
    _refuse_first(field, _common_rules(field.word), "a letter and a number: f1, g")


def check_definition(field: Field) -> None:
    """Check that a function that a specification defines may have this name.

    Raises:
        InputError: it may not; the message says which rule it breaks.
    """
    name = field.word
    rules = (
        (name in _MODULE, "is a name of the generated module"),
        (name in _CODE | _PRIVATE, "is a name used in generated code"),
        *_common_rules(name.replace("_", "a")),
    )
    _refuse_first(field, rules, "names such as swish, my_loss, f1")


def check_learned(field: Field) -> None:
    """Check that a learned number may have this name, behind which parameters have a layer's.

    Raises:
        InputError: it may not; the message says which rule it breaks.
    """
    name = field.word
    rules = (
        (name in ("W", "b"), "is what weights and biases are called"),
        (not name.isalpha(), "has other characters than letters"),
        *_common_rules(f"{name}1"),
    )
    _refuse_first(field, rules, "names such as beta, alpha, slope")


def _common_rules(name: str) -> tuple[tuple[bool, str], ...]:
    """Return each rule as whether `name` breaks it, and what then is said of the name."""
    return (
        (name == "x", "is the input, a vector"),
        (name in _NOTATION, "is a name of the notation (x d e E J N n X D w)"),
        (keyword.iskeyword(name), "is a keyword of Python"),
        (bool(_DERIVED.fullmatch(name)), "is a name of a derived value (u1, y1, delta1)"),
        (bool(_SIZE.fullmatch(name)), "is a name of a size (N0, N1)"),
        (name.startswith(_DERIVED_PREFIXES), "starts with _, dE_, dJ_ or fprime, as derived ones"),
        (len(name) > MAX_LENGTH, f"is longer than {MAX_LENGTH} characters"),
        (not _IDENTIFIER.fullmatch(name), "is not a letter followed by letters and digits"),
    )


def _refuse_first(field: Field, rules: tuple[tuple[bool, str], ...], allowed: str) -> None:
    for broken, rule in rules:
        if broken:
            raise field.error(f"this name cannot be used: it {rule}", allowed=allowed)
