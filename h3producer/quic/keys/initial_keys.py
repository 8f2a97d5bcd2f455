"""Whether a first packet is one at all: Initial packets can be checked without a connection.

This file knows the keys of Initial packets, which anybody can derive from the id that the client
made up (RFC 9001 §5.2, RFC 9369 §3.3). So a packet that fails is noise, or was damaged; one that
passes shows only that its sender speaks QUIC. It refuses to know what is in it.

Its one rule: it costs a twentieth of what a connection costs that finds out the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB

from h3producer.quic.keys.hkdf import expand, hmac_digest, label_info
from h3producer.quic.packets import VERSION_1, VERSION_2

if TYPE_CHECKING:
    from h3producer.quic.packets import InitialPacket

__all__ = [
    "FROM_CLIENT",
    "LABEL_PREFIXES",
    "ClientKeys",
    "authenticate",
    "client_keys",
    "initial_secret",
]

_ECB = ECB()

_SALT = {
    VERSION_1: bytes.fromhex("38762cf7f55934b34d179ae6a4c80cadccbb7f0a"),
    VERSION_2: bytes.fromhex("0dede3def700a6db819381be6e269dcbf9bd2ed9"),
}
LABEL_PREFIXES = {VERSION_1: b"quic ", VERSION_2: b"quicv2 "}
"""What the labels of packet keys begin with (RFC 9001 §5.1, RFC 9369 §3.3.2)."""

FROM_CLIENT = label_info(b"client in", b"", 32)
"""The label of what a client's Initial keys come from."""

_KEY, _IV, _HP = (
    {version: label_info(prefix + name, b"", length) for version, prefix in LABEL_PREFIXES.items()}
    for name, length in ((b"key", 16), (b"iv", 12), (b"hp", 16))
)


def initial_secret(version: int, destination_id: bytes) -> bytes:
    """What all keys of Initial packets come from (RFC 9001 §5.2)."""
    return hmac_digest(_SALT[version], destination_id, "sha256")


def client_keys(version: int, destination_id: bytes) -> tuple[bytes, bytes, bytes]:
    """Key, IV and header protection key of what a client sends to the id that it made up."""
    secret = expand("sha256", initial_secret(version, destination_id), FROM_CLIENT, 32)
    return (
        expand("sha256", secret, _KEY[version], 16),
        expand("sha256", secret, _IV[version], 12),
        expand("sha256", secret, _HP[version], 16),
    )


class ClientKeys:
    """What opens the packets that a client sends to the id that it made up."""

    __slots__ = ("aead", "destination_id", "encryptor", "iv", "version")

    def __init__(self, version: int, destination_id: bytes) -> None:
        key, iv, protection_key = client_keys(version, destination_id)
        self.version = version
        self.destination_id = destination_id
        self.aead = AESGCM(key)
        self.iv = int.from_bytes(iv, "big")
        self.encryptor = Cipher(AES(protection_key), _ECB).encryptor()

    def open(self, datagram: bytes, packet: InitialPacket) -> bool:
        """Whether they open the packet that the datagram begins with; it has a whole sample."""
        start, end = packet.payload
        mask = self.encryptor.update(datagram[start + 4 : start + 20])
        first = datagram[0] ^ (mask[0] & 0x0F)
        size = (first & 0x03) + 1
        behind = start + size
        number = int.from_bytes(datagram[start:behind], "big") ^ int.from_bytes(mask[1 : 1 + size])
        header = bytes((first,)) + datagram[1:start] + number.to_bytes(size, "big")
        # RFC 9001 §5.3: the nonce is the packet number, left-padded, exclusive-ored with the IV.
        nonce = (self.iv ^ number).to_bytes(12, "big")
        try:
            self.aead.decrypt(nonce, datagram[behind:end], header)
        except InvalidTag:
            return False
        return True


def authenticate(datagram: bytes, packet: InitialPacket) -> ClientKeys | None:
    """The keys, if the datagram begins with `packet`, made by whoever made up its destination id.

    None otherwise. Who goes on with the packet has them already.
    """
    start, end = packet.payload
    # RFC 9001 §5.4.2: the sample begins 4 bytes behind the start of the packet number.
    if min(end, len(datagram)) < start + 20 or end > len(datagram):
        return None
    keys = ClientKeys(packet.version, packet.destination_id)
    return keys if keys.open(datagram, packet) else None
