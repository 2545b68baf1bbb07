"""What a reader of a lecture may choose: language, notation and paper."""

from dataclasses import dataclass, fields

from gradscribe.errors import InputError, nearest


@dataclass(frozen=True)
class Choice:
    """An option with a few values: its words, the first of which is the default."""

    words: tuple[str, ...]
    meaning: str


CHOICES = {
    "layer": Choice(("plain", "parentheses"), "the layer as a superscript: w^m, or w^(m)"),
    "transpose": Choice(("T", "top"), "the sign of the transpose: an italic T, or ⊤"),
    "sensitivity": Choice(("delta", "s"), "the letter of the sensitivity"),
    "derivative": Choice(("partial", "upright"), "the sign of a partial derivative: ∂, or d"),
    "layout": Choice(
        ("denominator", "numerator"),
        "∂E/∂W has the shape of W, or that of its transpose (the rows of what is differentiated)",
    ),
    "aspect": Choice(("169", "43"), "the shape of a slide, 16:9 or 4:3"),
}

PLACES = range(1, 30)  # decimal places that may be asked for


@dataclass(frozen=True)
class Style:
    """How a lecture is given.

    Attributes:
        lang: the language: a file of `templates/locales/`.
        layer: see `CHOICES`, as of the next five.
        transpose: the sign of the transpose.
        sensitivity: the letter of the sensitivity.
        derivative: the sign of a partial derivative.
        layout: whether a derivative by a matrix has its shape or that of its transpose.
        aspect: the shape of a slide.
        title: the title, "" for the usual one.
        author: who gives the lecture, "" for nobody.
        exercise: whether a sheet of exercises with its key takes the place of the lecture.
        sample: the input and the desired output of the worked example, "1,2;1"; "" for the
            usual ones.
        places: decimal places of the worked example.
        weight: the weight that is followed along all paths, "W1[1,2]"; "" for the first.
    """

    lang: str = "en"
    layer: str = "plain"
    transpose: str = "T"
    sensitivity: str = "delta"
    derivative: str = "partial"
    layout: str = "denominator"
    aspect: str = "169"
    title: str = ""
    author: str = ""
    exercise: bool = False
    sample: str = ""
    places: int = 4
    weight: str = ""

    def __post_init__(self) -> None:
        """Check that every choice is one that there is.

        Raises:
            InputError: a value has another type, is none of the words or out of range.
        """
        for field in fields(self):
            _check_type(field.name, getattr(self, field.name), type(field.default))
        for name, choice in CHOICES.items():
            _check_word(name, getattr(self, name), choice.words)
        if self.places not in PLACES:
            raise InputError(
                "so many decimal places cannot be shown",
                where="places",
                received=str(self.places),
                allowed=f"{PLACES.start} to {PLACES.stop - 1}",
            )


def _check_type(name: str, value: object, kind: type) -> None:
    if not isinstance(value, kind) or isinstance(value, bool) != (kind is bool):
        raise InputError(
            "a value of another type",
            where=name,
            received=type(value).__name__,
            allowed=kind.__name__,
        )


def _check_word(name: str, word: str, words: tuple[str, ...]) -> None:
    if word not in words:
        raise InputError(
            f"unknown {name}",
            received=word,
            allowed=", ".join(words),
            nearest=nearest(word, words),
        )
