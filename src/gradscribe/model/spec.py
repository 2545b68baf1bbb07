"""The specification of a network, in any of its forms."""

from gradscribe.catalog import Catalog
from gradscribe.errors import InputError, shortened
from gradscribe.model.blueprint import Blueprint
from gradscribe.model.equation_text import looks_like_equations
from gradscribe.model.equations import equations_blueprint
from gradscribe.model.formula import formula_blueprint
from gradscribe.model.shorthand import looks_like_sizes, shorthand_blueprint
from gradscribe.model.source import Source
from gradscribe.model.toml_file import file_blueprint, text_of

DEFAULT_SPEC = "f3(W3 f2(W2 f1(W1 x + b1) + b2) + b3) f1=sigmoid f2=sigmoid f3=linear loss=mse"
MAX_CHARACTERS = 20_000


def blueprint_of(spec: str | None, catalog: Catalog) -> Blueprint:
    """Return the blueprint of a specification.

    Args:
        spec: one line, a formula, equations or the path of a `.toml` or `.eq` file; nothing
            means `DEFAULT_SPEC`.
        catalog: what the names in it refer to.

    Raises:
        InputError: it cannot be taken; the message says what, where and what is allowed.
    """
    if spec is not None and not isinstance(spec, str):
        raise InputError(
            "a specification is a text", where="spec", received=type(spec).__name__, allowed="str"
        )
    text = (spec or "").strip() or DEFAULT_SPEC
    if len(text) > MAX_CHARACTERS:
        raise InputError(
            f"{len(text)} characters are too many",
            where="spec",
            received=text[:200],
            allowed=f"{MAX_CHARACTERS} characters",
        )
    if text.endswith(".toml"):
        return file_blueprint(text, catalog)
    if text.endswith(".eq"):
        return equations_blueprint(Source(text_of(text), shortened(text, 200)), catalog)
    source = Source(text)
    if looks_like_equations(text):
        return equations_blueprint(source, catalog)
    read = shorthand_blueprint if looks_like_sizes(text) else formula_blueprint
    return read(source, catalog)
