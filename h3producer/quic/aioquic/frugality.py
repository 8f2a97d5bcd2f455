"""What a connection holds for nothing, once its handshake is complete or from the start.

This file knows where aioquic 1.7.2 keeps memory that no packet of an open connection needs: 33 of
the 94 kB that an idle one took.

- 48 KiB of room for what TLS has to say, also when TLS has said it all. Half of it was touched.
- The keys' places of the packet types that are over, with their callbacks.
- The extensions of the ClientHello, which have been read.
- A table of 33 bound methods, tuples and sets, made anew for each connection.

It refuses to know what is in a packet. Its one rule: nothing that is given up here could still be
asked for by a peer: a late packet meets the same answer as before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, TypeAlias

from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.connection import QuicConnection
from aioquic.quic.crypto import CryptoPair
from aioquic.tls import Epoch

from h3producer.quic.aioquic.internals import Buffer

if TYPE_CHECKING:
    from collections.abc import Callable

    from h3producer.quic.aioquic.connection_model import ConnectionModel

    FrameHandler: TypeAlias = tuple[Callable[..., None], frozenset[Epoch]]

__all__ = ["FrugalConnection"]

_SAID: dict[Epoch, Buffer] = {
    epoch: Buffer(capacity=0) for epoch in (Epoch.INITIAL, Epoch.HANDSHAKE, Epoch.ONE_RTT)
}
"""Where TLS writes when it has nothing more to write; all connections have it together."""

_OVER = CryptoPair()
"""The keys of a packet type that is over: it has none, and neither opens nor seals a packet."""


def _known_handlers() -> dict[int, tuple[str, frozenset[Epoch]]]:
    attributes = vars(QuicConnection(configuration=QuicConfiguration()))
    made: dict[int, FrameHandler] = attributes["_QuicConnection__frame_handlers"]
    return {kind: (handler.__name__, epochs) for kind, (handler, epochs) in made.items()}


class FrameHandlers(dict[int, "FrameHandler"]):
    """The handlers of one connection by the types of frames, each bound when it is needed first."""

    known: ClassVar = _known_handlers()
    """The names of the methods, and the packet types in which a frame may come; for all."""

    def __init__(self, connection: QuicConnection) -> None:
        super().__init__()
        self._connection = connection

    def __missing__(self, frame_type: int) -> FrameHandler:
        name, epochs = self.known[frame_type]
        handler = self[frame_type] = getattr(self._connection, name), epochs
        return handler


class FrugalConnection(QuicConnection):
    """A QuicConnection that gives up what it does not need."""

    model: ConnectionModel | None = None
    """What a server's connection begins with; aioquic's own way if there is none."""

    def __init__(
        self,
        *,
        configuration: QuicConfiguration,
        original_destination_connection_id: bytes | None = None,
        retry_source_connection_id: bytes | None = None,
    ) -> None:
        if self.model is not None and original_destination_connection_id is not None:
            self.model.begin(self, original_destination_connection_id, retry_source_connection_id)
        else:
            super().__init__(
                configuration=configuration,
                original_destination_connection_id=original_destination_connection_id,
                retry_source_connection_id=retry_source_connection_id,
            )
        self._QuicConnection__frame_handlers: dict[int, FrameHandler] = FrameHandlers(self)

    def _discard_epoch(self, epoch: Epoch) -> None:
        super()._discard_epoch(epoch)
        self._cryptos[epoch] = _OVER
        if epoch is Epoch.INITIAL:
            # Of every version: where keys are made when they are asked for, none may be again.
            self._cryptos_initial = dict.fromkeys(self._configuration.supported_versions, _OVER)

    def forget_handshake(self) -> None:
        """Give up what only a handshake needs; to be called when it is complete."""
        self._crypto_buffers = _SAID
        self.tls.received_extensions = None
        if not self.tls.early_data_accepted:
            self._cryptos[Epoch.ZERO_RTT] = _OVER
