"""One thread for linear algebra: the matrices are small, and two threads can be slower."""

from collections.abc import Iterator
from contextlib import contextmanager

from gradscribe.learning.extras import library


@contextmanager
def one_thread() -> Iterator[None]:
    """Let NumPy compute with one thread, as the processes of a run do.

    Raises:
        InputError: threadpoolctl is not installed.
    """
    with library("threadpoolctl", "training").threadpool_limits(1):
        yield
