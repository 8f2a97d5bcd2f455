"""What is done about first packets, in the order of their price."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from h3producer.config import Config
from h3producer.quic.acceptor import Acceptor, Newcomer
from h3producer.quic.connection_ids import PlainIds
from h3producer.quic.engine import TransportError
from h3producer.quic.keys.stateless_reset import ResetTokens
from h3producer.quic.keys.tokens import TOKEN_LIFETIME
from h3producer.quic.limits import REFUSAL_PAUSE
from h3producer.quic.packets import (
    VERSION_1,
    VERSION_2,
    encode_long_header,
    parse_long_header,
)

if TYPE_CHECKING:
    from h3producer.config import RetryMode
    from h3producer.quic.admission import Seat
    from h3producer.quic.engine import EngineConnection
    from h3producer.quic.packets import InitialPacket

ADDRESS = ("192.0.2.7", 4567)
CONNECTION = cast("EngineConnection", object())  # the acceptor only passes it on


class FakeEngine:
    """An engine that writes down what it was asked for."""

    versions = (VERSION_1, VERSION_2)

    def __init__(self) -> None:
        self.ids = PlainIds(ResetTokens(), slot=5)
        self.accepted: list[tuple[bytes, bytes | None]] = []
        self.refused: list[int] = []
        self.finds_noise = False

    def is_authentic(self, datagram: bytes, initial: InitialPacket) -> bool:
        return not self.finds_noise

    def accept(self, initial: InitialPacket, original_id: bytes | None) -> EngineConnection:
        self.accepted.append((initial.destination_id, original_id))
        return CONNECTION

    def refuse(self, initial: InitialPacket, error_code: int) -> bytes:
        self.refused.append(error_code)
        return b"refused"

    def close(self) -> None:
        pass


class Door:
    """An acceptor with a fake engine, and clients that knock."""

    def __init__(self, retry: RetryMode = "never", key: bytes | None = None, **limits: int) -> None:
        self.engine = FakeEngine()
        config = Config(retry=retry, **limits)  # type: ignore[arg-type]  # all are counts
        self.now = 100.0
        self.acceptor = Acceptor(self.engine, config, key, clock=lambda: self.now)
        self.seats: list[Seat] = []
        """Of those who were let in."""

    def knock(
        self, datagram: bytes, address: tuple[str, int] = ADDRESS
    ) -> EngineConnection | bytes | None:
        verdict = self.acceptor.judge(datagram, address, self.now)
        if isinstance(verdict, Newcomer):
            self.seats.append(verdict.seat)
            return verdict.connection
        return verdict

    def wait(self) -> None:
        """Until it would refuse again."""
        self.now += REFUSAL_PAUSE


def make_initial(
    *, destination_id: bytes = b"original", token: bytes = b"", version: int = VERSION_1
) -> bytes:
    first = {VERSION_1: 0xC0, VERSION_2: 0xD0}.get(version, 0xC0)
    head = encode_long_header(first, version, destination_id, b"client")
    return (head + (0x4000 | len(token)).to_bytes(2, "big") + token).ljust(1200, b"\0")


def retried(answer: EngineConnection | bytes | None) -> tuple[bytes, bytes]:
    """The new destination id and the token of a Retry packet."""
    assert isinstance(answer, bytes)
    header = parse_long_header(answer)
    assert header is not None
    start = 7 + len(header.destination_id) + len(header.source_id)
    return header.source_id, answer[start:-16]


@pytest.mark.parametrize("version", [VERSION_1, VERSION_2])
def test_an_initial_is_accepted(version: int) -> None:
    door = Door()
    assert door.knock(make_initial(version=version)) is CONNECTION
    assert door.engine.accepted == [(b"original", None)]


def test_an_initial_in_a_small_datagram_is_dropped() -> None:
    """RFC 9000 §14.1."""
    assert Door().knock(make_initial()[:1199]) is None


def test_an_initial_to_a_short_made_up_id_is_dropped() -> None:
    """RFC 9000 §7.2: "at least 8 bytes in length"."""
    assert Door().knock(make_initial(destination_id=b"7 bytes")) is None


def test_an_unknown_version_is_told_ours() -> None:
    answer = Door().knock(make_initial(version=0x1A2A3A4A))
    assert isinstance(answer, bytes)
    assert answer.endswith(bytes.fromhex("00000001 6b3343cf"))


def test_a_small_packet_of_an_unknown_version_gets_no_answer() -> None:
    """RFC 9000 §6.1: only one that is large enough to open a connection."""
    assert Door().knock(make_initial(version=0x1A2A3A4A)[:600]) is None


def test_version_negotiation_is_never_answered() -> None:
    """RFC 9000 §6.1: two servers could keep each other busy for ever."""
    assert Door().knock(make_initial(version=0)) is None


@pytest.mark.parametrize("first", [0x40, 0xE0, 0xF0, 0x80])
def test_what_is_no_initial_is_dropped(first: int) -> None:
    assert Door().knock(bytes((first,)) + make_initial()[1:]) is None


def test_noise_in_the_shape_of_an_initial_is_dropped() -> None:
    door = Door()
    door.engine.finds_noise = True
    assert door.knock(make_initial()) is None
    assert door.engine.accepted == []


@given(st.binary(max_size=40), st.sampled_from(["always", "auto", "never"]))
def test_any_bytes_are_judged(data: bytes, retry: RetryMode) -> None:
    Door(retry).knock(b"\xc0" + data.ljust(1200, b"\0"))


def test_with_retry_a_client_has_to_come_back() -> None:
    door = Door("always")
    source_id, token = retried(door.knock(make_initial()))
    assert door.engine.accepted == []
    assert door.knock(make_initial(destination_id=source_id, token=token)) is CONNECTION
    assert door.engine.accepted == [(source_id, b"original")]


def test_an_answer_is_smaller_than_what_it_answers() -> None:
    """RFC 9000 §8.1: nobody may use us to multiply his traffic."""
    answer = Door("always").knock(make_initial(destination_id=b"d" * 20))
    assert isinstance(answer, bytes)
    assert len(answer) < 300


def test_a_token_from_another_address_is_refused() -> None:
    """RFC 9000 §8.1.2: INVALID_TOKEN."""
    door = Door("always")
    source_id, token = retried(door.knock(make_initial()))
    back = make_initial(destination_id=source_id, token=token)
    assert door.knock(back, ("192.0.2.8", 4567)) == b"refused"
    assert door.engine.refused == [TransportError.INVALID_TOKEN]


def test_a_token_that_is_too_old_is_refused() -> None:
    door = Door("always")
    source_id, token = retried(door.knock(make_initial()))
    door.now += TOKEN_LIFETIME + 1
    assert door.knock(make_initial(destination_id=source_id, token=token)) == b"refused"


def test_a_client_comes_back_to_the_process_that_asked_it_for_a_proof() -> None:
    door = Door("always")
    source_id, _ = retried(door.knock(make_initial()))
    assert door.engine.ids.slot_of(source_id) == 5


def test_the_proof_is_good_for_another_process_with_the_same_key() -> None:
    source_id, token = retried(Door("always", b"k" * 16).knock(make_initial()))
    other = Door("always", b"k" * 16)
    assert other.knock(make_initial(destination_id=source_id, token=token)) is CONNECTION


def test_a_foreign_token_counts_as_none() -> None:
    """RFC 9000 §8.1.3: proceed as if the client had no validated address."""
    door = Door("always")
    retried(door.knock(make_initial(token=b"what another server once gave")))
    assert door.engine.refused == []


def test_without_retry_a_foreign_token_is_ignored() -> None:
    assert Door("never").knock(make_initial(token=b"whatever")) is CONNECTION


def test_auto_asks_nobody_while_few_handshakes_are_open() -> None:
    door = Door("auto", retry_threshold=2)
    assert door.knock(make_initial()) is CONNECTION
    assert door.knock(make_initial(token=b"foreign")) is CONNECTION


def test_auto_asks_for_a_proof_in_a_flood() -> None:
    door = Door("auto", retry_threshold=1)
    door.knock(make_initial())
    source_id, token = retried(door.knock(make_initial()))
    assert door.knock(make_initial(destination_id=source_id, token=token)) is CONNECTION


def test_a_proof_asked_for_in_a_flood_is_honoured_after_it() -> None:
    """The handshake has to name the Retry, or the client gives up (RFC 9000 §7.3)."""
    door = Door("auto", retry_threshold=1)
    door.knock(make_initial())
    source_id, token = retried(door.knock(make_initial()))
    door.seats[0].leave()
    assert door.knock(make_initial(destination_id=source_id, token=token)) is CONNECTION
    assert door.engine.accepted[1:] == [(source_id, b"original")]


# Limits


def test_beyond_the_half_open_ones_a_newcomer_hears_nothing() -> None:
    """It asks again by itself, and by then there may be room."""
    door = Door(max_half_open_connections=2)
    assert [door.knock(make_initial()) for _ in range(3)] == [CONNECTION, CONNECTION, None]
    door.seats[0].leave()
    assert door.knock(make_initial()) is CONNECTION


def test_beyond_all_connections_a_newcomer_is_refused() -> None:
    """RFC 9000 §5.2.2: CONNECTION_REFUSED."""
    door = Door(max_connections=2)
    assert [door.knock(make_initial()) for _ in range(3)] == [CONNECTION, CONNECTION, b"refused"]
    assert door.engine.refused == [TransportError.CONNECTION_REFUSED]


def test_beyond_what_an_address_may_have_it_is_refused_and_no_other() -> None:
    door = Door(max_connections_per_address=1)
    door.knock(make_initial())
    door.seats[0].handshake_completed()
    assert door.knock(make_initial()) == b"refused"
    assert door.knock(make_initial(), ("192.0.2.8", 4567)) is CONNECTION


def test_what_a_retry_has_proven_counts_for_its_address() -> None:
    door = Door("always", max_connections_per_address=1)
    source_id, token = retried(door.knock(make_initial()))
    assert door.knock(make_initial(destination_id=source_id, token=token)) is CONNECTION
    assert door.knock(make_initial()) == b"refused"


def test_a_flood_is_not_answered_packet_by_packet() -> None:
    door = Door(max_connections=1)
    door.knock(make_initial())
    assert [door.knock(make_initial()) for _ in range(3)] == [b"refused", None, None]
    door.wait()
    assert door.knock(make_initial()) == b"refused"
