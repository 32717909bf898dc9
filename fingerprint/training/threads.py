"""How many CPU threads the arithmetic uses."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

import torch
from threadpoolctl import threadpool_limits


@contextmanager
def cpu_threads(count: int) -> Generator[None]:
    """Use `count` threads in torch, BLAS and OpenMP for a while.

    Small networks are fastest with one, and then give the same numbers however many cores there are; several threads
    also wait for each other badly on a machine that is busy.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        with threadpool_limits(count):
            yield
    finally:
        torch.set_num_threads(before)
