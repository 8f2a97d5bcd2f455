"""Tests of `server/signals.py`: who hears INT and TERM, and who hears them afterwards."""

from __future__ import annotations

import signal
import threading

import pytest

from h3producer.server.signals import captured_signals


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_calls_the_callback_and_nothing_else(number: signal.Signals) -> None:
    received: list[signal.Signals] = []
    with captured_signals(received.append):
        signal.raise_signal(number)
    assert received == [number]


def test_the_handlers_are_those_from_before_even_after_an_error() -> None:
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    with pytest.raises(RuntimeError, match="boom"), captured_signals(print):
        raise RuntimeError("boom")
    assert (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)) == before


def test_outside_the_main_thread_no_handler_is_touched() -> None:
    seen: list[object] = []

    def look() -> None:
        with captured_signals(print):
            seen.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert seen == [signal.getsignal(signal.SIGTERM)]
