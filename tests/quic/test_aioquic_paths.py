"""Tests of `quic/aioquic/paths.py`: a client behind a NAT that forgot, on a bad network."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from h3producer.config import Config
from h3producer.http3.connection import Http3Connection
from tests.http3.harness import GET
from tests.pair import Pair

if TYPE_CHECKING:
    from collections.abc import Callable

    from h3producer.http3.stream import Http3Stream

BODY = bytes(60_000)
CONFIG = Config(server_header=None, date_header=False)

MOVED = ("192.0.2.1", 50001)
SMALLEST_PROOF = 1200
"""Bytes of a datagram with a PATH_RESPONSE (RFC 9000 §8.2.2); other ones here are far smaller."""


async def sixty_kilobytes(stream: Http3Stream) -> None:
    stream.response.start(200)
    await stream.response.complete(BODY)


async def moving() -> Pair:
    """A client that has asked from another address than before; nothing has arrived yet."""
    pair = Pair(lambda transport: Http3Connection(transport, sixty_kilobytes, CONFIG), CONFIG)
    await pair.connect()
    pair.move(pair.client, MOVED)
    pair.client.send(0, GET, end_stream=True)
    return pair


def the_first(is_meant: Callable[[int], bool]) -> Callable[[int], bool]:
    """Loses one datagram: the first that is meant."""
    lost: list[int] = []

    def loses(number: int) -> bool:
        if not lost and is_meant(number):
            lost.append(number)
            return True
        return False

    return loses


def validated(pair: Pair) -> dict[object, bool]:
    connection = pair.transport._connection
    return {path.addr: path.is_validated for path in connection._network_paths}  # type: ignore[attr-defined]  # aioquic's


async def test_an_address_is_believed_once_its_challenge_is_answered() -> None:
    pair = await moving()
    await pair.drive(1.0)

    assert validated(pair)[MOVED]
    assert 0 in pair.client.fins


async def test_an_answer_that_is_lost_is_asked_for_again() -> None:
    pair = await moving()
    pair.loses_to_server = the_first(lambda number: len(pair.to_server[number]) >= SMALLEST_PROOF)
    await pair.drive(0.1)  # long before the path would be given up

    assert validated(pair)[MOVED]
    assert 0 in pair.client.fins


async def test_a_challenge_that_is_lost_is_sent_again() -> None:
    pair = await moving()
    pair.loses_to_client = the_first(lambda number: True)
    await pair.drive(1.0)

    assert validated(pair)[MOVED]
    assert 0 in pair.client.fins


@pytest.mark.parametrize("seed", range(3))
async def test_a_client_may_move_on_a_bad_network(seed: int) -> None:
    pair = await moving()
    pair.loses_to_server = pair.loses_to_client = lambda number: (number + seed) % 5 == 3
    await pair.drive(20.0)

    assert 0 in pair.client.fins
