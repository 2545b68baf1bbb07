"""The command line: a command is imported when it is called, so that each starts fast."""

from importlib import import_module

import click

from gradscribe.errors import InputError, nearest
from gradscribe.version import VERSION

# Where each command lies, and the one line that the list of commands shows.
COMMANDS = {
    "generate": ("gradscribe.commands.generate_command", "Write a network's NumPy module."),
    "derive": ("gradscribe.commands.derive_command", "Show the derivation, step by step."),
    "check": ("gradscribe.commands.check_command", "Prove a module right, or say what is wrong."),
    "import": (
        "gradscribe.commands.import_command",
        "Turn a trained model of another library into a module.",
    ),
    "train": ("gradscribe.commands.train_command", "Train a network on a table of data."),
    "predict": (
        "gradscribe.commands.predict_command",
        "Say what a trained network gives for new rows.",
    ),
    "surface": (
        "gradscribe.commands.surface_command",
        "Say what kind of point a network is at, and draw the cost around it.",
    ),
    "list": ("gradscribe.commands.list_command", "List activations, losses, layers and formats."),
}


class LazyCommands(click.Group):
    """A group that imports a command only when it is needed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands' names."""
        return list(COMMANDS)

    def get_command(
        self,
        ctx: click.Context,
        cmd_name: str,
    ) -> click.Command | None:
        """Return a command, importing its module.

        Raises:
            InputError: there is none of that name.
        """
        if cmd_name not in COMMANDS:
            raise InputError(
                "No such command",
                received=cmd_name,
                allowed=", ".join(COMMANDS),
                nearest=nearest(cmd_name, COMMANDS),
            )
        command: click.Command = import_module(COMMANDS[cmd_name][0]).command
        return command

    def format_commands(
        self,
        ctx: click.Context,
        formatter: click.HelpFormatter,
    ) -> None:
        """Write the list of commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])


@click.group(cls=LazyCommands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(VERSION, prog_name="gradscribe")
def cli() -> None:
    """Turn one description of a neural network into its derivation and its code.

    A network is said in one line ("2-2-1 sigmoid", "8-16-16-1 tanh,linear loss=sse"), as a
    formula ("f2(W2 f1(W1 x + b1) + b2) f1=tanh f2=linear") or by a TOML file.
    """
