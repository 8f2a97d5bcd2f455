"""Keys that processes have in common."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING

import pytest

from h3producer.config import Config
from h3producer.quic.keys.shared_keys import SECRET_SIZE, SecretError, SharedKeys

if TYPE_CHECKING:
    from pathlib import Path


def test_all_who_have_the_secret_have_the_same_keys() -> None:
    assert SharedKeys.derive(b"s" * 32) == SharedKeys.derive(b"s" * 32)


def test_another_secret_has_other_keys() -> None:
    one, other = SharedKeys.derive(b"s" * 32), SharedKeys.derive(b"t" * 32)
    assert one.retry != other.retry
    assert one.reset != other.reset


def test_without_a_secret_they_are_random() -> None:
    assert SharedKeys.derive() != SharedKeys.derive()


def test_they_can_be_handed_to_another_process() -> None:
    keys = SharedKeys.derive()
    assert pickle.loads(pickle.dumps(keys)) == keys


def test_they_are_not_in_the_repr() -> None:
    keys = SharedKeys.derive(b"s" * 32)
    assert repr(keys.retry) not in repr(keys)
    assert repr(keys.reset) not in repr(keys)


def keys_from(path: Path, content: bytes) -> SharedKeys:
    path.write_bytes(content)
    return SharedKeys.of(Config(secret_file=str(path)))


def test_hosts_with_the_same_file_have_the_same_keys(tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    assert keys_from(here, b"s" * 32) == keys_from(there, b"s" * 32)
    assert keys_from(here, b"s" * 32) != keys_from(there, b"t" * 32)


def test_the_end_of_a_line_is_no_part_of_a_secret(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    assert keys_from(file, b"s" * 44 + b"\r\n") == keys_from(file, b"s" * 44)


def test_without_a_file_keys_are_random() -> None:
    assert SharedKeys.of(Config()) != SharedKeys.of(Config())


@pytest.mark.parametrize("size", [0, SECRET_SIZE - 1, 64 * 1024 + 1])
def test_a_file_that_holds_no_secret_is_one_sentence(tmp_path: Path, size: int) -> None:
    with pytest.raises(
        SecretError, match=r"must have at least 32 random bytes, and at most 65536\.$"
    ):
        keys_from(tmp_path / "secret", b"s" * size)


def test_a_file_that_cannot_be_read_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(SecretError, match=r"Cannot read the secret file '.*': No such file"):
        SharedKeys.of(Config(secret_file=str(tmp_path / "missing")))
