"""What a server was told by whoever configures balancers: its configurations and its server id.

This file knows how that stands in settings and files; the words of the JSON file are those of the
draft's YANG model for servers ("QUIC-LB YANG Model"). It refuses to know what is made of it.

Its one rule: whatever is wrong is said before the first client comes, in one sentence, and no
sentence shows a key.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from h3producer.config.balancing import LONG_NONCE, parse_hex
from h3producer.quic.balancing.cid_config import CidConfig, CidConfigError
from h3producer.quic.balancing.cipher import KEY_SIZE

if TYPE_CHECKING:
    from h3producer.config import Config

__all__ = ["Assignment", "AssignmentError", "read_assignments"]

_MAX_FILE: Final = 64 * 1024
"""Bytes of a configuration file: seven configurations take one or two thousand."""

_NAMES: Final = {
    "config-id": int,
    "first-octet-encodes-cid-length": bool,
    "server-id-length": int,
    "nonce-length": int,
    "cid-key": str,
    "server-id": str,
}
"""The leaves of the YANG model, and of which type each is in JSON (RFC 7951)."""


class AssignmentError(ValueError):
    """Settings or files say nothing that can be used; the message is a sentence for a person."""


class Assignment(NamedTuple):
    """One configuration, and who we are in it."""

    config: CidConfig
    server_id: bytes


def read_assignments(config: Config) -> list[Assignment]:
    """The one that is used comes first; none at all if nothing was said. Reads the files.

    Raises `AssignmentError`.
    """
    try:
        if config.lb_config_file is not None:
            return _of_file(config, config.lb_config_file)
        if config.lb_server_id is None:
            return []
        server_id = parse_hex(config.lb_server_id)
        key = None if config.lb_key_file is None else _read_key(config.lb_key_file)
        form = CidConfig(
            config.lb_config_id,
            len(server_id),
            config.lb_nonce_length,
            key,
            encodes_length=config.lb_encode_length,
        )
        return [Assignment(form, server_id)]
    except CidConfigError as error:
        raise AssignmentError(str(error)) from error


def _read(path: str, what: str) -> bytes:
    try:
        with Path(path).open("rb") as file:
            content = file.read(_MAX_FILE + 1)
    except OSError as error:
        raise AssignmentError(f"Cannot read the {what} {path!r}: {error.strerror}.") from error
    if len(content) > _MAX_FILE:
        raise AssignmentError(f"The {what} {path!r} has more than {_MAX_FILE} bytes.")
    return content


def _read_key(path: str) -> bytes:
    content = _read(path, "QUIC-LB key")
    if len(content) == KEY_SIZE:
        return content
    key = parse_hex(content.decode("ascii", "replace").strip())
    if len(key) != KEY_SIZE:
        raise AssignmentError(f"{path!r} is no QUIC-LB key: it takes {2 * KEY_SIZE} hex digits.")
    return key


def _of_file(config: Config, path: str) -> list[Assignment]:
    try:
        content = json.loads(_read(path, "QUIC-LB configuration"))
    except ValueError as error:
        if isinstance(error, AssignmentError):
            raise
        raise AssignmentError(f"{path!r} is not JSON: {error}.") from error
    entries = content if isinstance(content, list) else [content]
    found = [_of_entry(config, entry, path) for entry in entries]
    ids = [each.config.config_id for each in found]
    if not found or len(set(ids)) < len(ids):
        raise AssignmentError(f"{path!r} must have a configuration, and one for each config-id.")
    # "Such deployments MUST use different server ID allocations for the clear text and the
    # encrypted versions."
    clear, encrypted = (
        {each.server_id for each in found if (each.config.key is None) is is_clear}
        for is_clear in (True, False)
    )
    if clear & encrypted:
        raise AssignmentError(
            f"{path!r} has one server ID with a key and without: who reads it there knows it here."
        )
    return found


def _of_entry(config: Config, entry: object, path: str) -> Assignment:
    if not isinstance(entry, dict):
        raise AssignmentError(f"A configuration in {path!r} must be an object.")
    for name, value in entry.items():
        if _NAMES.get(name) is not type(value):
            raise AssignmentError(f"{path!r} must not have {name!r} as {type(value).__name__}.")
    server_id = parse_hex(entry.get("server-id", config.lb_server_id or ""))
    key = parse_hex(entry["cid-key"]) if "cid-key" in entry else None
    try:
        form = CidConfig(
            entry["config-id"],
            entry["server-id-length"],
            entry["nonce-length"],
            key,
            encodes_length=entry.get("first-octet-encodes-cid-length", False),
        )
    except KeyError as error:
        raise AssignmentError(f"A configuration in {path!r} has no {error}.") from None
    if key is not None and form.nonce_length < LONG_NONCE and config.lb_nonce_file is None:
        raise AssignmentError(
            f"A nonce-length below {LONG_NONCE} in {path!r} needs lb_nonce_file: a nonce must "
            "never be used again with the same key."
        )
    if len(server_id) != form.server_id_length:
        raise AssignmentError(
            f"The server ID {server_id.hex()!r} does not have the {form.server_id_length} bytes "
            f"of config {form.config_id} in {path!r}."
        )
    return Assignment(form, server_id)
