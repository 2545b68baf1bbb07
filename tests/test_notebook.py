"""The notebook: valid, and it runs from top to bottom where nothing else is loaded."""

import json
import re
import subprocess
import sys
from dataclasses import replace

import nbformat
import pytest
from editions import ABSTRACT, DEFAULT, LANGUAGES, LOCALES, SKIP, lecture, text_of
from hostile import HOSTILE

from gradscribe.lecture.style import Style
from gradscribe.lecture.words import words_of
from gradscribe.model.network import Network
from gradscribe.targets.notebook_view import count, notebook_view, open_sizes

NETWORKS = ("2-2-1 sigmoid", "3-4-2 relu,softplus loss=sse", DEFAULT, SKIP, ABSTRACT,
            "5-1-1-5 relu loss=sse", "20-30-10-2 tanh,linear dtype=float32")  # fmt: skip
# Runs code cells in order in one namespace, as a kernel does.
RUNNER = """
import json, sys
cells = json.load(sys.stdin)["cells"]
names = {}
for cell in cells:
    if cell["cell_type"] == "code":
        exec(compile("".join(cell["source"]), cell["id"], "exec"), names)
print("reached the end", len(names["directions"]) if "directions" in names else "")
"""


def executed(document: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", RUNNER],
        input=document, capture_output=True, encoding="utf-8", check=False,
    )  # fmt: skip


def code(document: str) -> list[str]:
    cells = json.loads(document)["cells"]
    return ["".join(c["source"]) for c in cells if c["cell_type"] == "code"]


@pytest.mark.parametrize("spec", NETWORKS)
def test_it_is_valid_and_runs_from_top_to_bottom(spec: str) -> None:
    document = text_of(spec, "notebook")
    nbformat.validate(nbformat.reads(document, as_version=4))
    ran = executed(document)
    assert ran.returncode == 0, ran.stderr
    assert "reached the end" in ran.stdout
    assert len(code(document)) == (2 if spec == ABSTRACT else 6)


def test_many_parameters_are_moved_along_a_few_directions() -> None:
    few, many = (text_of(s, "notebook") for s in (NETWORKS[0], NETWORKS[-1]))
    assert executed(few).stdout.split()[-1] == "9"
    assert executed(many).stdout.split()[-1] == "4"
    assert any("hessian_vector_product" in c for c in code(many))
    assert any("module.hessian(" in c for c in code(few))


@pytest.mark.parametrize(
    "fault", [("@ gradient(w)", "@ (1.001 * gradient(w))"), ("@ H,", "@ (H + 1e-3),")]
)
def test_a_wrong_derivative_stops_it(fault: tuple[str, str]) -> None:
    document = text_of(NETWORKS[0], "notebook")
    assert fault[0] in document
    ran = executed(document.replace(*fault))
    assert ran.returncode != 0
    assert "AssertionError" in ran.stderr


def test_both_languages_have_the_same_code_and_decimal_signs_of_their_own() -> None:
    english, portuguese = (text_of(NETWORKS[0], "notebook", Style(lang=k)) for k in LANGUAGES)
    assert code(english) == code(portuguese)
    decimals = [
        re.findall(r"\d\{,\}\d{3}", text.replace("\\\\", "")) for text in (english, portuguese)
    ]
    assert decimals[0] == []
    assert len(decimals[1]) > 20


@pytest.mark.parametrize("text", HOSTILE)
def test_a_users_text_is_no_code(text: str) -> None:
    told = replace(lecture("1-1 tanh"), title=(text,))
    words = words_of("en", LOCALES)
    document = notebook_view(told, Style(author=text), words, None).document
    plain = notebook_view(lecture("1-1 tanh"), Style(), words, None).document
    nbformat.validate(nbformat.reads(document, as_version=4))
    assert code(document) == code(plain)


def test_sizes_for_a_network_that_leaves_them_open() -> None:
    assert open_sizes(4) == (3, 4, 2, 3)
    network = Network.parse("2-3-4 tanh")
    assert count(network, (2, 3, 4)) == 2 * 3 + 3 + 3 * 4 + 4
