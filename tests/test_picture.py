"""Pictures of networks: complete, inside their frame, without collisions, and true."""

from dataclasses import replace
from itertools import combinations, pairwise
from pathlib import Path
from xml.etree import ElementTree

import pytest
from stage import deck

from gradscribe.errors import InputError
from gradscribe.model.network import Network
from gradscribe.typeset.labels import width_of
from gradscribe.typeset.pdf import make_pdf
from gradscribe.typeset.picture import ROOM, block_picture, node_picture
from gradscribe.typeset.scene import (
    Form,
    Scene,
    Shape,
    Symbol,
    Text,
    Wire,
    label_latex,
    symbol_latex,
)
from gradscribe.typeset.svg import svg
from gradscribe.typeset.tikz import tikz

SPECS = (
    "2-2-1 sigmoid", "2-2-2-1 tanh", None, "4-10-3 tanh", "784-256-128-10 relu",
    "-".join(["8"] * 51) + " tanh", "3-1000-2 tanh", "1-1 linear", "f2(W2 f1(W1 x))",
    "A tanh(B x + c)", "3-3-3 tanh", "2-3-2-2-2 tanh", "1-4-1 tanh", "5-1 tanh", "1000-1000 relu",
    "1-1-1-1-1-1-1 tanh", "4-4-4-4 relu", "f(W1 f(W1 x + b1) + b1)",
)  # fmt: skip
KINDS = {"blocks": block_picture, "nodes": node_picture}
CASES = [(spec, kind, aspect) for spec in SPECS for kind in KINDS for aspect in ROOM]


def scene_of(spec: str | None, kind: str, aspect: str = "169") -> Scene:
    return KINDS[kind](Network.parse(spec), aspect)


def labels(scene: Scene) -> list[str]:
    return [label_latex(t.label) for t in scene.things if not isinstance(t, Wire) and t.label]


def extent(thing: Shape | Text) -> tuple[float, float, float, float]:
    """Left, lower, right and upper edge of a shape or a text."""
    if isinstance(thing, Shape):
        width = max(thing.width, width_of(thing.label, small=thing.small) if thing.label else 0)
        height, left = thing.height, thing.x - width / 2
    else:
        width, height = width_of(thing.label, small=thing.small), 8.0
        left = thing.x - {"west": 0.0, "center": width / 2, "east": width}[thing.anchor]
    return left, thing.y - height / 2, left + width, thing.y + height / 2


@pytest.mark.parametrize(("spec", "kind", "aspect"), CASES)
def test_everything_is_inside_the_room_of_a_slide(spec: str | None, kind: str, aspect: str) -> None:
    scene = scene_of(spec, kind, aspect)
    assert scene.width <= ROOM[aspect][0] + 0.05
    assert scene.height <= ROOM[aspect][1] + 0.05
    for thing in scene.things:
        if isinstance(thing, Wire):
            corners = (*thing.start, *thing.end)
            left, low, right, high = (
                min(corners[::2]), min(corners[1::2]), max(corners[::2]), max(corners[1::2]),
            )  # fmt: skip
        else:
            left, low, right, high = extent(thing)
        assert left >= -1.0, thing
        assert low >= -1.0, thing
        assert right <= scene.width + 1.0, thing
        assert high <= scene.height + 1.0, thing


def collisions(scene: Scene) -> list[tuple[Shape | Text, Shape | Text]]:
    """Pairs of things that cover each other by more than a hair."""
    things = [
        t
        for t in scene.things
        if not isinstance(t, Wire) and (isinstance(t, Text) or t.form is not Form.GROUP)
    ]
    found = []
    for one, other in combinations(things, 2):
        inside = isinstance(other, Text) and isinstance(one, Shape) and one.form is Form.CIRCLE
        if inside and abs(one.x - other.x) < 6 and one.y == other.y:
            continue  # Σ and f stand in their circle
        a, b = extent(one), extent(other)
        across = min(a[2], b[2]) - max(a[0], b[0])
        along = min(a[3], b[3]) - max(a[1], b[1])
        if min(across, along) >= 2.5:
            found.append((one, other))
    return found


@pytest.mark.parametrize(("spec", "kind", "aspect"), CASES)
def test_no_two_things_collide(spec: str | None, kind: str, aspect: str) -> None:
    assert collisions(scene_of(spec, kind, aspect)) == []


def test_a_collision_is_noticed() -> None:
    scene = scene_of("2-2-1 sigmoid", "nodes")
    first = next(t for t in scene.things if isinstance(t, Shape) and t.form is Form.BOX)
    moved = replace(first, x=first.x + 10, label=(Symbol("b", ("9",)),))
    assert collisions(replace(scene, things=(*scene.things, moved)))


@pytest.mark.usefixtures("tex")
@pytest.mark.parametrize("aspect", list(ROOM))
def test_pictures_compile_without_a_complaint(aspect: str, tmp_path: Path) -> None:
    frames = [
        rf"\begin{{frame}}{{{kind}}}\centering {tikz(scene_of(spec, kind, aspect))}\end{{frame}}"
        for spec in SPECS
        for kind in KINDS
    ]
    made = make_pdf(deck("\n".join(frames), aspect=aspect), tmp_path / "deck.pdf")
    assert made.findings == ()
    assert made.pages == len(frames)


@pytest.mark.parametrize("spec", ["2-2-1 sigmoid", "1-1 linear", "2-2-2-1 tanh", "3-2-1 tanh"])
def test_a_small_network_shows_each_of_its_parts_once(spec: str) -> None:
    sizes = [int(n) for n in spec.split()[0].split("-")]
    found = labels(scene_of(spec, "nodes"))
    for m, (below, own) in enumerate(pairwise(sizes), 1):
        for i in range(1, own + 1):
            expected = [f"{letter}_{{{i}}}^{{{m}}}" for letter in "byu"]
            expected += [f"w_{{{i},{j}}}^{{{m}}}" for j in range(1, below + 1)]
            assert [found.count(name) for name in expected] == [1] * len(expected)
    assert found.count(r"\Sigma") == sum(sizes[1:])
    assert [found.count(f"x_{{{j}}}") for j in range(1, sizes[0] + 1)] == [1] * sizes[0]


@pytest.mark.parametrize("kind", KINDS)
def test_true_sizes_are_stated_where_parts_are_left_out(kind: str) -> None:
    found = labels(scene_of("784-256-128-10 relu", kind))
    for m, size in enumerate((784, 256, 128, 10)):
        assert f"N_{{{m}}}={size}" in found
    deep = labels(scene_of("-".join(["8"] * 51) + " tanh", kind))
    assert r"\cdots" in deep
    assert "m=50" in deep
    assert "N_{50}=8" in deep
    symbolic = labels(scene_of(None, kind))
    assert {"N_{0}", "N_{1}", "N_{2}", "N_{3}"} <= set(symbolic)


def test_wide_layers_show_the_last_node_by_its_number() -> None:
    found = labels(scene_of("3-1000-2 tanh", "nodes"))
    assert r"\vdots" in found
    assert "y_{1000}^{1}" in found
    assert "x_{N_{0}}" in labels(scene_of(None, "nodes"))


def test_the_convention_of_indices_is_stated() -> None:
    for spec in SPECS:
        assert r"w_{i,j}^{m}\colon j\to i" in labels(scene_of(spec, "nodes"))


def test_shared_weights_keep_their_name() -> None:
    assert labels(scene_of("f(W1 f(W1 x + b1) + b1)", "blocks")).count(r"\boldsymbol{W}^{1}") == 2


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "spec",
    ["f2(W2 f1(W1 x + b1) + b2 + x)", "f2(W2 f1(W1 x + b1) + V x)", "f2(W2 f1(W1 x) + W3 x)"],
)
def test_what_is_no_chain_is_refused_with_a_sentence(spec: str, kind: str) -> None:
    with pytest.raises(InputError, match="reads only the one below it") as caught:
        scene_of(spec, kind)
    assert "u²" in str(caught.value) or "y²" in str(caught.value)


@pytest.mark.parametrize(("spec", "kind", "aspect"), CASES)
def test_svg_is_well_formed_and_says_the_same(spec: str | None, kind: str, aspect: str) -> None:
    scene = scene_of(spec, kind, aspect)
    root = ElementTree.fromstring(svg(scene))
    names = {element.tag.rpartition("}")[2] for element in root.iter()}
    assert names <= {
        "svg", "title", "defs", "marker", "path", "line", "rect", "circle", "text", "tspan",
    }  # fmt: skip
    texts = [e for e in root.iter() if e.tag.endswith("}text")]
    assert len(texts) == len(labels(scene))
    lines = [e for e in root.iter() if e.tag.endswith("}line")]
    assert len(lines) == sum(isinstance(t, Wire) for t in scene.things)


def test_a_deck_can_have_its_own_macros() -> None:
    def write(symbol: Symbol) -> str:
        if symbol.stem == "w":
            return rf"\w{{{'}{'.join((*symbol.indices, symbol.superscript))}}}"
        return symbol_latex(symbol)

    drawn = tikz(scene_of("2-2-1 sigmoid", "nodes"), write)
    assert r"$\w{2}{1}{1}$" in drawn
    assert r"\w{i}{j}{m}\colon" in drawn
    assert "w_{" not in drawn


def test_the_same_network_gives_the_same_picture() -> None:
    one, other = (tikz(scene_of("4-10-3 tanh", "nodes")) for _ in range(2))
    assert one == other
