"""The judge is judged: what counts as ideal, what the RFCs' general rules allow, and what fails."""

from __future__ import annotations

from tests.conformance.observed import Close, Observed
from tests.conformance.octets import Code
from tests.conformance.reactions import (
    Grade,
    answered_early,
    any_of,
    connection_error,
    grade,
    ignored,
    malformed,
    refused,
    served,
    stream_error,
    transport_close,
)

UNEXPECTED = Code.H3_FRAME_UNEXPECTED
PROTOCOL_VIOLATION, FLOW_CONTROL_ERROR, APPLICATION_ERROR = 0x0A, 0x03, 0x0C


def closed(code: int, *, is_application: bool = True, is_confirmed: bool = True) -> Observed:
    return Observed(close=Close(code, is_application), is_confirmed=is_confirmed)


def test_the_named_connection_error_is_ideal() -> None:
    assert grade(closed(UNEXPECTED), (connection_error(UNEXPECTED),)) is Grade.IDEAL


def test_the_general_code_is_allowed_for_any_other() -> None:
    observed = closed(Code.H3_GENERAL_PROTOCOL_ERROR)
    assert grade(observed, (connection_error(UNEXPECTED),)) is Grade.ALLOWED


def test_an_internal_error_stands_for_nothing() -> None:
    observed = closed(Code.H3_INTERNAL_ERROR)
    assert grade(observed, (connection_error(UNEXPECTED),)) is Grade.FAILED


def test_a_connection_that_lives_is_no_connection_error() -> None:
    assert grade(Observed(lives=True), (connection_error(UNEXPECTED),)) is Grade.FAILED


def test_a_stream_error_is_no_connection_error() -> None:
    observed = Observed(reset=UNEXPECTED, lives=True)
    assert grade(observed, (connection_error(UNEXPECTED),)) is Grade.FAILED


def test_a_stream_error_may_be_raised_to_one_of_the_connection() -> None:
    allowed = (stream_error(Code.H3_MESSAGE_ERROR),)
    assert grade(closed(Code.H3_MESSAGE_ERROR), allowed) is Grade.ALLOWED


def test_a_server_that_answers_nobody_any_more_made_no_stream_error() -> None:
    observed = Observed(reset=Code.H3_MESSAGE_ERROR, lives=False)
    assert grade(observed, (stream_error(Code.H3_MESSAGE_ERROR),)) is Grade.FAILED


def test_a_hidden_code_is_allowed_only_before_the_handshake_is_confirmed() -> None:
    allowed = (connection_error(UNEXPECTED),)
    hidden = closed(APPLICATION_ERROR, is_application=False, is_confirmed=False)
    late = closed(APPLICATION_ERROR, is_application=False)
    assert (grade(hidden, allowed), grade(late, allowed)) == (Grade.ALLOWED, Grade.FAILED)


def test_a_generic_transport_code_is_allowed_for_any_other() -> None:
    observed = closed(PROTOCOL_VIOLATION, is_application=False)
    assert grade(observed, (transport_close(FLOW_CONTROL_ERROR),)) is Grade.ALLOWED


def test_a_code_of_the_application_is_no_transport_close() -> None:
    assert grade(closed(0x03), (transport_close(FLOW_CONTROL_ERROR),)) is Grade.FAILED


def test_a_response_without_an_end_is_not_served() -> None:
    assert grade(Observed(status=200, lives=True), (served(),)) is Grade.FAILED


def test_a_refusal_may_be_cut_behind_its_status() -> None:
    observed = Observed(status=400, reset=Code.H3_MESSAGE_ERROR, lives=True)
    assert grade(observed, (refused(),)) is Grade.IDEAL


def test_a_success_does_not_meet_a_malformed_request() -> None:
    observed = Observed(status=200, ended=True, lives=True)
    assert grade(observed, (malformed(),)) is Grade.FAILED


def test_an_early_answer_needs_stop_sending_with_no_error() -> None:
    early = Observed(status=200, ended=True, stop=Code.H3_NO_ERROR, lives=True)
    other = Observed(status=200, ended=True, stop=Code.H3_INTERNAL_ERROR, lives=True)
    allowed = (answered_early(),)
    assert (grade(early, allowed), grade(other, allowed)) == (Grade.IDEAL, Grade.FAILED)


def test_what_comes_second_in_the_list_is_allowed_not_ideal() -> None:
    assert grade(Observed(lives=True), (connection_error(UNEXPECTED), ignored())) is Grade.ALLOWED


def test_what_is_equally_good_is_ideal() -> None:
    allowed = (any_of(connection_error(UNEXPECTED), ignored()),)
    assert grade(Observed(lives=True), allowed) is Grade.IDEAL


def test_a_server_that_answers_nobody_any_more_has_ignored_nothing() -> None:
    assert grade(Observed(lives=False), (ignored(),)) is Grade.FAILED
