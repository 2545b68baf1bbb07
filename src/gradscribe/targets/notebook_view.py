"""What the template of a notebook is filled with: the lecture, and code that runs it."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from math import prod
from typing import Any

from sympy import Symbol

from gradscribe.lecture.model import Lecture
from gradscribe.lecture.style import Style
from gradscribe.lecture.words import Words
from gradscribe.model.network import Network
from gradscribe.targets.markdown_blocks import words_in_markdown
from gradscribe.targets.markdown_view import markdown_builder

FULL = 300  # parameters up to which each is moved by itself
LISTED = 60  # equations up to which the derivation is shown whole
# Sizes of a network that leaves them open: small ones, and neighbours all different.
OPEN_SIZES = (3, 4, 2)

_PARSE = """\
import numpy as np

import gradscribe

network = gradscribe.Network.parse({spec!r})
network"""
_DERIVE = """\
derivation = gradscribe.derive(network)
derivation{part}"""
# Biases begin at 0, where relu has its kink: all parameters are moved off it.
_GENERATE = """\
module = gradscribe.compile(network)
sizes = {sizes!r}
rng = np.random.default_rng(7)
initial = module.initialize(sizes, seed=1)
params = module.Parameters(*(p + 0.1 * rng.standard_normal(np.shape(p)) for p in initial))
X = rng.uniform(-1, 1, size=(5, sizes[0]))
D = rng.uniform(0.1, 0.9, size=(5, sizes[-1]))
module.cost(params, X, D)"""
_FUNCTIONS = """\
def cost(w):
    return module.cost(module.unravel(w, sizes), X, D)


def gradient(w):
    return module.ravel(module.gradient(module.unravel(w, sizes), X, D))


def slope(function, w, direction, step=1e-5):
    return (function(w + step * direction) - function(w - step * direction)) / (2 * step)


def disagreement(exact, near):
    return np.abs(exact - near).max() / max(np.abs(near).max(), 1e-3)


w = module.ravel(params)
directions = {directions}
len(w), len(directions)"""
_GRADIENT = """\
near = np.array([slope(cost, w, v) for v in directions])
error = disagreement(directions @ gradient(w), near)
assert error < 1e-6, error
print(f"{{error:.1e}}")"""
_HESSIAN = """\
H = module.hessian(params, X, D)
near = np.array([slope(gradient, w, v) for v in directions])
error = disagreement(directions @ H, near)
assert error < 1e-6 and (H == H.T).all(), error
print(f"{{error:.1e}}")"""
_PRODUCT = """\
def product(v):
    V = module.unravel(v, sizes)
    return module.ravel(module.hessian_vector_product(params, X, D, V))


near = np.array([slope(gradient, w, v) for v in directions])
error = disagreement(np.array([product(v) for v in directions]), near)
assert error < 1e-6, error
print(f"{{error:.1e}}")"""
_EACH = "np.eye(len(w))"
_SOME = "rng.standard_normal((4, len(w))) / np.sqrt(len(w))"


@dataclass(frozen=True)
class NotebookView:
    """A notebook, as the text of its file."""

    document: str


def notebook_view(
    lecture: Lecture, style: Style, words: Words, parts: Sequence[str] | None
) -> NotebookView:
    """Return the view of a lecture as a notebook.

    Args:
        lecture: what to show.
        style: how.
        words: the language's words.
        parts: what the network's module has beside cost and gradient; None where there is none.
    """
    cells = [*_opening(lecture, style, words), *_chapters(lecture, style, words)]
    if parts is None:
        cells.append(_words("page.no_code", words))
    else:
        cells += _evaluation(lecture.network, words, parts)
    document = {
        "cells": [{"id": f"cell-{k}", **cell} for k, cell in enumerate(cells, 1)],
        "metadata": {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
            "title": _plain_title(lecture, style, words),
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return NotebookView(json.dumps(document, ensure_ascii=False, indent=1, sort_keys=True))


def _plain_title(lecture: Lecture, style: Style, words: Words) -> str:
    return markdown_builder(style, words).text(lecture.title)


def _opening(lecture: Lecture, style: Style, words: Words) -> Iterator[dict[str, Any]]:
    """Yield the title, the network and its derivation."""
    builder = markdown_builder(style, words)
    author = words_in_markdown(style.author)
    lines = [f"# {builder.text(lecture.title)}", builder.text(lecture.subtitle), author]
    yield _markdown("\n\n".join(line for line in lines if line))
    yield _words("notebook.parse", words)
    yield _code(_PARSE.format(spec=lecture.network.spec))
    yield _words("notebook.derive", words)
    yield _code(_DERIVE.format(part=_part_shown(lecture)))


def _part_shown(lecture: Lecture) -> str:
    """Return which of the equations are shown: all, or of very many the last sensitivity."""
    derivation = lecture.settings["network"].derivation
    names = [q.name for q in derivation.equations]
    deltas = [n for n in names if n.startswith("delta")]
    return "" if len(names) <= LISTED or not deltas else f'["{deltas[-1]}"]'


def _chapters(lecture: Lecture, style: Style, words: Words) -> Iterator[dict[str, Any]]:
    """Yield a cell for each frame, under the title of its part."""
    builder = markdown_builder(style, words)
    note = words.text("page.note")
    for part, frames in groupby(lecture.frames, key=lambda f: f.part):
        yield _markdown(f"## {words_in_markdown(words.text(f'parts.{part}'))}")
        for frame in frames:
            texts = (f"### {builder.text(frame.title)}", builder.body(frame))
            told = [*texts, builder.note(frame, note)]
            yield _markdown("\n\n".join(text for text in told if text))


def _evaluation(network: Network, words: Words, parts: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Yield the cells that generate the module and compare it with finite differences."""
    sizes = network.sizes or open_sizes(len(network.layers))
    each = count(network, sizes) <= FULL
    yield _markdown(f"## {words.text('notebook.title')}")
    yield _words("notebook.generate", words)
    yield _code(_GENERATE.format(sizes=tuple(sizes)))
    yield _words("notebook.each" if each else "notebook.some", words)
    yield _code(_FUNCTIONS.format(directions=_EACH if each else _SOME))
    yield _words("notebook.gradient", words)
    yield _code(_GRADIENT.format())
    if each and "hessian" in parts:
        yield _words("notebook.hessian", words)
        yield _code(_HESSIAN.format())
    elif "hessian_vector_product" in parts:
        yield _words("notebook.product", words)
        yield _code(_PRODUCT.format())


def open_sizes(layers: int) -> tuple[int, ...]:
    """Return sizes for a network that leaves them open, neighbours different.

    >>> open_sizes(4)
    (3, 4, 2, 3)
    """
    return tuple(OPEN_SIZES[k % len(OPEN_SIZES)] for k in range(layers))


def count(network: Network, sizes: Sequence[int]) -> int:
    """Return the number of parameters of a network of certain sizes."""
    values: dict[Symbol, int] = dict(zip(network.layers, sizes, strict=True))
    return sum(prod(values[s] for s in p.shape) for p in network.parameters)


def _markdown(text: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "metadata": {}, "source": _lines(text)}


def _words(key: str, words: Words) -> dict[str, Any]:
    return _markdown(words_in_markdown(words.text(key)))


def _code(text: str) -> dict[str, Any]:
    return {
        "cell_type": "code",
        "execution_count": None,
        "metadata": {},
        "outputs": [],
        "source": _lines(text),
    }


def _lines(text: str) -> list[str]:
    return text.splitlines(keepends=True)
