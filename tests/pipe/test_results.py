"""The two results are plain frozen values."""

from __future__ import annotations

import pytest

from h3producer.pipe.results import (
    CANCELED,
    CANCELED_AND_COMPLETED,
    COMPLETED,
    FLUSHED,
    FlushResult,
)
from tests.pipe.harness import MakePipe, read, write


def test_there_are_four_flush_results() -> None:
    assert [tuple(result) for result in (FLUSHED, CANCELED, COMPLETED, CANCELED_AND_COMPLETED)] == [
        (False, False),
        (True, False),
        (False, True),
        (True, True),
    ]


def test_results_are_frozen() -> None:
    with pytest.raises(AttributeError):
        FLUSHED.is_completed = True  # type: ignore[misc]  # the point of the test


def test_a_flush_makes_no_new_result(make_pipe: MakePipe) -> None:
    assert write(make_pipe(), b"abc") is FLUSHED
    assert FlushResult(is_canceled=False, is_completed=False) == FLUSHED


def test_a_read_result_can_be_unpacked(make_pipe: MakePipe) -> None:
    pipe = make_pipe()
    write(pipe, b"abc")
    buffer, is_canceled, is_completed = read(pipe)
    assert (buffer.to_bytes(), is_canceled, is_completed) == (b"abc", False, False)
