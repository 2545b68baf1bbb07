"""What the benchmarks say of themselves: nothing wrong is timed, nobody missing is hidden."""

import doctest
from types import ModuleType

import numpy as np
import pytest

from gradscribe.program.forms import FORMS
from gradscribe.program.passes import PASSES


@pytest.fixture
def module(benchmark_module):
    return benchmark_module


@pytest.mark.parametrize("name", ["agreement", "measuring", "plots", "report"])
def test_examples_in_docstrings(module, name):
    failed, tried = doctest.testmod(module(name))
    assert tried
    assert not failed


@pytest.mark.parametrize("wrong", [1.0 + 1e-9, np.nan, np.inf])
def test_a_wrong_result_ends_the_run(module, tmp_path, wrong):
    reference = module("agreement").Reference(tmp_path)
    result = tmp_path / "result.npy"
    right = np.linspace(-1.0, 1.0, 5)
    for name in ("ours", "a peer that is right"):
        np.save(result, right)
        reference.compare(name, result)
    assert reference.worst == 0.0
    np.save(result, np.append(right[:-1], wrong))
    with pytest.raises(SystemExit, match="a peer that is wrong differs from ours"):
        reference.compare("a peer that is wrong", result)


def test_a_result_of_another_shape_ends_the_run(module, tmp_path):
    reference, result = module("agreement").Reference(tmp_path), tmp_path / "result.npy"
    np.save(result, np.ones(4))
    reference.compare("ours", result)
    np.save(result, np.ones(1))
    with pytest.raises(SystemExit, match="differs"):
        reference.compare("a peer", result)


def entry(**results):
    case = {"sizes": [2, 2, 1], "hidden": "tanh", "output": "linear", "samples": 4}
    return {"case": case, "found": {"hessian": results}, "difference": 0.0}


def measured(seconds, rounds=11):
    return {
        "seconds": seconds,
        "rounds": rounds,
        "build": 0.5,
        "first": 2e-3,
        "second": seconds,
        "first_memory": 9 << 20,
        "memory": 5 << 20,
    }


def test_tables_name_who_is_missing(module):
    report = module("report")
    results = {
        "JAX lax.map": {"missing": "jax is not installed"},
        "CasADi": {"missing": "not within 60 s"},
        "torch": measured(3e-3, 2),
    }
    entries = [entry(gradscribe=measured(1e-3), **results)]
    times = report.times(entries, "hessian").splitlines()
    assert times[2:] == [
        "| gradscribe | 1 ms |",
        "| JAX lax.map | jax is not installed |",
        "| CasADi | not within 60 s |",
        "| torch | 3 ms* (3×) |",
    ]
    assert "| torch | 500 ms + 2 ms |" in report.ready(entries, "hessian")
    assert "| CasADi | · |" in report.memories(entries, "hessian")
    assert "3× faster than torch" in report.summary(entries)


def test_the_summary_says_where_we_lose(module):
    entries = [entry(gradscribe=measured(4e-3), torch=measured(1e-3))]
    assert "**4× slower** than torch" in module("report").summary(entries)


def test_a_peer_that_is_not_installed_is_missing(module):
    peer = ModuleType("peer")
    peer.IMPORTS = ("a_library_that_nobody_has",)
    with pytest.raises(module("missing").Missing, match="a_library_that_nobody_has"):
        module("everyone").load(peer)


def test_a_target_that_does_not_exist_is_not_built(module):
    cases, ours = module("cases"), module("ours")
    case = cases.Case((2, 2, 1), "sigmoid", "sigmoid", 4)
    with pytest.raises(module("missing").Missing, match="not built"):
        ours.call("gradient", "target=nothing", cases.problem(case))


def test_every_quantity_has_ours_and_a_peer(module):
    everyone, cases = module("everyone"), module("cases")
    for quantity in cases.QUANTITIES:
        names = everyone.variants(quantity)
        assert names[0] == module("ours").OURS
        assert len(set(names)) == len(names) > 3
    # The sweep that grows with K ends at ten thousand.
    assert max(cases.SWEEPS["parameters"].at) == pytest.approx(10_000, rel=0.01)


def test_every_pass_is_left_out_once_and_all_results_agree(module):
    names = [name for name, _ in module("left_out").sources(module("passes").QUICK[0])]
    known = [p.name for p in (*PASSES, *FORMS)]
    assert names == [module("left_out").NOTHING, *known]
    found = module("left_out").measured(module("passes").QUICK[0], 1)
    assert list(found) == names
    assert all(seconds > 0 for times in found.values() for seconds in times.values())
    table = module("passes").table(module("passes").QUICK[0], found)
    assert all(f"without *{name}*" in table for name in known)


def test_a_pass_that_changes_the_result_ends_the_run(module):
    with pytest.raises(SystemExit, match="without 'reuse' the result differs"):
        module("left_out").compare("reuse", np.ones(3), np.ones(3) * (1 + 1e-9))
