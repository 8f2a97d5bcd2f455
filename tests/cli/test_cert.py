"""Tests of `cli/cert.py`: the files it makes, and the lines it prints."""

from __future__ import annotations

import runpy
import stat
import sys
from pathlib import Path

import pytest

from h3producer.cli.program import main
from h3producer.server.certificates.development import spki_pin
from h3producer.server.certificates.files import read_certificate


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*words: str) -> object:
    with pytest.raises(SystemExit) as caught:
        main(["cert", *words])
    return caught.value.code


def test_it_makes_two_files_here(here: Path) -> None:
    assert run() == 0
    assert stat.S_IMODE((here / "localhost.key").stat().st_mode) == 0o600
    assert read_certificate(here / "localhost.pem") is not None


def test_it_says_what_it_made_and_how_to_use_it(capsys: pytest.CaptureFixture[str]) -> None:
    run("--out", "certs")
    out = capsys.readouterr().out
    certificate = read_certificate(Path("certs/localhost.pem"))
    assert certificate is not None
    for line in (
        "certificate  certs/localhost.pem  (until ",
        "private key  certs/localhost.key  (mode 0600)",
        f"SPKI pin     {spki_pin(certificate)}",
        "serve   h3producer APP --certfile certs/localhost.pem --keyfile certs/localhost.key",
        "curl    curl --http3-only --cacert certs/localhost.pem https://localhost:4433/",
        "--origin-to-force-quic-on=localhost:4433",
        f"--ignore-certificate-errors-spki-list={spki_pin(certificate)}",
    ):
        assert line in out


def test_other_hosts_and_days_can_be_asked_for(here: Path) -> None:
    assert run("--host", "a.test", "--host", "10.0.0.1", "--days", "1") == 0
    certificate = read_certificate(here / "a.test.pem")
    assert certificate is not None
    assert (certificate.not_valid_after_utc - certificate.not_valid_before_utc).days == 0


def test_a_key_is_not_overwritten_unless_forced(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run()
    key = (here / "localhost.key").read_bytes()
    assert run() == 1
    assert "already; --force overwrites it." in capsys.readouterr().err
    assert (here / "localhost.key").read_bytes() == key
    assert run("--force") == 0
    assert (here / "localhost.key").read_bytes() != key


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--days", "15"], "h3producer: days must be between 1 and 14, not 15.\n"),
        (
            ["--host", "a b"],
            "h3producer: 'a b' is neither a DNS name in ASCII nor an IP address.\n",
        ),
    ],
)
def test_wrong_input_is_one_sentence(
    words: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*words) == 2
    assert capsys.readouterr().err == sentence


def test_a_directory_that_cannot_be_written_is_one_sentence(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "file").touch()
    assert run("--out", "file/below") == 1
    assert "Cannot write to 'file/below': " in capsys.readouterr().err


def test_the_generator_in_certs_does_the_same(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    script = Path(__file__).parent.parent.parent / "certs" / "make_localhost.py"
    # The last --out counts: the test leaves the checkout alone.
    monkeypatch.setattr(sys, "argv", [str(script), "--out", str(here / "made")])
    with pytest.raises(SystemExit) as caught:
        runpy.run_path(str(script), run_name="__main__")
    assert caught.value.code == 0
    assert (here / "made" / "localhost.key").exists()
