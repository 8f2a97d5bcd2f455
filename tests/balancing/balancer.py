"""A small load balancer that keeps no state: a program, for a machine of its own.

    python -m tests.balancing.balancer 10.77.0.100 4433 net0

It knows server IDs by the package's own reading of QUIC-LB, and the fallback that the draft calls
the baseline: a hash of the client's address. Hosts return directly: a datagram goes on as it came,
with the client's address on it, in a frame for the host that it is for; what the host answers
passes by here. So does every large balancer of layer 4, and there is nothing to keep in mind.

A line of JSON on stdin is a new table: `cid-configs` as in the draft's YANG model for middleboxes,
and `welcoming`, the addresses of the hosts that get new clients. It is answered with a line: what
was forwarded until then. Its one rule: the same datagram goes to the same host until the table
changes, and then, if its connection ID names one, still.
"""

from __future__ import annotations

import hashlib
import json
import select
import socket
import struct
import sys
from typing import Any

from h3producer.quic.balancing.balancer import Balancer
from h3producer.quic.balancing.cid_config import CidConfig
from tests.balancing.network import mac_of

__all__ = ["Table", "main"]

MAX_DATAGRAM = 65535
BATCH = 64
"""Datagrams between two looks at stdin."""

_ETHERTYPE_IPV4 = 0x0800
_UDP = 17
_DO_NOT_FRAGMENT = 0x4000
_HEADERS = struct.Struct("!BBHHHBBH4s4sHHHH")
"""IPv4 (RFC 791) without options, and UDP."""


class Table:
    """Which host a datagram is for."""

    def __init__(self, content: dict[str, Any]) -> None:
        servers: dict[bytes, str] = {}
        configs = []
        for each in content["cid-configs"]:
            key = each.get("cid-key")
            configs.append(
                CidConfig(
                    each["config-rotation-bits"],
                    each["server-id-length"],
                    each["nonce-length"],
                    None if key is None else _bytes(key),
                )
            )
            for mapping in each["server-id-mappings"]:
                servers[_bytes(mapping["server-id"])] = mapping["server-address"]
        self._balancer = Balancer(configs, servers)
        self._welcoming: list[str] = content["welcoming"]
        self.by_id = self.by_hash = 0
        """How many datagrams went either way."""

    def host_for(self, datagram: bytes, client: tuple[str, int]) -> str:
        """The address of the host that gets it."""
        host = self._balancer.server_for(datagram)
        if host is not None:
            self.by_id += 1
            return host
        self.by_hash += 1
        return self._by_hash(client)

    def _by_hash(self, client: tuple[str, int]) -> str:
        """Rendezvous hashing: a host that comes or goes moves no client of the others."""
        who = repr(client).encode()
        return max(
            self._welcoming,
            key=lambda host: hashlib.blake2b(host.encode() + who, digest_size=8).digest(),
        )


def frame(datagram: bytes, source: tuple[str, int], to: tuple[str, int]) -> bytes:
    """The datagram in an IPv4 packet, from whom it came."""
    udp_size = 8 + len(datagram)

    def headers(checksum: int) -> bytes:
        return _HEADERS.pack(
            *(0x45, 0, 20 + udp_size, 0, _DO_NOT_FRAGMENT, 64, _UDP, checksum),
            *(socket.inet_aton(source[0]), socket.inet_aton(to[0])),
            # Over IPv4, a UDP checksum of 0 says that there is none (RFC 768).
            *(source[1], to[1], udp_size, 0),
        )

    total = sum(struct.unpack("!10H", headers(0)[:20]))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return headers(~total & 0xFFFF) + datagram


def main(host: str, port: str, device: str) -> None:
    """Forward until stdin ends."""
    service = (host, int(port))
    table: Table | None = None
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as incoming,
        socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM) as outgoing,
    ):
        incoming.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        incoming.bind(service)
        incoming.setblocking(False)
        while True:
            readable, _, _ = select.select([incoming, sys.stdin], [], [])
            if sys.stdin in readable:
                line = sys.stdin.readline()
                if not line:
                    return
                forwarded = [table.by_id, table.by_hash] if table else [0, 0]
                table = Table(json.loads(line))
                print(json.dumps(forwarded), flush=True)
            for _ in range(BATCH):
                try:
                    datagram, client = incoming.recvfrom(MAX_DATAGRAM)
                except BlockingIOError:
                    break
                if table is not None:
                    packet = frame(datagram, client, service)
                    mac = bytes.fromhex(mac_of(table.host_for(datagram, client)).replace(":", ""))
                    outgoing.sendto(packet, (device, _ETHERTYPE_IPV4, 0, 0, mac))


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text.replace(":", ""))


if __name__ == "__main__":
    main(*sys.argv[1:])
