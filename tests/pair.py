"""Both ends of QUIC in one process: an aioquic client and our endpoint, on a virtual clock.

    pair = Pair(accept)            # accept makes the core, as for a real endpoint
    await pair.connect()
    pair.client.send(0, b"hello", end_stream=True)
    await pair.drive()             # until neither end has anything to say
    assert pair.client.received(0) == b"world"

Nothing sleeps: `drive` jumps from timer to timer, `advance` lets a time pass. Loss, delay and a
full socket are switches.
"""

from __future__ import annotations

import datetime
import functools
import ssl
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from aioquic.buffer import encode_uint_var
from aioquic.quic import events
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.connection import QuicConnection
from aioquic.quic.packet import QuicPacketType
from aioquic.quic.packet_builder import QuicPacketBuilder
from aioquic.tls import Epoch
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519

from h3producer.config import Config
from h3producer.quic.acceptor import Acceptor
from h3producer.quic.aioquic import AioquicEngine
from h3producer.quic.udp.endpoint import UdpEndpoint
from tests.fakes import RecordingInputs
from tests.virtual import MemorySocket, VirtualLoop, settle

if TYPE_CHECKING:
    from collections.abc import Callable

    from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes

    from h3producer.http3.transport import ConnectionInputs, QuicTransport
    from h3producer.quic.connection_ids import ConnectionIds
    from h3producer.quic.engine import Address
    from h3producer.quic.transport import EngineTransport
    from h3producer.quic.udp.endpoint import Accept

__all__ = ["Client", "Frame", "Pair", "TestCredentials", "make_credentials", "stream_frame"]

Frame: TypeAlias = tuple[int, bytes]
"""Type and body of a hand-made frame."""


@dataclass(frozen=True)
class TestCredentials:
    """A certificate that is valid for an hour, and its key."""

    __test__ = False

    certificate: x509.Certificate
    chain: tuple[x509.Certificate, ...]
    private_key: CertificateIssuerPrivateKeyTypes


@functools.cache
def make_credentials(key: CertificateIssuerPrivateKeyTypes | None = None) -> TestCredentials:
    """A self-signed certificate for localhost, P-256 unless a key is given."""
    private_key = key or ec.generate_private_key(ec.SECP256R1())
    is_edwards = isinstance(private_key, ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private_key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(minutes=5))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
    )
    certificate = builder.sign(private_key, None if is_edwards else hashes.SHA256())
    return TestCredentials(certificate, (), private_key)


class _ClientConnection(QuicConnection):
    """aioquic's client, that can be told to give no more credit."""

    gives_credit = True

    def _write_connection_limits(self, builder: QuicPacketBuilder, space: object) -> None:
        if self.gives_credit:
            super()._write_connection_limits(builder, space)  # type: ignore[arg-type]

    def _write_stream_limits(
        self, builder: QuicPacketBuilder, space: object, stream: object
    ) -> None:
        if self.gives_credit:
            super()._write_stream_limits(builder, space, stream)  # type: ignore[arg-type]


def stream_frame(stream_id: int, data: bytes, offset: int = 0, *, fin: bool = False) -> Frame:
    """A STREAM frame (RFC 9000 §19.8), for `Client.inject`."""
    numbers = (stream_id, offset, len(data))
    return 0x0E | fin, b"".join(map(encode_uint_var, numbers)) + data


class Client:
    """An aioquic client that remembers what came, by stream.

    Its verbs take effect with the next `Pair.drive`.
    """

    def __init__(
        self,
        address: Address = ("192.0.2.1", 50000),
        *,
        max_data: int = 1 << 20,
        max_stream_data: int = 1 << 20,
        idle_timeout: float = 60.0,
        versions: list[int] | None = None,
        token: bytes = b"",
    ) -> None:
        self.address = address
        configuration = QuicConfiguration(
            is_client=True,
            alpn_protocols=["h3"],
            server_name="localhost",
            verify_mode=ssl.CERT_NONE,
            max_data=max_data,
            max_stream_data=max_stream_data,
            max_datagram_frame_size=65535,
            idle_timeout=idle_timeout,
            token=token,
        )
        if versions is not None:
            configuration.supported_versions = versions
        self.quic = _ClientConnection(configuration=configuration)
        self.fins: set[int] = set()
        self.resets: dict[int, int] = {}
        self.stops: dict[int, int] = {}
        self.datagrams: list[bytes] = []
        self.terminated: events.ConnectionTerminated | None = None
        self.is_connected = False
        self._received: dict[int, bytearray] = defaultdict(bytearray)
        self._injected: list[bytes] = []
        self._next_stream = {False: 0, True: 2}

    # Verbs

    def open(self, *, is_unidirectional: bool = False) -> int:
        """The id of a new stream."""
        stream_id = self._next_stream[is_unidirectional]
        self._next_stream[is_unidirectional] += 4
        return stream_id

    def send(self, stream_id: int, data: bytes, *, end_stream: bool = False) -> None:
        self.quic.send_stream_data(stream_id, data, end_stream)

    def reset(self, stream_id: int, error_code: int) -> None:
        self.quic.reset_stream(stream_id, error_code)

    def stop_sending(self, stream_id: int, error_code: int) -> None:
        self.quic.stop_stream(stream_id, error_code)

    def close(self, error_code: int = 0x100, reason: str = "") -> None:
        self.quic.close(error_code=error_code, reason_phrase=reason)

    def stop_reading(self) -> None:
        """Give no more flow-control credit, as a client whose application does not read."""
        self.quic.gives_credit = False

    def resume_reading(self) -> None:
        self.quic.gives_credit = True

    def inject(self, *frames: Frame) -> None:
        """Send a 1-RTT packet with exactly these frames, whatever aioquic thinks of them."""
        quic = self.quic
        assert quic._version is not None
        builder = QuicPacketBuilder(
            host_cid=quic.host_cid,
            peer_cid=quic._peer_cid.cid,
            version=quic._version,
            is_client=True,
            max_datagram_size=1200,
            packet_number=quic._packet_number,
        )
        builder.start_packet(QuicPacketType.ONE_RTT, quic._cryptos[Epoch.ONE_RTT])
        for frame_type, body in frames:
            builder.start_frame(frame_type, capacity=1 + len(body)).push_bytes(body)
        datagrams, _ = builder.flush()
        quic._packet_number = builder.packet_number
        self._injected += datagrams

    # What came

    def received(self, stream_id: int) -> bytes:
        """All bytes of the stream so far."""
        return bytes(self._received.get(stream_id, b""))

    # What the pair does

    def take(self, now: float) -> list[bytes]:
        """The datagrams it wants to send."""
        injected, self._injected = self._injected, []
        return injected + [data for data, _ in self.quic.datagrams_to_send(now)]

    def receive(self, data: bytes, address: Address, now: float) -> None:
        self.quic.receive_datagram(data, address, now)
        self._remember()

    def fire_timer(self, now: float) -> None:
        self.quic.handle_timer(now)
        self._remember()

    def _remember(self) -> None:
        while (event := self.quic.next_event()) is not None:
            match event:
                case events.StreamDataReceived(data=data, end_stream=ends, stream_id=stream_id):
                    self._received[stream_id] += data
                    if ends:
                        self.fins.add(stream_id)
                case events.StreamReset(error_code=error_code, stream_id=stream_id):
                    self.resets[stream_id] = error_code
                case events.StopSendingReceived(error_code=error_code, stream_id=stream_id):
                    self.stops[stream_id] = error_code
                case events.DatagramFrameReceived(data=data):
                    self.datagrams.append(data)
                case events.HandshakeCompleted():
                    self.is_connected = True
        # aioquic tells the end only after the draining period.
        self.terminated = self.quic._close_event


class Pair:
    """Clients and a `UdpEndpoint` on a link without loss or delay, unless a test wants some.

    Without `accept`, each connection gets a `RecordingInputs`. `inputs` and `transports` have
    the cores and transports in the order of their handshakes.
    """

    def __init__(
        self,
        accept: Accept | None = None,
        config: Config | None = None,
        *,
        client: Client | None = None,
        credentials: TestCredentials | None = None,
        ids: ConnectionIds | None = None,
        delay: float = 0.0,
    ) -> None:
        self.loop = VirtualLoop()
        self.socket = MemorySocket()
        self.config = config or Config()
        self.engine = AioquicEngine(self.config, credentials or make_credentials(), ids=ids)
        self.acceptor = Acceptor(self.engine, self.config)
        self.endpoint = UdpEndpoint(
            self.socket, self.acceptor, self._accept, self.config, self.loop
        )
        self.delay = delay
        """Seconds that each datagram travels."""
        self.loses_to_server: Callable[[int], bool] = lambda number: False
        self.loses_to_client: Callable[[int], bool] = lambda number: False
        """Given the number of a datagram, 0 and up: whether it is lost."""
        self.to_server: list[bytes] = []
        self.to_client: list[bytes] = []
        """All datagrams so far, lost ones included."""
        self.transports: list[EngineTransport] = []
        self.inputs: list[ConnectionInputs] = []
        self._make_core: Accept = accept or (lambda transport: RecordingInputs())
        self._clients: dict[Address, Client] = {}
        self._client_timers: dict[Address, float] = {}
        self.client = client or Client()

    # Shortcuts for the first connection

    @property
    def transport(self) -> EngineTransport:
        return self.transports[0]

    @property
    def recorded(self) -> RecordingInputs:
        recorded = self.inputs[0]
        assert isinstance(recorded, RecordingInputs)
        return recorded

    # Time

    async def connect(self, client: Client | None = None) -> None:
        """Start a client, the pair's own by default, and drive until it is connected."""
        client = client or self.client
        self._clients[client.address] = client
        client.quic.connect(self.socket.address, self.loop.now)
        await self.drive()

    async def drive(self, seconds: float = 1.0) -> None:
        """Let all ends talk until none has anything to say.

        Jumps over timers that are due within `seconds`: late acknowledgements, pacing, probes;
        not idle timeouts. Time stands still after the last of them.
        """
        until = self.loop.now + seconds
        for _ in range(1_000_000):
            await settle()
            if not self._carry() and not self.loop.fire_next(until):
                return
        raise AssertionError("The two ends never fall silent.")

    async def advance(self, seconds: float) -> None:
        """Let a time pass, with all that happens in it."""
        until = self.loop.now + seconds
        await self.drive(seconds)
        self.loop.now = until

    def move(self, client: Client, address: Address) -> None:
        """The client's datagrams come from another address now, as behind a NAT that forgot."""
        del self._clients[client.address]
        client.address = address
        self._clients[address] = client

    def free_socket(self) -> None:
        """The server's socket takes datagrams again."""
        self.socket.room = None
        for callback in list(self.loop.writers.values()):
            callback()

    # The link

    def _accept(self, transport: QuicTransport) -> ConnectionInputs:
        self.transports.append(transport)  # type: ignore[arg-type]  # what the endpoint makes
        self.inputs.append(self._make_core(transport))
        return self.inputs[-1]

    def _carry(self) -> bool:
        """Put what both ends have to send on its way; return whether there was anything."""
        busy = False
        for client in list(self._clients.values()):
            for data in client.take(self.loop.now):
                busy = True
                self.to_server.append(data)
                if not self.loses_to_server(len(self.to_server) - 1):
                    self._after_delay(functools.partial(self._to_server, data, client.address))
            self._arm(client)
        while self.socket.outbox:
            busy = True
            data, address = self.socket.outbox.popleft()
            self.to_client.append(data)
            if not self.loses_to_client(len(self.to_client) - 1):
                self._after_delay(functools.partial(self._to_client, data, address))
        return busy

    def _after_delay(self, arrive: Callable[[], None]) -> None:
        if self.delay:
            self.loop.call_at(self.loop.now + self.delay, arrive)
        else:
            arrive()

    def _to_server(self, data: bytes, address: Address) -> None:
        self.socket.inbox.append((data, address))
        callback = self.loop.readers.get(self.socket)
        if callback is not None:
            self.loop.call_soon(callback)

    def _to_client(self, data: bytes, address: Address) -> None:
        client = self._clients.get(address)
        if client is not None:
            client.receive(data, self.socket.address, self.loop.now)

    def _arm(self, client: Client) -> None:
        when = client.quic.get_timer()
        if when is not None and when != self._client_timers.get(client.address):
            self._client_timers[client.address] = when
            self.loop.call_at(when, self._fire, client, when)

    def _fire(self, client: Client, when: float) -> None:
        if self._client_timers.get(client.address) == when:
            del self._client_timers[client.address]
            client.fire_timer(self.loop.now)
