"""A target is a folder of templates with a `target.toml` that says what it makes."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

from gradscribe.errors import InputError, nearest

_PACKAGE = Path(__file__).resolve().parent.parent
# In an installed package the templates lie inside it; in a checkout, at the top.
TEMPLATES = next(
    (p for p in (_PACKAGE / "templates", _PACKAGE.parent.parent / "templates") if p.is_dir()),
    _PACKAGE / "templates",
)

# The views of targets that are modules.
MODULES = ("module", "lists", "arrays")
# The views of targets that are lectures.
LECTURES = ("deck", "article")
# The views of lectures that need no LaTeX to be read.
EDITIONS = ("page", "markdown", "notebook")
# The views of what a run of training writes by itself.
REPORTS = ("report", "report_markdown")


@dataclass(frozen=True)
class Target:
    """An output format.

    Attributes:
        name: the folder's name, and the name on the command line.
        folder: where its templates lie.
        template: the file that is rendered.
        view: what it is filled with: "module", "lists" or "arrays" (modules of single numbers,
            which they take from lists or arrays), "derivation", "deck" or "article".
        meaning: what comes out.
        bases: the targets whose templates it takes where it has none of its own, in order.
    """

    name: str
    folder: Path
    template: str
    view: str
    meaning: str
    bases: tuple[str, ...] = ()

    @property
    def folders(self) -> tuple[Path, ...]:
        """Where templates are looked for, in this order; `numpy/…` names one of another target."""
        parent = self.folder.parent
        return (self.folder, *(parent / base for base in self.bases), parent)


def targets(folder: Path = TEMPLATES) -> dict[str, Target]:
    """Return the targets that lie in a folder of templates, by name."""
    found = {}
    for settings in sorted(folder.glob("*/target.toml")):
        data = tomllib.loads(settings.read_text(encoding="utf-8"))
        name = settings.parent.name
        found[name] = Target(
            name, settings.parent, data["template"], data["view"], data["meaning"],
            tuple(data.get("bases", ())),
        )  # fmt: skip
    return found


def find_target(name: str, views: str | tuple[str, ...], folder: Path = TEMPLATES) -> Target:
    """Return a target by name, among those that are filled with a view, or one of several.

    Raises:
        InputError: there is no such target.
    """
    views = (views,) if isinstance(views, str) else views
    fitting = {t.name: t for t in targets(folder).values() if t.view in views}
    if name in fitting:
        return fitting[name]
    raise InputError(
        "unknown format",
        received=name,
        allowed=", ".join(fitting),
        nearest=nearest(name, fitting),
    )
