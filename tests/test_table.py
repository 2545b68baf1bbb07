"""Tables of data: what is read, and what is wrong with them, with the place and the cure."""

import gzip
import zipfile

import numpy as np
import polars
import pytest

from gradscribe.errors import InputError
from gradscribe.learning.data import DataOptions, prepared, read_data
from gradscribe.learning.reach import reach
from gradscribe.learning.scaling import Scaling
from gradscribe.learning.sizing import open_network
from gradscribe.learning.splitting import held_out
from gradscribe.learning.table import TextForm, read_table

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


@pytest.mark.parametrize("end", ["\n", "\n\n", "\r\n\r\n\r\n", "\n,\n,\n"])
def test_blank_lines_at_the_end_are_no_rows(tmp_path, end):
    data = read(tmp_path, f"a,b\n1,2\n3,4{end}", scale="none")
    np.testing.assert_array_equal(data.X[:, 0], [1, 3])
    with pytest.raises(InputError, match="line 3, column 'a': a value is missing"):
        read(tmp_path, f"a,b\n1,2\n,\n3,4{end}")


def test_a_1_among_zeros_says_a_class():
    D = np.eye(3)[[0, 2, 1, 0, 1]]
    data = read_data((np.arange(5.0) ** 2, D), open_network(CLASSES), DataOptions())
    assert data.classes == data.outputs == ("D_1", "D_2", "D_3")
    np.testing.assert_array_equal(data.D, D)
    with pytest.raises(InputError, match="say no class, but by a 1 among zeros"):
        read_data((np.arange(5.0) ** 2, D + D[::-1]), open_network(CLASSES), DataOptions())
    assert not read_data((np.arange(5.0), D), open_network(NUMBERS), DataOptions()).classes


def test_any_separator_and_decimal_commas(tmp_path):
    expected = read(tmp_path, "a,b\n1.5,2\n-3e2,4\n0.25,7\n", scale="none")
    for text in ("a;b\n1,5;2\n-300;4\n0,25;7\n", "a\tb\n1.5\t2\n-300\t4\n.25\t7\n",
                 "\ufeffa|b\r\n1.5|2\r\n-300|4\r\n0.25|7\r\n"):  # fmt: skip
        data = read(tmp_path, text, scale="none")
        np.testing.assert_array_equal(data.X, expected.X)
        np.testing.assert_array_equal(data.D, expected.D)
        assert data.inputs == ("a",)


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("a;b\n-1.234,50;1.000\n2.345.678;5,0\n7,25;9\n", {"thousands": "."}),
        ('a,b\n"-1,234.50","1,000"\n"2,345,678",5.0\n7.25,9\n', {"thousands": ","}),
        (
            "a;b\n-1 234,50;1000\n2\u00a0345\u202f678;5\n7,25;9\n",
            {"thousands": " ", "decimal": ","},
        ),
        ("a;b\n-1,2345E+03;1000\n2,345678E6;5\n7,25E0;9\n", {}),
        ("a\tb\n-1234,5\t1e3\n2345678\t5\n7,25\t9\n", {"decimal": ","}),
        ("a;b\n-1'234.5;1’000\n2'345'678;5\n7.25;9\n", {"thousands": "'"}),
    ],
)
def test_signs_of_numbers_as_they_are_said(tmp_path, text, options):
    data = read(tmp_path, text, scale="none", **options)
    np.testing.assert_array_equal(data.X[:, 0], [-1234.5, 2345678, 7.25])
    np.testing.assert_array_equal(data.D[:, 0], [1000, 5, 9])


def test_decimal_commas_leave_words_as_they_are(tmp_path):
    data = read(tmp_path, "who;b\nSmith, J;1,5\nDoe, K;2,5\nSmith, J;7,1\n", scale="none")
    assert data.inputs == ("who=Smith, J",)
    np.testing.assert_array_equal(data.D[:, 0], [1.5, 2.5, 7.1])


def test_lines_of_old_macintoshes_and_columns_parted_by_spaces(tmp_path):
    for text in ("a,b\r1,x\r2,y\r3,x\r", "a b\n1 x\n2 y\n3 x\n"):
        data = read(tmp_path, text, "?-2-? tanh,sigmoid loss=bce", scale="none")
        np.testing.assert_array_equal(data.X, [[1], [2], [3]])
        np.testing.assert_array_equal(data.D, [[0], [1], [0]])


def test_groups_of_ages_and_words_with_digits_are_categories(tmp_path):
    data = read(tmp_path, "age,size,y\n18-24,<5,1\n25-34,5+,2\n18-24,<5,4\n")
    assert data.inputs == ("age=25-34", "size=<5")
    codes = read(tmp_path, "zip,y\n01234,1\n1234,2\n01234,4\n", categorical=("zip",))
    assert codes.inputs == ("zip=1234",)


def test_columns_that_cannot_be_used_are_told_where_they_are_used(tmp_path):
    frame = polars.DataFrame(
        {
            "day": polars.Series(["2020-01-01", "2020-01-02", "2020-01-05"]).str.to_date(),
            "key": [2**53, 2**53 + 1, 1],
            "many": [[1], [2], [3]],
            "x": [1, 2, 3],
            "y": [1.5, 2, 4],
        }
    )
    frame.write_parquet(tmp_path / "d.parquet")
    for name, message in (("day", "a date"), ("key", "64 bits"), ("many", "neither")):
        others = tuple({"day", "key", "many"} - {name})
        with pytest.raises(InputError, match=f"column '{name}': .*{message}"):
            read_data(tmp_path / "d.parquet", open_network(NUMBERS), DataOptions(drop=others))
    unused = DataOptions(drop=("day", "key", "many"), scale="none")
    data = read_data(tmp_path / "d.parquet", open_network(NUMBERS), unused)
    np.testing.assert_array_equal(data.X[:, 0], [1, 2, 3])


X3 = [[0.0, 1.0], [2.0, 3.0], [5.0, 4.0]]


@pytest.mark.parametrize(
    ("given", "inputs", "outputs"),
    [
        ((X3, [1, 2, 4]), ("X_1", "X_2"), ("D",)),
        ((np.array(X3, np.float32), np.array([[1], [2], [4]])), ("X_1", "X_2"), ("D",)),
        ({"u": [0, 2, 5], "v": [1, 3, 4], "y": [1, 2, 4]}, ("u", "v"), ("y",)),
        (polars.DataFrame({"u": [0, 2, 5], "v": [1, 3, 4], "y": [1, 2, 4]}), ("u", "v"), ("y",)),
        ((polars.DataFrame({"u": [0, 2, 5], "D": [1, 3, 4]}), polars.Series("y", [1, 2, 4])),
         ("u", "D"), ("y",)),
    ],
)  # fmt: skip
def test_arrays_and_frames_are_tables(given, inputs, outputs):
    data = read_data(given, open_network(NUMBERS), DataOptions(scale="none"))
    assert (data.inputs, data.outputs) == (inputs, outputs)
    np.testing.assert_array_equal(data.X, X3)
    np.testing.assert_array_equal(data.D[:, 0], [1, 2, 4])


def test_words_and_missing_values_in_frames():
    frame = {"w": np.array(["a", None, "b", "a"], object), "n": [1, 2, 3, 4], "c": list("pqpq")}
    with pytest.raises(InputError, match="the frame: row 2, column 'w': a value is missing"):
        read_data(frame, open_network(NUMBERS), DataOptions())
    data = read_data(frame, open_network("?-2-? tanh,sigmoid loss=bce"),
                     DataOptions(missing="drop", scale="none"))  # fmt: skip
    np.testing.assert_array_equal(data.X, [[0, 1], [1, 3], [0, 4]])
    assert data.classes == ("p", "q")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (np.zeros((3, 2)), r"received: ndarray \(3, 2\)"),
        (None, "NoneType"),
        ((X3, [1, 2]), "array 'D' has 2 rows, others have 3"),
        ((np.zeros((3, 2, 2)), [1, 2, 3]), r"array 'X' has shape \(3, 2, 2\)"),
        (([[1], [2, 3]], [1, 2]), "several lengths"),
        (({"D": [1, 2, 3]}, [1, 2, 3]), "two columns have the same name"),
        ((np.array(X3) * 1j, [1, 2, 3]), "neither numbers nor text"),
        ({}, "no rows of data"),
    ],
)
def test_what_is_no_data_is_refused(given, message):
    with pytest.raises(InputError, match=message):
        read_data(given, open_network(NUMBERS), DataOptions())


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
        ("a,b\n1,2\n2,-1\n3,0\n", "?-2-? tanh,linear loss=poisson", {}, ["poisson", "from 0 on"]),
        (b"a,b\n1,\xff\xfe\n", NUMBERS, {}, ["UTF-8"]),
        (
            "a;b\n1.234,50;2\n2.345,75;4\n",
            NUMBERS,
            {},
            ["line 2, column 'a'", "1.234,50", "--decimal and --thousands"],
        ),
        ('a,b\n1,2\n"1,234",4\n9,7\n', NUMBERS, {}, ["line 3, column 'a'", "1,234"]),
        ("a;b\n1,5;2\n2.5;4\n3.5;7\n", NUMBERS, {}, ["line 2, column 'a'", "1,5"]),
        ("a;b\n1,5;2\n2.5;4\n3.5;7\n", NUMBERS, {"decimal": ","}, ["line 3", "2.5", "1234,5"]),
        ("a;b\n" + "1,5;2\n2,5;3\n" * 20 + "2.500;4\n", NUMBERS, {}, ["line 42", "2.500"]),
        ("a\tb\n1,5E+3\t2\n2,5E-1\t4\n", NUMBERS, {}, ["line 2, column 'a'", "1,5E+3"]),
        (",a,b\n0,1,2\n1,3,4\n", NUMBERS, {}, ["column 1 has no name", "index=False"]),
        ("a;b\n12.34,5;2\n2,5;4\n", NUMBERS, {"thousands": "."}, ["line 2", "12.34,5"]),
        ("a,b\n1,2\n2,3\n", NUMBERS, {"thousands": ",", "decimal": ","}, ["one sign"]),
        ("a,b\n$1.5,2\n$2.5,4\n", NUMBERS, {}, ["line 2, column 'a'", "$1.5", "unit"]),
        ("a,b\n−1.5,2\n−2.5,4\n", NUMBERS, {}, ["line 2, column 'a'", "−1.5"]),
        ('a,b\nn.b.,2\nn.b.,3\nn.b.,9\n5,4\n6,7\n"1,5",8\n', NUMBERS, {}, ["line 7", "1,5"]),
        (
            "a,b\n2020-01-31,2\n2020-02-01,4\n",
            NUMBERS,
            {},
            ["line 2, column 'a'", "date", "--drop a"],
        ),
        ("a,b\n1,31.12.2020\n2,3.1.2021\n", NUMBERS, {}, ["line 2, column 'b'", "date"]),
        ("a,b\n9:30,2\n10:45,4\n", NUMBERS, {}, ["time", "9:30"]),
        ("a,b\n9007199254740992,2\n9007199254740993,4\n", NUMBERS, {}, ["'a'", "16 digits"]),
        ("a,b\n" + "9" * 400 + ",2\n3,4\n", NUMBERS, {}, ["line 2, column 'a'", "not finite"]),
        ("a,b\n1,2\n", NUMBERS, {}, ["one row alone", "hold out"]),
        ("a,b\n1,2\n,3\n", NUMBERS, {"missing": "drop"}, ["one row alone"]),
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
    ("function", "low", "high"),
    [
        ("linear", -np.inf, np.inf),
        ("sigmoid", 0, 1),
        ("tanh", -1, 1),
        ("softsign", -1, 1),
        ("hard_tanh", -1, 1),
        ("sin", -1, 1),
        ("relu", 0, np.inf),
        ("softplus", 0, np.inf),
        ("leaky_relu", -np.inf, np.inf),
        ("prelu", -np.inf, np.inf),
        ("elu", -1, np.inf),
        ("silu", -0.278465, np.inf),  # u/(1 + exp(-u)) where its derivative is 0
        ("own own=exp(u)", 0, np.inf),
        ("own own=3*exp(-u**2)+1", 1, 4),
        ("own own=log(1+u**2)", 0, np.inf),
    ],
)
def test_what_a_function_can_give_is_found(function, low, high):
    found = list(open_network(f"1-1-1 sin,{function}").network.bindings.values())[-1]
    np.testing.assert_allclose(reach(found), (low, high), atol=1e-4)


@pytest.mark.parametrize(
    ("spec", "values", "said"),
    [
        ("?-2-? tanh,sigmoid", "0 5 10", "2 of 3 targets (0 to 10) are out of reach: sigmoid"),
        ("?-2-? tanh,tanh loss=huber", "-3 0 1", "none below -1 and none above 1; a linear"),
        ("?-2-? tanh,relu", "-1 0 100", "relu gives none below 0;"),
        ("?-2-? tanh,softplus loss=mae", "-1 0 -2", "2 of 3 targets"),
        ("linear(A tanh(B x + c) + a)", "-1 0 50", None),
        ("?-2-? tanh,tanh", "-1 0 1", None),
        ("?-2-? tanh,sigmoid", "0 0.5 1", None),
        ("?-2-? tanh,relu", "0 0.5 1e9", None),
        ("?-2-? tanh,sigmoid", "no yes no", None),
        ("?-2-? tanh,softplus loss=poisson", "0 5 10", None),  # y is the logarithm of a rate
    ],
)
def test_targets_out_of_reach_are_a_caution(tmp_path, spec, values, said):
    text = "a,b\n" + "".join(f"{k * k},{v}\n" for k, v in enumerate(values.split()))
    cautions = read(tmp_path, text, spec).cautions
    assert len(cautions) == (said is not None)
    assert all(said in caution for caution in cautions)


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
        ("x: 3; A: 5,3; B: 2,5; u1[i] = tanh(A[i,j] x[j]); u2[k] = B[k,i] u1[i]", None, (3, 5, 2)),
        (
            "x: 3; A: 5,3; B: 2,5; u1[i] = tanh(A[i,j] x[j]); u2[k] = B[k,i] u1[i]",
            "?-5-?",
            "already",
        ),
        ("x: 4; A: 5,4; B: 2,5; u1[i] = tanh(A[i,j] x[j]); u2[k] = B[k,i] u1[i]", None, "4 inputs"),
        ("u1[i] = tanh(A[i,j] x[j]); u2[k] = B[k,i] u1[i]", "?-6-?", (3, 6, 2)),
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


def test_dots_that_may_part_thousands_are_told(tmp_path):
    """Whole numbers below 1000 beside numbers with three decimals and no other."""
    path = tmp_path / "table.csv"
    path.write_text("a;price\n1.5;724\n2.25;617\n3.125;1.423\n")
    (note,) = read_table(path).notes
    assert note == "'price': 1.423 is read with decimals; --thousands . if its sign parts thousands"
    assert not read_table(path, TextForm(thousands=".", decimal=",")).notes
    path.write_text("a;price\n1.5;0.724\n2.25;0.617\n3.125;1.423\n")
    assert not read_table(path).notes


@pytest.mark.parametrize("kind", ["|V0", "|S0", "<f8"])
def test_an_array_that_says_it_is_larger_than_its_file_is_refused(tmp_path, kind):
    path = tmp_path / "bomb.npz"
    header = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': (1000000000000,), }}\n"
    member = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header.encode()
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("X.npy", member)
    with pytest.raises(InputError, match="is too short"):
        read_table(path)


def test_a_value_that_is_too_long_is_told(tmp_path):
    path = tmp_path / "long.csv"
    path.write_text("a" * 200_000 + ",b\n1,2\n")
    with pytest.raises(InputError):
        read_data(path, open_network("?-1 linear", None), DataOptions())
