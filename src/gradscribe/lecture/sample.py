"""The network and the numbers of the worked example."""

from math import prod

from gradscribe.catalog.activations import ACTIVATIONS
from gradscribe.catalog.losses import LOSSES
from gradscribe.derivation.steps import derive
from gradscribe.errors import InputError, shortened
from gradscribe.lecture.model import Setting
from gradscribe.lecture.numeric import given_values
from gradscribe.model.network import Network

WIDEST, MOST_PARAMETERS, MOST_LAYERS = 3, 24, 4
INPUTS = ("1", "2", "-1")
DESIRED = ("1", "0", "0.5")


def is_small(network: Network) -> bool:
    """Whether a network's numbers fit on slides."""
    if network.sizes is None or max(network.sizes) > WIDEST or network.abstract_functions:
        return False
    few = sum(counts(network).values()) <= MOST_PARAMETERS
    return few and len(network.layers) <= MOST_LAYERS + 1


def counts(network: Network) -> dict[str, int]:
    """Return how many components each parameter has."""
    assert network.sizes is not None
    values = dict(zip(network.layers, network.sizes, strict=True))
    return {p.name: prod(values[s] for s in p.shape) for p in network.parameters}


def example_network(network: Network, sizes: tuple[int, ...]) -> Network:
    """Return a small network with the activation functions of another one, as far as known."""
    entries = [
        entry.name
        for entry in network.functions.values()
        if entry is not None and entry.name in ACTIVATIONS and not entry.formula.is_Piecewise
    ]
    hidden, output = (entries[0], entries[-1]) if entries else ("sigmoid", "sigmoid")
    loss = network.loss.name if network.loss.name in LOSSES else "mse"
    layers = len(sizes) - 1
    names = ",".join([hidden] * (layers - 1) + [output])
    return Network.parse(f"{'-'.join(map(str, sizes))} {names} loss={loss}")


def setting_of(network: Network, sample: str) -> Setting:
    """Return a network with the example's numbers.

    Args:
        network: a network with fixed sizes.
        sample: input and desired output, "1,2;1"; "" for the usual ones.

    Raises:
        InputError: the sample is no such text, or has other numbers of values.
    """
    assert network.sizes is not None
    x, d = read_sample(sample, network.sizes[0], network.sizes[-1])
    values = {**given_values(counts(network)), network.input.name: x, network.target.name: d}
    return Setting(derive(network), values)


def read_sample(text: str, inputs: int, outputs: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the input and the desired output of a sample as decimal numbers."""
    if not text:
        repeats = max(inputs, outputs)
        return (INPUTS * repeats)[:inputs], (DESIRED * repeats)[:outputs]
    parts = [tuple(word.strip() for word in part.split(",")) for part in text.split(";")]
    counts_ = [len(p) for p in parts]
    if counts_ != [inputs, outputs] or not all(_is_decimal(w) for p in parts for w in p):
        raise InputError(
            "the sample does not fit the network",
            where="sample",
            received=shortened(text),
            allowed=f"{inputs} inputs, a semicolon and {outputs} desired outputs, such as "
            + ",".join((INPUTS * inputs)[:inputs]) + ";" + ",".join((DESIRED * outputs)[:outputs]),
        )  # fmt: skip
    return parts[0], parts[1]


def _is_decimal(word: str) -> bool:
    digits = word.removeprefix("-").replace(".", "", 1)
    return digits.isascii() and digits.isdigit() and len(word) <= 8
