"""The specification of a network, in any of its three forms."""

from gradscribe.catalog import Catalog
from gradscribe.errors import InputError
from gradscribe.model.blueprint import Blueprint
from gradscribe.model.formula import formula_blueprint
from gradscribe.model.shorthand import looks_like_sizes, shorthand_blueprint
from gradscribe.model.source import Source
from gradscribe.model.toml_file import file_blueprint

DEFAULT_SPEC = "f3(W3 f2(W2 f1(W1 x + b1) + b2) + b3) f1=sigmoid f2=sigmoid f3=linear loss=mse"
MAX_CHARACTERS = 20_000


def blueprint_of(spec: str | None, catalog: Catalog) -> Blueprint:
    """Return the blueprint of a specification.

    Args:
        spec: one line, a formula or the path of a `.toml` file; nothing means `DEFAULT_SPEC`.
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
    source = Source(text)
    read = shorthand_blueprint if looks_like_sizes(text) else formula_blueprint
    return read(source, catalog)
