"""A scene in TikZ, with the styles that the theme of decks and articles defines."""

from collections.abc import Callable

from gradscribe.typeset.scene import (
    Form,
    Label,
    Scene,
    Shape,
    Symbol,
    Text,
    Thing,
    Tint,
    Wire,
    label_latex,
    symbol_latex,
)

_STYLES = {
    (Form.CIRCLE, Tint.INK): "sum element",
    (Form.CIRCLE, Tint.WEIGHT): "bias element",
    (Form.BOX, Tint.SLOPE): "function element",
    (Form.BOX, Tint.WEIGHT): "weight element",
    (Form.SQUARE, Tint.INK): "input element",
    (Form.GROUP, Tint.MUTED): "node group",
}
_TEXTS = {
    Tint.INK: "", Tint.MUTED: "caption text", Tint.ERROR: "error text", Tint.SLOPE: "slope text",
    Tint.WEIGHT: "weight text", Tint.INPUT: "input text",
}  # fmt: skip


def tikz(scene: Scene, write: Callable[[Symbol], str] = symbol_latex) -> str:
    """Return a scene as a `tikzpicture`.

    Args:
        scene: the scene.
        write: a symbol -> its LaTeX, where a deck has macros of its own.
    """
    size = f"({_number(scene.width)},{_number(scene.height)})"
    lines = [_line(thing, write) for thing in scene.things]
    return "\n".join(
        (
            r"\begin{tikzpicture}[network]",
            rf"  \useasboundingbox (0,0) rectangle {size};",
            *(f"  {line}" for line in lines),
            r"\end{tikzpicture}",
        )
    )


def _line(thing: Thing, write: Callable[[Symbol], str]) -> str:
    match thing:
        case Wire():
            style = "faint wire" if thing.faint else "wire"
            plain = "" if thing.arrow else ",-"
            ends = " -- ".join(f"({_number(x)},{_number(y)})" for x, y in (thing.start, thing.end))
            return rf"\draw[{style}{plain}] {ends};"
        case Text():
            styles = _joined(_TEXTS[thing.tint], thing.small, "inner sep=0pt")
            anchor = "" if thing.anchor == "center" else f",anchor={thing.anchor}"
            return rf"\node[{styles}{anchor}] at {_at(thing)} {{{_math(thing.label, write)}}};"
        case Shape():
            return _shape(thing, write)


def _shape(shape: Shape, write: Callable[[Symbol], str]) -> str:
    if shape.form is Form.CHIP:
        styles = _joined(_TEXTS[shape.tint], shape.small, "fill=white,inner sep=1pt")
    else:
        style = _STYLES[shape.form, shape.tint]
        size = f"minimum width={_number(shape.width)}pt,minimum height={_number(shape.height)}pt"
        styles = _joined(style, shape.small, size)
    return rf"\node[{styles}] at {_at(shape)} {{{_math(shape.label, write)}}};"


def _joined(style: str, small: bool, *more: str) -> str:
    return ",".join(s for s in (style, "small text" if small else "", *more) if s)


def _at(thing: Shape | Text) -> str:
    return f"({_number(thing.x)},{_number(thing.y)})"


def _math(label: Label, write: Callable[[Symbol], str]) -> str:
    return f"${label_latex(label, write)}$" if label else ""


def _number(value: float) -> str:
    """Return a length to a tenth of a point, without a trailing zero and the same everywhere."""
    return f"{value:.1f}".removesuffix(".0").replace("-0", "-0" if value <= -0.05 else "0")
