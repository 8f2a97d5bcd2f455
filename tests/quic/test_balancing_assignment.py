"""What a server was told: by settings, and by a file in the words of the draft's YANG model."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from h3producer.config import Config
from h3producer.quic.balancing.assignment import Assignment, AssignmentError, read_assignments
from h3producer.quic.balancing.cid_config import CidConfig

if TYPE_CHECKING:
    from pathlib import Path

KEY = "8f95f09245765f80256934e50c66207f"


def written(directory: Path, content: object) -> str:
    """The path of a file with it: bytes as they are, and anything else as JSON."""
    path = directory / "file"
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    return str(path)


def refusal(config: Config) -> str:
    with pytest.raises(AssignmentError) as caught:
        read_assignments(config)
    return str(caught.value)


def entry(**leaves: object) -> dict[str, Any]:
    """A configuration; a name ends with None instead of a value if it is to be left out."""
    all_of_them: dict[str, object] = {
        "config-id": 1,
        "server-id-length": 2,
        "nonce-length": 8,
        "cid-key": KEY,
        "server-id": "0a:01",
    }
    all_of_them |= {name.replace("_", "-"): value for name, value in leaves.items()}
    return {name: value for name, value in all_of_them.items() if value is not None}


# Settings


def test_without_settings_nobody_balances() -> None:
    assert read_assignments(Config()) == []


def test_a_server_id_alone_stands_in_clear() -> None:
    found = read_assignments(Config(lb_server_id="0a:01"))
    assert found == [Assignment(CidConfig(0, 2, 8), b"\x0a\x01")]


@pytest.mark.parametrize(
    "content",
    [bytes.fromhex(KEY), KEY.encode() + b"\n", KEY.upper().encode(), b":".join([b"8f"] * 16)],
)
def test_a_key_is_hex_or_as_it_is(content: bytes, tmp_path: Path) -> None:
    config = Config(lb_server_id="01", lb_key_file=written(tmp_path, content), lb_config_id=3)
    (found,) = read_assignments(config)
    expected = content if len(content) == 16 else bytes.fromhex(content.decode().replace(":", " "))
    assert found.config == CidConfig(3, 1, 8, expected)


@pytest.mark.parametrize("content", [b"", b"too short", KEY.encode() + b"00", b"x" * 32])
def test_what_is_no_key_is_refused_and_not_shown(content: bytes, tmp_path: Path) -> None:
    path = written(tmp_path, content)
    sentence = refusal(Config(lb_server_id="01", lb_key_file=path))
    assert sentence == f"{path!r} is no QUIC-LB key: it takes 32 hex digits."


def test_a_key_that_is_not_there_is_missed(tmp_path: Path) -> None:
    sentence = refusal(Config(lb_server_id="01", lb_key_file=str(tmp_path / "none")))
    assert sentence.endswith("none': No such file or directory.")


# The file


def test_a_file_may_have_one_configuration(tmp_path: Path) -> None:
    config = Config(lb_config_file=written(tmp_path, entry()))
    assert read_assignments(config) == [
        Assignment(CidConfig(1, 2, 8, bytes.fromhex(KEY)), b"\x0a\x01")
    ]


def test_a_file_may_have_several_the_first_of_which_is_used(tmp_path: Path) -> None:
    path = written(tmp_path, [entry(config_id=2, first_octet_encodes_cid_length=True), entry()])
    found = read_assignments(Config(lb_config_file=path))
    assert [each.config.config_id for each in found] == [2, 1]
    assert [each.config.encodes_length for each in found] == [True, False]


def test_a_file_for_all_hosts_leaves_the_server_id_to_each(tmp_path: Path) -> None:
    path = written(tmp_path, entry(server_id=None))
    (found,) = read_assignments(Config(lb_config_file=path, lb_server_id="00:07"))
    assert found.server_id == b"\x00\x07"


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"{", "is not JSON"),
        (b"\xff", "is not JSON"),
        (b" " * 70_000, "has more than 65536 bytes"),
        ([], "must have a configuration, and one for each config-id"),
        ([entry(), entry()], "must have a configuration, and one for each config-id"),
        ("text", "must be an object"),
        (entry(config_id=None), "has no 'config-id'"),
        (entry(nonce_length="8"), "must not have 'nonce-length' as str"),
        (entry(config_id=True), "must not have 'config-id' as bool"),
        (entry(color="blue"), "must not have 'color' as str"),
        (entry(config_id=7), "config ID is 0 to 6"),
        (entry(cid_key="8f:95"), "key has 16 bytes, not 2"),
        (entry(server_id="0a"), "server ID '0a' does not have the 2 bytes of config 1"),
        (entry(server_id=None), "server ID '' does not have the 2 bytes of config 1"),
        (entry(nonce_length=7), "nonce-length below 8"),
        ([entry(), entry(config_id=2, cid_key=None)], "one server ID with a key and without"),
    ],
)
def test_what_is_wrong_in_a_file_is_said_in_a_sentence(
    content: object, what: str, tmp_path: Path
) -> None:
    sentence = refusal(Config(lb_config_file=written(tmp_path, content)))
    assert what in sentence
    assert KEY not in sentence


def test_short_nonces_are_allowed_where_a_file_remembers_them(tmp_path: Path) -> None:
    path = written(tmp_path, entry(nonce_length=4))
    (found,) = read_assignments(Config(lb_config_file=path, lb_nonce_file="nonces"))
    assert found.config.nonce_length == 4
