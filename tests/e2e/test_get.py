"""Tests of `cli/get.py`: what a person sees of a response, and of none."""

from __future__ import annotations

import asyncio
import io
import sys
from typing import TYPE_CHECKING

import pytest

from h3producer.cli.program import main
from h3producer.server.certificates.files import CertificateFiles
from tests.e2e.server import address_of, running

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from h3producer.http3.stream import Http3Stream


async def answer(stream: Http3Stream) -> None:
    """Informational head, echoed fields, body and trailers; or a failure at /fail."""
    if stream.request.path == b"/fail":
        stream.reset(0x10C)
        return
    response, request = stream.response, stream.request
    await response.send_informational(103, [(b"link", b"</style.css>")])
    fields = dict(request.headers)
    response.start(
        404 if request.path == b"/404" else 200, [(b"x-kind", fields.get(b"content-type", b""))]
    )
    await response.write(f"{request.method} {fields.get(b'x-word', b'').decode()}|".encode())
    while piece := await stream.body.read_chunk():
        await response.write(piece)
    response.set_trailers([(b"x-sum", b"1")])
    await response.complete()


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The state directory, which has a development certificate."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    CertificateFiles.in_directory(tmp_path / "h3producer").ensure()
    return tmp_path / "h3producer"


@pytest.fixture
async def url(state: Path) -> AsyncIterator[str]:
    """A server that presents the development certificate."""
    files = CertificateFiles.in_directory(state)
    async with running(answer, files, server_header=None, date_header=False) as server:
        yield f"https://127.0.0.1:{address_of(server)[1]}"


async def get(*words: str) -> object:
    """The exit code of `h3producer get`, which has a loop of its own and so runs in a thread."""

    def run() -> object:
        with pytest.raises(SystemExit) as caught:
            main(["get", *words])
        return caught.value.code

    return await asyncio.to_thread(run)


async def test_the_body_goes_to_stdout_and_nothing_to_stderr(
    url: str, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    assert await get(url) == 0
    assert capsysbinary.readouterr() == (b"GET |", b"")


async def test_any_status_is_an_answer(
    url: str, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    assert await get(f"{url}/404") == 0


async def test_a_health_check_fails_with_any_status_that_is_a_failure(
    url: str, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    """curl's --fail: the exit code is all that a container's health check looks at."""
    assert await get("--fail", f"{url}/") == 0
    capsysbinary.readouterr()
    assert await get("--fail", f"{url}/404") == 1
    out, err = capsysbinary.readouterr()
    assert out == b""
    assert err == f"h3producer: The answer of {url.removeprefix('https://')} was 404.\n".encode()


async def test_method_and_fields_can_be_given(
    url: str, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    assert await get(url, "-X", "PUT", "-H", "X-Word: hello") == 0
    assert capsysbinary.readouterr().out == b"PUT hello|"


async def test_data_is_posted(url: str, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    assert await get(url, "-d", "a=b") == 0
    assert capsysbinary.readouterr().out == b"POST |a=b"


async def test_a_file_is_posted_piece_by_piece(
    url: str, tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    content = bytes(range(256)) * 1000
    (tmp_path / "upload").write_bytes(content)
    assert await get(url, "-d", f"@{tmp_path / 'upload'}") == 0
    assert capsysbinary.readouterr().out == b"POST |" + content


async def test_stdin_is_posted(
    url: str, monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"from stdin")))
    assert await get(url, "-d", "@-") == 0
    assert capsysbinary.readouterr().out == b"POST |from stdin"


async def test_the_body_can_go_to_a_file(
    url: str, tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    assert await get(url, "-o", str(tmp_path / "out")) == 0
    assert (tmp_path / "out").read_bytes() == b"GET |"
    assert capsysbinary.readouterr().out == b""


async def test_verbose_shows_both_heads_and_the_trailers(
    url: str, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    assert await get(f"{url}/a", "-v", "-d", "x", "-H", "x-word: y") == 0
    assert capsysbinary.readouterr().err.decode().splitlines() == [
        "> POST /a HTTP/3",
        "> x-word: y",
        "> content-type: application/x-www-form-urlencoded",
        "> content-length: 1",
        ">",
        "< HTTP/3 103",
        "< link: </style.css>",
        "<",
        "< HTTP/3 200",
        "< x-kind: application/x-www-form-urlencoded",
        "<",
        "< trailers",
        "< x-sum: 1",
        "<",
    ]


async def test_no_whole_answer_is_one_sentence_and_code_1(
    url: str, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    assert await get(f"{url}/fail") == 1
    sentence = b"h3producer: The server reset the stream: H3_REQUEST_CANCELLED.\n"
    assert capsysbinary.readouterr() == (b"", sentence)


async def test_a_certificate_that_is_not_ours_is_refused_unless_told_otherwise(
    url: str, state: Path, tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    elsewhere = (state / "localhost.pem").rename(tmp_path / "moved.pem")
    assert await get(url) == 1
    assert b"is not trusted" in capsysbinary.readouterr().err
    assert await get(url, "--insecure") == 0
    assert await get(url, "--cacert", str(elsewhere)) == 0


async def test_a_file_that_cannot_be_written_is_code_1(
    url: str, tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    assert await get(url, "-o", str(tmp_path / "absent" / "out")) == 1
    assert b"Cannot write '" in capsysbinary.readouterr().err


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["http://a.test/"], b"is not an https URL"),
        (["https://a.test/", "-H", "word"], b"'word' is not of the form 'name: value'."),
        (["https://a.test/", "-d", "@/absent"], b"Cannot read '/absent': No such file"),
        (["https://a.test/", "--cacert", "/absent"], b"'/absent' does not exist."),
    ],
)
async def test_wrong_input_is_one_sentence_and_code_2(
    words: list[str], sentence: bytes, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    assert await get(*words) == 2
    err = capsysbinary.readouterr().err
    assert sentence in err
    assert err.count(b"\n") == 1
