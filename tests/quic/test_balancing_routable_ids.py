"""Ids that a balancer can route, made by one process; and what is done when nonces run out."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from h3producer.config import Config
from h3producer.quic.balancing.assignment import Assignment
from h3producer.quic.balancing.balancer import Balancer
from h3producer.quic.balancing.cid_config import UNROUTABLE, CidConfig, config_id_of
from h3producer.quic.balancing.lines import lines_of
from h3producer.quic.balancing.nonce_file import FiledNonces
from h3producer.quic.balancing.nonces import CountedNonces, RandomNonces
from h3producer.quic.balancing.routable_ids import Line, RoutableIds
from h3producer.quic.connection_ids import PlainIds
from h3producer.quic.keys.shared_keys import SharedKeys
from h3producer.quic.keys.stateless_reset import ResetTokens
from h3producer.quic.siblings.place import connection_ids
from h3producer.quic.udp.strays import Strays
from tests.virtual import VirtualLoop

if TYPE_CHECKING:
    from pathlib import Path

HERE = b"\x0a\x01"
ENCRYPTED = CidConfig(1, 2, 8, b"k" * 16)
OTHER = CidConfig(2, 2, 8, b"K" * 16)
CLEAR = CidConfig(3, 2, 8)


def line(config: CidConfig = ENCRYPTED, count: int = 1 << 64, server_id: bytes = HERE) -> Line:
    nonces = CountedNonces(config.nonce_length, count=count)
    return Line(Assignment(config, server_id), nonces)


def made_of(*lines: Line, slot: int | None = None) -> RoutableIds:
    return RoutableIds(ResetTokens(b"r" * 32), lines, slot)


def test_a_balancer_sends_every_one_of_them_here() -> None:
    ids = made_of(line())
    balancer = Balancer([ENCRYPTED], {HERE: "here"})
    made = {ids.make() for _ in range(100)}
    assert len(made) == 100
    assert {len(each) for each in made} == {ids.length} == {11}
    assert {balancer.server_of(each) for each in made} == {"here"}


def test_the_slot_of_a_process_stands_in_the_low_bits() -> None:
    ids = made_of(line(), slot=21)
    made = [ids.make() for _ in range(20)]
    assert {each[0] for each in made} == {0b001_10101}
    assert {ids.slot_of(each) for each in made} == {21}


def test_without_a_slot_the_low_bits_say_nothing() -> None:
    ids = made_of(line())
    assert len({ids.make()[0] for _ in range(200)}) > 20


def test_they_say_how_long_they_are_if_that_is_asked_for() -> None:
    ids = made_of(line(replace(ENCRYPTED, encodes_length=True)))
    assert {ids.make()[0] for _ in range(20)} == {0b001_00000 | 10}


def test_with_workers_the_slot_stands_there_instead_and_that_is_said(
    caplog: pytest.LogCaptureFixture,
) -> None:
    config = replace(ENCRYPTED, encodes_length=True)
    first, second = (made_of(line(config), slot=slot) for slot in (0, 1))
    assert [first.make()[0], second.make()[0]] == [0b001_00000, 0b001_00001]
    assert caplog.messages == [
        "QUIC-LB: with workers, the first octet of a connection ID has their number, and not its "
        "length."
    ]


# What a client gets


def test_with_a_key_a_client_gets_more_than_one() -> None:
    assert made_of(line()).spares


def test_without_a_key_it_does_not() -> None:
    assert not made_of(line(CLEAR)).spares


def test_the_token_of_an_id_is_that_of_every_process_with_the_key() -> None:
    ids = made_of(line())
    made = ids.make()
    assert ids.token_of(made) == ResetTokens(b"r" * 32).token_of(made)


# When nonces run out


def test_then_the_next_configuration_is_used_and_that_is_an_error(
    caplog: pytest.LogCaptureFixture,
) -> None:
    ids = made_of(line(count=1), line(OTHER))
    assert [config_id_of(ids.make()) for _ in range(3)] == [1, 2, 2]
    (record,) = [each for each in caplog.records if each.levelno == logging.ERROR]
    assert record.getMessage() == (
        "QUIC-LB: all nonces of config 1 were used: connection IDs are of config 2 now."
    )


def test_when_there_is_no_other_they_lead_nowhere_and_say_so(
    caplog: pytest.LogCaptureFixture,
) -> None:
    ids = made_of(line(count=0))
    made = ids.make()
    assert config_id_of(made) == UNROUTABLE
    assert (len(made), made[0] & 0x1F) == (11, 10)
    assert caplog.messages[-1].endswith(
        "connection IDs are of config 7 now, which balancers route by the client's address."
    )


def test_those_that_lead_nowhere_still_lead_to_their_process() -> None:
    ids = made_of(line(count=0), slot=3)
    assert ids.slot_of(ids.make()) == 3


def test_of_those_a_client_gets_only_one() -> None:
    ids = made_of(line(count=0))
    ids.make()
    assert not ids.spares


def test_a_configuration_of_another_length_is_not_used_by_the_same_process() -> None:
    ids = made_of(line(count=0), line(CidConfig(2, 2, 9, b"K" * 16)))
    assert config_id_of(ids.make()) == UNROUTABLE


def test_that_they_run_out_is_said_once_in_good_time(caplog: pytest.LogCaptureFixture) -> None:
    short = CidConfig(1, 2, 4, b"k" * 16)
    ids = made_of(line(short, count=(1 << 28) + 1))
    ids.make()
    assert caplog.messages == [
        "QUIC-LB: less than 1/16 of the nonces of config 1 are left: it is time for another config "
        "with another key."
    ]
    ids.make()
    assert len(caplog.messages) == 1


# Whether an id is this server's own


def packet(connection_id: bytes) -> bytes:
    return b"\x40" + connection_id + b"the rest of a packet"


def test_an_id_of_its_own_is_found_in_a_packet_of_each_configuration() -> None:
    longer = CidConfig(4, 2, 12, b"K" * 16)
    ids = made_of(line(), line(longer))
    for made in (ids.make(), made_of(line(longer)).make()):
        assert ids.own_id(packet(made)) == made


@pytest.mark.parametrize(
    "connection_id",
    [
        made_of(line(server_id=b"\x0a\x02")).make(),
        made_of(line(OTHER)).make(),
        made_of(line(count=0)).make(),
    ],
    ids=["of another server", "of another config", "unroutable"],
)
def test_what_others_may_have_is_not_its_own(connection_id: bytes) -> None:
    assert made_of(line()).own_id(packet(connection_id)) is None


def test_a_packet_cut_off_at_any_byte_has_no_id() -> None:
    ids = made_of(line())
    whole = b"\x40" + ids.make()
    assert all(ids.own_id(whole[:cut]) is None for cut in range(len(whole)))


def test_what_others_may_have_is_not_answered_by_a_reset() -> None:
    sent = []
    ids = made_of(line())
    strays = Strays(ids, lambda *answer: sent.append(answer), VirtualLoop())
    strays.settle(packet(made_of(line(server_id=b"\x0a\x02")).make()), ("192.0.2.1", 1), 0)
    assert sent == []
    strays.settle(packet(ids.make()), ("192.0.2.1", 1), 0)
    assert len(sent) == 1


# From settings


def test_without_settings_ids_are_plain() -> None:
    assert isinstance(connection_ids(Config(), SharedKeys.derive()), PlainIds)


def test_with_settings_they_can_be_routed() -> None:
    made = connection_ids(Config(lb_server_id="0a:01"), SharedKeys.derive(), 4).make()
    assert made[:3] == b"\x04\x0a\x01"


def test_what_is_in_clear_is_random_what_is_encrypted_counted_and_what_is_short_filed(
    tmp_path: Path,
) -> None:
    key = tmp_path / "key"
    key.write_text("00" * 16)
    short = {"lb_nonce_length": 4, "lb_nonce_file": str(tmp_path / "nonces")}
    kinds = [
        type(lines_of(Config(lb_server_id="01", **settings))[0].nonces)
        for settings in ({}, {"lb_key_file": str(key)}, {"lb_key_file": str(key), **short})
    ]
    assert kinds == [RandomNonces, CountedNonces, FiledNonces]
