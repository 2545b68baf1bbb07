"""Runs of training: what comes out, the same however it is carried out, and what is refused."""

import html.parser
import importlib.util
import json
import os
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
from gradscribe.files import write
from gradscribe.learning.folder import create, locked, opened
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
        pytest.param(
            "?-4-? tanh,sigmoid target=scalar",
            None,
            "none",
            True,
            marks=pytest.mark.filterwarnings("ignore:.*out of reach"),  # what it has not learnt
        ),
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


def test_a_start_says_where_its_best_was_before_its_end(tmp_path):
    trained = gradscribe.train(
        "?-3-? tanh,linear", DATA / "square.csv", tmp_path / "run", method="adam",
        options={"alpha": 0.3}, iterations=40, starts=4, report=False, processes=0,
    )  # fmt: skip
    earlier = [r.cost < r.curve[-1, 1] for r in trained.results]
    told = [any("the cost was lower before" in note for note in r.notes) for r in trained.results]
    assert told == earlier
    assert any(earlier)


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
        (["--method", "adam", "--set", "beta1=1"], "from 0 to below 1"),
        (["--method", "adam", "--set", "alhpa=1"], "did you mean 'alpha'"),
        (["--method", "momentum+cosine_decay", "--set", "tau=0"], "from 1 on"),
        (["--init", "nothing.npz"], "no such file"),
        (["--init", "randm"], "did you mean 'random'"),
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


def test_what_is_wrong_with_the_method_is_told_before_the_data_are_read(tmp_path, monkeypatch):
    """Where there are no data at all the method comes first, so nothing long has been done."""
    monkeypatch.chdir(tmp_path)
    for words, message in (
        (["--method", "adm"], "did you mean 'adam'"),
        (["--method", "newton", "--set", "epsilon=2"], "from 0 to 1"),
        (["--init", "equla"], "did you mean 'equal'"),
    ):
        result = CliRunner().invoke(cli, ["train", XOR, "missing.csv", *words])
        assert message in str(result.exception)


def test_a_method_that_cannot_be_carried_out_is_told_before_there_is_a_folder(
    tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    squares = ["?-30-? tanh,linear", str(DATA / "xor.csv"), "--method", "least_squares-lm"]
    result = CliRunner().invoke(cli, ["train", *squares])
    assert "4 numbers, 121 parameters" in str(result.exception)
    monkeypatch.setattr("gradscribe.learning.method.memory", lambda: 200.0)
    for method in ("newton", "levenberg_marquardt", "trust-exact", "saddle_free_newton"):
        words = ["?-2-? tanh,linear", str(DATA / "xor.csv"), "--method", method]
        result = CliRunner().invoke(cli, ["train", *words])
        assert "3 arrays (9, 9) of" in str(result.exception), result.output
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
    with locked(copy.path), pytest.raises(InputError, match=rf"process {os.getpid()} is at work"):
        train(copy, processes=0, display=Quiet())


def test_a_folder_that_is_held_is_not_changed(copy):
    before = (copy.path / "run.json").read_bytes()
    with locked(copy.path):
        for change in (
            lambda: copy.with_settings(iterations=9),
            lambda: gradscribe.train(XOR, DATA / "xor.csv", copy.path),
        ):
            with pytest.raises(InputError, match=f"process {os.getpid()} is at work"):
                change()
    assert (copy.path / "run.json").read_bytes() == before
    assert not (copy.path / "pid").exists()


def test_a_process_that_was_killed_holds_nothing(copy):
    program = (
        "import os, sys; from pathlib import Path; from gradscribe.learning.folder import locked\n"
        "with locked(Path(sys.argv[1])): print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, copy.path],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as holder:  # fmt: skip
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(InputError, match=f"process {holder.pid} is at work"):
            train(copy, processes=0, display=Quiet())
        holder.kill()
    assert (copy.path / "pid").read_text(encoding="ascii") == f"{holder.pid}\n"
    train(copy, processes=0, display=Quiet())


def test_a_run_that_came_first_is_told(copy, tmp_path, monkeypatch):
    target = tmp_path / "other"

    def slow(path, text):
        shutil.copytree(copy.path, target, dirs_exist_ok=True)
        write(path, text)

    monkeypatch.setattr("gradscribe.learning.folder.write", slow)
    with pytest.raises(InputError, match="has a run already"):
        create(target, copy.settings, copy.data, "")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["other", "run"]


def test_of_two_runs_into_one_folder_one_is_told(tmp_path):
    words = [sys.executable, "-m", "gradscribe", "train", XOR, DATA / "xor.csv", "--quiet",
             "--iterations", "5", "--starts", "2", "-o", tmp_path / "run"]  # fmt: skip
    both = [
        subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    said = [process.communicate()[1] for process in both]
    assert sorted(process.returncode for process in both) == [0, 2], said
    refused = said[[process.returncode for process in both].index(2)]
    assert re.search(r"process \d+ is at work in this folder|has a run already", refused)
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


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


@pytest.mark.parametrize("name", ["run.json", "data.npz"])
def test_a_file_that_was_cut_off_is_told(copy, name):
    (copy.path / name).write_bytes(b"")
    told = CliRunner().invoke(cli, ["predict", str(copy.path), str(DATA / "xor.csv")])
    assert isinstance(told.exception, InputError)
    assert "the run is damaged" in str(told.exception)


def test_what_was_changed_in_a_file_of_a_run_is_told(copy):
    """A number of another kind, a key that is gone, an array of another shape."""
    path = copy.path / "run.json"
    whole = json.loads(path.read_text(encoding="utf-8"))
    for key, value in (("starts", None), ("sizes", 3), ("method", 7), ("name", None)):
        changed = {**whole, "settings": {**whole["settings"], key: value}}
        path.write_text(json.dumps(changed), encoding="utf-8")
        with pytest.raises(InputError, match="the run is damaged"):
            opened(copy.path)
    path.write_text(json.dumps(whole), encoding="utf-8")
    with np.load(copy.start_file(0)) as file:
        arrays = dict(file)
    for changed in (
        {name: a for name, a in arrays.items() if name != "curve"},
        {**arrays, "w": arrays["w"][1:]},
        {**arrays, "cost": np.array("none")},
    ):
        np.savez(copy.start_file(0), **changed)
        with pytest.raises(InputError, match="the file of a start is damaged"):
            result_of(opened(copy.path), 0)


def test_names_are_no_formulas_in_figures(tmp_path):
    """Dollar signs in names of columns and of classes, some of which are no TeX."""
    rng = np.random.default_rng(0)
    path = tmp_path / "table.csv"
    rows = [
        f"{a:.3f},{b:.3f},{'$frac{$' if a > 0 else 'x_$1$'}\n" for a, b in rng.normal(size=(40, 2))
    ]
    path.write_text("$\\frac{1}{$,a$b$c,$^$\n" + "".join(rows), encoding="utf-8")
    folder = tmp_path / "run"
    gradscribe.train("?-2-? tanh,sigmoid loss=bce", path, folder, starts=1, iterations=3)
    pictures = "".join(p.read_text("utf-8") for p in (folder / "figures").glob("*.svg"))
    assert "$\\frac{1}{$" in pictures
    assert "$frac{$" in pictures


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


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["RUN", "--along", "largst,random", "-o", "s.svg"], "did you mean 'largest'"),
        (["RUN", "--along", "W1[0,0],W1[0, 0]", "-o", "s.svg"], "both directions are the same"),
        (["RUN", "--along", "largest", "-o", "s.svg"], "two directions"),
        (["RUN", "--along", "largest,second"], "none is asked for"),
        (["RUN", "--reach", "2"], "none is asked for"),
        (["RUN", "-o", "missing/s.svg"], "no such folder"),
        (["RUN", "-o", "s.png"], "a picture is an .svg"),
        (["RUN", "--scale", "none"], "the data of a run have been read"),
        (["RUN", "--at", "zeros", "--start", "1"], "a point is said twice"),
        (["RUN", "--at", "zeross"], "did you mean 'zeros'"),
        (["2-2-1 tanh,linear", str(DATA / "and.csv"), "--start", "1"], "has no starts"),
        (["2-2-1 tanh,linear", str(DATA / "and.csv"), "--at", "b9=1"], "no such parameter"),
    ],
)
def test_a_surface_is_refused_before_anything_is_said(copy, tmp_path, monkeypatch, words, message):
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    given = [str(copy.path) if word == "RUN" else word for word in words]
    result = CliRunner().invoke(cli, ["surface", *given])
    assert isinstance(result.exception, InputError), result.output
    assert message in str(result.exception)
    assert result.output == ""
    assert sorted(tmp_path.rglob("*")) == before


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
