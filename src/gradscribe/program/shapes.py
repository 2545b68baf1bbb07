"""The shape of an expression, from the shapes of its variables; what does not fit is an error."""

from collections.abc import Callable, Sequence

from gradscribe.errors import DerivationError
from gradscribe.program.ir import (
    FUNCTIONS,
    Add,
    Apply,
    Call,
    Const,
    Contract,
    Expand,
    Greatest,
    MatMul,
    Mul,
    Node,
    Ones,
    Permute,
    Power,
    Reduce,
    Ref,
    Shape,
    Size,
    Transpose,
)

ONE = "1"

# Arrays that are made of another without computing: which of its axes they have, by how many
# it has.
MADE: dict[str, Callable[[int], Sequence[int]]] = {
    "_ones": lambda count: (count - 1,),
    "ones_like": range,
    "array": range,
    "_diagonal_matrix": lambda count: (0, *range(count)),
}


def shape_of(node: Node, shapes: dict[str, Shape], helpers: frozenset[str] = frozenset()) -> Shape:
    """Return the sizes of an expression's axes; a broadcast axis is "1".

    Raises:
        DerivationError: operands that do not fit, or an unknown variable or function.
    """
    match node:
        case Const() | Size():
            return ()
        case Ones(size):
            return (size,)
        case Ref(name):
            if name not in shapes:
                raise DerivationError(f"{name} is not defined")
            return shapes[name]
        case Add(operands) | Mul(operands):
            return broadcast([shape_of(o, shapes, helpers) for o in operands])
        case Power(base, _):
            return shape_of(base, shapes, helpers)
        case Call(function, operands):
            inner = broadcast([shape_of(o, shapes, helpers) for o in operands])
            return _called(function, len(operands), inner, helpers)
        case MatMul(left, right):
            return _product(shape_of(left, shapes, helpers), shape_of(right, shapes, helpers))
        case Apply(left, right, axis):
            return _applied(shape_of(left, shapes, helpers), shape_of(right, shapes, helpers), axis)
        case Contract(letters, left, right):
            both = (shape_of(left, shapes, helpers), shape_of(right, shapes, helpers))
            return _contracted(letters, *both)
        case Permute(operand) | Transpose(operand):
            inner = shape_of(operand, shapes, helpers)
            order = node.axes if isinstance(node, Permute) else range(len(inner))[::-1]
            return tuple(inner[a] for a in order)
        case Reduce(operand, axes):
            inner = shape_of(operand, shapes, helpers)
            if not all(0 <= axis < len(inner) for axis in axes):
                raise DerivationError(f"no axes {axes} in an array of shape {inner}")
            return tuple(s for axis, s in enumerate(inner) if axis not in axes)
        case Greatest(operand, axis):
            inner = shape_of(operand, shapes, helpers)
            return (*inner[:axis], *inner[axis + 1 :])
        case Expand(operand, axes):
            sizes = list(shape_of(operand, shapes, helpers))
            for axis in axes:
                sizes.insert(axis, ONE)
            return tuple(sizes)


def broadcast(operands: list[Shape]) -> Shape:
    """Return the common shape of arrays, aligned at their last axes as in NumPy."""
    length = max((len(s) for s in operands), default=0)
    result = []
    for axis in range(-length, 0):
        sizes = {s[axis] for s in operands if len(s) >= -axis} - {ONE}
        if len(sizes) > 1:
            raise DerivationError(f"shapes {operands} do not fit")
        result.append(sizes.pop() if sizes else ONE)
    return tuple(result)


def _product(left: Shape, right: Shape) -> Shape:
    if not left or not right or len(left) > 2 or len(right) > 2 or left[-1] != right[0]:
        raise DerivationError(f"no matrix product of shapes {left} and {right}")
    return left[:-1] + right[1:]


def _contracted(letters: str, left: Shape, right: Shape) -> Shape:
    """Return the shape of a sum of products whose axes have these letters."""
    inputs, result = letters.split("->")
    lengths: dict[str, str] = {}
    for axes, shape in zip(inputs.split(","), (left, right), strict=True):
        if len(axes) != len(shape):
            raise DerivationError(f"no product {letters} of shapes {left} and {right}")
        for letter, length in zip(axes, shape, strict=True):
            if lengths.setdefault(letter, length) != length:
                raise DerivationError(f"no product {letters} of shapes {left} and {right}")
    return tuple(lengths[letter] for letter in result)


def _applied(left: Shape, right: Shape, axis: int) -> Shape:
    if len(left) < 2 or axis >= len(right) or left[-1] != right[axis]:
        raise DerivationError(f"no product of shapes {left} and {right} over axis {axis}")
    return (*right[:axis], *left[:-1], *right[axis + 1 :])


def _called(function: str, count: int, shape: Shape, helpers: frozenset[str]) -> Shape:
    """Return the shape of what a function of so many arguments gives."""
    if function in MADE and count == 1:
        return tuple(shape[axis] for axis in MADE[function](len(shape)))
    if function in helpers and count == 1:
        return shape
    if FUNCTIONS.get(function) != count:
        raise DerivationError(f"no function {function!r} of {count} arguments")
    return shape
