"""Ctrl-C: told at once, from a thread in which the told one may write."""

from __future__ import annotations

import signal
import threading

import pytest

from fingerprint.training.interrupt import interruptible


def test_the_first_ctrl_c_is_told_before_the_epoch_ends_and_the_second_stops() -> None:
    told = threading.Event()
    threads: list[threading.Thread] = []

    def hear() -> None:
        threads.append(threading.current_thread())
        told.set()

    with interruptible(hear) as interruption:
        signal.raise_signal(signal.SIGINT)
        assert told.wait(10)
        assert interruption.requested
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert len(threads) == 1
    assert threads[0] is not threading.main_thread()


def test_what_is_held_by_the_interrupted_code_is_waited_for_and_not_entered_twice() -> None:
    stream = threading.Lock()
    told: list[bool] = []

    def hear() -> None:
        with stream:
            told.append(True)

    with interruptible(hear), stream:
        signal.raise_signal(signal.SIGINT)
        assert told == []
    assert told == [True]


def test_without_ctrl_c_nothing_is_told() -> None:
    told: list[bool] = []
    before = signal.getsignal(signal.SIGINT)
    with interruptible(lambda: told.append(True)) as interruption:
        assert signal.getsignal(signal.SIGINT) is not before
    assert (told, interruption.requested) == ([], False)
    assert signal.getsignal(signal.SIGINT) is before
