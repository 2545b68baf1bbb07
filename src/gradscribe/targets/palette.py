"""The colours of a page, by day and by night: roles of factors, paper and ink."""

from collections.abc import Mapping

LIGHT: Mapping[str, str] = {
    "paper": "#fbfaf7", "panel": "#f2f0ea", "line": "#d9d5ca", "ink": "#1b2733",
    "muted": "#56616d", "accent": "#0b5a7a",
    "error": "#9c1b06", "slope": "#0a3fd6", "weight": "#01704f", "input": "#a3189a",
}  # fmt: skip
DARK: Mapping[str, str] = {
    "paper": "#14191f", "panel": "#1d242c", "line": "#38424d", "ink": "#e7e9ec",
    "muted": "#a5afba", "accent": "#7cc4e0",
    "error": "#ff9d87", "slope": "#9dbdff", "weight": "#63d6aa", "input": "#f3a0ea",
}  # fmt: skip
# What is read against what: each pair has a contrast of 4.5 at least.
READ = ("ink", "muted", "accent", "error", "slope", "weight", "input")
BEHIND = ("paper", "panel")


def declarations(palette: Mapping[str, str]) -> str:
    """Return a palette as the variables of a style sheet."""
    return " ".join(f"--{name}: {colour};" for name, colour in palette.items())
