"""Ctrl-C waits for the end of the epoch, where the state is whole."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from types import FrameType


class Interruption:
    """Whether Ctrl-C was pressed."""

    requested = False


@contextmanager
def interruptible(on_request: Callable[[], None] = lambda: None) -> Generator[Interruption]:
    """Turn the first Ctrl-C into a request; a second one stops at once. Elsewhere than in the main thread: nothing.

    Args:
        on_request: told at once, from a thread of its own: the handler interrupts the main thread wherever it is, in
            the middle of writing to the same stream too, which must not be entered twice.
    """
    interruption = Interruption()
    if threading.current_thread() is not threading.main_thread():
        yield interruption
        return

    telling = threading.Thread(target=on_request)

    def request(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
        interruption.requested = True
        signal.signal(signal.SIGINT, signal.default_int_handler)
        telling.start()

    previous = signal.signal(signal.SIGINT, request)
    try:
        yield interruption
    finally:
        signal.signal(signal.SIGINT, previous)
        if telling.is_alive():
            telling.join()
