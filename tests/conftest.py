import os
from collections.abc import Callable
from functools import cache
from types import ModuleType

import pytest

# One BLAS thread a process: the tests' processes already occupy the cores.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


@pytest.fixture(scope="session")
def module_of() -> Callable[[str], ModuleType]:
    """Return the generated module of a specification, in memory, each generated once."""
    import gradscribe  # not before the number of threads is set

    return cache(lambda spec: gradscribe.compile(f"{spec} emit=gradient"))
