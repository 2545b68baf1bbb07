import gzip
import hashlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[1]
DATA = ROOT / "examples" / "data" / "digits.csv.gz"
SCRIPT = ROOT / "examples" / "train_digits.py"


@pytest.fixture
def module(tmp_path):
    copy = tmp_path / "digits.py"
    copy.write_bytes((ROOT / "generated" / "digits.py").read_bytes())
    return copy


def train(module, *options):
    return subprocess.run(
        [sys.executable, SCRIPT, module, *options], capture_output=True, text=True, check=False
    )


def test_digits_are_the_ones_described():
    text = gzip.decompress(DATA.read_bytes())
    digest = hashlib.sha256(text).hexdigest()
    assert digest in (DATA.parent / "README.md").read_text(encoding="utf-8")
    table = np.loadtxt(text.decode("ascii").splitlines(), delimiter=",", dtype=int)
    assert table.shape == (1797, 65)
    assert (table[:, :64].min(), table[:, :64].max()) == (0, 16)
    assert np.bincount(table[:, 64]).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]


def test_digits_carry_no_name_and_no_time():
    flags, *time = DATA.read_bytes()[3:8]
    assert (flags, time) == (0, [0, 0, 0, 0])


def test_training_reads_held_out_digits(module):
    result = train(module)
    assert result.returncode == 0, result.stderr
    assert "held out : cost J = " in result.stdout
    assert result.stderr.count("\n") == 11  # notes about the progress, not a bar
    parameters = np.load(module.with_name("digits_parameters.npz"))
    assert {name: parameters[name].shape for name in parameters.files} == {
        "W1": (32, 64),
        "b1": (32,),
        "W2": (10, 32),
        "b2": (10,),
    }


def test_training_fails_below_the_floor(module):
    result = train(module, "--steps", "3")
    assert result.returncode == 1
    assert "of the held-out digits read correctly" in result.stderr


def test_every_step_lowers_the_cost(module):
    result = train(module, "--steps", "20", "--floor", "0")
    costs = [float(line.rpartition("=")[2]) for line in result.stderr.splitlines()]
    assert costs == sorted(costs, reverse=True)
    assert result.returncode == 0
