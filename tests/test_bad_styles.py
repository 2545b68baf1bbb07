"""Choices of a lecture that cannot be, given from Python; samples and files that hurt."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from gradscribe.errors import InputError
from gradscribe.files import INDEX, write_folder
from gradscribe.lecture.sample import sample_of
from gradscribe.lecture.style import CHOICES, PLACES, Style


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *((name, "x") for name in CHOICES),
        ("aspect", 169),
        ("lang", None),
        ("lang", ["en"]),
        ("title", b"x"),
        ("sample", (1, 2)),
        ("exercise", "no"),
        ("places", True),
        ("places", 0),
        ("places", 30),
    ],
)
def test_a_choice_that_cannot_be_is_refused_by_its_name(name: str, value: Any) -> None:
    with pytest.raises(InputError, match=name if name != "places" else "places|decimal"):
        Style(**{name: value})


def test_every_choice_that_can_be_is_taken() -> None:
    for name, choice in CHOICES.items():
        for word in choice.words:
            made: Any = Style(**{name: word})  # type: ignore[arg-type]
            assert getattr(made, name) == word
    assert [Style(places=n).places for n in (PLACES[0], PLACES[-1])] == [1, 29]


@pytest.mark.parametrize("text", ["\u0663;1", "1;\u0967", "\uff11;1", "1.\u0665;1"])
def test_digits_of_other_scripts_are_no_numbers_of_a_sample(text: str) -> None:
    with pytest.raises(InputError, match="no number that fits on a slide"):
        sample_of(text, 1, 1)


def test_the_folder_one_stands_in_is_not_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    before = tmp_path.stat().st_ino
    for place in (Path(), Path("../") / tmp_path.name):
        with pytest.raises(InputError, match="the command runs in"):
            write_folder(place, {INDEX: "mark"}, "mark")
    assert tmp_path.stat().st_ino == before
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(sys.platform != "linux", reason="names of files are bytes on Linux")
def test_a_name_that_is_no_utf_8_is_written_and_told(tmp_path: Path) -> None:
    path = os.fsencode(tmp_path) + b"/a\xff.txt"
    derive = ("derive", "1-1 linear", "--order", "1", "-o", os.fsdecode(path))
    words = [sys.executable, "-m", "gradscribe", *derive]
    done = subprocess.run(words, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert rb"a\udcff.txt" in done.stderr
    assert Path(os.fsdecode(path)).stat().st_size > 0
