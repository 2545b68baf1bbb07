"""pdflatex, run so that a document reads no file, starts no program and leaves nothing behind."""

import os
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from gradscribe.errors import MissingTexError, TypesetError
from gradscribe.files import write_bytes
from gradscribe.typeset.log import Finding, TexError, findings, first_error

# The smallest set of Debian's packages that the decks and articles compile with.
PACKAGES = ("texlive-latex-recommended", "texlive-pictures", "lmodern")
RUNS = 2
LIMIT_S = 60.0
# A run writes some kilobytes; a macro that prints in a loop would fill memory and disk.
MAX_OUTPUT_BYTES = 16_000_000
NAME = "document"
_OPTIONS = (
    "-no-shell-escape",
    "-interaction=nonstopmode",
    "-halt-on-error",
    "-file-line-error",
)
_PAGE = re.compile(rb"\[(\d+)(?=[\]{\s<])")


@dataclass(frozen=True)
class Progress:
    """How far pdflatex is.

    Attributes:
        run: which run it is, from 1.
        runs: how many there will be.
        page: the last page that it finished in this run, 0 before the first.
    """

    run: int
    runs: int
    page: int

    def __str__(self) -> str:
        return f"pdflatex, pass {self.run} of {self.runs}, page {self.page}"


@dataclass(frozen=True)
class Compiled:
    """What came of a document beside its PDF.

    Attributes:
        pages: the number of its pages.
        log: the log of the last run.
        findings: what that log complains of.
    """

    pages: int
    log: str
    findings: tuple[Finding, ...]


def has_tex() -> bool:
    """Return whether there is a pdflatex to run."""
    return shutil.which("pdflatex") is not None


def make_pdf(
    source: str,
    path: Path,
    *,
    progress: Callable[[Progress], None] = lambda _: None,
    limit: float = LIMIT_S,
) -> Compiled:
    """Compile a document twice and put its PDF at `path`, whole or not at all.

    Args:
        source: the document, in LaTeX.
        path: where the PDF goes.
        progress: called at the start of each run and after each page.
        limit: seconds for all runs together.

    Raises:
        MissingTexError: there is no pdflatex.
        TypesetError: pdflatex found an error, took too long or printed without end.
        InputError: `path` cannot be written to.
    """
    with tempfile.TemporaryDirectory(prefix="gradscribe-") as name:
        folder = Path(name)
        deadline = time.monotonic() + limit
        pages = 0
        for run in range(1, RUNS + 1):
            pages = run_pdflatex(
                source,
                folder,
                limit=max(0.0, deadline - time.monotonic()),
                progress=lambda page, run=run: progress(Progress(run, RUNS, page)),  # type: ignore[misc]
            )
        log = _log(folder)
        write_bytes(path, (folder / f"{NAME}.pdf").read_bytes())
    return Compiled(pages, log, tuple(findings(log, source)))


def run_pdflatex(
    source: str,
    folder: Path,
    *,
    limit: float = LIMIT_S,
    options: tuple[str, ...] = (),
    progress: Callable[[int], None] = lambda _: None,
) -> int:
    """Run pdflatex once on a document in a folder of its own; return the number of pages.

    The folder then holds `document.log` and, unless `options` have "-draftmode",
    `document.pdf`.

    Raises:
        MissingTexError: there is no pdflatex.
        TypesetError: pdflatex found an error, took too long or printed without end.
    """
    (folder / f"{NAME}.tex").write_text(source, encoding="utf-8", newline="\n")
    with _child(folder, options) as process:
        progress(0)
        run = _Run(process, progress)
        timer = threading.Timer(limit, run.stop, ["time"])
        timer.start()
        try:
            run.follow()
        finally:
            timer.cancel()
    if run.stopped_by:
        raise _stopped(run.stopped_by, limit)
    tail = run.tail.decode("utf-8", errors="replace")
    error = first_error(f"{_log(folder)}\n{tail}", source, f"{NAME}.tex")
    if process.returncode != 0 or error is not None:
        raise _failed(error, tail)
    return run.page


class _Run:
    """A running pdflatex whose output is followed.

    Attributes:
        process: the child.
        page: the last page that it finished.
        tail: the end of its output.
        stopped_by: "time" or "output" once it was stopped for either.
    """

    def __init__(self, process: subprocess.Popen[bytes], progress: Callable[[int], None]) -> None:
        self.process = process
        self.progress = progress
        self.page = 0
        self.tail = b""
        self.stopped_by = ""

    def follow(self) -> None:
        """Read the output until it ends."""
        assert self.process.stdout is not None
        total = 0
        while chunk := os.read(self.process.stdout.fileno(), 65536):
            total += len(chunk)
            if total > MAX_OUTPUT_BYTES:
                self.stop("output")
            self._read(chunk)
        self.process.wait()

    def _read(self, chunk: bytes) -> None:
        """Report the pages of a piece of output; keep its end, where a number may be cut."""
        text = self.tail[-16:] + chunk
        for match in _PAGE.finditer(text):
            if int(match[1]) == self.page + 1:
                self.page += 1
                self.progress(self.page)
        self.tail = (self.tail + chunk)[-4096:]

    def stop(self, reason: str) -> None:
        """End the child and remember why."""
        self.stopped_by = self.stopped_by or reason
        _kill(self.process)


@contextmanager
def _child(folder: Path, options: tuple[str, ...]) -> Iterator[subprocess.Popen[bytes]]:
    """Start pdflatex in a group of its own; whatever happens, it does not outlive the block."""
    program = shutil.which("pdflatex")
    if program is None:
        raise MissingTexError(
            "there is no pdflatex on this machine, so no PDF can be made",
            allowed="a TeX distribution; on Debian and Ubuntu: apt-get install "
            + " ".join(PACKAGES),
        )
    process = subprocess.Popen(
        [program, *_OPTIONS, *options, f"{NAME}.tex"],
        cwd=folder,
        env=_environment(folder),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        _kill(process)
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def _environment(folder: Path) -> dict[str, str]:
    """Return an environment in which TeX sees its own tree and this folder, and no more.

    Variables of the caller that steer TeX (TEXINPUTS, TEXMFHOME, …) are not passed on, and no
    bitmap fonts are made: a font that is missing is an error, not a blurred page.
    """
    passed = ("PATH", "SYSTEMROOT", "SOURCE_DATE_EPOCH", "FORCE_SOURCE_DATE")
    return {
        **{key: os.environ[key] for key in passed if key in os.environ},
        "HOME": str(folder),
        "TEXMFHOME": str(folder / "texmf"),
        "LC_ALL": "C",
        "openin_any": "p",
        "openout_any": "p",
        "max_print_line": "2000",
        "MKTEXPK": "0",
        "MKTEXTFM": "0",
    }


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End a child and whatever it started."""
    if process.poll() is not None:
        return
    with suppress(ProcessLookupError):  # it ended by itself in the meantime
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()


def _log(folder: Path) -> str:
    log = folder / f"{NAME}.log"
    return log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""


def _stopped(reason: str, limit: float) -> TypesetError:
    if reason == "output":
        return TypesetError("pdflatex printed without end and was stopped; no PDF was made")
    return TypesetError(
        f"pdflatex was stopped after {limit:.0f} seconds; no PDF was made",
        allowed="a document with fewer pages, or more time",
    )


def _failed(error: TexError | None, tail: str) -> TypesetError:
    """Return the error of a run as one message."""
    if error is None:
        last = tail.strip().splitlines()[-1] if tail.strip() else "nothing"
        return TypesetError("pdflatex failed; no PDF was made", received=last)
    where = f"frame “{error.frame}”" if error.frame else "document"
    line = f", line {error.line}" if error.line else ""
    return TypesetError(
        f"pdflatex stopped ({error.message.rstrip('.')}); no PDF was made",
        where=where + line,
        received=error.context or None,
    )
