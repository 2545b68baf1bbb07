"""Mistakes put into a correct gradient: every one is caught, and named where it can be."""

from pathlib import Path

import pytest

from gradscribe.checking.examine import examine
from gradscribe.checking.load import load_module
from gradscribe.checking.report import Report, render

MODULES = Path(__file__).parent / "modules"
LAST = "return Parameters(*(factor * g for g in (W1, b1, W2, b2, W3, b3)))"
OWN = "the derivative of its own cost"

# (what is replaced, by what, what the finding says)
FAULTS = {
    "sign of everything": ("factor = 1", "factor = -1", f"gradient is -1 times {OWN}: the wrong"),
    "sign of one layer": ("-2 * (D - y3)", "2 * (D - y3)", f"is -1 times {OWN}"),
    "sign of one block": ("delta1.T @ X,", "-delta1.T @ X,", f"gradient of W1 is -1 times {OWN}"),
    "0.1 % in all": ("factor = 1", "factor = 1.001", "is 1.001 times"),
    "0.1 % in a weight": (
        "delta2.T @ y1",
        "1.001 * delta2.T @ y1",
        "gradient of W2 is 1.001 times",
    ),
    "0.1 % in a bias": ("delta1.sum(axis=0)", "delta1.sum(axis=0) * 1.001", "of b1 is 1.001 times"),
    "factor 1/2": ("-2 * (D", "-1 * (D", f"gradient is 1/2 times {OWN}, in every block"),
    "factor 2": ("-2 * (D", "-4 * (D", f"gradient is 2 times {OWN}, in every block"),
    "factor N": ("1 / D.size", "1 / D.shape[1]", "(the number of samples) times"),
    "factor N_M": ("1 / D.size", "1 / D.shape[0]", "(the number of outputs) times"),
    "factor N N_M": ("1 / D.size", "1", "is N N_3 ("),
    "factor 1/N": ("1 / D.size", "1 / D.size / len(X)", "is 1/N ("),
    "factor 2 N": ("1 / D.size", "2 / D.shape[1]", "is 2 N ("),
    "averaged bias": ("delta2.sum(axis=0)", "delta2.mean(axis=0)", "gradient of b2 is 1/N ("),
    "transposed": ("delta2.T @ y1", "y1.T @ delta2", "gradient of W2 is transposed"),
    "no bias": ("delta3.sum(axis=0)", "0 * delta3.sum(axis=0)", "gradient of b3 is zero"),
    "f′ of 2 missing": ("delta2 = y2 * (1 - y2) * ", "delta2 = ", "lacks f′2"),
    "f′ of 1 missing": ("delta1 = y1 * (1 - y1) * ", "delta1 = ", "of W1, b1 lacks f′1"),
    "f′ at y": (
        "delta1 = y1 * (1 - y1)",
        "delta1 = f(y1) * (1 - f(y1))",
        "takes f′1, the derivative of f1 = sigmoid, at y instead of u",
    ),
    "f′ squared": ("= y1 * (1 - y1)", "= (y1 * (1 - y1)) ** 2", "squared"),
    "wrong layer": ("W2, b2, W3, b3)))", "W2, b1, W3, b3)))", "gradient of b2 is that of b1"),
    "wrong input": ("delta1.T @ X", "delta1[:, :1].T @ X", "gradient of W1 has the shape"),
    "last sample left out": (
        "factor = 1 / D.size",
        "factor = 1 / D.size\n    X, y1, y2, y3, D = X[:-1], y1[:-1], y2[:-1], y3[:-1], D[:-1]",
        "gradient leaves the last sample out, in every block",
    ),
    "one sample only": (
        "factor = 1 / D.size",
        "factor = 1 / D.size\n    X, y1, y2, y3, D = X[:1], y1[:1], y2[:1], y3[:1], D[:1]",
        "gradient counts only the sample n = 1, in every block",
    ),
    "samples left out of one block": (
        "delta3.T @ y2",
        "delta3[1:].T @ y2[1:]",
        "gradient of W3 leaves the sample n = 1 out",
    ),
    "forward without bias": (
        "= forward(params, X)\n    factor",
        "= forward(params._replace(b1=0 * params.b1), X)\n    factor",
        "is what it would be if b1 were zero",
    ),
    "half of f′": (
        "delta1 = y1 * (1 - y1)",
        "delta1 = y1",
        "gradient of W1, b1 has f1 itself in the place of f′1",
    ),
    "no name": ("delta1 = y1 * (1 - y1)", "delta1 = y1**3", "gradient of W1 differs, most at W1["),
    "not finite": (LAST, LAST.replace("W1,", "W1 / 0,"), "gradient of W1 is not finite"),
    "not a gradient": (LAST, "return 0.0", "gradient must return 6 arrays"),
    "raises": (LAST, "raise KeyError('W1')", "gradient raises KeyError"),
    "argument changed": (LAST, f"X *= 2\n    {LAST}", "gradient changes its argument X"),
    "two mistakes": (
        "delta1.T @ X, delta1.sum(axis=0)",
        "3 * delta1.T @ X, delta1.mean(axis=0)",
        "gradient of W1 is 3 times",
    ),
}


def examined(text: str, tmp_path: Path) -> Report:
    path = tmp_path / "faulty.py"
    path.write_text(text, encoding="utf-8")
    return examine(load_module(path))


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.filterwarnings("ignore:divide by zero", "ignore:invalid value")
def test_fault_is_named(fault: str, tmp_path: Path) -> None:
    old, new, expected = FAULTS[fault]
    text = (MODULES / "three_layers.py").read_text(encoding="utf-8")
    assert text.count(old) == 1
    report = examined(text.replace(old, new), tmp_path)
    assert not report.ok
    assert expected in "\n".join(report.findings)
    assert render(report).splitlines()[-1].startswith("DISAGREES")


def test_correct_three_layers() -> None:
    report = examine(load_module(MODULES / "three_layers.py"))
    assert report.ok, render(report)


def test_scikit_learn_8349_is_named() -> None:
    report = examine(load_module(MODULES / "scikit_learn_8349.py"))
    assert len(report.findings) == 1
    finding = report.findings[0]
    assert finding.startswith("gradient is N_2 = ")
    assert "(the number of outputs) times the derivative of its own cost, in every block" in finding


@pytest.mark.parametrize("seed", range(5))
def test_no_false_alarm_and_no_fault_missed(seed: int, tmp_path: Path) -> None:
    text = (MODULES / "correct_tanh.py").read_text(encoding="utf-8")
    path = tmp_path / "module.py"
    path.write_text(text, encoding="utf-8")
    assert examine(load_module(path), seed=seed).ok
    path.write_text(text.replace("-2 * (D", "-2.002 * (D"), encoding="utf-8")
    assert "1.001 times" in examine(load_module(path), seed=seed).findings[0]
