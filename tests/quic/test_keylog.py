"""The key log opens what went over the wire, to a reader that shares none of our code.

Wireshark's tshark reads the datagrams of both ends, from a capture file that is made here, and the
key log. Skipped where it is not installed (`apt install tshark`).
"""

from __future__ import annotations

import shutil
import struct
import subprocess
from typing import TYPE_CHECKING

import pytest

from h3producer.config import Config
from h3producer.http3.connection import Http3Connection
from tests.docs.blocks import blocks_of, commands_of
from tests.http3.harness import GET
from tests.pair import Pair
from tests.quic.rogue_client import RogueClient

if TYPE_CHECKING:
    from pathlib import Path

    from h3producer.http3.stream import Http3Stream
    from h3producer.quic.engine import Address
    from tests.pair import Client

TSHARK = shutil.which("tshark")

pytestmark = pytest.mark.skipif(TSHARK is None, reason="tshark is not installed")

RAW_IP = 101
"""The link type of packets that begin with an IP header."""


class Capture(Pair):
    """Both ends of QUIC, and every datagram between them in a file that Wireshark reads."""

    def __init__(self, directory: Path, **settings: object) -> None:
        keys = directory / "keys.log"
        config = Config(keylog_file=str(keys), **settings)  # type: ignore[arg-type]  # names match
        super().__init__(
            lambda transport: Http3Connection(transport, answer, config), config=config
        )
        self.keys = keys
        self.path = directory / "capture.pcap"
        self.packets = [struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, RAW_IP)]

    def _to_server(self, data: bytes, address: Address) -> None:
        self._note(data, address, self.socket.address)
        super()._to_server(data, address)

    def _to_client(self, data: bytes, address: Address) -> None:
        self._note(data, self.socket.address, address)
        super()._to_client(data, address)

    def _note(self, data: bytes, source: Address, destination: Address) -> None:
        """An IPv4 packet with a UDP datagram; nobody looks at the checksums."""
        (host, port), (other, other_port) = source[:2], destination[:2]
        addresses = b"".join(bytes(map(int, each.split("."))) for each in (host, other))
        udp = struct.pack(">HHHH", port, other_port, 8 + len(data), 0) + data
        ip = struct.pack(">BBHIBBH", 0x45, 0, 20 + len(udp), 0, 64, 17, 0) + addresses
        size = len(ip) + len(udp)
        self.packets.append(struct.pack("<IIII", int(self.loop.now), 0, size, size) + ip + udp)

    async def ask(self, client: Client) -> None:
        await self.connect(client)
        stream_id = client.open()
        client.send(stream_id, GET, end_stream=True)
        await self.drive()
        assert b"opened" in client.received(stream_id)

    def read(self) -> list[str]:
        """What tshark finds of the streams, in hex, asked as docs/observing.md does."""
        self.engine.close()
        self.path.write_bytes(b"".join(self.packets))
        assert TSHARK is not None
        places = {"capture.pcap": self.path, "keys.log": self.keys, "4433": self.socket.address[1]}
        command = shown_command()
        for shown, ours in places.items():
            command = command.replace(shown, str(ours))
        outcome = subprocess.run(
            [TSHARK, *command.split()[1:]],
            capture_output=True,
            check=True,
            text=True,
            timeout=60,
        )
        return [each for line in outcome.stdout.splitlines() for each in line.split(",") if each]


def shown_command() -> str:
    """The command line of docs/observing.md."""
    (command,) = [
        command.text
        for block in blocks_of("docs/observing.md")
        for command in (commands_of(block) if block.language == "console" else ())
        if command.text.startswith("tshark ")
    ]
    return command


async def answer(stream: Http3Stream) -> None:
    stream.response.start(200)
    await stream.response.complete(b"opened")


async def test_what_was_said_is_read_with_the_key_log(tmp_path: Path) -> None:
    capture = Capture(tmp_path)
    await capture.ask(capture.client)
    assert b"opened".hex() in "".join(capture.read())


async def test_a_resumed_session_is_read_as_well(tmp_path: Path) -> None:
    capture = Capture(tmp_path, fast_path=True)
    first = RogueClient()
    await capture.ask(first)
    again = RogueClient()
    again.rogue.configuration.session_ticket = first.rogue.tickets[0]
    again.address = ("192.0.2.2", 50001)
    await capture.ask(again)
    assert again.rogue.tls.session_resumed
    assert "".join(capture.read()).count(b"opened".hex()) == 2


async def test_early_data_is_read_as_well(tmp_path: Path) -> None:
    capture = Capture(tmp_path, fast_path=True, early_data=True)
    first = RogueClient()
    await capture.connect(first)
    again = RogueClient()
    again.rogue.configuration.session_ticket = first.rogue.tickets[0]
    again.address = ("192.0.2.2", 50001)
    again.send(again.open(), GET, end_stream=True)
    await capture.connect(again)
    assert again.rogue.tls.early_data_accepted
    assert "".join(capture.read()).count(GET.hex()) == 1


async def test_without_the_key_log_nothing_is_read(tmp_path: Path) -> None:
    capture = Capture(tmp_path)
    await capture.ask(capture.client)
    capture.engine.close()
    capture.keys.write_text("")
    assert capture.read() == []
