"""A connection that begins by a model is what aioquic would have made, and nobody else's."""

from __future__ import annotations

from collections import deque
from enum import Enum
from logging import Logger

import pytest
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.connection import Limit, QuicConnection

from h3producer.config import Config
from h3producer.quic.aioquic.connection import AioquicConnection
from h3producer.quic.aioquic.connection_model import ConnectionModel
from h3producer.quic.aioquic.engine import _make_configuration
from h3producer.quic.connection_ids import PlainIds
from h3producer.quic.keys.stateless_reset import ResetTokens
from tests.pair import make_credentials

CONFIGURATION = _make_configuration(Config(), make_credentials(), None)
ORIGINAL_ID, RETRY_ID = b"original", b"retry id"

IDS = PlainIds(ResetTokens())

RANDOM = {"host_cid", "_host_cids", "_local_initial_source_connection_id", "_peer_cid"}


def begun() -> QuicConnection:
    connection = QuicConnection.__new__(QuicConnection)
    ConnectionModel(CONFIGURATION).begin(connection, ORIGINAL_ID, RETRY_ID)
    return connection


def made(model: ConnectionModel | None = None) -> AioquicConnection:
    model = model or ConnectionModel(CONFIGURATION)
    return AioquicConnection(CONFIGURATION, original_id=ORIGINAL_ID, model=model, ids=IDS)


def stock() -> QuicConnection:
    return QuicConnection(
        configuration=CONFIGURATION,
        original_destination_connection_id=ORIGINAL_ID,
        retry_source_connection_id=RETRY_ID,
    )


def comparable(value: object) -> object:
    """What two of aioquic's objects have to have in common."""
    if isinstance(value, Enum | type(None) | bool | int | float | bytes | str):
        return value
    if isinstance(value, dict | list | set | deque):
        return type(value), [comparable(each) for each in value]
    if isinstance(value, QuicConfiguration | Logger):
        return id(value)
    if hasattr(value, "__dict__"):
        return type(value), {name: comparable(each) for name, each in vars(value).items()}
    return type(value)


@pytest.mark.parametrize("name", sorted(set(vars(stock())) - RANDOM))
def test_every_attribute_is_as_aioquic_makes_it(name: str) -> None:
    if name != "_QuicConnection__frame_handlers":  # which are made when they are asked for
        assert comparable(vars(begun())[name]) == comparable(vars(stock())[name])


def test_its_ids_are_like_those_that_aioquic_makes() -> None:
    ours, theirs = made(), stock()
    (our_id,), (their_id,) = ours._host_cids, theirs._host_cids
    assert (our_id.sequence_number, our_id.was_sent) == (their_id.sequence_number, True)
    assert len(our_id.cid) == len(their_id.cid)
    assert len(our_id.stateless_reset_token) == len(their_id.stateless_reset_token)
    assert ours.host_cid == our_id.cid == ours._local_initial_source_connection_id
    assert ours._peer_cid.sequence_number is theirs._peer_cid.sequence_number is None
    assert len(ours._peer_cid.cid) == len(theirs._peer_cid.cid)


def test_no_two_connections_have_the_same_ids() -> None:
    model = ConnectionModel(CONFIGURATION)
    one, other = made(model), made(model)
    assert one.host_cid != other.host_cid
    assert one._host_cids[0].stateless_reset_token != other._host_cids[0].stateless_reset_token


def test_two_connections_share_nothing_that_can_change() -> None:
    model = ConnectionModel(CONFIGURATION)
    one, other = vars(made(model)), vars(made(model))
    for name, value in one.items():
        if isinstance(value, dict | list | set | deque | Limit):
            assert value is not other[name], name


def test_an_attribute_that_nobody_knows_is_no_model(monkeypatch: pytest.MonkeyPatch) -> None:
    theirs = QuicConnection.__init__

    def newer(self: QuicConnection, **arguments: object) -> None:
        theirs(self, **arguments)  # type: ignore[arg-type]
        self._queue = object()  # type: ignore[attr-defined]

    monkeypatch.setattr(QuicConnection, "__init__", newer)
    with pytest.raises(TypeError, match="aioquic has _queue, a object, for a connection"):
        ConnectionModel(CONFIGURATION)
