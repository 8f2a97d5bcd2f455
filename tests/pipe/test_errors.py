"""What the pipe raises keeps its own traceback, however often it is raised."""

from __future__ import annotations

import traceback

import pytest

from h3producer.pipe.errors import Failure, InvalidOperationError, OperationCanceledError


def test_an_invalid_operation_is_a_runtime_error() -> None:
    assert issubclass(InvalidOperationError, RuntimeError)


def test_a_canceled_operation_is_an_ordinary_exception() -> None:
    """`asyncio.CancelledError` would tell the event loop that a task was cancelled."""
    assert OperationCanceledError.__bases__ == (Exception,)


def test_a_failure_can_be_raised_again_and_again() -> None:
    try:
        int("x")
    except ValueError as error:
        failure = Failure(error)
    depths = set()
    for _ in range(3):
        with pytest.raises(ValueError, match="invalid literal") as caught:
            failure.reraise()
        depths.add(len(traceback.extract_tb(caught.value.__traceback__)))
    assert len(depths) == 1
