"""Equations as files, and the command that writes them: whole, or not at all."""

import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from editions import lecture

from gradscribe.editions import write_equations
from gradscribe.errors import InputError
from gradscribe.files import write_folder
from gradscribe.lecture.style import Style
from gradscribe.typeset.pdf import make_pdf

MATHML = "{http://www.w3.org/1998/Math/MathML}"
COMMAND = (sys.executable, "-m", "gradscribe", "derive")


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, *words], capture_output=True, encoding="utf-8", check=False)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("equations") / "made"
    write_equations(
        "2-2-1 sigmoid", path, Style(lang="pt", title=r"a\b <script> % {", layer="plain")
    )
    return path


def test_there_is_a_pair_of_files_for_each_displayed_equation(folder: Path) -> None:
    lines = [
        line
        for f in lecture("2-2-1 sigmoid", Style(lang="pt")).frames
        for d in f.displays
        for line in d.lines
    ]
    names = {p.stem for p in folder.iterdir()} - {"index"}
    assert len(names) == len(lines) > 40
    assert {p.name for p in folder.iterdir()} == {
        "index.html", *(f"{n}.{s}" for n in names for s in ("tex", "mathml")),
    }  # fmt: skip
    assert all(re.fullmatch(r"\d\d-[a-z0-9-]+", n) for n in names)
    assert any("hidden-delta-3" in n for n in names)


def test_each_mathml_file_is_a_document(folder: Path) -> None:
    for path in folder.glob("*.mathml"):
        root = ET.parse(path).getroot()
        assert root.tag == f"{MATHML}math"
        assert root.get("display") == "block"
        assert root.get("alttext")
        assert all(e.tag.startswith(MATHML) for e in root.iter())
        assert not any(e.get("class") in ("error", "slope", "weight", "input") for e in root.iter())


def test_the_index_shows_and_links_each(folder: Path) -> None:
    index = (folder / "index.html").read_text(encoding="utf-8")
    linked = set(re.findall(r'href="([^"]+)"', index))
    assert linked == {p.name for p in folder.iterdir()} - {"index.html"}
    assert index.count("<math") == len(linked) / 2
    assert "<script>" not in index


def test_latex_compiles_with_the_packages_it_names(folder: Path, tmp_path: Path) -> None:
    texts = [p.read_text(encoding="utf-8") for p in sorted(folder.glob("*.tex"))]
    assert all("Packages: amsmath, amssymb, xcolor" in t for t in texts)
    packages = r"\usepackage[T1]{fontenc}\usepackage{lmodern,amsmath,amssymb,xcolor}"
    head = rf"\documentclass{{article}}{packages}"
    source = "\n".join([head, r"\begin{document}", *texts, r"\end{document}", ""])
    make_pdf(source, tmp_path / "all.pdf")
    assert (tmp_path / "all.pdf").stat().st_size > 10_000


def test_the_same_again_and_in_another_folder(folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    style = Style(lang="pt", title=r"a\b <script> % {")
    for _ in range(2):
        write_equations("2-2-1 sigmoid", other, style)
        assert {p.name: p.read_bytes() for p in other.iterdir()} == {
            p.name: p.read_bytes() for p in folder.iterdir()
        }
    write_equations("1-1 tanh", other, style)
    assert not (other / "36-paths-sum-paths.tex").exists()
    assert [p.name for p in tmp_path.iterdir()] == ["other"]


# -- folders --

MARK = "mark"
INDEX = {"index.html": 'mark <a href="a.tex"></a>', "a.tex": "1"}


def test_a_new_or_empty_folder_is_filled(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir(mode=0o700)
    for name in ("new", "empty"):
        write_folder(tmp_path / name, INDEX, MARK)
        assert (tmp_path / name / "a.tex").read_text() == "1"
    assert (tmp_path / "empty").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(
    "files",
    [
        {"mine.txt": "x"},
        {"index.html": "another", "a.tex": "mine"},
        {**INDEX, "b.tex": "mine"},
        {"a.tex": "mine"},
    ],
)
def test_a_folder_with_other_files_stays_as_it_is(files: dict[str, str], tmp_path: Path) -> None:
    path = tmp_path / "kept"
    path.mkdir()
    for name, text in files.items():
        (path / name).write_text(text)
    with pytest.raises(InputError, match="other files"):
        write_folder(path, INDEX, MARK)
    assert {p.name: p.read_text() for p in path.iterdir()} == files


def test_a_failure_leaves_the_old_folder_whole(tmp_path: Path) -> None:
    path = tmp_path / "kept"
    write_folder(path, INDEX, MARK)
    with pytest.raises(InputError, match="cannot write"):
        write_folder(path, {**INDEX, "no/such/place.tex": "2"}, MARK)
    assert {p.name for p in path.iterdir()} == set(INDEX)
    assert list(tmp_path.iterdir()) == [path]
    (tmp_path / "file").write_text("x")
    for place in (tmp_path / "file", tmp_path / "missing" / "there"):
        with pytest.raises(InputError):
            write_folder(place, INDEX, MARK)


# -- the command --


@pytest.mark.parametrize("format_name", ["html", "markdown", "notebook", "text"])
def test_there_is_no_pdf_of_what_is_not_typeset(format_name: str) -> None:
    found = run("1-1 tanh", "--format", format_name, "--pdf")
    assert found.returncode == 2
    assert found.stdout == ""
    assert "beamer" in found.stderr


@pytest.mark.parametrize(("format_name", "start"), [("html", "<!DOCTYPE html>"), ("markdown", "# "),
                                                    ("notebook", "{")])  # fmt: skip
def test_formats_go_to_stdout(format_name: str, start: str) -> None:
    found = run("1-1 tanh", "--format", format_name, "--lang", "pt")
    assert (found.returncode, found.stderr) == (0, "")
    assert found.stdout.startswith(start)


def test_equations_are_written_and_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "equations"
    found = run("1-1 tanh", "--equations", str(target))
    assert (found.returncode, found.stdout) == (0, "")
    assert re.search(r"wrote \d+ equations", found.stderr)
    (target / "mine").write_text("x")
    again = run("1-1 tanh", "--equations", str(target))
    assert again.returncode == 2
    assert "other files" in again.stderr
    both = run("1-1 tanh", "--equations", str(target), "-o", "x")
    assert both.returncode == 2


def test_an_unknown_format_or_language_is_named() -> None:
    assert "did you mean 'html'" in run("1-1 tanh", "--format", "htlm").stderr
    assert run("1-1 tanh", "--format", "html", "--lang", "fr").returncode == 2
