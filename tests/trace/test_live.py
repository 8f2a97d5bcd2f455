"""An application that is served in order to be drawn."""

from __future__ import annotations

import pytest

from h3producer.config import Config
from h3producer.trace.live import Visit, record
from h3producer.trace.records import TraceError
from h3producer.trace.remarks import remarks_on
from h3producer.trace.telling import tell
from tests.e2e.apps import Streaming, hello, routed

pytestmark = pytest.mark.once

KIB = 1024


async def test_a_slow_client_is_seen_to_hold_the_application_up() -> None:
    app = routed(big=Streaming(512 * KIB))
    visit = Visit(path="/big", window=64 * KIB, stops_after=64 * KIB, pause=0.25, round_trip=0.004)
    story = tell(await record(Config(app=app), visit))

    assert (story.path, story.status, story.ended) == ("/big", "200", "FIN")
    (stall,) = story.stalls
    assert stall.length >= 250
    assert max(each.length for each in story.writes) >= 200
    sentences = [each.sentence for each in remarks_on(story)]
    assert any("Its window is full" in each for each in sentences)


async def test_a_small_response_is_drawn_as_well() -> None:
    story = tell(await record(Config(app=hello), Visit(round_trip=0)))
    assert story.status == "200"
    assert not story.stalls


async def test_a_response_that_never_comes_is_said_in_a_sentence() -> None:
    async def cuts(stream: object) -> None:
        stream.reset(0x10C)  # type: ignore[attr-defined]  # it is an Http3Stream

    with pytest.raises(TraceError, match="No response was sent"):
        tell(await record(Config(app=cuts), Visit(round_trip=0)))
