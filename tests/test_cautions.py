"""What is said of formulas that some numbers do not suit."""

import subprocess
import sys

import pytest

from gradscribe.catalog.activations import ACTIVATIONS
from gradscribe.catalog.losses import LOSSES
from gradscribe.compiler import cautions_on

SAID = {
    "own own=u/(u-1)": ["in own, own′, own″: 1/(u − 1) has no value at u = 1"],
    "own own=exp(u**2)": ["for u up to -26.64 and for u from 26.64 on"],
    "own own=exp(u)": ["is larger than floating-point numbers are for u from 709.8 on"],
    "own own=(1-cos(u))/u/u": ["loses digits at u = -1e-08", "1/u² has no value at u = 0"],
    "own own=exp(u)/exp(u/2)/exp(u/3)": [],
    "own own=abs(u)**0.5": ["in own′, own″: it grows without bound beside u = 0"],
    "own own=where(u>1,sqrt(u-1),0)": ["in own′, own″: it grows without bound beside u = 1"],
    "own own=sign(u-0.3)*abs(u-0.3)**(1/3)": ["own′, own″: it grows without bound beside u = 0.3"],
    "own own=sqrt(abs(u**2-2))": ["it grows without bound beside u = -1.414 and 1.414"],
    "own own=where(u>0,log(u),0)": ["in own, own′, own″: it grows without bound beside u = 0"],
    "own own=where(u>0,log(u),u)": ["own, own′, own″: it grows without bound beside u = 0"],
    "own own=abs(u)**1.5": ["in own″: it grows without bound beside u = 0"],
    "own own=where(u>0,u**k,0) own.k=0.9": ["own′, own″: it grows without bound beside u = 0"],
    "tanh loss=own own=abs(e)**0.5": ["own″: it grows without bound beside y = 0 (d = 0)"],
    "own own=u*exp(k*u) own.k=learned(2)": ["for u from 352"],
    "tanh loss=own own=-d*log(y)-(1-d)*log(1-y)": [
        "log(y) has no value for y up to 0", "log(1 − y) has no value for y from 1 on",
    ],
    "tanh loss=own own=1/(1+y)": ["1/(1 + y) has no value at y = -1"],
    "tanh loss=own own=exp(abs(e))": ["for y up to -709.8 and for y from 709.8 on (d = 0)"],
}  # fmt: skip
SILENT = [
    "own own=u/(1+abs(u))", "own own=u*exp(-u**2)", "own own=erf(u)",
    "own own=sqrt(u**2+1e-9)", "own own=abs(u-1)+log(1+abs(u))", "own own=abs(u)**2.5",
    "own own=u*sigmoid(1.7*u)", "own own=(exp(u)-exp(-u))/(exp(u)+exp(-u))", "own own=gelu(u)+u",
    "own own=exp(u)/(1+exp(u))", "own own=log(1+exp(u))", "own own=1/(1+exp(-u**3))",
    "tanh loss=own own=log(cosh(e))", "tanh loss=own own=e**2/(1+e**2)",
]  # fmt: skip


@pytest.mark.parametrize("words", SAID)
def test_a_caution_says_which_part_and_where(words: str) -> None:
    said = cautions_on(f"2-3 {words}")
    for part in SAID[words]:
        assert any(part in sentence for sentence in said), said
    assert bool(said) == bool(SAID[words])


@pytest.mark.parametrize("words", SILENT)
def test_nothing_is_said_of_what_is_computed_well(words: str) -> None:
    assert cautions_on(f"2-3 {words}") == ()


@pytest.mark.parametrize("name", [n for n, e in ACTIVATIONS.items() if not e.written_out])
def test_the_catalog_given_as_formulas_needs_none(name: str) -> None:
    assert cautions_on(f"2-3 own own={name}(u)") == ()


def test_the_catalog_itself_is_not_looked_at() -> None:
    for name in LOSSES:
        assert cautions_on(f"2-3 tanh loss={name}") == ()


@pytest.mark.parametrize("command", ["generate", "derive"])
def test_they_are_said_on_stderr_and_are_no_error(command: str) -> None:
    words = (sys.executable, "-m", "gradscribe", command, "2-1 own loss=sse own=u/(u-1)")
    done = subprocess.run(words, capture_output=True, encoding="utf-8", check=True)
    assert done.stderr == "caution: in own, own′, own″: 1/(u − 1) has no value at u = 1\n"
    assert "caution" not in done.stdout
