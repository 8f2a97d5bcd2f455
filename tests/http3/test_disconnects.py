"""Is it a disconnect? Asked of exceptions as frameworks make them."""

from __future__ import annotations

import pytest

from h3producer.errors import FieldSectionTooLarge, LocalProtocolError, RequestAborted
from h3producer.http3.disconnects import is_disconnect

ABORTED = RequestAborted("The client reset the request stream.", 0x10C)


def raised_from(cause: Exception) -> Exception:
    try:
        raise RuntimeError("wrapped") from cause
    except RuntimeError as error:
        return error


def raised_in(context: Exception) -> Exception:
    try:
        try:
            raise context
        except Exception:
            raise KeyError("in the except block")  # noqa: B904 - that is what is tested
    except KeyError as error:
        return error


DISCONNECTS = {
    "ours": ABORTED,
    "any OSError": BrokenPipeError("the pipe of somebody"),
    "what was raised from it": raised_from(ABORTED),
    "what was raised beside it": raised_in(ABORTED),
    "a group with it": ExceptionGroup("tasks", [ValueError("oops"), ABORTED]),
    "a group in a group": ExceptionGroup("tasks", [ExceptionGroup("tasks", [ABORTED])]),
    "a long way down": raised_from(raised_in(raised_from(ABORTED))),
    "no room for the headers": FieldSectionTooLarge("42 bytes"),
}

OTHERS = {
    "a bug": ValueError("oops"),
    "a misuse": LocalProtocolError("started twice"),
    "a bug from a bug": raised_from(ValueError("oops")),
    "bugs": ExceptionGroup("tasks", [ValueError("oops"), TypeError("oops")]),
}


@pytest.mark.parametrize("error", DISCONNECTS.values(), ids=DISCONNECTS)
def test_a_disconnect_is_found_wherever_it_is(error: Exception) -> None:
    assert is_disconnect(error)


@pytest.mark.parametrize("error", OTHERS.values(), ids=OTHERS)
def test_a_bug_is_no_disconnect(error: Exception) -> None:
    assert not is_disconnect(error)


def test_exceptions_in_a_circle_are_looked_at_once() -> None:
    one, other = ValueError("one"), ValueError("other")
    one.__cause__, other.__cause__ = other, one
    assert not is_disconnect(one)
