"""Every experiment of examples/laboratory.py comes out as it should, and draws its picture."""

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

ROOT = Path(__file__).parents[1]


def laboratory():
    path = ROOT / "examples" / "laboratory.py"
    if "laboratory" not in sys.modules:
        spec = importlib.util.spec_from_file_location("laboratory", path)
        module = importlib.util.module_from_spec(spec)
        sys.modules["laboratory"] = module
        spec.loader.exec_module(module)
    return sys.modules["laboratory"]


NAMES = (*laboratory().EXPERIMENTS, *laboratory().OTHERS)


@pytest.mark.parametrize("name", NAMES)
def test_an_experiment_comes_out_as_it_should(tmp_path, name):
    picture = tmp_path / f"{name}.svg"
    result = CliRunner().invoke(laboratory().main, [name, "-o", str(picture)])
    assert result.exception is None, result.output
    assert picture.read_text(encoding="utf-8").startswith("<svg")
    assert name in laboratory().listed()


def test_an_experiment_that_is_none_lists_those_that_are():
    result = CliRunner().invoke(laboratory().main, ["xorr"])
    assert result.exit_code == 2
    assert all(name in result.output for name in NAMES)


@pytest.mark.parametrize(
    ("name", "function"),
    [("square", np.square), ("sin", np.sin), ("log", np.log), ("reciprocal", np.reciprocal)],
)
def test_tables_of_functions_are_these_functions(name, function):
    table = np.loadtxt(ROOT / "examples" / "data" / f"{name}.csv", delimiter=",", skiprows=1)
    assert table.shape == (200, 2)
    np.testing.assert_allclose(table[:, 1], function(table[:, 0]), rtol=1e-8)


def test_tables_of_gates_are_these_gates():
    gates = {"and": np.logical_and, "or": np.logical_or, "xor": np.logical_xor}
    for name, function in gates.items():
        table = np.loadtxt(ROOT / "examples" / "data" / f"{name}.csv", delimiter=",", skiprows=1)
        np.testing.assert_array_equal(table[:, 2], function(table[:, 0], table[:, 1]))
