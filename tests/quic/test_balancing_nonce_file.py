"""Which nonces were used: known to several processes and to the next start."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from h3producer.quic.balancing.assignment import Assignment, AssignmentError
from h3producer.quic.balancing.cid_config import CidConfig
from h3producer.quic.balancing.nonce_file import BLOCK, FiledNonces
from h3producer.quic.balancing.nonces import NoncesExhausted

if TYPE_CHECKING:
    from pathlib import Path

ASSIGNMENT = Assignment(CidConfig(0, 1, 4, b"k" * 16), b"\1")
SPACE = 1 << 32


def filed(directory: Path, assignment: Assignment = ASSIGNMENT) -> FiledNonces:
    return FiledNonces(str(directory / "nonces"), assignment)


def number(nonces: FiledNonces) -> int:
    return int.from_bytes(nonces.next())


def use(directory: Path, count: int) -> None:
    """Say in the file that so many were used."""
    filed(directory)
    path = directory / "nonces"
    (name,) = json.loads(path.read_text())
    path.write_text(json.dumps({name: (0, count)}))


def test_the_next_process_begins_behind_what_the_first_one_took_out(tmp_path: Path) -> None:
    first, second = filed(tmp_path), filed(tmp_path)
    assert number(second) == (number(first) + BLOCK) % SPACE


def test_a_process_takes_out_more_when_it_needs_more(tmp_path: Path) -> None:
    nonces, other = filed(tmp_path), filed(tmp_path)
    start = number(nonces)
    for _ in range(BLOCK - 1):
        nonces.next()
    assert number(nonces) == (start + 2 * BLOCK) % SPACE
    assert number(other) == (start + BLOCK) % SPACE


def test_another_key_has_nonces_of_its_own(tmp_path: Path) -> None:
    filed(tmp_path)
    other = Assignment(CidConfig(0, 1, 4, b"K" * 16), b"\1")
    assert filed(tmp_path, other).left == SPACE
    assert filed(tmp_path).left == SPACE - BLOCK


def test_another_server_id_with_the_same_key_has_them_too(tmp_path: Path) -> None:
    filed(tmp_path)
    assert filed(tmp_path, ASSIGNMENT._replace(server_id=b"\2")).left == SPACE


def test_the_config_id_does_not_matter_since_it_is_not_encrypted(tmp_path: Path) -> None:
    filed(tmp_path)
    same = Assignment(CidConfig(5, 1, 4, b"k" * 16), b"\1")
    assert filed(tmp_path, same).left == SPACE - BLOCK


def test_the_last_block_is_what_is_left(tmp_path: Path) -> None:
    use(tmp_path, SPACE - 1)
    nonces = filed(tmp_path)
    assert number(nonces) == SPACE - 1
    with pytest.raises(NoncesExhausted):
        nonces.next()


def test_when_all_were_used_there_is_none(tmp_path: Path) -> None:
    use(tmp_path, SPACE)
    with pytest.raises(NoncesExhausted):
        filed(tmp_path).next()


def test_the_file_does_not_show_the_key_or_the_server_id(tmp_path: Path) -> None:
    filed(tmp_path)
    content = (tmp_path / "nonces").read_text()
    assert ASSIGNMENT.config.key is not None
    assert ASSIGNMENT.config.key.hex() not in content
    assert (tmp_path / "nonces").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("content", ["{", "[]", '{"a": 1}', '{"a": ["x", "y"]}', " " * (1 << 21)])
def test_a_broken_file_is_not_taken_for_an_empty_one(content: str, tmp_path: Path) -> None:
    (tmp_path / "nonces").write_text(content)
    with pytest.raises(AssignmentError, match="Cannot use the nonce file"):
        filed(tmp_path)


def test_a_file_that_nobody_may_make_is_missed_at_once(tmp_path: Path) -> None:
    with pytest.raises(AssignmentError, match="No such file or directory"):
        filed(tmp_path / "nowhere")


def test_a_file_that_goes_wrong_meanwhile_is_the_end_of_its_nonces(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    nonces = filed(tmp_path)
    for _ in range(BLOCK):
        nonces.next()
    (tmp_path / "nonces").write_text("{")
    with pytest.raises(NoncesExhausted):
        nonces.next()
    assert "Cannot use the nonce file" in caplog.text
