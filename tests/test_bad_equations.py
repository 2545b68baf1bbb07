"""Texts of equations that cannot be taken: refused with what, where and what is allowed."""

import time

import pytest

from gradscribe.compiler import module_source
from gradscribe.errors import InputError
from gradscribe.model.network import Network

# A text, and words of the message.
REFUSED = {
    "y1[i] = __import__('os').system('x')": "cannot stand in an equation",
    "y1[i] = W[i,j].__class__ x[j]": "cannot stand in an equation",
    "y1[i] = (lambda: x[i])()": "cannot stand in an equation",
    "y1[i] = [x[i] for i in x]": "not written as an equation",
    "y1[i] = x[i] if x[i] else 2": "not written as an equation",
    "y1[i] = open(x[i])": "unknown function 'open'",
    "y1[i] = True x[i]": "cannot stand in an equation",
    "y1[i] = tanhh(x[i])": "did you mean 'tanh'",
    "y1[i] = W[i,j] (x[j]) W(x[j])": "W * (",
    "y1[i] = y1[i] x[i]": "'y1' is defined by itself",
    "y1[i] = y2[i] x[i]; y2[i] = y1[i]": "'y2' is used before its definition in statement 2",
    "y1[i] = W[i,j] x[j]; y1[i] = tanh(y1[i])": "'y1' is defined twice",
    "y1[i] = x[j]": "index 'j' stands on the right side alone",
    "y1[i] = W[i,j] W[j,k] x[k] + b[k]": "index 'k' stands on the right side alone",
    "y1[i,j] = W[i,k] x[k]": "index 'j' stands on the left side alone",
    "y1[i] = W[i,i] x[i]": "an index stands twice in one component",
    "y1[i,i] = x[i]": "an index stands twice on the left",
    "y1[i] = W[i,j] x[j]; y2[i] = W[i,j,k] y1[j] y1[k]": "3 indices here and 2 indices in",
    "x: 3; W: 4, 5; y1[i] = W[i,j] x[j]": "5, from index 2 of W in 'W: 4, 5', and 3, from index 1",
    "x: 3; y1[i] = W[i,j] x[j]": "sizes are declared, but not that of",
    "x: 0; y1[i] = W[i,j] x[j]": "no positive integer",
    "x: 3; x: 3; y1[i] = W[i,j] x[j]": "declared twice",
    "x[i] = W[i,j] x[j]": "x is the input",
    "y1[i] = sum(j, x[i])": "index 'j' stands at no variable",
    "y1[i] = W[i,j] sum(j, x[j] sum(j, x[j]))": "not free to be summed over",
    "y1[i] = sum(i, W[i,j] x[j])": "not free to be summed over",
    "y1[i,t] = softmax(W[i,j] x[t,j])": "goes over an index, which is not said",
    "y1[i] = softmax(k, W[i,j] x[j])": "goes over an index of the left side",
    "y1[i] = W[i,j] x[j] ** 1000": "power cannot be taken",
    "y1[i] = W[i,j] x[j] / 0": "divides by 0",
    "y1[i] = W[i,j] x[j] 1e400": "too large or too small",
    "y1[i] = i W[i,j] x[j]": "'i' is an index",
    "y1[i] = W[i,j] x": "has indices",
    "y1[i] = W[i,1] x[i]": "an index is a letter",
    "y1[i] = d[i] W[i,j] x[j]": "a name of the notation",
    "np[i] = W[i,j] x[j]": "used in generated code",
    "along[i] = W[i,j] x[j]": "used in generated code",
    "N0[i] = W[i,j] x[j]": "a name of a size",
    "y1[i] = W[i,j] x[j]; q[i] = A[i,j] x[j]": "'W' has no effect on the output q",
    "y1[i] = b[i]": "the input x does not occur",
    "y1[i] = x[i]": "there is no parameter",
    "m = W[i,j] x[i] x[j]": "the output has no index",
    "y1[i]": "neither an equation nor",
    "y1[i] = ": "right side is missing",
    "y1[] = x[i]": "brackets are empty",
    "y1[i] = W[i,j] x[j] +": "not written as an equation",
    "y1[i,j,k,l] = x[i,j,k,l] a": "4 indices are too many",
    "y1[i] = W[i,j] é[j]": "ASCII",
    "y1[i] = W[i,j] x[j]\0": "cannot stand in an equation",
    "y1[i] = \\input{x} W[i,j] x[j]": "cannot stand in an equation",
    "y1[i] = W[i,j] x[j]; loss=mse; y2[i] = y1[i]": "options stand at the end",
    "y1[i] = W[i,j] x[j]; loss=foo": "unknown loss",
    "y1[i] = W[i,j] x[j]; bogus=1": "unknown option",
    "y1[i] = W[i,j] x[j]" + " + W[i,j] x[j]" * 1000: "too",
    "y1[i] = " + "(" * 5000 + "x[i]" + ")" * 5000: "not written as an equation",
    "y1[i] = " + "-" * 5000 + "x[i]": "",
    "y1[i] = " + "tanh(" * 80 + "x[i]" + ")" * 80: "nested too deeply",
    ";".join(f"u{k}[i] = W[i,j] x[j]" for k in range(800)): "statements are too many",
    "y1[i] = " + "x" * 100_000: "characters are too many",
}


@pytest.mark.parametrize(("text", "said"), REFUSED.items(), ids=lambda t: t[:40])
def test_a_text_is_refused_in_words(text: str, said: str) -> None:
    started = time.perf_counter()
    with pytest.raises(InputError) as caught:
        Network.parse(text)
    assert said in str(caught.value)
    assert len(str(caught.value)) < 1500
    assert time.perf_counter() - started < 5


@pytest.mark.parametrize("target", ["scalar", "numba"])
def test_other_targets_say_what_they_are_for(target: str) -> None:
    spec = f"y1[t,i] = W[i,j] x[t,j]; target={target}"
    with pytest.raises(InputError, match="networks of vectors and matrices alone"):
        module_source(spec)


@pytest.mark.parametrize(
    ("formula", "said"),
    {
        "f(concat(x, W x))": "stands behind a matrix",
        "concat(x, x)": "stands behind a matrix",
        "W2 concat(x, W2 x)": "by one alone",
        "W concat(x, x) + W concat(x, x, x)": "by 3",
        "W concat()": "needs an argument",
        "W concat(x, Wb x)": "the name of a part of W",
        "norm": "needs an argument",
        "W norm(x, g)": "one argument, or three",
        "W norm(x, W x, b)": "one argument, or three",
        "norm(W)": "is a matrix",
        "tanh(W x, x)": "only some functions have several arguments",
    }.items(),
)
def test_formulas_of_several_arguments_are_refused_in_words(formula: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        Network.parse(formula)
