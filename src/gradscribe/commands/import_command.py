"""`gradscribe import`."""

from pathlib import Path

import click

from gradscribe.importing.models import import_model
from gradscribe.importing.writing import shown


@click.command("import")
@click.argument("model", type=click.Path(path_type=Path), metavar="MODEL")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    metavar="NAME",
    required=True,
    help="Write NAME.toml, NAME.py and NAME.npz.",
)
@click.option("--embed", is_flag=True, help="Put the parameters into NAME.py: no NAME.npz.")
@click.option(
    "--activations",
    metavar="LIST",
    help="For files of weights alone: tanh,linear for the hidden and the output layers, or one "
    "a layer.",
)
@click.option(
    "--output-activation",
    metavar="NAME",
    help="A function behind the last layer, such as softmax where the model gives logits.",
)
@click.option("--loss", metavar="NAME", help="The loss, where the model's own is another.")
@click.option("--trust", is_flag=True, help="Read a pickle, which may run any code in it.")
def command(
    model: Path,
    output: Path,
    embed: bool,
    activations: str | None,
    output_activation: str | None,
    loss: str | None,
    trust: bool,
) -> None:
    """Turn the trained model in MODEL into a network, its module and its parameters.

    MODEL is a file of scikit-learn (.skops; .pkl and .joblib with --trust), PyTorch
    (.safetensors, .pt), Keras 3 (.keras), ONNX (.onnx) or NumPy (.npz). Its outputs are compared
    with those of the library that it comes from, where that is installed.
    """
    found = import_model(
        model,
        name=output.name,
        activations=activations,
        output_activation=output_activation,
        loss=loss,
        trust=trust,
    )
    click.echo(shown(found, found.write(output, embed, model)), err=True)
