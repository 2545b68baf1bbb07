"""Runs of training: what comes out, the same however it is carried out, and what is refused."""

import html.parser
import importlib.util
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import gradscribe
from gradscribe.cli import cli
from gradscribe.errors import InputError
from gradscribe.learning.folder import locked, opened
from gradscribe.learning.initial import named_parameters
from gradscribe.learning.live import Quiet, clock
from gradscribe.learning.sizing import open_network
from gradscribe.learning.starts import objective_of, result_of
from gradscribe.learning.telling import english, numeral
from gradscribe.learning.training import Plan, new_run, train
from gradscribe.learning.writing import write_report

ROOT = Path(__file__).parents[1]
DATA = ROOT / "examples" / "data"
XOR = "?-2-? tanh,sigmoid loss=bce"


def imported(path):
    spec = importlib.util.spec_from_file_location(f"trained_{abs(hash(path))}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A run that others copy."""
    folder = tmp_path_factory.mktemp("made") / "run"
    gradscribe.train(XOR, DATA / "xor.csv", folder, iterations=2, starts=2, report=False)
    return folder


@pytest.fixture
def copy(made, tmp_path):
    """A run of its own, in the folder `run`."""
    return opened(shutil.copytree(made, tmp_path / "run"))


def wave(tmp_path, count=60):
    rng = np.random.default_rng(5)
    path = tmp_path / "wave.csv"
    rows = [(a, b, ("low", "high", "mid")[k % 3]) for k, (a, b) in
            enumerate(rng.normal(size=(count, 2)) * [2, 0.1] + [10, 5])]  # fmt: skip
    text = "a,b,level,y\n" + "".join(
        f"{a:.6f},{b:.6f},{c},{100 + 3 * np.sin(a) + 40 * b:.6f}\n" for a, b, c in rows
    )
    path.write_text(text, encoding="ascii")
    return path


# ---- the same, however it is carried out -----------------------------------------------


def test_processes_do_not_change_a_byte(tmp_path):
    table = wave(tmp_path)
    found = []
    for processes in (0, 2):
        folder = tmp_path / f"run{processes}"
        plan = Plan("adam", {"batch": 7}, iterations=30, starts=4, seed=11)
        run = new_run("?-5-? tanh,linear", table, folder, plan)
        train(run, processes=processes, display=Quiet())
        found.append(folder)
    for other in found[1:]:
        for name in ("parameters.npz", "trained.py", "network.py", "data.npz"):
            assert (found[0] / name).read_bytes() == (other / name).read_bytes(), name
    ends = [result_of(opened(found[0]), k).w.tobytes() for k in range(4)]
    assert len(set(ends)) == 4  # each start has its own numbers


def test_the_seed_is_what_makes_the_difference(copy, tmp_path):
    ends = [result_of(copy, 0).w]
    for seed in (0, 2):
        plan = {"iterations": 2, "starts": 1, "report": False, "seed": seed}
        run = gradscribe.train(XOR, DATA / "xor.csv", tmp_path / str(seed), **plan)
        ends.append(run.results[0].w)
    assert ends[0].tobytes() == ends[1].tobytes() != ends[2].tobytes()


def test_more_iterations_go_on_where_fewer_ended(tmp_path):
    settings = {"method": "scg", "starts": 2, "report": False, "scale": "none"}
    whole = gradscribe.train(XOR, DATA / "xor.csv", tmp_path / "a", iterations=40, **settings)
    gradscribe.train(XOR, DATA / "xor.csv", tmp_path / "b", iterations=9, **settings)
    run = opened(tmp_path / "b").with_settings(iterations=40)
    resumed = train(run, processes=0, display=Quiet())
    assert resumed.best.w.tobytes() == whole.best.w.tobytes()
    assert resumed.best.iterations == whole.best.iterations


def test_time_that_is_over_is_no_failure(tmp_path):
    trained = gradscribe.train(
        "?-9-? tanh,linear", DATA / "sin.csv", tmp_path / "run", method="gradient_descent",
        iterations=10**6, starts=3, seconds=0.4, report=False,
    )  # fmt: skip
    assert trained.ending.out_of_time
    assert not trained.ending.interrupted
    assert trained.best.iterations > 0
    assert (tmp_path / "run" / "trained.py").is_file()


# ---- the trained module ----------------------------------------------------------------

FORMULA = "f2(W f1(W x + b) + c) + f1(W x + b) f1=tanh f2=linear"  # W is read twice


@pytest.mark.parametrize(
    ("spec", "sizes", "scale", "folded"),
    [
        ("?-5-? tanh,linear", None, "standard", True),
        ("?-5-? relu,linear loss=huber", None, "minmax", True),
        ("linear(A tanh(B x + c) + a)", "?-4-?", "standard", True),
        ("linear(A tanh(B x) + a)", "?-4-?", "standard", False),  # no bias takes the shift
        ("?-4-? tanh,sigmoid target=scalar", None, "none", True),
    ],
)
def test_the_trained_module_takes_the_units_of_the_data(tmp_path, spec, sizes, scale, folded):
    table = wave(tmp_path)
    trained = gradscribe.train(
        spec, table, tmp_path / "run", sizes=sizes, scale=scale, iterations=8, starts=1, test=0.2,
        report=False,
    )  # fmt: skip
    module = imported(tmp_path / "run" / "trained.py")
    assert module.INPUTS == ("a", "b", "level=high", "level=low", "level=mid")
    data = trained.run.data
    for X, part in zip((data.X, data.X_test), trained.parts, strict=True):
        raw = data.input_scaling.back(X)
        np.testing.assert_allclose(module.predict(raw), part.outputs, rtol=1e-9)
    assert ("_INPUT_FACTOR" not in module.__dict__) == folded
    saved = np.load(tmp_path / "run" / "parameters.npz")
    for name, values in zip(module.Parameters._fields, module.trained(), strict=True):
        np.testing.assert_array_equal(saved[name], values)


def test_a_trained_classifier_says_classes_and_checks_itself(tmp_path):
    trained = gradscribe.train(
        "?-4-? tanh,softmax loss=cross_entropy l2=0.01", DATA / "iris.csv", tmp_path / "run",
        iterations=60, starts=2, report=False,
    )  # fmt: skip
    module = imported(tmp_path / "run" / "trained.py")
    assert module.CLASSES == ("setosa", "versicolor", "virginica")
    assert module.classify([[5.1, 3.5, 1.4, 0.2], [6.3, 3.3, 6.0, 2.5]]) == ["setosa", "virginica"]
    text = (tmp_path / "run" / "trained.py").read_text(encoding="utf-8")
    checked = subprocess.run([sys.executable, "-c", text], capture_output=True, check=False)
    assert checked.returncode == 0, checked.stdout
    for command in (["format", "--check"], ["check"]):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *command, "--isolated", tmp_path / "run" / "trained.py"],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0 or "No module named ruff" in done.stderr, done.stdout
    part = trained.parts[-1]
    said = module.classify(trained.run.data.input_scaling.back(trained.run.data.X_test))
    true = trained.run.data.D_test.argmax(axis=1)
    assert np.mean([module.CLASSES[k] == s for k, s in zip(true, said, strict=True)]) == (
        part.accuracy
    )


@pytest.mark.parametrize("loss", ["bce", "bce_logits", "hinge", "mse"])
def test_two_classes_by_one_output(tmp_path, loss):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(40, 2))
    words = np.where(X.sum(axis=1) > 0.3, "yes", "no")
    text = "a,b,c\n" + "".join(f"{a},{b},{w}\n" for (a, b), w in zip(X, words, strict=True))
    (tmp_path / "d.csv").write_text(text, encoding="ascii")
    function = "sigmoid" if loss in ("bce", "mse") else "linear"
    trained = gradscribe.train(
        f"?-1 {function} loss={loss}", tmp_path / "d.csv", tmp_path / "run",
        method="adam", options={"alpha": 0.1}, iterations=300, starts=1, report=False,
    )  # fmt: skip
    module = imported(tmp_path / "run" / "trained.py")
    right = np.mean([said == word for said, word in zip(module.classify(X), words, strict=True)])
    assert right == trained.parts[0].accuracy >= 0.95


def test_a_generated_module_is_trained_as_it_is(tmp_path):
    path = tmp_path / "net.py"
    gradscribe.generate("2-3-1 tanh,sigmoid loss=bce", path)
    gradscribe.train(str(path), DATA / "or.csv", tmp_path / "run", iterations=50, report=False)
    assert (tmp_path / "run" / "network.py").read_bytes() == path.read_bytes()
    path.write_text(path.read_text(encoding="utf-8").replace("SPEC =", "NO_SPEC ="), "utf-8")
    with pytest.raises(InputError, match="no SPEC"):
        gradscribe.train(str(path), DATA / "or.csv", tmp_path / "other")


# ---- starts ----------------------------------------------------------------------------


def test_equal_starts_stay_equal(tmp_path):
    trained = gradscribe.train(
        "?-4-? tanh,sigmoid loss=bce", DATA / "xor.csv", tmp_path / "run", initial="equal",
        starts=1, iterations=200, method="gradient_descent", report=False,
    )  # fmt: skip
    for w in trained.best.places:
        W1 = trained.objective.params(w).W1
        assert np.ptp(W1, axis=0).max() < 1e-12
    assert trained.best.cost > 0.4


def test_starts_from_a_file(copy, tmp_path):
    path = copy.path / "starts" / "first.npz"
    objective = objective_of(copy)
    w = result_of(copy, 1).w
    path.write_bytes(named_parameters(objective, w))
    again = gradscribe.train(XOR, DATA / "xor.csv", tmp_path / "b", initial=str(path), starts=1,
                             iterations=0, report=False)  # fmt: skip
    assert again.best.w.tobytes() == w.tobytes()
    path.unlink()
    train(opened(tmp_path / "b"), processes=0, display=Quiet())  # the run has its own copy
    np.savez(tmp_path / "bad.npz", W1=np.zeros((2, 3)), b1=[0, 0], W2=[[0, 0]], b2=[0])
    for name, message in (("bad.npz", "another shape"), ("none.npz", "no such file")):
        with pytest.raises(InputError, match=message):
            gradscribe.train(XOR, DATA / "xor.csv", tmp_path / "c", initial=str(tmp_path / name))
        assert not (tmp_path / "c").exists()


def test_a_step_that_diverges_keeps_the_best(tmp_path):
    trained = gradscribe.train(
        "?-3-? tanh,linear", DATA / "square.csv", tmp_path / "run", method="gradient_descent",
        options={"alpha": 1e6}, iterations=50, starts=2,
    )  # fmt: skip
    assert {r.reason for r in trained.results} == {"diverged"}
    assert all(np.isfinite(r.w).all() and np.isfinite(r.cost) for r in trained.results)
    assert "these are the best parameters before" in (tmp_path / "run" / "report.md").read_text()


# ---- what is refused, before anything is written ---------------------------------------


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--method", "l-bfsg"], "did you mean 'l-bfgs'"),
        (["--method", "adam", "--set", "rate=1"], "alpha"),
        (["--method", "adam", "--set", "alpha=fast"], "not NAME=NUMBER"),
        (["--method", "adam", "--set", "alpha=-1"], "out of range"),
        (["--method", "least_squares-lm"], "sum of squares"),
        (["--target", "z"], "no such column"),
        (["--init", "nothing.npz"], "no such file"),
        (["-o", "missing/folder/run"], "no such folder"),
        (["--sizes", "2-2-1"], "has sizes already"),
    ],
)
def test_what_is_wrong_is_told_and_nothing_is_written(tmp_path, monkeypatch, words, message):
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(cli, ["train", XOR, str(DATA / "xor.csv"), *words])
    assert isinstance(result.exception, InputError), result.output
    assert message in str(result.exception)
    assert not list(tmp_path.iterdir())


def test_a_folder_with_something_in_it_is_not_written_to(copy, tmp_path):
    settings = {"iterations": 2, "starts": 1, "report": False}
    before = {p: p.read_bytes() for p in copy.path.rglob("*") if p.is_file()}
    with pytest.raises(InputError, match="--resume"):
        gradscribe.train(XOR, DATA / "xor.csv", copy.path, **settings)
    assert before == {p: p.read_bytes() for p in copy.path.rglob("*") if p.is_file()}
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").write_text("…", encoding="utf-8")
    with pytest.raises(InputError, match="other files"):
        gradscribe.train(XOR, DATA / "xor.csv", tmp_path / "mine", **settings)
    with pytest.raises(InputError, match="not a folder"):
        gradscribe.train(XOR, DATA / "xor.csv", tmp_path / "mine" / "thesis.tex", **settings)
    (tmp_path / "empty").mkdir()
    gradscribe.train(XOR, DATA / "xor.csv", tmp_path / "empty", **settings)


def test_one_run_is_carried_out_by_one_command(copy):
    with locked(copy.path), pytest.raises(InputError, match="another process"):
        train(copy, processes=0, display=Quiet())


def test_a_run_that_goes_on_has_its_settings(copy, tmp_path):
    result = CliRunner().invoke(cli, ["train", "--resume", str(tmp_path / "run"), "--seed", "4"])
    assert "--seed" in str(result.exception)
    result = CliRunner().invoke(cli, ["train", "--resume", str(tmp_path)])
    assert "has no run" in str(result.exception)


@pytest.mark.parametrize("damage", ["{", '{"format": 1}', '{"format": 99, "version": "9"}'])
def test_a_damaged_run_is_told(copy, tmp_path, damage):
    (tmp_path / "run" / "run.json").write_text(damage, encoding="utf-8")
    with pytest.raises(InputError, match=r"damaged|another version"):
        opened(tmp_path / "run")


def test_a_damaged_start_is_told(copy):
    copy.start_file(1).write_bytes(b"PK\x03\x04")
    with pytest.raises(InputError, match="delete it"):
        train(copy, processes=0, display=Quiet())
    copy.start_file(1).unlink()
    train(copy, processes=0, display=Quiet())


# ---- the report ------------------------------------------------------------------------


class Page(html.parser.HTMLParser):
    """Collects the tags of a page, and what is between them."""

    def __init__(self):
        super().__init__()
        self.tags, self.text, self.open = [], "", []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


HOSTILE = '<script>alert(1)</script>|`$x^2$`"&[a](b)'


def test_words_of_users_are_text_in_reports(tmp_path):
    quoted = HOSTILE.replace('"', '""')
    rows = "".join(f'{k},{k % 7},"{quoted}{k % 2}"\n' for k in range(12))
    text = f'"{quoted}",b,"$\\frac{{1}}{{2}}$"\n' + rows
    (tmp_path / "d.csv").write_text(text, encoding="utf-8")
    gradscribe.train("?-2-? tanh,sigmoid loss=bce", tmp_path / "d.csv", tmp_path / "run",
                     iterations=3, starts=2)  # fmt: skip
    page = Page()
    page.feed((tmp_path / "run" / "report.html").read_text(encoding="utf-8"))
    assert not page.open
    tags = {tag for tag, _ in page.tags}
    assert "script" not in tags
    assert HOSTILE in page.text
    sources = [attrs["src"] for tag, attrs in page.tags if tag == "img"]
    assert len(sources) == 6
    assert all(source.startswith("data:image/svg+xml;base64,") for source in sources)
    assert not any(name.startswith("on") for _, attrs in page.tags for name in attrs)
    markdown = (tmp_path / "run" / "report.md").read_text(encoding="utf-8")
    assert "<script>" not in markdown
    for name in re.findall(r"\(figures/(.*?)\)", markdown):
        svg = (tmp_path / "run" / "figures" / name).read_text(encoding="utf-8")
        assert svg.startswith("<svg")
        assert "<script" not in svg
    imported(tmp_path / "run" / "trained.py")


def test_a_report_says_what_was_found(tmp_path):
    trained = gradscribe.train(
        XOR, DATA / "xor.csv", tmp_path / "run", starts=6, iterations=120, seed=2
    )
    text = (tmp_path / "run" / "report.md").read_text(encoding="utf-8")
    assert numeral(f"{trained.best.cost:.6g}", english()) in text
    assert "different functions" in text
    assert "4 of 4 right" in text
    assert sum(found.count for found in trained.minima) == 6
    before = (tmp_path / "run" / "figures" / "surface.svg").read_bytes()
    write_report(trained)
    assert (tmp_path / "run" / "figures" / "surface.svg").read_bytes() == before
    settings = json.loads((tmp_path / "run" / "run.json").read_text(encoding="utf-8"))
    assert settings["settings"]["spec"] == "2-2-1 tanh,sigmoid loss=bce"


def test_the_surface_of_a_run_is_told(copy, tmp_path):
    picture = tmp_path / "surface.svg"
    words = ["surface", str(copy.path), "--along", "W1[0,1],smallest", "-o", str(picture)]
    result = CliRunner().invoke(cli, words)
    assert result.exception is None, result.exception
    assert "verdict: " in result.output
    assert "function 1: " in result.output
    assert "along W1[0, 1]" in picture.read_text(encoding="utf-8")
    result = CliRunner().invoke(cli, ["surface", str(copy.path), "--start", "9"])
    assert "1 to 2" in str(result.exception)


def test_a_saddle_on_the_command_line():
    result = CliRunner().invoke(
        cli, ["surface", "2-2-1 tanh,linear", str(DATA / "and.csv"), "--scale", "none", "--at",
              "b2=0.25"],
    )  # fmt: skip
    assert "verdict: saddle: |∇J| = 0 (0 up to 2.5·10⁻⁷)" in result.output
    assert "3 positive, 2 negative and 4 zero" in result.output


def test_objectives_of_runs_are_those_of_their_data(copy):
    objective = objective_of(copy)
    np.testing.assert_array_equal(objective.X, copy.data.X)
    assert opened(copy.path).data.inputs == copy.data.inputs == ("x1", "x2")
    assert open_network(copy.settings.spec).network.spec == copy.settings.spec


def test_times_as_people_say_them():
    assert [clock(s) for s in (0.4, 59.4, 61, 3601)] == ["0 s", "59 s", "1:01", "1:00:01"]
