import importlib
import os
import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import ModuleType

import pytest

# One BLAS thread a process: the tests' processes already occupy the cores.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


@pytest.fixture(scope="session")
def module_of() -> Callable[[str], ModuleType]:
    """Return the generated module of a specification, in memory, each generated once."""
    import gradscribe  # not before the number of threads is set

    return cache(lambda spec: gradscribe.compile(f"{spec} emit=gradient"))


@pytest.fixture
def benchmark_module(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], ModuleType]:
    """Import a module of the benchmarks by its name."""
    monkeypatch.syspath_prepend(str(Path(__file__).parents[1] / "benchmarks"))
    return importlib.import_module


@pytest.fixture(scope="session")
def tex() -> None:
    """What a test asks for that needs TeX: without it such a test fails, unless told to skip."""
    missing = [p for p in ("pdflatex", "pdftotext", "pdffonts") if shutil.which(p) is None]
    if not missing:
        return
    reason = (
        f"no {', '.join(missing)}: install texlive-latex-recommended texlive-pictures lmodern "
        "poppler-utils, or set GRADSCRIBE_WITHOUT_TEX=1 to leave these tests out"
    )
    if os.environ.get("GRADSCRIBE_WITHOUT_TEX") == "1":
        pytest.skip(reason)
    pytest.fail(reason)
