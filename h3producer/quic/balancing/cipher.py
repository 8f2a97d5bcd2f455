"""How a server id and a nonce become something that tells an observer neither.

This file knows the two ciphers of the draft ("Server Actions", "Load Balancer Actions"): one pass
of AES for 16 bytes, and four passes of a Feistel network for every other size. It refuses to know
what the bytes mean, but for this: a balancer wants the first ones only, and so may stop early.

Its one rule: sizes are fixed when a cipher is made; as many bytes come out as went in.
"""

from __future__ import annotations

from typing import Final, Protocol

from cryptography.hazmat.primitives.ciphers import Cipher as BlockCipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB

__all__ = ["KEY_SIZE", "BlockOf16", "Cipher", "Clear", "FourPasses", "cipher_for"]

KEY_SIZE: Final = 16
"""Bytes: "Encryption below uses the AES-128-ECB cipher". """

_BLOCK = 16
_BLOCK_BITS = 8 * _BLOCK


class Cipher(Protocol):
    """What a configuration does with a server id and the nonce behind it."""

    def encrypt(self, plaintext: bytes) -> bytes: ...

    def decrypt(self, ciphertext: bytes, wanted: int) -> bytes:
        """The first `wanted` bytes of the plaintext."""
        ...


class Clear:
    """No key: "observers can determine the assigned server of any connection"."""

    def encrypt(self, plaintext: bytes) -> bytes:
        return plaintext

    def decrypt(self, ciphertext: bytes, wanted: int) -> bytes:
        return ciphertext[:wanted]


class BlockOf16:
    """16 bytes are a block of AES, which is encrypted once ("Single Pass Encryption")."""

    def __init__(self, key: bytes) -> None:
        # A context of ECB has no state: one serves for all ids.
        cipher = BlockCipher(AES(key), ECB())
        self._encrypt = cipher.encryptor().update
        self._decrypt = cipher.decryptor().update

    def encrypt(self, plaintext: bytes) -> bytes:
        return self._encrypt(plaintext)

    def decrypt(self, ciphertext: bytes, wanted: int) -> bytes:
        return self._decrypt(ciphertext)[:wanted]


class FourPasses:
    """A Feistel network of four rounds whose round function is AES ("Four-Pass Encryption").

    The halves of `size` bytes are numbers of `4 * size` bits here. Where that is no whole number
    of bytes, the draft pads the left half behind and the right half in front with four zero bits.
    """

    def __init__(self, key: bytes, size: int) -> None:
        self._aes = BlockCipher(AES(key), ECB()).encryptor().update
        self._size = size
        self._half = 4 * size
        self._mask = (1 << self._half) - 1
        # A left half stands at the beginning of a block, padding or not; a right half ends where
        # its last byte does, and that is where the padding of the left one would end.
        self._left_shift = _BLOCK_BITS - self._half
        self._right_shift = self._left_shift - self._half % 8

    def encrypt(self, plaintext: bytes) -> bytes:
        value = int.from_bytes(plaintext)
        left, right = value >> self._half, value & self._mask
        right ^= self._of_left(1, left)
        left ^= self._of_right(2, right)
        right ^= self._of_left(3, left)
        left ^= self._of_right(4, right)
        return (left << self._half | right).to_bytes(self._size)

    def decrypt(self, ciphertext: bytes, wanted: int) -> bytes:
        value = int.from_bytes(ciphertext)
        left, right = value >> self._half, value & self._mask
        left ^= self._of_right(4, right)
        right ^= self._of_left(3, left)
        left ^= self._of_right(2, right)
        # "it can conclude after 3 passes as long as the server ID is entirely contained in left_0"
        if 8 * wanted > self._half:
            right ^= self._of_left(1, left)
        return (left << self._half | right).to_bytes(self._size)[:wanted]

    def _of_left(self, number: int, left: int) -> int:
        """What pass `number` makes of the left half, for the right one."""
        return self._round(number, left << self._left_shift) >> self._right_shift & self._mask

    def _of_right(self, number: int, right: int) -> int:
        return self._round(number, right << self._right_shift) >> self._left_shift

    def _round(self, number: int, half: int) -> int:
        # expand(): the half, zeros, the length of the whole and the number of the pass.
        block = half | self._size << 8 | number
        return int.from_bytes(self._aes(block.to_bytes(_BLOCK)))


def cipher_for(key: bytes | None, size: int) -> Cipher:
    """The one that the draft prescribes for `size` bytes of server id and nonce together."""
    if key is None:
        return Clear()
    return BlockOf16(key) if size == _BLOCK else FourPasses(key, size)
