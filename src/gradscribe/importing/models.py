"""Trained models as networks, from Python."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gradscribe.importing.reading import read_file, read_object
from gradscribe.importing.writing import Imported, imported


def import_model(
    model: Any,
    *,
    name: str = "",
    activations: Sequence[str] | str | None = None,
    output_activation: str | None = None,
    loss: str | None = None,
    trust: bool = False,
) -> Imported:
    """Return a trained model as a network, its outputs compared with the model's own.

    Args:
        model: a fitted MLPRegressor or MLPClassifier of scikit-learn or a Pipeline that ends with
            one, an nn.Sequential of PyTorch, arrays by name (a state_dict; W1, b1, …), or the
            path of a file that `gradscribe import` reads.
        name: what the network is called.
        activations: the functions of the layers, where the model has weights alone: one for all,
            hidden and output, or one a layer; a list, or a text with commas.
        output_activation: a function behind the last layer, such as "softmax" for logits.
        loss: the loss; None for the model's own, or the one that goes with the last function.
        trust: whether a pickle may run the code in it.

    Returns:
        The network, its parameters (`.parameters`), and its module (`.module()`, `.write(stem)`).

    Raises:
        InputError: the model cannot be taken over; every layer that is in the way is named.
    """
    functions = activations.split(",") if isinstance(activations, str) else activations
    words = None if functions is None else [word.strip() for word in functions]
    if isinstance(model, str | Path):
        read = read_file(Path(model), words, trust)
        name = name or Path(model).stem
    else:
        read = read_object(model, words)
    return imported(
        read, name or type(model).__name__, output_activation=output_activation, loss=loss
    )
