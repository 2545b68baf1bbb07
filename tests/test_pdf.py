"""pdflatex and its log: a PDF only from a run without errors, and nothing read or left behind."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from gradscribe.errors import InputError, MissingTexError, TypesetError
from gradscribe.typeset import pdf
from gradscribe.typeset.frames import closing, frames
from gradscribe.typeset.log import Kind, findings, first_error
from gradscribe.typeset.pdf import Progress, make_pdf

DECK = r"""\documentclass[aspectratio=169,11pt,t]{beamer}
\usepackage[T1]{fontenc}\usepackage[utf8]{inputenc}\usepackage{lmodern,amsmath}
\begin{document}
\begin{frame}{One $x_{1}$}
a\pause b
\end{frame}
\begin{frame}[t]{Two}
HERE
\end{frame}
\end{document}
"""
ENDLESS = r"\loop\iftrue\repeat"


def deck(here: str = "c") -> str:
    return DECK.replace("HERE", here)


def failure(source: str, path: Path, limit: float = 60.0) -> str:
    with pytest.raises(TypesetError) as caught:
        make_pdf(source, path, limit=limit)
    assert not path.exists()
    return str(caught.value)


@pytest.mark.usefixtures("tex")
def test_a_deck_compiles_and_tells_its_progress(tmp_path: Path) -> None:
    seen: list[Progress] = []
    made = make_pdf(deck(), tmp_path / "deck.pdf", progress=seen.append)
    assert made.pages == 3
    assert made.findings == ()
    assert [(p.run, p.runs, p.page) for p in seen] == [
        (run, 2, page) for run in (1, 2) for page in range(4)
    ]
    assert str(seen[2]) == "pdflatex, pass 1 of 2, page 2"
    assert (tmp_path / "deck.pdf").read_bytes().startswith(b"%PDF-")
    assert [p.name for p in tmp_path.iterdir()] == ["deck.pdf"]


@pytest.mark.usefixtures("tex")
@pytest.mark.parametrize(
    ("here", "parts"),
    [
        (r"\nosuch", ("frame “Two”, line 9", "Undefined control sequence")),
        (r"$f^{M}'$", ("frame “Two”, line 9", "Double superscript")),
        ("\\[a\n\n+b\\]", ("frame “Two”", "Missing $ inserted")),
        (r"{\usefont{T1}{nosuch}{m}{n}a}", ("Font ecrm", "not found")),
        (r"\input{/etc/passwd}", ("`/etc/passwd", "not found")),
        (r"\input{../secret}", ("`../secret", "not found")),
        (r"\newwrite\x\immediate\openout\x=/tmp/gradscribe-x.txt ", ("an't write on file",)),
        (r"\csname @@input\endcsname /etc/hostname ", ("an't find file",)),
    ],
)
def test_an_error_is_one_message_with_its_frame(
    here: str, parts: tuple[str, ...], tmp_path: Path
) -> None:
    message = failure(deck(here), tmp_path / "x.pdf")
    for part in parts:
        assert part in message
    assert message.count("\n") <= 1


@pytest.mark.usefixtures("tex")
def test_an_old_pdf_stays_when_the_new_one_fails(tmp_path: Path) -> None:
    path = tmp_path / "x.pdf"
    path.write_bytes(b"old")
    with pytest.raises(TypesetError):
        make_pdf(deck(r"\nosuch"), path)
    assert path.read_bytes() == b"old"


@pytest.mark.usefixtures("tex")
def test_no_program_is_started(tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    make_pdf(deck(rf"\immediate\write18{{touch {trace}}}"), tmp_path / "x.pdf")
    assert not trace.exists()


@pytest.mark.usefixtures("tex")
def test_settings_of_the_caller_do_not_reach_tex(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "lmodern.sty").write_text(r"\errmessage{a foreign file was read}")
    for variable in ("TEXINPUTS", "TEXMFHOME", "TEXMFCNF"):
        monkeypatch.setenv(variable, f"{tmp_path}:")
    assert make_pdf(deck(), tmp_path / "x.pdf").pages == 3


@pytest.mark.usefixtures("tex")
def test_a_loop_is_stopped_by_time_or_by_output(tmp_path: Path) -> None:
    start = time.monotonic()
    assert "stopped after 2 seconds" in failure(deck(ENDLESS), tmp_path / "x.pdf", 2)
    assert time.monotonic() - start < 10
    loud = r"\loop\message{xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx}\iftrue\repeat"
    assert "printed without end" in failure(deck(loud), tmp_path / "x.pdf")


@pytest.mark.usefixtures("tex")
@pytest.mark.skipif(not hasattr(os, "killpg"), reason="needs signals")
def test_an_interrupt_ends_pdflatex_and_leaves_nothing(tmp_path: Path) -> None:
    program = textwrap.dedent(
        f"""
        import signal, sys
        signal.signal(signal.SIGINT, signal.default_int_handler)
        from pathlib import Path
        from gradscribe.typeset.pdf import make_pdf
        make_pdf({deck(ENDLESS)!r}, Path("x.pdf"), progress=lambda p: print(p, flush=True))
        """
    )
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen(
        [sys.executable, "-c", program], cwd=tmp_path, env=environment, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        while "page 2" not in process.stdout.readline():
            pass
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=30)
    assert "KeyboardInterrupt" in errors
    assert list(tmp_path.iterdir()) == []
    running = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True).stdout
    assert str(tmp_path) not in running


def test_missing_tex_names_the_packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert not pdf.has_tex()
    with pytest.raises(MissingTexError) as caught:
        make_pdf(deck(), tmp_path / "x.pdf")
    for package in ("texlive-latex-recommended", "texlive-pictures", "lmodern"):
        assert package in str(caught.value)


@pytest.mark.usefixtures("tex")
def test_a_place_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such folder"):
        make_pdf(deck(), tmp_path / "none" / "x.pdf")


@pytest.mark.usefixtures("tex")
@pytest.mark.parametrize(
    ("here", "kind"),
    [
        (r"\[\rule{450pt}{1pt}\]", Kind.OVERFULL),
        (r"a\rule{450pt}{1pt}\pause b", Kind.OVERFULL),
        (r"\rule{1pt}{300pt}", Kind.OVERFULL),
        (r"\ref{nowhere}", Kind.UNDEFINED_REFERENCE),
        (r"{\usefont{T1}{lmr}{m}{nosuch}a}", Kind.FONT),
        (r"$\mathrm{nó}$", Kind.NOT_IN_MATH),
        (r"\font\x=cmr10 \x\char200", Kind.MISSING_CHARACTER),
    ],
)
def test_findings_are_found_once_with_their_frame(here: str, kind: Kind, tmp_path: Path) -> None:
    made = make_pdf(deck(here), tmp_path / "x.pdf")
    found = [f for f in made.findings if f.kind is kind and f.line]
    assert {f.kind for f in made.findings} == {kind}
    if kind is not Kind.MISSING_CHARACTER:
        assert {f.frame for f in found} == {"Two"}
        assert len({f.text for f in found}) == len(found)


def test_a_box_that_no_eye_sees_is_no_finding() -> None:
    line = "Overfull \\hbox ({}pt too wide) in paragraph at lines 8--9"
    assert findings(line.format("0.49"), deck()) == []
    assert findings(line.format("0.51"), deck())[0].frame == "Two"
    assert findings("LaTeX Warning: Label(s) may have changed. Rerun to get")[0].kind is Kind.RERUN


def test_an_error_in_a_package_names_no_frame() -> None:
    log = "/usr/share/x.sty:8: LaTeX Error: odd.\n\nl.8 \\odd\n"
    error = first_error(log, deck())
    assert error is not None
    assert error.message == "LaTeX Error: odd."
    assert error.context == "\\odd"
    assert first_error("all is well\n") is None


def test_titles_of_frames() -> None:
    source = "\n".join(
        (
            r"\begin{frame}<1->[t,label=a]{A {b} \}c}x\end{frame}",
            r"\begin{frame}",
            r"  {On a line of its own}",
            r"\end{frame}",
            r"\begin{frame}\frametitle{Inside $\{1\}$} body\end{frame}",
            r"\begin{frame} none \end{frame}",
        )
    )
    found = frames(source)
    assert [f.title for f in found] == [
        r"A {b} \}c", "On a line of its own", r"Inside $\{1\}$", "",
    ]  # fmt: skip
    assert [(f.first, f.last) for f in found] == [(1, 1), (2, 4), (5, 5), (6, 6)]
    assert found[0].body == "x"
    assert found[2].body.split() == ["body"]
    assert closing("{a", 0) == 2
