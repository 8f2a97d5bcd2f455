"""Tests of `certificates/renewal.py`: what is read again and when, and what is said of failures.

The files are real; nobody waits for them to be looked at, but in the tests of `run`.
"""

from __future__ import annotations

import asyncio
import logging
import os
from typing import TYPE_CHECKING

import pytest

from h3producer.config import Config
from h3producer.server.certificates.development import make_development_certificate
from h3producer.server.certificates.files import CertificateFiles
from h3producer.server.certificates.renewal import CertificateRenewal
from h3producer.server.errors import StartupError

if TYPE_CHECKING:
    from pathlib import Path

    from cryptography.x509 import Certificate

    from h3producer.server.certificates.credentials import Credentials

OLD, NEW = make_development_certificate(["old.test"]), make_development_certificate(["new.test"])
SHOWN = "New connections are shown the certificate that is now in '{}'."


@pytest.fixture
def files(tmp_path: Path) -> CertificateFiles:
    files = CertificateFiles.in_directory(tmp_path)
    files.write(OLD)
    return files


@pytest.fixture(autouse=True)
def info(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)


class Shown:
    """Whom `present` was given, in order; `refuses` makes it find fault with the next."""

    def __init__(self) -> None:
        self.certificates: list[Certificate] = []
        self.refuses = False
        self.is_shown = asyncio.Event()

    def __call__(self, credentials: Credentials) -> None:
        if self.refuses:
            raise StartupError("Nobody can sign with that.")
        self.certificates.append(credentials.certificate)
        self.is_shown.set()


@pytest.fixture
def shown() -> Shown:
    return Shown()


@pytest.fixture
def renewal(files: CertificateFiles, shown: Shown) -> CertificateRenewal:
    config = Config(
        certfile=str(files.certfile), keyfile=str(files.keyfile), certificate_interval=None
    )
    return CertificateRenewal(config, shown)


def test_files_that_have_not_changed_are_not_read(
    renewal: CertificateRenewal, shown: Shown
) -> None:
    renewal.look()
    assert shown.certificates == []


def test_a_new_pair_is_shown_once(
    renewal: CertificateRenewal,
    files: CertificateFiles,
    shown: Shown,
    caplog: pytest.LogCaptureFixture,
) -> None:
    files.write(NEW, force=True)
    renewal.look()
    renewal.look()
    assert shown.certificates == [NEW.certificate]
    assert caplog.messages == [SHOWN.format(files.certfile)]


def test_a_link_that_leads_elsewhere_is_a_change(tmp_path: Path, shown: Shown) -> None:
    # So does a mounted secret of Kubernetes change: one directory link is swapped.
    for name, made in (("1", OLD), ("2", NEW)):
        CertificateFiles.in_directory(tmp_path / name).write(made)
    link = tmp_path / "now"
    link.symlink_to(tmp_path / "1")
    linked = CertificateFiles.in_directory(link)
    config = Config(certfile=str(linked.certfile), keyfile=str(linked.keyfile))
    renewal = CertificateRenewal(config, shown)
    (tmp_path / "next").symlink_to(tmp_path / "2")
    os.replace(tmp_path / "next", link)
    renewal.look()
    assert shown.certificates == [NEW.certificate]


def test_between_two_writes_nothing_is_shown_and_nothing_said(
    renewal: CertificateRenewal,
    files: CertificateFiles,
    shown: Shown,
    caplog: pytest.LogCaptureFixture,
) -> None:
    files.certfile.write_bytes(NEW.certificate_pem)
    renewal.look()
    assert (shown.certificates, caplog.messages) == ([], [])
    files.keyfile.write_bytes(NEW.key_pem)
    renewal.look()
    assert shown.certificates == [NEW.certificate]


@pytest.mark.parametrize("fault", ["mismatch", "garbage", "missing", "refused"])
def test_a_pair_that_stays_wrong_is_said_once_and_the_old_one_goes_on(
    fault: str,
    renewal: CertificateRenewal,
    files: CertificateFiles,
    shown: Shown,
    caplog: pytest.LogCaptureFixture,
) -> None:
    if fault == "missing":
        files.certfile.unlink()
    elif fault == "refused":
        shown.refuses = True
        files.write(NEW, force=True)
    else:
        wrong = NEW.certificate_pem if fault == "mismatch" else b"garbage"
        files.certfile.write_bytes(wrong)
    for _ in range(5):
        renewal.look()
    [message] = caplog.messages
    assert message.endswith(". The certificate from before is still shown.")
    assert shown.certificates == []


def test_who_asks_is_answered_whatever_the_times_say(
    renewal: CertificateRenewal,
    files: CertificateFiles,
    shown: Shown,
    caplog: pytest.LogCaptureFixture,
) -> None:
    renewal.look(was_asked=True)
    assert shown.certificates == [OLD.certificate]
    files.certfile.unlink()
    renewal.look(was_asked=True)
    assert "Cannot read the certificate" in caplog.messages[-1]


def test_without_files_there_is_nothing_to_read(
    shown: Shown, caplog: pytest.LogCaptureFixture
) -> None:
    renewal = CertificateRenewal(Config(), shown)
    renewal.look()
    assert caplog.messages == []
    renewal.look(was_asked=True)
    assert caplog.messages == ["There is no certificate file to read again."]


async def test_asking_ends_the_wait(renewal: CertificateRenewal, shown: Shown) -> None:
    renewal.ask()  # nobody runs yet, so nobody hears
    running = asyncio.create_task(renewal.run())
    await asyncio.sleep(0)
    renewal.ask()
    await shown.is_shown.wait()
    running.cancel()
    assert shown.certificates == [OLD.certificate]


async def test_it_looks_by_itself(files: CertificateFiles, shown: Shown) -> None:
    config = Config(
        certfile=str(files.certfile), keyfile=str(files.keyfile), certificate_interval=0.1
    )
    renewal = CertificateRenewal(config, shown)
    running = asyncio.create_task(renewal.run())
    files.write(NEW, force=True)
    async with asyncio.timeout(10):
        await shown.is_shown.wait()
    running.cancel()
    assert shown.certificates == [NEW.certificate]


def test_who_asks_when_the_loop_is_closed_is_not_answered(renewal: CertificateRenewal) -> None:
    async def begin() -> None:
        running = asyncio.create_task(renewal.run())
        await asyncio.sleep(0)
        running.cancel()

    asyncio.run(begin())
    renewal.ask()
