"""Reports in another language: sentences, numbers, labels of pictures and the verdict."""

import re
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import gradscribe
from gradscribe.catalog import CATALOG
from gradscribe.catalog.update_formulas import symbol_text
from gradscribe.catalog.updates import UPDATES
from gradscribe.cli import cli
from gradscribe.errors import InputError
from gradscribe.learning.following import _SENTENCES
from gradscribe.learning.reach import out_of_reach
from gradscribe.learning.report import report
from gradscribe.learning.solvers import (
    _GRADIENTS_END,
    _LINE_ENDS,
    _MEMORY_ENDS,
    _REGION_ENDS,
    _SEARCH,
    _SQUARES_END,
)
from gradscribe.learning.starts import _EARLIER
from gradscribe.learning.summary import summary
from gradscribe.learning.telling import english, numeral, spoken, told_in
from gradscribe.learning.training import Trained

DATA = Path(__file__).parents[1] / "examples" / "data"
PT = told_in("pt")


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Trained]:
    """A run of classes and one of numbers, each with its report in Portuguese."""
    folder = tmp_path_factory.mktemp("runs")
    return {
        "classes": gradscribe.train(
            "?-2-? tanh,softmax loss=cross_entropy l2=0.01", DATA / "iris.csv", folder / "classes",
            starts=2, iterations=30, lang="pt",
        ),
        "numbers": gradscribe.train(
            "?-3-? tanh,linear", DATA / "sin.csv", folder / "numbers", method="newton",
            starts=2, iterations=20, lang="pt",
        ),
    }  # fmt: skip


def words_of_svg(path: Path) -> str:
    return " | ".join(re.findall(r"<text[^>]*>([^<]*)</text>", path.read_text(encoding="utf-8")))


@pytest.mark.parametrize("kind", ["classes", "numbers"])
def test_a_report_in_portuguese_has_no_english(kind: str, runs: dict[str, Trained]) -> None:
    folder = runs[kind].run.path
    page = (folder / "report.html").read_text(encoding="utf-8")
    text = (folder / "report.md").read_text(encoding="utf-8")
    assert '<html lang="pt">' in page
    assert "Veredito: " in text
    plain = re.sub(r"`[^`]*`|\([^()]*\.svg\)", "", text)  # neither code nor files
    shown = {p.name: words_of_svg(p) for p in (folder / "figures").iterdir()}
    english_words = r"\b(the|of|is|and|start|starts|rows|cost|with|along|held|way|are)\b"
    for name, content in {"report": plain, **shown}.items():
        assert not re.search(english_words, content), (name, content)
        assert not re.search(r"\d\.\d", content), (name, content)


def test_both_languages_say_the_same(runs: dict[str, Trained]) -> None:
    """The same sections and tables with the same numbers."""
    for trained in runs.values():
        told = {w.language: report(trained, (), w) for w in (english(), PT)}
        for one, other in zip(told["en"], told["pt"], strict=True):
            assert len(one.blocks) == len(other.blocks)
            assert one.heading != other.heading or not one.heading
            numbers = [sorted(re.findall(r"\d+", repr(s.blocks))) for s in (one, other)]
            assert numbers[0] == numbers[1]


def test_the_summary_and_the_verdict_follow(runs: dict[str, Trained]) -> None:
    trained = runs["numbers"]
    assert trained.verdict is not None
    assert f"veredito: {trained.verdict.told(PT)}" in summary(trained, PT)
    assert summary(trained) == summary(trained, english())
    assert "verdict: " in summary(trained)


def test_all_that_a_run_keeps_in_english_is_known() -> None:
    hows = (
        "or its gradient is not finite at the start",
        "or its gradient is not finite after this step",
        "or what the rule remembers is not finite after this step",
        "cannot be lowered: linear algebra failed (any)",
        "grew to more than 1e+06 times that of the start",
    )
    numbers = {"gtol": 1e-8, "norm": 2.5e-9}
    kept = [_SENTENCES[key].format(**numbers) for key in ("converged", "iterations", "watch")]
    kept += [_SENTENCES["diverged"].format(how=how) for how in hows]
    stuck = [
        "the damping grew to more than 1e+10",
        "w has stayed as it is for 40 iterations",
        "SciPy says 'any'",
        "the learning rate is 0 from step 100 on, as cosine_decay has it",
    ]
    ends = (_LINE_ENDS, _MEMORY_ENDS, _GRADIENTS_END, _REGION_ENDS, _SQUARES_END)
    stuck += [end for table in ends for end in table.values()]
    kept += [_SENTENCES["stuck"].format(how=how, **numbers) for how in stuck]
    kept += [f"in 3 of 7 steps {rule.repair}" for rule in UPDATES.values() if rule.repair]
    kept += [
        f"{memory.meaning}: {symbol_text(memory.name)} = 0.0123"
        for rule in UPDATES.values()
        for memory in rule.memory
        if memory.told
    ]
    kept += ["numbers have decimal commas", "'a' is categorical: b, c", _EARLIER]
    kept += ["the cost rose in 3 of 7 iterations"]
    for function in ("sigmoid", "relu"):
        D = np.array([[-3.0], [2.0], [0.5]])
        kept.append(out_of_reach(CATALOG.activations[function], D) or "")
    for sentence in kept:
        told = spoken(sentence, PT)
        assert told != sentence
        assert numeral(sentence, english()) == spoken(sentence, english())
    said = "convergiu: |∇J| = 2,5·10⁻⁹ é no máximo 1·10⁻⁸ (gtol)"
    assert spoken(kept[0], PT) == said
    said = (
        "nenhum passo diminui mais o custo: a busca linear não achou custo menor; |∇J| = 2,5·10⁻⁹"
    )
    assert spoken(_SENTENCES["stuck"].format(how=_SEARCH, **numbers), PT) == said
    assert spoken("something else", PT) == "something else"


@pytest.mark.parametrize(
    ("text", "en", "pt"),
    [
        ("1.5e-07", "1.5·10⁻⁷", "1,5·10⁻⁷"),
        ("0.00e+00", "0", "0"),
        ("-2.5", "−2.5", "−2,5"),
        ("1e+15", "1·10¹⁵", "1·10¹⁵"),
        ("97.3%", "97.3%", "97,3%"),
        ("12", "12", "12"),
    ],
)
def test_numbers_are_written_as_people_do(text: str, en: str, pt: str) -> None:
    assert numeral(text, english()) == en
    assert numeral(text, PT) == pt


def test_a_language_is_chosen_and_another_refused(tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    X = np.linspace(-1, 1, 12)
    table.write_text("x,y\n" + "\n".join(f"{x:.3f},{x * x:.3f}" for x in X))
    run = tmp_path / "run"
    words = ["train", "?-2-? tanh,linear", str(table), "--starts", "1", "--iterations", "5"]
    command = [*words, "--processes", "0", "--quiet", "-o", str(run)]
    wrong = CliRunner().invoke(cli, [*command, "--lang", "pr"])
    assert isinstance(wrong.exception, InputError | SystemExit)
    assert not run.exists()
    found = CliRunner().invoke(cli, [*command, "--lang", "pt"])
    assert "treinamento:" in found.output
    assert "# run\n\nA rede:" in (run / "report.md").read_text(encoding="utf-8")
    resumed = ["train", "--resume", str(run), "--quiet", "--processes", "0"]
    CliRunner().invoke(cli, [*resumed, "--iterations", "6"])
    assert "# run\n\nA rede:" in (run / "report.md").read_text(encoding="utf-8")
    CliRunner().invoke(cli, [*resumed, "--lang", "en"])
    assert "# run\n\nThe network:" in (run / "report.md").read_text(encoding="utf-8")
    with pytest.raises(InputError, match="unknown language"):
        gradscribe.train("?-2-? tanh,linear", table, tmp_path / "other", lang="px")
    assert not (tmp_path / "other").exists()


def test_a_surface_is_told_in_a_language(tmp_path: Path) -> None:
    words = ["surface", "2-2-1 tanh,linear", str(DATA / "and.csv"), "--scale", "none"]
    picture = tmp_path / "s.svg"
    found = CliRunner().invoke(cli, [*words, "--at", "b2=0.25", "--lang", "pt", "-o", str(picture)])
    assert "veredito: ponto de sela: |∇J| = 0 (0 até 2,5·10⁻⁷)" in found.output
    assert "autovalores: 2; 0,353553; " in found.output
    assert "ao longo do autovetor de λ = −0,354" in words_of_svg(picture)
    assert "eigenvector" not in words_of_svg(picture)
