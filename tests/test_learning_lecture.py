"""Update rules in lectures: in every format and language, as well-formed as all else."""

from dataclasses import replace

import pytest
from deck_checks import faults_when_set
from editions import LOCALES, STYLES, scripts
from test_mathml import faults, in_latex, in_mathml

import gradscribe
from gradscribe.catalog.schedules import SCHEDULES
from gradscribe.catalog.update_formulas import formulas as equations
from gradscribe.catalog.updates import UPDATES
from gradscribe.compiler import derivation_text
from gradscribe.derivation.steps import derive
from gradscribe.editions import edition
from gradscribe.lecture.model import Frame, Lecture
from gradscribe.lecture.sections import learning
from gradscribe.lecture.style import Style
from gradscribe.lecture.teller import Teller
from gradscribe.lecture.words import words_of
from gradscribe.lecture.writing import written
from gradscribe.targets.deck_view import deck_view
from gradscribe.targets.markdown_math import markdown_script, safe
from gradscribe.targets.render import render
from gradscribe.targets.target import find_target

EVERY = ",".join([*UPDATES, *SCHEDULES])
NETWORK = gradscribe.Network.parse(f"1-1 sigmoid with={EVERY}")


def frames(style: Style) -> tuple[Frame, ...]:
    """Return the frames on learning alone."""
    teller = Teller(derive(NETWORK), words_of(style.lang, LOCALES), style)
    return tuple(replace(frame, part="learning") for frame in learning.frames(teller))


def told(style: Style) -> Lecture:
    """Return a lecture of these frames alone."""
    return Lecture(("Rules",), ("",), style.lang, frames(style), {}, NETWORK)


@pytest.mark.parametrize("style", STYLES, ids=["en", "pt", "upright"])
def test_mathml_says_what_the_latex_says(style: Style) -> None:
    latex, mathml = scripts(style)
    seen = set()
    for frame, node in told(style).formulas:
        shown, spoken = (written(node, s) for s in (latex, mathml))
        assert not faults(spoken), (frame.key, spoken)
        assert in_mathml(spoken) == in_latex(shown), (frame.key, shown, spoken)
        for pair in ("{}", "[]"):
            assert shown.count(pair[0]) == shown.count(pair[1]), shown
        assert "\\," not in safe(written(node, markdown_script(latex)))
        seen.add(frame.key)
    assert seen == {f"learning-{name}" for name in (*UPDATES, *SCHEDULES)}


@pytest.mark.parametrize("style", [Style(), Style(lang="pt", aspect="43")], ids=["en", "pt"])
def test_slides_of_all_rules_have_no_faults(style: Style) -> None:
    words = words_of(style.lang, LOCALES)
    source = render(find_target("beamer", "deck"), deck_view(told(style), style, words))
    assert source.count("% learning-") >= len(UPDATES) + len(SCHEDULES)
    assert not faults_when_set(source, style.lang)


def test_text_lists_the_equations() -> None:
    plain, taught = (
        derivation_text(f"1-1 sigmoid{rules}", "text", order=1)
        for rules in ("", " with=adam,damped_newton")
    )
    added = taught.removeprefix(plain.rstrip("\n"))
    assert added.lstrip().startswith("Learning:")
    for name in ("adam", "damped_newton"):
        assert all(f"    {line}\n" in added for line in equations(UPDATES[name]))


def test_a_lecture_ends_with_the_rules_that_were_asked_for() -> None:
    source = derivation_text("1-1 sigmoid with=scg", "article", style=Style(lang="pt"))
    assert "Gradiente conjugado escalonado" in source.rpartition("section{Aprendizagem}")[2]
    assert "conjugado" not in derivation_text("1-1 sigmoid", "article", style=Style(lang="pt"))
    page = edition("1-1 sigmoid with=momentum", "markdown", Style())
    assert "# Learning\n" in page
    assert "# Momentum\n" in page
    sheet = derivation_text("1-1 sigmoid with=scg", "article", style=Style(exercise=True))
    assert "learning-" not in sheet
