"""A scene in SVG: no script, no font, and text that stays text."""

from xml.sax.saxutils import escape, quoteattr

from gradscribe.notation import size_text
from gradscribe.typeset.measure import estimated
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
)

_COLOURS = {
    Tint.INK: "currentColor", Tint.MUTED: "#5B6875", Tint.ERROR: "#9C1B06",
    Tint.SLOPE: "#0A3FD6", Tint.WEIGHT: "#01805A", Tint.INPUT: "#B01AA6",
}  # fmt: skip
_FONT = "'Latin Modern Math','STIX Two Text','Cambria','Times New Roman',serif"
_GREEK = {"delta": "δ"}
_SIZE, _SMALL = 10.0, 8.0
_SCRIPT = 0.72


def svg(scene: Scene) -> str:
    """Return a scene as an SVG element that can stand in HTML or in a file of its own.

    The ink takes the colour of the text around it, and shapes the colour of the paper in the CSS
    variable `--paper`, so that it can be shown on a dark page.
    """
    width, height = _number(scene.width), _number(scene.height)
    lines = [_element(thing, scene.height) for thing in scene.things]
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
            f'width="{width}" height="{height}" role="img" color="#1B2733" '
            f"aria-label={quoteattr(scene.description)} "
            f'font-family="{_FONT}" stroke-width="0.6">',
            f"<title>{escape(scene.description)}</title>",
            '<defs><marker id="head" viewBox="0 0 6 6" refX="5.4" refY="3" markerWidth="5" '
            'markerHeight="5" markerUnits="userSpaceOnUse" orient="auto">'
            '<path d="M0 0.6 6 3 0 5.4z" fill="currentColor"/></marker></defs>',
            *lines,
            "</svg>",
        )
    )


def _element(thing: Thing, height: float) -> str:
    match thing:
        case Wire():
            (a, b), (c, d) = thing.start, thing.end
            opacity = ' opacity="0.45"' if thing.faint else ""
            head = ' marker-end="url(#head)"' if thing.arrow else ""
            ends = f'x1="{_number(a)}" y1="{_number(height - b)}" x2="{_number(c)}"'
            return f'<line {ends} y2="{_number(height - d)}" stroke="currentColor"{opacity}{head}/>'
        case Text():
            return _label(thing.label, thing, thing.anchor, height)
        case Shape():
            return _outline(thing, height) + _label(thing.label, thing, "center", height)


def _outline(shape: Shape, height: float) -> str:
    colour = _COLOURS[shape.tint]
    left, top = shape.x - shape.width / 2, height - shape.y - shape.height / 2
    box = (
        f'<rect x="{_number(left)}" y="{_number(top)}" '
        f'width="{_number(shape.width)}" height="{_number(shape.height)}"'
    )
    paper = 'style="fill:var(--paper,white)"'
    match shape.form:
        case Form.CIRCLE:
            return (
                f'<circle cx="{_number(shape.x)}" cy="{_number(height - shape.y)}" '
                f'r="{_number(shape.width / 2)}" stroke="{colour}" {paper}/>'
            )
        case Form.SQUARE:
            return f'{box} fill="{colour}"/>'
        case Form.GROUP:
            return f'{box} rx="3" fill="none" stroke="{colour}" stroke-dasharray="2 1.5"/>'
        case Form.CHIP:
            return f"{box} {paper}/>"
        case Form.BOX:
            return f'{box} stroke="{colour}" {paper}/>'


def _label(label: Label, at: Shape | Text, anchor: str, height: float) -> str:
    """Return a label: each part at its own place, so that an index stands below its exponent."""
    if not label:
        return ""
    size = _SMALL if at.small else _SIZE
    total = sum(_width(part, size) for part in label)
    x = at.x - {"center": total / 2, "west": 0.0, "east": total}[anchor]
    y = height - at.y + 0.33 * size
    texts = []
    for part in label:
        texts += _part(part, x, y, size)
        x += _width(part, size)
    return f'<text fill="{_COLOURS[at.tint]}">{"".join(texts)}</text>'


def _part(part: Symbol | str, x: float, y: float, size: float) -> list[str]:
    if isinstance(part, str):
        upright = part.isdigit() or not part.isalpha() or part == "Σ"
        return [_span(part, x, y, size, "" if upright else ' font-style="italic"')]
    style = ' font-style="italic"' + (' font-weight="bold"' if part.whole else "")
    letter = _GREEK.get(part.stem, part.stem)
    script = x + _width(Symbol(part.stem, whole=part.whole), size)
    spans = [_span(letter, x, y, size, style)]
    if part.indices:
        below = ",".join(size_text(k) if k.startswith("N_") else k for k in part.indices)
        spans.append(_span(below, script, y + 0.25 * size, size * _SCRIPT, _slant(below)))
    if part.superscript:
        above = part.superscript
        spans.append(_span(above, script, y - 0.4 * size, size * _SCRIPT, _slant(above)))
    return spans


def _slant(text: str) -> str:
    return "" if text.replace(",", "").isdigit() else ' font-style="italic"'


def _span(text: str, x: float, y: float, size: float, style: str) -> str:
    place = f'x="{_number(x)}" y="{_number(y)}" font-size="{_number(size)}"'
    return f"<tspan {place}{style}>{escape(text)}</tspan>"


def _width(part: Symbol | str, size: float) -> float:
    """Return the width of a part in points."""
    box = estimated([label_latex((part,))])[0]
    return box.width * size / 10.95


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
