"""How a load balancer in front of several hosts finds the one that a connection is on: QUIC-LB.

This file knows the settings of draft-ietf-quic-load-balancers for a server, and which of them go
together. It refuses to read files: key and configuration file are read where servers start
(`quic/balancing/`).

Its one rule: a key is never a setting, only where it stands.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from h3producer.config.ranges import ConfigError

__all__ = ["LONG_NONCE", "Balancing", "check_balancing", "parse_hex"]

LONG_NONCE: Final = 8
"""Bytes of a nonce from which on a process may begin to count at random: it would take 2 ** 32
processes with a connection id each until two met. With fewer, a file has to say what was used."""

_MAX_SERVER_ID = 15
_MAX_BLOCK = 19
_MAX_WORKERS = 31
"""One number less than there are: a worker that is replaced has its own until it has gone."""


@dataclass(frozen=True, kw_only=True)
class Balancing:
    """The settings of a `Config` that a load balancer has to know, too."""

    # Load balancers

    lb_server_id: str | None = None
    """This host's server ID, in hex, of 1 to 15 bytes: each connection ID carries it, so that
    packets find their host whatever address they come from. Workers of one host share it. None, and
    no `lb_config_file`: no QUIC-LB."""
    lb_key_file: str | None = None
    """File with the 16-byte key, in hex or as it is, that the balancer has as well. None: the
    server ID stands in connection IDs for everybody to see, and clients get only one of them each,
    so they may be rebound to another address, but do not move to one on purpose."""
    lb_config_id: int = 0
    """Which of the balancer's configurations connection IDs are of (the config rotation bits)."""
    lb_nonce_length: int = 8
    """Bytes of a connection ID that make it unique; with a server ID of 8 bytes, 8 are a block of
    AES. Fewer than 8 and a key need `lb_nonce_file`."""
    lb_encode_length: bool = False
    """Write the length of a connection ID into its first octet, for devices that decrypt. Not with
    workers, who have their number there."""
    lb_config_file: str | None = None
    """JSON file with one configuration or a list of them, in the words of the draft's YANG model;
    the first one is used, and the next once its nonces have run out. Instead of the four above."""
    lb_nonce_file: str | None = None
    """File that remembers which nonces were used, for all processes that have the server ID. None:
    each process begins at random."""


def check_balancing(settings: Balancing, workers: int) -> None:
    """Raise `ConfigError` for settings that do not go together or cannot be."""
    of_one = ("lb_key_file", "lb_config_id", "lb_nonce_length", "lb_encode_length")
    given = [name for name in of_one if getattr(settings, name) != getattr(Balancing, name)]
    if settings.lb_server_id is None and settings.lb_config_file is None:
        if settings.lb_nonce_file is not None:
            given.append("lb_nonce_file")
        if given:
            raise ConfigError(f"{given[0]} is of no use without lb_server_id.")
        return
    if settings.lb_config_file is not None and given:
        raise ConfigError(f"{given[0]} has to stand in lb_config_file, if there is one.")
    if settings.lb_server_id is not None:
        _check_server_id(settings)
    if workers > _MAX_WORKERS:
        raise ConfigError(
            f"workers ({workers}) must be {_MAX_WORKERS} at most with QUIC-LB, which leaves five "
            "bits of a connection ID for a worker's number."
        )


def _check_server_id(settings: Balancing) -> None:
    size = len(parse_hex(settings.lb_server_id or ""))
    if not 1 <= size <= _MAX_SERVER_ID:
        raise ConfigError(
            f"lb_server_id must be 1 to {_MAX_SERVER_ID} bytes in hex, not "
            f"{settings.lb_server_id!r}."
        )
    if settings.lb_config_file is not None:
        return
    if size + settings.lb_nonce_length > _MAX_BLOCK:
        raise ConfigError(
            f"lb_server_id ({size} bytes) and lb_nonce_length ({settings.lb_nonce_length}) are "
            f"more than {_MAX_BLOCK} together."
        )
    is_short = settings.lb_nonce_length < LONG_NONCE and settings.lb_key_file is not None
    if is_short and settings.lb_nonce_file is None:
        raise ConfigError(
            f"lb_nonce_length ({settings.lb_nonce_length}) below {LONG_NONCE} needs lb_nonce_file: "
            "a nonce must never be used again with the same key, by whichever process."
        )


def parse_hex(text: str) -> bytes:
    """Bytes in hex, as in c0ffee01, c0:ff:ee:01 or 0xc0ffee01; none if it is anything else."""
    try:
        return bytes.fromhex(text.removeprefix("0x").replace(":", ""))
    except ValueError:
        return b""
