"""The lecture as a page, as Markdown and as a notebook: the same blocks, without LaTeX."""

from collections.abc import Mapping
from pathlib import Path

from gradscribe.compiler import derive_network, emitted, lower_program, parsed
from gradscribe.errors import InputError
from gradscribe.files import write_folder
from gradscribe.lecture.lecture import lecture_of
from gradscribe.lecture.style import Style
from gradscribe.lecture.words import words_of
from gradscribe.model.network import Network
from gradscribe.targets.equation_files import MARK, index_view, texts
from gradscribe.targets.kernel_view import statement_sources
from gradscribe.targets.markdown_view import markdown_view
from gradscribe.targets.notebook_view import notebook_view
from gradscribe.targets.page_view import page_view
from gradscribe.targets.render import render
from gradscribe.targets.target import EDITIONS, TEMPLATES, find_target


def edition(
    network: Network | str | None,
    format: str,
    style: Style,
    templates: Path = TEMPLATES,
) -> str:
    """Return the lecture of a network in a format that needs no LaTeX.

    Raises:
        InputError: the specification, the style or the format cannot be taken.
    """
    target = find_target(format, EDITIONS, templates)
    locales = templates / "locales"
    told = lecture_of(parsed(network), style, locales)
    words = words_of(style.lang, locales)
    if target.view == "markdown":
        return render(target, markdown_view(told, style, words))
    code = code_of(told.network)
    if target.view == "notebook":
        parts = emitted(told.network) if code else None
        return render(target, notebook_view(told, style, words, parts))
    return render(target, page_view(told, style, words, code))


def write_equations(
    network: Network | str | None, folder: Path, style: Style, templates: Path = TEMPLATES
) -> int:
    """Write each displayed equation to files of its own, and return how many there are.

    Raises:
        InputError: the specification or the style cannot be taken, or the folder has other files.
    """
    locales = templates / "locales"
    told = lecture_of(parsed(network), style, locales)
    view = index_view(told, style, words_of(style.lang, locales))
    index = render(find_target("equations", "equations", templates), view)
    write_folder(folder, texts(view, index), MARK)
    return len(view.equations)


def code_of(network: Network) -> Mapping[str, tuple[str, ...]]:
    """Return the lines of the module that compute each equation, by the equation's name.

    Empty where there is no module: a function is left abstract, or a value has no samples.
    """
    derivation = derive_network(network)
    try:
        return statement_sources(derivation, lower_program(derivation))
    except InputError:
        return {}
