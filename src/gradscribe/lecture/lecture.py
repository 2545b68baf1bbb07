"""The lecture of a network: which sections it has, and in which order."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from gradscribe.derivation.steps import Derivation, derive
from gradscribe.lecture.model import Frame, Lecture, Setting
from gradscribe.lecture.sample import example_network, is_small, setting_of
from gradscribe.lecture.sections import (
    chain,
    cost,
    deltas,
    example,
    functions,
    gradient,
    hessian,
    network,
)
from gradscribe.lecture.sections.network import is_layered, sizes_text
from gradscribe.lecture.style import Style
from gradscribe.lecture.teller import Teller
from gradscribe.lecture.words import Words, words_of
from gradscribe.model.network import Network

MAX_FRAMES = 60
DEEP = 10  # equations of a network from which on its second derivatives are those of three layers
THREE_LAYERS = "f3(W3 f2(W2 f1(W1 x + b1) + b2) + b3)"
EXAMPLE, PATHS = (2, 2, 1), (2, 2, 2, 1)
# What a second network has that shows paths, when the example has only one path.
PATH_FRAMES = ("example_data", "paths_sum")


@dataclass(frozen=True)
class Plan:
    """The tellers of a lecture: of the network, of a general one, of the examples."""

    derivation: Derivation
    words: Words
    style: Style

    @cached_property
    def teller(self) -> Teller:
        """Tells about the network."""
        return Teller(self.derivation, self.words, self.style)

    @cached_property
    def second(self) -> Teller:
        """Tells about second derivatives: of the network, or of three layers like its own.

        Where all layers have the same equations, those of any number of layers are those of
        three; their functions may be any.
        """
        count = self.teller.layering.count
        if count >= 3 and len(self.derivation.network.equations) <= DEEP:
            return self.teller
        if count < 2 or not is_layered(self.teller):
            return self.teller
        loss = self.derivation.network.loss
        general = replace_loss(Network.parse(THREE_LAYERS), loss.name)
        return Teller(derive(general, 2), self.words, self.style, "three")

    @cached_property
    def examples(self) -> tuple[example.Example, ...]:
        """The worked example and, if it has one path only, a second one with two."""
        own = self.derivation.network
        first = own if is_small(own) else example_network(own, EXAMPLE)
        found = [self.example("example", first, self.style.sample)]
        if found[0].teller.layering.count < 3:
            found.append(self.example("paths", example_network(own, PATHS), ""))
        return tuple(found)

    def example(self, key: str, of: Network, sample: str) -> example.Example:
        """Return an example of a network with a sample."""
        setting = setting_of(of, sample)
        return example.Example(Teller(setting.derivation, self.words, self.style, key), setting)

    def frames(self) -> Iterator[Frame]:
        """Yield all frames in order, each with its part."""
        if self.style.exercise:
            sheet = self.examples[:1]
            for part, told in (("exercise", example.frames_of_exercise), ("key", example.frames)):
                yield from (replace(f, part=part) for e in sheet for f in told(e))
            return
        sections: list[tuple[str, Callable[[], Iterator[Frame]]]] = [
            ("network", lambda: network.frames(self.teller)),
            ("cost", lambda: cost.frames(self.teller)),
            ("chain", lambda: chain.frames(self.teller)),
            ("deltas", lambda: deltas.frames(self.teller)),
            ("gradient", lambda: gradient.frames(self.teller)),
            ("functions", lambda: functions.frames(self.teller)),
            ("example", self.worked),
            ("hessian", lambda: hessian.frames(self.teller)),
            ("hessian", lambda: hessian.block_frames(self.second)),
        ]
        for part, section in sections:
            for frame in section():
                yield replace(frame, part=part)

    def worked(self) -> Iterator[Frame]:
        """Yield the frames of the examples."""
        first, *rest = self.examples
        yield from example.frames(first)
        for other in rest:
            for frame in example.frames(other):
                if frame.key in PATH_FRAMES:
                    yield replace(frame, key=f"{frame.key}-paths")

    def settings(self) -> dict[str, Setting]:
        """Return the networks that frames speak of."""
        found = {"network": Setting(self.derivation)}
        if self.second is not self.teller:
            found["three"] = Setting(self.second.derivation)
        return found | {e.teller.setting: e.setting for e in self.examples}


def replace_loss(general: Network, loss: str) -> Network:
    """Return a network with another loss of the catalog."""
    return Network.parse(f"{general.spec.partition(' loss=')[0]} loss={loss}")


def lecture(derivation: Derivation, style: Style, locales: Path) -> Lecture:
    """Return the lecture of a network's derivation.

    Args:
        derivation: the network's, of order 2 for the Hessian to be in it.
        style: the language and the notation.
        locales: the folder with the sentences of each language.

    Raises:
        InputError: there are no sentences in the language, or the sample does not fit.
    """
    words = words_of(style.lang, locales)
    plan = Plan(derivation, words, style)
    sizes = derivation.network.sizes
    kind = "exercise" if style.exercise else "title"
    if sizes:
        subtitle = words.pieces("lecture.subtitle", sizes=sizes_text(plan.teller))
    else:
        count = str(plan.teller.layering.count)
        subtitle = words.pieces("lecture.subtitle_symbolic", count=count)
    return Lecture(
        title=(style.title,) if style.title else words.pieces(f"lecture.{kind}"),
        subtitle=subtitle,
        language=style.lang,
        frames=tuple(plan.frames())[:MAX_FRAMES],
        settings=plan.settings(),
        network=derivation.network,
    )


def lecture_of(of: Network, style: Style, locales: Path) -> Lecture:
    """Return the lecture of a network."""
    return lecture(derive(of, 2 if needs_second_order(of) else 1), style, locales)


def needs_second_order(of: Network) -> bool:
    """Whether second derivatives are told of the network itself, not of three layers like its."""
    if len(of.equations) > DEEP:
        return False
    teller = Teller(derive(of), Words("", {}, False), Style())
    return teller.layering.count != 2 or not is_layered(teller)
