"""Tests of the players themselves: a page that does not do what it shows fails."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from h3producer.server.certificates.files import CertificateFiles
from tests.docs.blocks import blocks_of
from tests.docs.play import Play
from tests.docs.stage import Stage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.once

APP = """\
async def app(scope, receive, send):
    assert scope["type"] == "http"
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"Hi!"})
"""
HI = f"```python\n# hi.py\n{APP}```\n"


def shell(*lines: str) -> str:
    return "```console\n" + "".join(f"{line}\n" for line in lines) + "```\n"


@pytest.fixture
def play(tmp_path: Path) -> Iterator[Callable[[str], None]]:
    (directory := tmp_path / "page").mkdir()
    files = CertificateFiles.in_directory(tmp_path / "h3producer")
    files.ensure()
    stage = Stage(directory, tmp_path)

    def play(text: str) -> None:
        course = Play(stage, files)
        for block in blocks_of("page.md", text):
            course.run(block)
        stage.end_server()

    yield play
    if stage.server is not None:
        stage.server.kill()


def test_a_server_is_asked_by_the_commands_below_it(play: Callable[[str], None]) -> None:
    play(HI + shell("$ h3producer hi:app", "$ h3producer get https://localhost:4433/", "Hi!"))


def test_a_port_that_a_page_names_is_free_here(play: Callable[[str], None]) -> None:
    url = "https://example.org:8443/"
    play(HI + shell("$ h3producer hi:app --port 8443", f"$ h3producer get {url}", "Hi!"))


def test_files_that_a_page_names_are_there(play: Callable[[str], None]) -> None:
    play(shell("$ h3producer hi:app --certfile /etc/ssl/h.pem --keyfile /etc/ssl/h.key"))


def test_an_application_that_no_block_defines_says_hello(play: Callable[[str], None]) -> None:
    url = "https://localhost:4433/"
    play(shell("$ h3producer my.site:app", f"$ h3producer get {url}", "Hello over HTTP/3!"))


def test_a_pipe_is_run_by_a_shell(play: Callable[[str], None]) -> None:
    play(shell("$ h3producer --help | head -n 1", "Usage: h3producer [OPTIONS] APP"))


def test_what_a_server_says_is_compared(play: Callable[[str], None]) -> None:
    play(shell("$ h3producer my:app", "…", "INFO     Serving HTTP/3 … on https://127.0.0.1:4433/…"))


def test_a_failure_may_be_shown(play: Callable[[str], None]) -> None:
    play(shell("$ h3producer nothing", "h3producer: Invalid value for 'APP': 'nothing' is …"))


@pytest.mark.parametrize(
    "page",
    [
        HI + shell("$ h3producer hi:app", "$ h3producer get https://localhost:4433/", "Ho!"),
        HI + shell("$ h3producer hi:nothing"),
        HI + shell("$ h3producer hi:app --no-such-option"),
        shell("$ h3producer get https://localhost:4433/"),
        shell("$ make no-such-target"),
        shell("$ python -m tests.no_such_module"),
        shell("$ python -m tests.conformance --no-such-option"),
        shell("$ pip install 'h3producer[nothing]'"),
        "```json\n{,}\n```\n",
        "```python\nno_such_name\n```\n",
        "```python\nasync def app(scope, receive, send):\n    raise OSError\n```\n",
        "```python\n# examples/handler.py\nasync def handle(stream):\n    pass\n```\n",
    ],
)
def test_a_page_that_lies_fails(page: str, play: Callable[[str], None]) -> None:
    with pytest.raises((AssertionError, ValueError, NameError)):
        play(page)


@pytest.mark.parametrize(
    "page", [shell("$ systemctl start x"), "```nginx\n```\n", "```text\n$ true\n```\n"]
)
def test_what_nobody_can_run_has_to_say_why(page: str, play: Callable[[str], None]) -> None:
    with pytest.raises(ValueError, match=r"page\.md:"):
        play(page)


def test_a_socket_is_asked_by_a_client_of_sockets(play: Callable[[str], None]) -> None:
    app = """\
async def app(scope, receive, send):
    assert scope["type"] == "websocket"
    await receive()
    await send({"type": "websocket.accept"})
    while (message := await receive())["type"] == "websocket.receive":
        await send({"type": "websocket.send", "text": message["text"]})
"""
    play(f"<!-- asked by websocket -->\n```python\n{app}```\n")
    with pytest.raises(AssertionError):
        play(f"```python\n{app}```\n")
