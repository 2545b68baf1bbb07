"""Networks whose ends are open: `?-10-? tanh,softmax` has as many nodes there as the data."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gradscribe.catalog import CATALOG
from gradscribe.errors import InputError
from gradscribe.model.network import Network
from gradscribe.model.shorthand import looks_like_sizes
from gradscribe.model.toml_file import loaded, text_blueprint

OPEN = "?"
_FILLING = 2  # stands for an open size until the data are known
_IN_TOML = re.compile(r"""(["'])\?\1""")


@dataclass(frozen=True)
class OpenNetwork:
    """A network, some of whose sizes the data say.

    Attributes:
        network: the network, with 2 in the place of an open size.
        sizes: N_0 … N_M, None for an open one; None where a formula leaves all to `--sizes`.
    """

    network: Network
    sizes: tuple[int | None, ...] | None

    def end(self, k: int) -> int | None:
        """Return N_0 (k = 0) or N_M (k = -1), or None where it is open."""
        return None if self.sizes is None else self.sizes[k]

    def filled(self, inputs: int, outputs: int) -> tuple[Network, tuple[int, ...]]:
        """Return the network with the sizes of the data, and N_0 … N_M.

        Raises:
            InputError: the data have other sizes than the network.
        """
        sizes = self.sizes
        if sizes is None:
            count = len(self.network.layers)
            if count > 2:
                raise InputError(
                    "a formula has no sizes of its own",
                    where="--sizes",
                    allowed=f"--sizes {'-'.join(['?', *['8'] * (count - 2), '?'])} for example",
                )
            sizes = (None, None)
        whole = (sizes[0] or inputs, *(s or 0 for s in sizes[1:-1]), sizes[-1] or outputs)
        _compare(whole[0], inputs, "inputs")
        _compare(whole[-1], outputs, "outputs")
        if self.network.sizes in (None, whole):
            return self.network, whole
        return Network.parse(_resized(self.network.spec, whole)), whole


def _compare(own: int, found: int, what: str) -> None:
    if own != found:
        raise InputError(
            f"the network has {own} {what}, the data have {found}",
            where="sizes",
            allowed=f"{found}, or ? for what the data have: '?-8-? tanh'; --drop to leave some out",
        )


def _resized(spec: str, sizes: Sequence[int]) -> str:
    """Return the one line of a stack with other sizes."""
    return " ".join(["-".join(map(str, sizes)), *spec.split(" ")[1:]])


def open_network(spec: str, sizes: str | None = None) -> OpenNetwork:
    """Return the network of a specification in which `?` may stand for the ends' sizes.

    Args:
        spec: one line, a formula, or the path of a TOML file with sizes = ["?", 10, "?"].
        sizes: for a formula, `?-8-?`.

    Raises:
        InputError: the specification cannot be taken.
    """
    spec = spec.strip()
    if spec.endswith(".toml"):
        values = loaded(spec)
        network = _of_file(spec)
        section = values.get("network")
        given = section.get("sizes") if isinstance(section, dict) else None
        words = None if given is None else [str(word) for word in given]
    elif OPEN in spec.split(" ")[0] or looks_like_sizes(spec):
        first, _, rest = spec.partition(" ")
        words = [word.strip() for word in first.split("-")]
        filled = "-".join(str(_FILLING) if word == OPEN else word for word in words)
        network = Network.parse(f"{filled} {rest}")
    else:
        network, words = Network.parse(spec), None
    if words is None:
        return _with_sizes(network, sizes)
    if sizes is not None:
        raise _has_sizes(sizes)
    return OpenNetwork(network, _ends(words, spec))


def of_vectors(opened: OpenNetwork) -> OpenNetwork:
    """Return a network whose inputs and outputs are vectors, as rows of a table are.

    Raises:
        InputError: they are something else.
    """
    network = opened.network
    for variable, what in ((network.input, "input"), (network.output, "output")):
        if len(variable.shape) != 1:
            raise InputError(
                f"the {what} of a sample has {len(variable.shape)} indices: a table has none such",
                where="network",
                received=network.spec,
                allowed="one index; arrays of any number are taken by gradscribe.compile and "
                "gradscribe.learning.objective.Objective",
            )
    return opened


def _of_file(path: str) -> Network:
    text = Path(path).read_text(encoding="utf-8")
    filled = _IN_TOML.sub(str(_FILLING), text)
    return Network.of(text_blueprint(filled, path, CATALOG))


def _with_sizes(network: Network, sizes: str | None) -> OpenNetwork:
    """Return the network of a formula or of equations with the sizes of an option, or its own."""
    if sizes is None:
        return OpenNetwork(network, network.sizes)
    if network.sizes is not None:
        raise _has_sizes(sizes)
    words = [word.strip() for word in sizes.split("-")]
    for word in words:
        if word != OPEN and not (word.isascii() and word.isdigit() and int(word[:9]) > 0):
            raise InputError(
                "a size is not an integer", where="--sizes", received=word, allowed="?-8-?"
            )
    if len(words) != len(network.layers):
        raise InputError(
            f"{len(words)} sizes for {len(network.layers)}",
            where="--sizes",
            received=sizes,
            allowed="one for the input and one for each width of the formula",
        )
    return OpenNetwork(network, _ends(words, sizes))


def _has_sizes(sizes: str) -> InputError:
    return InputError("the network has sizes already", where="--sizes", received=sizes)


def _ends(words: Sequence[str], received: str) -> tuple[int | None, ...]:
    if OPEN in words[1:-1]:
        raise InputError(
            "a hidden layer has no size",
            received=received,
            allowed="? for the input and the output alone: ?-10-?",
        )
    return tuple(None if word == OPEN else int(word) for word in words)
