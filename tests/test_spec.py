"""The three forms of a specification, and that a network's own spec gives it again."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sympy import Integer, sin

from gradscribe.catalog import CATALOG, Catalog
from gradscribe.catalog.activations import ACTIVATIONS, Activation, U
from gradscribe.catalog.layers import LAYERS, Layer, dense
from gradscribe.catalog.losses import LOSSES, E, Loss
from gradscribe.catalog.losses import D as DESIRED
from gradscribe.catalog.losses import Y as OUTPUT
from gradscribe.errors import InputError
from gradscribe.model.network import Network
from gradscribe.model.spec import DEFAULT_SPEC
from gradscribe.model.toml_section import KEYS

EXAMPLES = sorted((Path(__file__).parents[1] / "examples").glob("*.toml"))


def bound(network: Network) -> dict[str, str | None]:
    return {key: entry and entry.name for key, entry in network.functions.items()}


def assert_round_trip(network: Network) -> None:
    again = Network.parse(network.spec)
    assert again.spec == network.spec
    assert again == network
    assert "\n" not in network.spec


def test_one_activation_is_for_all_layers():
    network = Network.parse("2-3-1 sigmoid")
    assert network.sizes == (2, 3, 1)
    assert [str(n) for n in network.layers] == ["N_0", "N_1", "N_2"]
    assert bound(network) == {"f1": "sigmoid", "f2": "sigmoid"}
    assert [p.name for p in network.parameters] == ["W1", "b1", "W2", "b2"]
    assert [q.name for q in network.equations] == ["u1", "y1", "u2", "y2", "e", "E"]
    assert network.output.name == "y2"
    assert network.loss.name == "mse"
    assert network.spec == "2-3-1 sigmoid loss=mse"


def test_two_activations_are_hidden_and_output():
    names = list(bound(Network.parse("8-16-16-1 tanh,linear")).values())
    assert names == ["tanh", "tanh", "linear"]


def test_one_activation_a_layer():
    names = list(bound(Network.parse("8-4-4-4-1 tanh, relu ,softplus,linear")).values())
    assert names == ["tanh", "relu", "softplus", "linear"]


def test_options():
    network = Network.parse("4-3 tanh loss=sse name=my_net-1 dtype=float32 layer=dense")
    assert (network.loss.name, network.name, network.dtype) == ("sse", "my_net-1", "float32")
    assert network.spec == "4-3 tanh loss=sse name=my_net-1 dtype=float32"


@pytest.mark.parametrize("nothing", ["", None, "  \n"])
def test_nothing_is_the_default(nothing):
    network = Network.parse(nothing)
    assert network.spec == DEFAULT_SPEC
    assert list(bound(network).values()) == ["sigmoid", "sigmoid", "linear"]
    assert network == Network.parse() == Network.parse(DEFAULT_SPEC)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.integers(1, 50), min_size=2, max_size=6),
    st.data(),
    st.sampled_from(list(LOSSES)),
    st.sampled_from(["", " name=n_1"]),
    st.sampled_from(["", " dtype=float64", " dtype=float32"]),
)
def test_round_trip_of_stacks(sizes, data, loss, name, dtype):
    count = len(sizes) - 1
    length = data.draw(st.sampled_from([1, count] + [2] * (count > 1)))
    names = data.draw(
        st.lists(st.sampled_from(list(ACTIVATIONS)), min_size=length, max_size=length)
    )
    line = f"{'-'.join(map(str, sizes))} {','.join(names)}{dtype} loss={loss}{name}"
    network = Network.parse(line)
    assert network.sizes == tuple(sizes)
    assert_round_trip(network)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_examples(path):
    network = Network.parse(str(path))
    assert network.name == path.stem
    assert not network.abstract_functions
    assert_round_trip(network)


def test_there_are_examples():
    names = {path.stem for path in EXAMPLES}
    assert names >= {"xor", "iris", "digits", "regression", "relu", "softplus", "deep", "lecture"}


def test_example_is_the_same_as_its_one_line():
    path = next(path for path in EXAMPLES if path.stem == "regression")
    assert Network.parse(str(path)) == Network.parse("8-16-16-1 tanh,linear name=regression")


def test_lecture_is_the_default():
    path = next(path for path in EXAMPLES if path.stem == "lecture")
    network = Network.parse(str(path))
    assert network.equations == Network.parse().equations
    assert network.spec == DEFAULT_SPEC + " name=lecture"


@pytest.mark.parametrize(
    ("loss", "meant"),
    [
        ("", "mse"),
        ('[loss]\nname = "sse"', "sse"),
        ('[loss]\nname = "mse"\nreduction = "sum"', "sse"),
        ('[loss]\nname = "sse"\nreduction = "mean"', "mse"),
        ('[loss]\nreduction = "sum"', "sse"),
        ('[loss]\nreduction = "mean"', "mse"),
    ],
)
def test_reduction(tmp_path, loss, meant):
    path = tmp_path / "net.toml"
    path.write_text(f'[network]\nsizes = [4, 3]\nactivations = "tanh"\n{loss}\n')
    assert Network.parse(str(path)).loss.name == meant


def test_catalog_with_dummy_entries():
    absolute = Loss("dummy", (DESIRED - OUTPUT) ** 4, Integer(1), "fourth power")
    catalog = Catalog(
        activations=ACTIVATIONS.with_entry(Activation("sine", sin(U), "sine")),
        losses=LOSSES.with_entry(absolute),
        layers=LAYERS.with_entry(Layer("same", dense, "keeps its width", keeps_width=True)),
    )
    network = Network.parse("4-4-4 sine loss=dummy layer=same", catalog=catalog)
    assert bound(network) == {"f1": "sine", "f2": "sine"}
    assert network.spec == "4-4-4 sine layer=same loss=dummy"
    assert Network.parse(network.spec, catalog=catalog) == network
    assert [q.name for q in network.equations][-1] == "E"
    assert bound(Network.parse("sine(W x) ", catalog=catalog)) == {"f1": "sine"}
    with pytest.raises(InputError, match="layer 2 goes from 4 to 3"):
        Network.parse("4-4-3 sine layer=same", catalog=catalog)
    with pytest.raises(InputError, match="unknown activation"):
        Network.parse("4-4 sine", catalog=CATALOG)


def test_cost_and_labels():
    network = Network.parse("4-3 tanh")
    assert [q.label for q in network.equations] == ["1", "2", "3", "4"]
    assert network.cost.label == "5"
    assert network.equations[-1].right.has(E) is False


def test_networks_are_hashable():
    assert len({Network.parse("4-3 tanh"), Network.parse("4-3 tanh loss=mse")}) == 1


FORMULAS = {
    "linear(A tanh(B x + c) + a)": ("B", "c", "A", "a"),
    "tanh(b + W x)": ("W", "b"),
    "linear(V x + W2 tanh(W1 x + b1) + b2)": ("W1", "b1", "V", "W2", "b2"),
    "f(W f(W x + b) + b) f=tanh": ("W", "b"),
}


@pytest.mark.parametrize("formula", FORMULAS)
def test_parameters_stand_from_the_inside_out_matrices_first(formula: str) -> None:
    names = tuple(p.name for p in Network.parse(formula).parameters)
    assert names == FORMULAS[formula]


def test_the_readme_has_every_key_of_a_file() -> None:
    text = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
    table = text.partition("The keys of a TOML file")[2].partition("## The module")[0]
    for section, keys in KEYS.items():
        assert not section or f"[{section}]" in table
        for key in keys:
            assert (
                f"`{key}`" in table
                or f"[{key}]" in table
                or f".{key}]" in table
                or f"[{key}.NAME]" in table
            ), key
