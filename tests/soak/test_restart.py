"""A short run of restarts under load, and the rules by which its customers repeat a request."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from h3producer.wire.frames import encode_goaway
from tests.deadline import deadline
from tests.e2e.exchange import Exchange
from tests.e2e.raw_client import RawClient
from tests.soak.customers import CONNECTION_REFUSED, why_unprocessed
from tests.soak.restart import Plan, restart_under_load

if TYPE_CHECKING:
    from tests.soak.restart import Takeover

__all__ = ["deadline"]

LARGEST_REQUEST_ID = (1 << 62) - 4


@pytest.mark.parametrize("takeover", ["fd", "bind"])
async def test_no_request_is_lost_in_a_restart(takeover: Takeover) -> None:
    plan = Plan(restarts=2, customers=3, takeover=takeover, between=15)

    outcome = await restart_under_load(plan)

    assert outcome.faults == []
    assert outcome.sales.answered == outcome.sales.asked >= 45
    assert outcome.sales.farewells > 0
    assert len(outcome.drains) == 2


def exchange(
    *goaways: int, stream_id: int = 8, reset_code: int | None = None, close_code: int | None = None
) -> Exchange:
    """One on a connection on which the server has said so."""
    client = RawClient.silent(("127.0.0.1", 9))
    client.close_code = close_code
    client._control[3] = bytearray(b"\x00" + b"".join(map(encode_goaway, goaways)))
    return Exchange(client, stream_id, reset_code=reset_code)


@pytest.mark.parametrize(
    ("ended", "why"),
    [
        ({"reset_code": 0x10B}, "H3_REQUEST_REJECTED"),
        ({"reset_code": 0x10C}, None),
        ({"close_code": CONNECTION_REFUSED}, "CONNECTION_REFUSED"),
        ({"close_code": 0x100}, None),
    ],
)
async def test_what_was_refused_may_be_repeated(ended: dict[str, int], why: str | None) -> None:
    assert why_unprocessed(exchange(**ended)) == why


@pytest.mark.parametrize(
    ("goaways", "may_repeat"),
    [
        ([], False),
        ([LARGEST_REQUEST_ID], False),
        ([LARGEST_REQUEST_ID, 12], False),
        ([LARGEST_REQUEST_ID, 8], True),
        ([LARGEST_REQUEST_ID, 4], True),
    ],
)
async def test_what_is_not_below_the_last_goaway_may_be_repeated(
    goaways: list[int], may_repeat: bool
) -> None:
    ended = exchange(*goaways, stream_id=8, close_code=0x100)
    assert (why_unprocessed(ended) is not None) is may_repeat
