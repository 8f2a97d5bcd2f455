"""The test cases of the quic-interop-runner that have to do with a server, and their checks.

This file knows which files are asked for, over which network, and what the trace has to show. It
refuses to know how a case is played (`play.py`). Its one rule: the checks are the runner's; where
it looks into packets that are encrypted, and we do not, a sentence says what is looked at instead.

What the networks do not have, and the runner's have: a bottleneck of 10 Mbit/s with a queue of 25
packets.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from h3producer.quic.packets import VERSION_1, VERSION_2
from tests.interop_runner.trace import HANDSHAKE, INITIAL, ONE_RTT, ZERO_RTT

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.interop_runner.trace import Trace

__all__ = ["CASES", "Case", "Failed", "Played"]

KIB, MIB = 1024, 1024 * 1024
DELAY: Final = {"latency": 0.015}
"""Of most of the runner's networks."""


class Failed(AssertionError):
    """A check did not hold; the message is one sentence."""


@dataclass(frozen=True)
class Played:
    """What there is to check, apart from the files."""

    trace: Trace
    connections: list[dict[str, object]]
    """What the client says of each."""
    events: list[dict[str, object]]
    """What the server's qlog says of all."""
    client_hosts: set[str]
    """Addresses that the server has sent to, with ports."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """One of the runner's."""

    name: str
    files: tuple[int, ...]
    """Their sizes."""
    server: str = ""
    """TESTCASE of the server, if it is another name."""
    client: str = ""
    """TESTCASE of the client, if it is another name."""
    network: Mapping[str, float] = field(default_factory=lambda: DELAY)
    """What the relay does (`tests/e2e/relay.py`)."""
    host: str = "127.0.0.1"
    handshakes: int = 1
    name_size: int = 16
    """Characters of a file's name."""
    rebinds: str = ""
    """What a NAT in between changes now and then: `port` or `address`."""
    logs: bool = False
    """The server writes qlog, which the check reads."""
    check: Callable[[Played], None] = lambda played: None
    is_quick: bool = True
    """So that `make test` can have it, too."""


def needs(holds: bool, sentence: str) -> None:
    """One check."""
    if not holds:
        raise Failed(sentence)


def no_retry(played: Played) -> None:
    needs(not played.trace.retries, "A Retry was sent.")


def retried(played: Played) -> None:
    needs(bool(played.trace.retries), "No Retry was sent.")
    needs(bool(played.trace.tokens & played.trace.retries), "No Initial had the token of a Retry.")


def repeated(played: Played) -> None:
    hellos = len(played.trace.of(INITIAL, to_server=True))
    needs(hellos >= 2, f"{hellos} Initial packets came, which is no retransmission.")


def resumed(played: Played) -> None:
    said = [connection.get("resumed") for connection in played.connections]
    needs(said in ([False, True], [None, None]), f"The client says of resumption: {said}.")
    full, short = played.trace.handshake_sizes
    needs(short < full / 2, f"{short} octets of a second handshake, {full} of the first.")


def early(played: Played) -> None:
    needs(played.connections[1]["early"] is True, "Early data was not accepted.")
    needs(played.trace.size(ZERO_RTT) > 0, "The client sent no early data.")
    late = played.trace.size(ONE_RTT)
    needs(late <= 0.5 * 250 * 40, f"{late} octets came in 1-RTT packets.")


def upgraded(played: Played) -> None:
    trace = played.trace
    needs(VERSION_1 in trace.versions(INITIAL, to_server=True), "It did not begin with version 1.")
    for kind, to_server in ((INITIAL, False), (HANDSHAKE, True), (HANDSHAKE, False)):
        versions = trace.versions(kind, to_server=to_server)
        needs(versions == {VERSION_2}, f"{kind} packets had the versions {versions}.")


def only_version_1(played: Played) -> None:
    versions = {each.version for each in played.trace.packets if each.version}
    needs(versions == {VERSION_1}, f"The versions are {versions}.")


def keys_updated(played: Played) -> None:
    """The runner looks at the key phase of packets, we ask the client, which could read them."""
    phases = played.connections[0]["phases"]
    needs(phases == [1, 1], f"The key phases of server and client are {phases}.")


def paths_validated(played: Played) -> None:
    """The runner decrypts the first packet on each path, we read the server's qlog."""
    hosts = played.client_hosts
    needs(len(hosts) > 1, f"The server saw one path, {hosts}.")
    sent = frames_in(played, "packet_sent", "path_challenge")
    answered = frames_in(played, "packet_received", "path_response")
    needs(len(sent) >= len(hosts) - 1, f"{len(sent)} PATH_CHALLENGE for {len(hosts)} paths.")
    needs(bool(answered), "No PATH_RESPONSE came.")


def migrated(played: Played) -> None:
    """The runner's client goes to a preferred address of the server's, which ours has not; here it
    goes to another address of its own."""
    paths_validated(played)
    ids = len(played.trace.destinations)
    needs(ids > 1, "The client used no other connection id on the other path.")


def addresses_validated(played: Played) -> None:
    paths_validated(played)
    addresses = {each.rpartition(":")[0] for each in played.client_hosts}
    needs(len(addresses) > 1, f"The server saw one address, {addresses}.")


def frames_in(played: Played, event: str, frame_type: str) -> list[object]:
    """Frames of a type, by what the server says of its packets."""
    return [
        frame
        for each in played.events
        if each["name"] == f"transport:{event}"
        for frame in each["data"]["frames"]  # type: ignore[index]  # JSON
        if frame["frame_type"] == frame_type
    ]


def lossy(share: float) -> Mapping[str, float]:
    return {**DELAY, "loss": share, "in_a_row": 3}


def corrupt(share: float) -> Mapping[str, float]:
    return {**DELAY, "corruption": share, "in_a_row": 3}


TRANSFER: Final[dict[str, Any]] = {"server": "transfer", "client": "transfer"}
MANY: Final[dict[str, Any]] = {
    "server": "multiconnect",
    "client": "multiconnect",
    "files": (KIB,) * 50,
    "handshakes": 50,
    "is_quick": False,
}

CASES: Final = (
    Case(name="handshake", files=(KIB,), check=no_retry),
    Case(name="transfer", files=(2 * MIB, 3 * MIB, 5 * MIB)),
    Case(
        name="longrtt",
        server="handshake",
        client="handshake",
        files=(KIB,),
        network={"latency": 0.75},
        check=repeated,
        is_quick=False,
    ),
    Case(name="chacha20", files=(3 * MIB,)),
    Case(name="multiplexing", **TRANSFER, files=(32,) * 1999, is_quick=False),
    Case(name="retry", files=(10 * KIB,), check=retried),
    Case(name="resumption", files=(5 * KIB, 10 * KIB), handshakes=2, check=resumed),
    Case(name="zerortt", files=(32,) * 40, name_size=250, handshakes=2, check=early),
    Case(name="http3", files=(5 * KIB, 10 * KIB, 500 * KIB)),
    Case(name="keyupdate", server="transfer", files=(3 * MIB,), check=keys_updated),
    Case(name="handshakeloss", **MANY, network=lossy(0.3)),
    Case(
        name="transferloss",
        **TRANSFER,
        files=(2 * MIB,),
        network=lossy(0.02),
        is_quick=False,
    ),
    Case(name="handshakecorruption", **MANY, network=corrupt(0.3)),
    Case(
        name="transfercorruption",
        **TRANSFER,
        files=(2 * MIB,),
        network=corrupt(0.02),
        is_quick=False,
    ),
    Case(name="ipv6", **TRANSFER, files=(5 * KIB, 10 * KIB), host="::1"),
    Case(name="v2", files=(KIB,), check=upgraded),
    Case(
        name="connectionmigration",
        server="transfer",
        files=(2 * MIB,),
        logs=True,
        check=migrated,
        is_quick=False,
    ),
    Case(
        name="rebind-port",
        **TRANSFER,
        files=(10 * MIB,),
        rebinds="port",
        logs=True,
        check=paths_validated,
        is_quick=False,
    ),
    Case(
        name="rebind-addr",
        **TRANSFER,
        files=(10 * MIB,),
        rebinds="address",
        logs=True,
        check=addresses_validated,
        is_quick=False,
    ),
)
