"""The lecture of a network: which sections it has, and in which order."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from gradscribe.derivation.steps import Derivation, derive
from gradscribe.lecture.model import Frame, Lecture, Setting
from gradscribe.lecture.sections import chain, cost, deltas, example, gradient, network, path_sum
from gradscribe.lecture.sections.network import sizes_text
from gradscribe.lecture.style import Style
from gradscribe.lecture.teller import Teller
from gradscribe.lecture.words import words_of
from gradscribe.model.network import Network

MAX_FRAMES = 60
Section = Callable[[Teller], Iterator[Frame]]
SECTIONS: dict[str, Section] = {
    "network": network.frames,
    "cost": cost.frames,
    "chain": chain.frames,
    "deltas": deltas.frames,
    "gradient": gradient.frames,
    "example": example.frames,
    "paths": path_sum.frames,
}


def lecture(derivation: Derivation, style: Style, locales: Path) -> Lecture:
    """Return the lecture of a network's derivation.

    Args:
        derivation: the network's, of order 2 for the Hessian to be in it.
        style: the language and the notation.
        locales: the folder with the sentences of each language.

    Raises:
        InputError: there are no sentences in the language.
    """
    words = words_of(style.lang, locales)
    teller = Teller(derivation, words, style)
    frames = []
    for part, section in SECTIONS.items():
        frames += [replace(frame, part=part) for frame in section(teller)]
    settings = {"network": Setting(derivation)}
    if teller.example is not None:
        settings[example.SETTING] = teller.example.setting
    key = "subtitle" if derivation.network.sizes else "subtitle_symbolic"
    value = (
        {"sizes": sizes_text(teller)}
        if derivation.network.sizes
        else {"count": str(teller.layering.count)}
    )
    title = (style.title,) if style.title else words.pieces("lecture.title")
    return Lecture(
        title=title,
        subtitle=words.pieces(f"lecture.{key}", **value),
        language=style.lang,
        frames=tuple(frames[:MAX_FRAMES]),
        settings=settings,
        network=derivation.network,
    )


def lecture_of(network: Network, style: Style, locales: Path) -> Lecture:
    """Return the lecture of a network."""
    deep = len(network.equations) > 10
    return lecture(derive(network, 1 if deep else 2), style, locales)
