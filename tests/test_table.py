"""Tables of data: what is read, and what is wrong with them, with the place and the cure."""

import gzip

import numpy as np
import polars
import pytest

from gradscribe.errors import InputError
from gradscribe.learning.data import DataOptions, prepared, read_data
from gradscribe.learning.scaling import Scaling
from gradscribe.learning.sizing import open_network
from gradscribe.learning.splitting import held_out
from gradscribe.learning.table import read_table

NUMBERS = "?-3-? tanh,linear"
CLASSES = "?-3-? tanh,softmax loss=cross_entropy"


def read(tmp_path, text, spec=NUMBERS, name="data.csv", **options):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_data(path, open_network(spec), DataOptions(**options))


def raw(data):
    return data.input_scaling.back(data.X)


FLOWERS = "\n".join(
    ["long,wide,place,kind"]
    + [f"{k / 7},{k % 5},{'ab'[k % 2]},{('rose', 'lily', 'iris')[k % 3]}" for k in range(30)]
)


def test_words_become_categories_and_classes(tmp_path):
    data = read(tmp_path, FLOWERS, CLASSES)
    assert data.inputs == ("long", "wide", "place=b")
    assert data.classes == ("iris", "lily", "rose")
    assert (data.X.shape, data.D.shape) == ((30, 3), (30, 3))
    np.testing.assert_array_equal(data.D.argmax(axis=1), [(2, 1, 0)[k % 3] for k in range(30)])
    np.testing.assert_allclose(data.X[:, :2].mean(axis=0), 0, atol=1e-15)
    np.testing.assert_allclose(data.X[:, :2].std(axis=0), 1)
    np.testing.assert_array_equal(data.X[:, 2], [k % 2 for k in range(30)])


def test_any_separator_and_decimal_commas(tmp_path):
    expected = read(tmp_path, "a,b\n1.5,2\n-3e2,4\n0.25,7\n", scale="none")
    for text in ("a;b\n1,5;2\n-300;4\n0,25;7\n", "a\tb\n1.5\t2\n-300\t4\n.25\t7\n",
                 "\ufeffa|b\r\n1.5|2\r\n-300|4\r\n0.25|7\r\n"):  # fmt: skip
        data = read(tmp_path, text, scale="none")
        np.testing.assert_array_equal(data.X, expected.X)
        np.testing.assert_array_equal(data.D, expected.D)
        assert data.inputs == ("a",)


def test_quotes_and_names_with_signs(tmp_path):
    data = read(tmp_path, 'x,"price, in $","<b>"\n1,2,3\n2,5,1\n4,"8",9\n')
    assert data.inputs == ("x", "price, in $")
    assert data.outputs == ("<b>",)


def test_a_file_without_names(tmp_path):
    data = read(tmp_path, "1,2\n3,4\n5,7\n", scale="none")
    assert data.inputs == ("column_1",)
    assert "columns are column_1" in data.notes[0]
    np.testing.assert_array_equal(data.D[:, 0], [2, 4, 7])
    named = read(tmp_path, "1,2\n3,4\n5,7\n", scale="none", header=True)
    np.testing.assert_array_equal(named.D[:, 0], [4, 7])


def test_compressed_parquet_and_arrays(tmp_path):
    rng = np.random.default_rng(0)
    X, d = rng.normal(size=(12, 2)), rng.normal(size=12)
    text = "a_1,a_2,d\n" + "\n".join(f"{float(a)!r},{float(b)!r},{float(c)!r}"
                                     for (a, b), c in zip(X, d, strict=True))  # fmt: skip
    (tmp_path / "t.csv.gz").write_bytes(gzip.compress(text.encode()))
    polars.DataFrame({"a_1": X[:, 0], "a_2": X[:, 1], "d": d}).write_parquet(tmp_path / "t.parquet")
    np.savez(tmp_path / "t.npz", d=d, a=X)  # the target stands first and is known by its name
    found = []
    for name in ("t.csv.gz", "t.parquet", "t.npz"):
        data = read_data(tmp_path / name, open_network(NUMBERS), DataOptions(scale="none"))
        assert (data.inputs, data.outputs) == (("a_1", "a_2"), ("d",))
        found.append(data)
    for data in found:
        np.testing.assert_array_equal(data.X, X)
        np.testing.assert_array_equal(data.D[:, 0], d)


@pytest.mark.parametrize(
    ("text", "spec", "options", "messages"),
    [
        ("", NUMBERS, {}, ["empty"]),
        ("a,b\n", NUMBERS, {}, ["no rows"]),
        ("\n\n", NUMBERS, {}, ["empty"]),
        ("a,b\n1,2\n,3\n4,5\n", NUMBERS, {}, ["line 3, column 'a'", "missing", "--missing drop"]),
        ("a,b\n1,2\nNaN,3\n4,5\n", NUMBERS, {}, ["line 3, column 'a'", "missing"]),
        ("a,b\n1,2\n3,?\n4,5\n", NUMBERS, {}, ["line 3, column 'b'"]),
        ("a,b\n1,2\n3,4\n4,inf\n", NUMBERS, {}, ["line 4, column 'b'", "not finite"]),
        ("a,b\n1,2\nx7,3\n4,5\n6,7\n", NUMBERS, {}, ["line 3, column 'a'", "x7", "--categorical"]),
        ("a,b\n1,2\n1_0,3\n4,5\n6,7\n", NUMBERS, {}, ["1_0"]),
        ("a,a\n1,2\n3,4\n", NUMBERS, {}, ["same name", "columns 1, 2"]),
        ("a,\n1,2\n3,4\n", NUMBERS, {}, ["column 2 has no name"]),
        ("a,b\n1e308,2\n-1e308,3\n5,1\n", NUMBERS, {}, ["column 'a'", "span", "--scale none"]),
        ("a,b\n1,2\n3,4,5\n", NUMBERS, {}, ["line 3", "3 values, the first line has 2"]),
        ("a,b\n1,5\n2,5\n3,5\n", NUMBERS, {}, ["column 'b'", "one value", "--target"]),
        ("a,b\n1,p\n2,p\n3,p\n", CLASSES, {}, ["one class alone"]),
        ("a,b\n1,5\n1,6\n1,7\n", NUMBERS, {}, ["every input has one value", "'a'"]),
        ("a,b\n1,2\n3,4\n", NUMBERS, {"target": ("c",)}, ["no such column", "a, b"]),
        ("age,b\n1,2\n3,4\n", NUMBERS, {"target": ("Age",)}, ["did you mean 'age'"]),
        ("a,b\n1,2\n3,4\n", NUMBERS, {"target": ("a", "b")}, ["no column is left"]),
        ("a,b\n1,2\n3,4\n", NUMBERS, {"drop": ("z",)}, ["--drop", "no such column"]),
        ("a,b\n1,2\n3,4\n", NUMBERS, {"test": 0.1}, ["--test", "leaves nothing to hold out"]),
        ("a,b,c\n1,x,2\n3,y,4\n5,z,6\n", NUMBERS, {"target": ("b", "c")}, ["have to be numbers"]),
        ("a,b\n1,0.5\n2,1.5\n3,0.2\n", "?-2-? tanh,sigmoid loss=bce", {}, ["from 0 to 1"]),
        (b"a,b\n1,\xff\xfe\n", NUMBERS, {}, ["UTF-8"]),
    ],
)
def test_bad_data_is_told_with_its_place_and_cure(tmp_path, text, spec, options, messages):
    with pytest.raises(InputError) as error:
        read(tmp_path, text, spec, **options)
    for message in messages:
        assert message in str(error.value)


def test_names_that_are_no_categories_are_refused(tmp_path):
    text = "who,x,y\n" + "".join(f"person {k},{k},{k * k}\n" for k in range(40))
    with pytest.raises(InputError, match="--drop who"):
        read(tmp_path, text)
    assert read(tmp_path, text, drop=("who",)).inputs == ("x",)


def test_rows_that_lack_a_value_are_left_out_when_asked(tmp_path):
    text = "a,b\n1,2\n,3\n4,5\nNA,1\n7,9\n"
    data = read(tmp_path, text, scale="none", missing="drop")
    np.testing.assert_array_equal(data.X[:, 0], [1, 4, 7])
    assert "2 rows that lack a value are left out" in data.notes
    # The line of what is wrong after these rows is that of the file.
    with pytest.raises(InputError, match="line 5, column 'b'"):
        read(tmp_path, "a,b\n1,2\n,3\n4,5\n6,oops\n7,9\n8,1\n", missing="drop")


def test_remarks_on_columns_of_no_use(tmp_path):
    data = read(tmp_path, "a,b,c,y\n1,3,1,1\n2,3,2,5\n4,3,4,2\n")
    assert any("'a' and 'c' are equal" in note for note in data.notes)
    assert any(note.endswith("(--drop): b") for note in data.notes)
    np.testing.assert_array_equal(data.X[:, 1], 0)


@pytest.mark.parametrize(
    ("values", "spec", "shape", "classes", "first"),
    [
        ("no yes yes no", "?-2-? tanh,sigmoid loss=bce", 1, ("no", "yes"), 0),
        ("no yes yes no", "?-2-? tanh,sigmoid", 1, ("no", "yes"), 0),
        ("no yes yes no", "?-2-2 tanh,sigmoid", 2, ("no", "yes"), 1),
        ("no yes yes no", "?-2-? tanh,linear loss=hinge", 1, ("no", "yes"), -1),
        ("no yes yes no", CLASSES, 2, ("no", "yes"), 1),
        ("1 2 2 1", "?-2-? tanh,sigmoid loss=bce", 1, (1, 2), 0),
        ("3 1 2 1", "?-2-3 tanh,sigmoid", 3, (1, 2, 3), 0),
        ("3 1 2 1", CLASSES, 3, (1, 2, 3), 0),
        ("3 1 2 1", "?-2-? tanh,linear", 1, (), 3),
        ("0.1 0.9 0.5 0.2", "?-2-? tanh,sigmoid loss=bce", 1, (), 0.1),
    ],
)
def test_targets_are_coded_as_the_loss_wants_them(tmp_path, values, spec, shape, classes, first):
    text = "a,b\n" + "".join(f"{k * k},{v}\n" for k, v in enumerate(values.split()))
    data = read(tmp_path, text, spec, scale="none")
    assert data.D.shape == (4, shape)
    assert data.classes == classes
    assert data.D[0, 0] == first


@pytest.mark.parametrize(
    ("spec", "sizes", "expected"),
    [
        ("?-10-? tanh,linear", None, (3, 10, 2)),
        ("?-? linear", None, (3, 2)),
        ("3-?-? tanh", None, "hidden layer has no size"),
        ("4-5-? tanh", None, "has 4 inputs, the data have 3"),
        ("?-5-1 tanh", None, "has 1 outputs, the data have 2"),
        ("linear(A tanh(B x + c) + a)", None, "a formula has no sizes"),
        ("linear(A tanh(B x + c) + a)", "?-6-?", (3, 6, 2)),
        ("linear(A tanh(B x + c) + a)", "?-6", "2 sizes for 3"),
        ("linear(A tanh(B x + c) + a)", "?-x-?", "not an integer"),
        ("linear(A x + a)", None, (3, 2)),
        ("3-4-2 tanh", "?-4-?", "has sizes already"),
    ],
)
def test_open_ends_are_filled_from_the_data(spec, sizes, expected):
    if isinstance(expected, str):
        with pytest.raises(InputError, match=expected):
            open_network(spec, sizes).filled(3, 2)
        return
    network, found = open_network(spec, sizes).filled(3, 2)
    assert found == expected
    assert network.sizes in (None, expected)


def test_open_ends_in_a_file(tmp_path):
    path = tmp_path / "net.toml"
    path.write_text(
        'name = "open"\n[network]\nsizes = ["?", 7, "?"]\nactivations = "tanh,linear"\n'
        '[loss]\nname = "huber"\n',
        encoding="utf-8",
    )
    network, sizes = open_network(str(path)).filled(5, 1)
    assert (sizes, network.loss.name, network.name) == ((5, 7, 1), "huber", "open")


def test_held_out_rows_keep_the_shares_of_classes():
    rng = np.random.default_rng(0)
    for seed in range(20):
        classes = rng.integers(0, 4, size=97) * rng.integers(0, 2, size=97)
        classes = np.unique(classes, return_inverse=True)[1].astype(np.int64)
        out = held_out(97, 0.3, seed, classes)
        assert out.sum() == 29
        for k, count in enumerate(np.bincount(classes)):
            assert abs((classes[out] == k).sum() - 29 * count / 97) <= 1
        np.testing.assert_array_equal(out, held_out(97, 0.3, seed, classes))
    rare = np.array([0] * 20 + [1], np.int64)
    assert not held_out(21, 0.5, 3, rare)[-1]  # the one row of its class is trained with


def test_scalings_are_fitted_on_rows_of_training_alone(tmp_path):
    rng = np.random.default_rng(0)
    text = "a,y\n" + "".join(f"{x:.5f},{x**2:.5f}\n" for x in rng.normal(1e6, 3, size=80))
    data = read(tmp_path, text, test=0.25)
    np.testing.assert_allclose([data.X.mean(), data.X.std()], [0, 1], atol=1e-9)
    np.testing.assert_allclose([data.D.mean(), data.D.std()], [0, 1], atol=1e-9)
    assert abs(data.X_test.mean()) > 1e-9
    assert (len(data.X), len(data.X_test)) == (60, 20)


def test_scalings_go_back():
    rng = np.random.default_rng(2)
    X = rng.normal(size=(9, 3)) * [1, 1e-8, 1e8] + [0, 5, 1e9]
    X[:, 0] = 4
    for kind in ("standard", "minmax", "none"):
        scaling = Scaling.fitted(kind, X, np.array([True, True, True]))
        np.testing.assert_allclose(scaling.back(scaling(X)), X, rtol=1e-12)
        np.testing.assert_allclose(scaling.inverse(scaling(X)), X, rtol=1e-7)


@pytest.mark.parametrize("name", ["x.xlsx", "x", "x.CSVV"])
def test_other_files_are_refused(tmp_path, name):
    (tmp_path / name).write_text("a,b\n1,2\n", encoding="ascii")
    with pytest.raises(InputError, match="no table has such an ending"):
        read_table(tmp_path / name)


@pytest.mark.parametrize("name", ["x.parquet", "x.npz", "x.csv.gz"])
def test_damaged_files_are_refused(tmp_path, name):
    (tmp_path / name).write_bytes(b"PK\x03\x04 nothing of the kind" * 9)
    with pytest.raises(InputError):
        read_table(tmp_path / name)
    with pytest.raises(InputError, match="no such file"):
        read_table(tmp_path / f"no{name}")


def test_a_pickle_in_arrays_is_not_run(tmp_path):
    np.savez(tmp_path / "x.npz", a=np.array([{"a": 1}, None], object))
    with pytest.raises(InputError, match="not a sound"):
        read_table(tmp_path / "x.npz")


def test_data_have_to_fit_the_network(tmp_path):
    data = read(tmp_path, "a,b,y\n1,2,3\n3,4,4\n8,1,0\n", "7-3-1 tanh,linear")
    with pytest.raises(InputError, match="has 7 inputs, the data have 2"):
        open_network("7-3-1 tanh,linear").filled(data.X.shape[1], data.D.shape[1])


def test_prepared_takes_a_table(tmp_path):
    (tmp_path / "d.csv").write_text("a,b\n1,2\n3,4\n", encoding="ascii")
    table = read_table(tmp_path / "d.csv")
    assert table.place(0, "a").endswith("line 2, column 'a'")
    assert prepared(table, open_network(NUMBERS), DataOptions()).outputs == ("b",)
