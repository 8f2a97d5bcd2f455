"""Tests of `certificates/files.py`: modes, overwriting, reuse, and who comes first."""

from __future__ import annotations

import os
import stat
import threading
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import NameOID

from h3producer.server.certificates import files as files_module
from h3producer.server.certificates.credentials import load_credentials
from h3producer.server.certificates.development import (
    DevelopmentCertificate,
    make_development_certificate,
)
from h3producer.server.certificates.files import (
    CertificateFiles,
    read_certificate,
    state_directory,
)

if TYPE_CHECKING:
    from pathlib import Path

MADE = make_development_certificate()


def certificate_until(end: datetime) -> DevelopmentCertificate:
    """A certificate of another time, for the tests of renewal."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "old")])
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(MADE.private_key.public_key())
        .serial_number(1)
        .not_valid_before(end - timedelta(days=3))
        .not_valid_after(end)
    )
    return DevelopmentCertificate(builder.sign(MADE.private_key, hashes.SHA256()), MADE.private_key)


@pytest.fixture
def files(tmp_path: Path) -> CertificateFiles:
    return CertificateFiles.in_directory(tmp_path / "made" / "here")


def test_the_key_can_be_read_by_its_owner_only(files: CertificateFiles) -> None:
    files.write(MADE)
    assert stat.S_IMODE(files.keyfile.stat().st_mode) == 0o600


def test_the_key_is_created_with_its_final_mode_and_under_another_name(
    files: CertificateFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[tuple[str, int, int]] = []
    real_open = os.open

    def recording_open(path: Path, flags: int, mode: int = 0o777) -> int:
        opened.append((path.name, flags, mode))
        return real_open(path, flags, mode)

    monkeypatch.setattr(os, "open", recording_open)
    files.write(MADE)
    [(name, flags, mode)] = [each for each in opened if ".key" in each[0]]
    assert name != files.keyfile.name
    assert flags & os.O_EXCL
    assert mode == 0o600


def test_an_umask_that_hides_nothing_does_not_open_the_key(files: CertificateFiles) -> None:
    before = os.umask(0)
    try:
        files.write(MADE)
    finally:
        os.umask(before)
    assert stat.S_IMODE(files.keyfile.stat().st_mode) == 0o600


def test_nothing_but_the_two_files_is_left(files: CertificateFiles) -> None:
    files.write(MADE)
    assert sorted(path.name for path in files.keyfile.parent.iterdir()) == [
        "localhost.key",
        "localhost.pem",
    ]


def test_a_failed_write_leaves_no_file_with_key_bytes(
    files: CertificateFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_self: Path, _target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(type(files.keyfile), "replace", refuse)
    with pytest.raises(OSError, match="No space"):
        files.write(MADE)
    assert list(files.keyfile.parent.iterdir()) == []


def test_a_key_that_is_there_is_not_overwritten(files: CertificateFiles) -> None:
    files.write(MADE)
    with pytest.raises(FileExistsError, match=r"private key in '.*localhost\.key' already"):
        files.write(make_development_certificate())
    assert read_certificate(files.certfile) == MADE.certificate


def test_a_key_without_a_certificate_is_not_overwritten_either(files: CertificateFiles) -> None:
    files.write(MADE)
    files.certfile.unlink()
    with pytest.raises(FileExistsError):
        files.write(make_development_certificate())


def test_force_overwrites(files: CertificateFiles) -> None:
    files.write(make_development_certificate())
    files.write(MADE, force=True)
    assert read_certificate(files.certfile) == MADE.certificate


def test_a_key_whose_certificate_has_expired_is_overwritten(files: CertificateFiles) -> None:
    files.write(certificate_until(datetime.now(UTC) - timedelta(seconds=5)))
    files.write(MADE)
    assert read_certificate(files.certfile) == MADE.certificate


def test_ensure_makes_a_pair_once_and_uses_it_again(files: CertificateFiles) -> None:
    assert files.ensure() is True
    certificate = read_certificate(files.certfile)
    assert files.ensure() is False
    assert read_certificate(files.certfile) == certificate


def test_ensure_renews_what_has_less_than_a_day_left(files: CertificateFiles) -> None:
    files.write(certificate_until(datetime.now(UTC) + timedelta(hours=23)))
    assert files.ensure() is True


def test_ensure_makes_a_pair_anew_when_the_key_is_gone(files: CertificateFiles) -> None:
    files.ensure()
    files.keyfile.unlink()
    assert files.ensure() is True


def test_of_two_that_ensure_at_once_one_makes_the_pair(
    files: CertificateFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    both_are_making = threading.Barrier(2)

    def make_slowly() -> DevelopmentCertificate:
        with suppress(threading.BrokenBarrierError):
            both_are_making.wait(timeout=0.2)  # which must never come true
        return make_development_certificate()

    monkeypatch.setattr(files_module, "make_development_certificate", make_slowly)
    made: list[bool] = []
    threads = [threading.Thread(target=lambda: made.append(files.ensure())) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(made) == [False, True]
    load_credentials(files.certfile, files.keyfile)


def test_a_host_is_made_fit_for_a_file_name(tmp_path: Path) -> None:
    files = CertificateFiles.in_directory(tmp_path, "*.a.test/::1")
    assert files.keyfile == tmp_path / "_.a.test___1.key"


def test_a_file_that_is_no_certificate_reads_as_none(tmp_path: Path) -> None:
    (tmp_path / "x.pem").write_text("no certificate")
    assert read_certificate(tmp_path / "x.pem") is None
    assert read_certificate(tmp_path / "absent.pem") is None


def test_the_state_directory_follows_xdg(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert state_directory() == tmp_path / "h3producer"


def test_the_state_directory_is_below_home_by_default(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert state_directory() == tmp_path / ".local" / "state" / "h3producer"


def test_a_new_directory_belongs_to_its_owner_only(files: CertificateFiles) -> None:
    files.ensure()
    assert stat.S_IMODE(files.keyfile.parent.stat().st_mode) == 0o700
