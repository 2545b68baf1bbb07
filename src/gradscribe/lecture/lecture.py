"""The lecture of a network: which sections it has, and in which order."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from gradscribe.derivation.plain import is_plain
from gradscribe.derivation.steps import Derivation, derive
from gradscribe.errors import InputError
from gradscribe.lecture.example import LARGE, example_of, similar
from gradscribe.lecture.model import Frame, Lecture, Piece, Setting
from gradscribe.lecture.sections import (
    chain,
    cost,
    deltas,
    example,
    example_matrices,
    exercise,
    functions,
    gradient,
    hessian,
    learning,
    network,
    path_sum,
)
from gradscribe.lecture.sections.network import is_layered, sizes_text
from gradscribe.lecture.style import Style
from gradscribe.lecture.teller import Teller
from gradscribe.lecture.words import Words, words_of
from gradscribe.model.fusing import cut_of
from gradscribe.model.network import Network

MAX_FRAMES = 60
DEEP = 10  # equations of a network from which on its second derivatives are those of three layers
THREE_LAYERS = "f3(W3 f2(W2 f1(W1 x + b1) + b2) + b3)"
# The sizes of a second example in which a weight has two paths, where the first has one only.
PATHS = (2, 2, 2, 1)


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
        if count < 2 or not is_layered(self.teller) or is_fused(self.derivation.network):
            return self.teller
        general = three_layers(self.derivation.network)
        return Teller(derive(general, 2), self.words, self.style, "three")

    @cached_property
    def examples(self) -> tuple[example.Worked, ...]:
        """The worked example and, where its weight has one path only, another one with two."""
        style = self.style
        first = example_of(self.derivation.network, style.sample, style.places)
        if first is None:
            return ()
        found = [example.worked(self.teller, "example", first)]
        if path_sum.count(found[0]) == 1 and is_layered(found[0].teller) and not style.weight:
            other = example_of(similar(self.derivation.network, PATHS), "", style.places)
            found += [example.worked(self.teller, "paths", other)] if other else []
        return tuple(found)

    def subtitle(self) -> tuple[Piece, ...]:
        """Return the line below the title."""
        if self.style.exercise and self.examples:
            sizes = example.sizes_of(self.examples[0].example)
            return self.words.pieces("exercise.subtitle", sizes=sizes)
        if self.derivation.network.sizes:
            return self.words.pieces("lecture.subtitle", sizes=sizes_text(self.teller))
        count = str(self.teller.layering.count)
        return self.words.pieces("lecture.subtitle_symbolic", count=count)

    def frames(self) -> Iterator[Frame]:
        """Yield all frames in order, each with its part."""
        if self.style.exercise:
            yield from self.sheet()
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

    def learning(self) -> Iterator[Frame]:
        """Yield the frames of the update rules that the network is told with."""
        for frame in () if self.style.exercise else learning.frames(self.teller):
            yield replace(frame, part="learning")

    def sheet(self) -> Iterator[Frame]:
        """Yield the student's sheet and its key.

        Raises:
            InputError: no form of the network is small enough.
        """
        if not self.examples:
            raise InputError(
                "this network has too many parameters for a sheet",
                received=self.derivation.network.spec,
                allowed=f"at most {LARGE} parameters",
            )
        yield from exercise.frames(self.examples[0])

    def worked(self) -> Iterator[Frame]:
        """Yield the numbers of the example, then the paths of its weight, or of another one's."""
        if not self.examples:
            yield example.large(self.teller)
            return
        first, *rest = self.examples
        yield from example.frames(first)
        yield from example_matrices.frames(first)
        yield from path_sum.frames(first)
        yield from example_matrices.first_node(first)
        for other in rest:
            for frame in (*example.frames(other, own=False), *path_sum.frames(other)):
                yield replace(frame, key=f"{frame.key}-paths")

    def settings(self) -> dict[str, Setting]:
        """Return the networks that frames speak of."""
        found = {"network": Setting(self.derivation)}
        if self.second is not self.teller:
            found["three"] = Setting(self.second.derivation)
        return found | {e.teller.setting: e.example.setting for e in self.examples}


def three_layers(of: Network) -> Network:
    """Return three layers of any functions with the loss and the penalties of a network."""
    penalties = " ".join(f"{penalty.name}={float(λ)!r}" for penalty, λ in of.penalties)
    return Network.parse(f"{THREE_LAYERS} loss={of.loss.name} {penalties}")


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
    frames = tuple(plan.frames())
    title = words.pieces("exercise.title" if style.exercise else "lecture.title")
    return Lecture(
        title=(style.title,) if style.title else title,
        subtitle=plan.subtitle(),
        language=style.lang,
        frames=(*frames[:MAX_FRAMES], *plan.learning()),
        settings=plan.settings(),
        network=derivation.network,
    )


def lecture_of(of: Network, style: Style, locales: Path) -> Lecture:
    """Return the lecture of a network."""
    if not is_plain(of):
        raise InputError(
            "a lecture is told of networks whose values are vectors, from matrices and functions",
            received=of.spec,
            allowed="--format text, the same derivation with the rule of every step",
        )
    return lecture(derive(of, 2 if needs_second_order(of) else 1), style, locales)


def is_fused(of: Network) -> bool:
    """Whether a network's functions are not just any: softmax, or a loss that they cancel with."""
    joined = any(entry is not None and entry.joins_nodes for entry in of.bindings.values())
    return joined or cut_of(of) != of.output


def needs_second_order(of: Network) -> bool:
    """Whether second derivatives are told of the network itself, not of three layers like its."""
    if len(of.equations) > DEEP:
        return False
    teller = Teller(derive(of), Words("", {}, False), Style())
    return teller.layering.count != 2 or not is_layered(teller) or is_fused(of)
