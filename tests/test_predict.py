"""New rows for a trained network: coded as in training, or refused with the place and the cure."""

import csv
import importlib.util
import io

import numpy as np
import polars
import pytest
from click.testing import CliRunner

import gradscribe
from gradscribe.cli import cli
from gradscribe.errors import InputError

LEVELS, PLACES, KINDS = ("low", "high", "mid, so"), ("in", "out"), ("rose", "lily", "iris")


def rows(count=60):
    rng = np.random.default_rng(3)
    for k, (a, b) in enumerate(rng.normal(size=(count, 2)) * [3, 0.5] + [10, -4]):
        yield float(a), LEVELS[k % 3], float(b), PLACES[k % 2], KINDS[(a > 10) + (k % 2)]


FRAME = polars.DataFrame(list(rows()), ["long", "level", "wide", "place", "kind"], orient="row")
NUMBERS = FRAME.with_columns(kind=3.5 * FRAME["long"] + 100).rename({"kind": "size"})
SETTINGS = {"iterations": 25, "starts": 2, "report": False}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A run that says classes, and one that gives numbers."""
    folder = tmp_path_factory.mktemp("made")
    FRAME.write_csv(folder / "flowers.csv")
    classes = gradscribe.train(
        "?-4-? tanh,softmax loss=cross_entropy l2=0.01", folder / "flowers.csv",
        folder / "classes", **SETTINGS,
    )  # fmt: skip
    numbers = gradscribe.train("?-4-? tanh,linear", NUMBERS, folder / "numbers", **SETTINGS)
    return classes, numbers


def predicted(trained, path, *words):
    result = CliRunner().invoke(cli, ["predict", str(trained.run.path), str(path), *words])
    if result.exception is not None:
        raise result.exception
    return list(csv.reader(io.StringIO(result.stdout))), result.stderr


def module_of(trained):
    spec = importlib.util.spec_from_file_location("trained", trained.run.path / "trained.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_table_is_predicted_in_all_ways_alike(made, tmp_path):
    classes, numbers = made
    data = classes.run.data
    # What training itself has of its rows is the truth.
    true = data.input_scaling.back(np.concatenate([data.X, data.X_test]))
    outputs = np.concatenate([part.outputs for part in classes.parts])
    order = [int(np.abs(true[:, 0] - a).argmin()) for a in FRAME["long"]]
    expected = outputs[order]
    np.testing.assert_allclose(classes.predict(FRAME), expected, rtol=1e-12)

    inputs = FRAME.select("place", "wide", "level", "long")  # another order, no target
    inputs.write_csv(tmp_path / "new.csv")
    inputs.with_columns(other=polars.lit(None)).write_parquet(tmp_path / "new.parquet")
    np.savez(tmp_path / "new.npz", **{c: inputs[c].to_numpy().astype(
        str if inputs[c].dtype == polars.String else float) for c in inputs.columns})  # fmt: skip
    for name in ("new.csv", "new.parquet", "new.npz"):
        np.testing.assert_allclose(classes.predict(tmp_path / name), expected, rtol=1e-12)
        found, said = predicted(classes, tmp_path / name, "--outputs")
        assert found[0] == ["kind", "kind=iris", "kind=lily", "kind=rose"]
        assert [row[0] for row in found[1:]] == classes.classify(FRAME)
        np.testing.assert_allclose(np.array([row[1:] for row in found[1:]], float), expected,
                                   rtol=1e-12)  # fmt: skip
        assert said == ("note: no inputs, left out: other\n" if name == "new.parquet" else "")

    module = module_of(classes)
    listed = FRAME.drop("kind").rows()
    assert module.COLUMNS == (
        ("long",), ("level", "high", "low", "mid, so"), ("wide",), ("place", "in", "out")
    )  # fmt: skip
    np.testing.assert_allclose(module.encode(listed), true[order])
    assert module.classify(module.encode(listed)) == classes.classify(listed)
    assert classes.classify(listed[:1]) == classes.classify(FRAME)[:1]
    with pytest.raises(ValueError, match="level is 'middle', none of high, low, mid, so"):
        module.encode([(1, "middle", 2, "in")])

    found, said = predicted(numbers, tmp_path / "new.csv")
    assert found[0] == ["size"]
    np.testing.assert_allclose([float(row[0]) for row in found[1:]], numbers.predict(FRAME)[:, 0])
    np.testing.assert_allclose(numbers.predict(FRAME)[:, 0], NUMBERS["size"], atol=5)


def test_one_row_with_decimal_commas_into_a_file(made, tmp_path):
    (tmp_path / "one.csv").write_text("level;place;wide;long\nlow;out;-4,25;1.012,5\n", "ascii")
    path = tmp_path / "said.csv"
    words = ("--thousands", ".", "-o", str(path))
    assert predicted(made[0], tmp_path / "one.csv", *words)[0] == []
    expected = made[0].classify([[1012.5, "low", -4.25, "out"]])
    assert path.read_text(encoding="utf-8").split() == ["kind", *expected]
    (tmp_path / "one.csv").write_text("level;place;wide;long\nlow;out;-4,25;12,5\n", "ascii")
    found, said = predicted(made[0], tmp_path / "one.csv")
    assert found[1] == made[0].classify([[12.5, "low", -4.25, "out"]])
    assert said == "note: numbers have decimal commas\n"


@pytest.mark.parametrize(
    ("text", "messages"),
    [
        ("long,wide,place,level\n1,2,in,low\n1,2,in,hihg\n",
         ["line 3, column 'level'", "hihg", "high, low, mid, so", "did you mean 'high'"]),
        ("long,wide,place,level\n1,2,In,low\n", ["column 'place'", "did you mean 'in'"]),
        ("long,wide,Level\n1,2,low\n",
         ["lacks 2 of 4 inputs: level, place", "did you mean 'Level'"]),
        ("long,wide,place,level\n1,2,in,low\n,2,in,low\n", ["line 3, column 'long'", "missing"]),
        ("long,wide,place,level\n1,2,in,?\n", ["line 2, column 'level'", "missing"]),
        ("long,wide,place,level\n1,two,in,low\n", ["line 2, column 'wide'", "two"]),
        ("long,wide,place,level\n1,inf,in,low\n", ["line 2, column 'wide'", "not finite"]),
        ("long,wide,place,level\n", ["no rows"]),
    ],
)  # fmt: skip
def test_rows_that_training_did_not_know_are_refused(made, tmp_path, text, messages):
    (tmp_path / "new.csv").write_text(text, encoding="ascii")
    for call in (lambda p: predicted(made[0], p), made[0].predict):
        with pytest.raises(InputError) as error:
            call(tmp_path / "new.csv")
        for message in messages:
            assert message in str(error.value)
        assert "--categorical" not in str(error.value)


@pytest.mark.parametrize(
    "given", [[1, "low", 2, "in"], [[1, 2, 3]], [], np.zeros((2, 6)), [[1, "low", 2, "in"], [1]]]
)
def test_rows_of_another_shape_are_refused(made, given):
    with pytest.raises(InputError, match=r"\(N, 4\): long, level, wide, place"):
        made[0].predict(given)


def test_what_predict_does_not_write(made, tmp_path):
    path = tmp_path / "new.csv"
    FRAME.write_csv(path)
    before = path.read_bytes()
    for output, message in ((path, "replace the data"), (tmp_path / "x.npz", "a .csv is written")):
        with pytest.raises(InputError, match=message):
            predicted(made[0], path, "-o", str(output))
    with pytest.raises(InputError, match="has no run"):
        CliRunner().invoke(cli, ["predict", str(tmp_path), str(path)], catch_exceptions=False)
    with pytest.raises(InputError, match="not classes"):
        made[1].classify(FRAME)
    assert (path.read_bytes(), [p.name for p in tmp_path.iterdir()]) == (before, ["new.csv"])


def test_two_classes_of_numbers_are_said_as_numbers(tmp_path):
    X = np.linspace(-1, 1, 20)[:, None]
    trained = gradscribe.train(
        "?-1 sigmoid loss=bce", (X, np.where(X[:, 0] > 0, 7, 3)), tmp_path / "run", **SETTINGS
    )
    assert trained.classify([[-0.9], [0.9]]) == [3, 7]
    assert trained.classify({"X": [-0.9, 0.9]}) == [3, 7]
    assert "COLUMNS" not in (tmp_path / "run" / "trained.py").read_text(encoding="utf-8")


# ---- from Python -----------------------------------------------------------------------


def test_what_was_found_is_told_in_a_few_lines(made, tmp_path):
    lines = repr(made[0]).splitlines()
    assert lines[0].startswith("6-4-3 tanh,softmax loss=cross_entropy l2=0.01, l-bfgs, best of 2")
    assert f"J = {made[0].best.cost:.6g}" in lines[0]
    assert lines[1].startswith("training: ")
    right = int(made[0].parts[1].confusion.trace())
    assert f"{right} of 18 right" in lines[2]
    assert lines[3] == f"in {made[0].run.path}"


def test_networks_as_objects_and_equations(tmp_path):
    X = np.random.default_rng(0).normal(size=(30, 2))
    network = gradscribe.Network.parse("2-3-1 tanh,linear")
    by_object = gradscribe.train(network, (X, X[:, 0]), tmp_path / "a", **SETTINGS)
    equations = "h1[i] = tanh(A[i,j] x[j] + b[i]); h2[k] = B[k,i] h1[i] + c[k]; loss=mse"
    by_text = gradscribe.train(equations, (X, X[:, 0]), tmp_path / "b", sizes="?-3-?", **SETTINGS)
    for trained in (by_object, by_text):
        assert trained.parts[0].explained[0] > 0.99
        module = module_of(trained)
        np.testing.assert_allclose(module.predict(X), trained.predict(X), rtol=1e-9)


def test_a_network_of_matrices_is_told_where_it_can_be_trained(tmp_path):
    with pytest.raises(InputError, match=r"input of a sample has 2 indices.*\n.*\n.*Objective"):
        gradscribe.train("examples/attention.toml", (np.zeros((3, 2)), [1, 2, 3]), tmp_path / "x")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("said", "messages"),
    [
        ({"itertions": 5}, ["itertions", "did you mean 'iterations'"]),
        ({"targt": "y"}, ["did you mean 'target'"]),
        ({"scale": "minimax"}, ["--scale", "standard, minmax, none", "did you mean 'minmax'"]),
        ({"missing": "ignore"}, ["--missing", "refuse, drop"]),
        ({"target": "z"}, ["no such column", "a, y"]),
    ],
)
def test_arguments_that_cannot_be_taken(tmp_path, said, messages):
    with pytest.raises(InputError) as error:
        gradscribe.train("?-2-? tanh,linear", {"a": [1, 2, 4], "y": [3, 4, 9]}, tmp_path / "x",
                         **said)  # fmt: skip
    for message in messages:
        assert message in str(error.value)
    assert not list(tmp_path.iterdir())


def test_targets_out_of_reach_are_a_warning(tmp_path):
    with pytest.warns(UserWarning, match="2 of 3 targets .* out of reach: sigmoid"):
        trained = gradscribe.train("?-2-? tanh,sigmoid", {"a": [1, 2, 4], "y": [0.5, 4, 9]},
                                   tmp_path / "x", iterations=1, starts=1)  # fmt: skip
    assert "Caution: 2 of 3 targets" in (tmp_path / "x" / "report.md").read_text("utf-8")
    assert trained.run.data.cautions
