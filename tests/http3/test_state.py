"""The two tables, cell by cell, against a second copy that was written by hand.

`OUTPUT` and `REQUEST` are the law; whoever changes one has to come here and say it again.
"""

from __future__ import annotations

import pytest

from h3producer.errors import ErrorCode, Http3ConnectionError, Http3StreamError, LocalProtocolError
from h3producer.http3.state import (
    OUTPUT,
    REQUEST,
    Effect,
    OutputInput,
    OutputState,
    RequestInput,
    RequestState,
    output_transition,
    request_transition,
)

# State after the call; "-" in front: the call does nothing; "x": LocalProtocolError.
OUTPUT_CELLS = """
state      HEADERS   DATA      FLUSH     SUFFIX      STOP        COMPLETE
OPEN       OPEN      STARTED   OPEN      SUFFIXED    STOPPED     COMPLETED
STARTED    STARTED   STARTED   STARTED   SUFFIXED    STOPPED     COMPLETED
SUFFIXED   x         x         x         -SUFFIXED   -SUFFIXED   COMPLETED
STOPPED    -STOPPED  -STOPPED  -STOPPED  -STOPPED    -STOPPED    COMPLETED
COMPLETED  x         x         x         -COMPLETED  -COMPLETED  -COMPLETED
"""

# "unexpected": the connection ends with H3_FRAME_UNEXPECTED; "incomplete": the stream ends with
# H3_REQUEST_INCOMPLETE.
REQUEST_CELLS = """
state             HEADERS     DATA        FIN         RESET    CONNECT
AWAITING_HEADERS  BODY        unexpected  incomplete  ABORTED  unexpected
BODY              TRAILERS    BODY        ENDED       ABORTED  TUNNEL
TUNNEL            unexpected  TUNNEL      ENDED       ABORTED  unexpected
TRAILERS          unexpected  unexpected  ENDED       ABORTED  unexpected
ENDED             unexpected  unexpected  incomplete  ENDED    unexpected
ABORTED           ABORTED     ABORTED     ABORTED     ABORTED  ABORTED
"""


def cells(table: str) -> list[tuple[str, str, str]]:
    """(state, input, cell) for each cell of a table."""
    head, *rows = (line.split() for line in table.strip().splitlines())
    names = head[1:]
    return [(row[0], name, cell) for row in rows for name, cell in zip(names, row[1:], strict=True)]


def test_both_copies_have_every_cell() -> None:
    assert len(cells(OUTPUT_CELLS)) == len(OutputState) * len(OutputInput)
    assert len(cells(REQUEST_CELLS)) == len(RequestState) * len(RequestInput)
    assert set(OUTPUT) == set(OutputState)
    assert set(REQUEST) == set(RequestState)


@pytest.mark.parametrize(("state", "call", "cell"), cells(OUTPUT_CELLS))
def test_what_an_application_may_do(state: str, call: str, cell: str) -> None:
    before, asked = OutputState[state], OutputInput[call]
    if cell == "x":
        with pytest.raises(LocalProtocolError):
            output_transition(before, asked)
    else:
        effect = Effect.SKIP if cell.startswith("-") else Effect.DO
        assert output_transition(before, asked) == (effect, OutputState[cell.lstrip("-")])


@pytest.mark.parametrize(("state", "event", "cell"), cells(REQUEST_CELLS))
def test_what_a_client_may_send(state: str, event: str, cell: str) -> None:
    before, came = RequestState[state], RequestInput[event]
    if cell == "unexpected":
        with pytest.raises(Http3ConnectionError) as connection_error:
            request_transition(before, came)
        assert connection_error.value.error_code is ErrorCode.H3_FRAME_UNEXPECTED
    elif cell == "incomplete":
        with pytest.raises(Http3StreamError) as stream_error:
            request_transition(before, came)
        assert stream_error.value.error_code is ErrorCode.H3_REQUEST_INCOMPLETE
    else:
        assert request_transition(before, came) is RequestState[cell]


@pytest.mark.parametrize("state", [OutputState.SUFFIXED, OutputState.COMPLETED])
def test_a_write_after_the_end_is_refused_in_the_words_of_upstream(state: OutputState) -> None:
    with pytest.raises(LocalProtocolError, match=r"^Writing is not allowed after writer was comp"):
        output_transition(state, OutputInput.DATA)


@pytest.mark.parametrize(("state", "row"), OUTPUT.items())
def test_an_application_can_always_leave_and_always_be_stopped(
    state: OutputState, row: dict[OutputInput, tuple[Effect, OutputState]]
) -> None:
    assert row[OutputInput.COMPLETE][1] is OutputState.COMPLETED, state
    assert OutputInput.STOP in row
    assert OutputInput.SUFFIX in row


@pytest.mark.parametrize("row", REQUEST.values(), ids=lambda row: f"{len(row)} cells")
def test_a_reset_is_legal_in_every_state(row: dict[RequestInput, RequestState]) -> None:
    assert row[RequestInput.RESET] in (RequestState.ABORTED, RequestState.ENDED)
