"""What a module must do beyond right numbers, each broken once and seen."""

from pathlib import Path

import pytest

from gradscribe.checking.examine import examine
from gradscribe.checking.load import load_module, network_of
from gradscribe.checking.report import Report

GENERATED = Path(__file__).parents[1] / "generated" / "lecture.py"

# what is replaced in a generated module, by what, and what the report must say
BREAKS = {
    "in place": (
        "    params, X, D = _checked(params, X, D)\n",
        "    params[0][...] *= 2\n    params, X, D = _checked(params, X, D)\n",
        "changes its argument W1",
    ),
    "leaves": ("    return _cost(", "    sys.exit(0)\n    return _cost(", "SystemExit"),
    "forward": ("    return _forward(params, X)[-1]", "    return 2 * _forward(params, X)[-1]",
                "forward is not y"),
    "ravel": ("array.reshape(-1) for array in params", "array.T.reshape(-1) for array in params",
              "ravel is not W1, b1"),
    "specification": (
        "f1=sigmoid f2=sigmoid f3=linear loss=mse",
        "f1=tanh f2=sigmoid f3=linear loss=mse",
        "is the specification right?",
    ),
    "memory": (
        "def gradient(",
        "def gradient(params, X, D, _seen=[]):  # noqa: B006\n"
        "    _seen.append(1)\n"
        "    found = _found(params, X, D)\n"
        "    return Parameters(*[len(_seen) ** 0.5 * g / len(_seen) ** 0.5 * (1 + "
        "(len(_seen) > 60)) for g in found])\n\n\ndef _found(",
        "",
    ),
}  # fmt: skip


def broken(name: str, tmp_path: Path) -> Report:
    """Return the report on a generated module with one thing broken."""
    old, new, _ = BREAKS[name]
    text = GENERATED.read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "broken.py"
    path.write_text(text.replace(old, new), encoding="utf-8")
    module = load_module(path)
    return examine(module, network_of(module))


@pytest.mark.parametrize("name", BREAKS)
def test_what_breaks_the_contract_is_named(name: str, tmp_path: Path) -> None:
    report = broken(name, tmp_path)
    assert not report.ok
    assert any(BREAKS[name][2] in finding for finding in report.findings)


def test_a_buffer_of_the_module_is_seen(tmp_path: Path) -> None:
    text = GENERATED.read_text(encoding="utf-8")
    text = text.replace("def gradient(", "def _pure(").replace(
        "\n# ---- the equations",
        "\n_KEPT = {}\n\n\ndef gradient(params, X, D):\n"
        "    found = _pure(params, X, D)\n"
        "    kept = _KEPT.setdefault(tuple(g.shape for g in found), found)\n"
        "    for old, new in zip(kept, found):\n"
        "        old[...] = new\n"
        "    return kept\n\n\n# ---- the equations",
    )
    path = tmp_path / "kept.py"
    path.write_text(text, encoding="utf-8")
    module = load_module(path)
    report = examine(module, network_of(module))
    assert any("that it returned before" in finding for finding in report.findings)


def test_the_unbroken_module_passes() -> None:
    module = load_module(GENERATED)
    assert examine(module, network_of(module)).ok
