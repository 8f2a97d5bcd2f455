"""gtlsclient: ngtcp2's own client, on nghttp3 and GnuTLS. A process, and a connection, for each
exchange; what it can do to a connection it is told beforehand."""

from __future__ import annotations

import re
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tests.interop.clients.program import Answer, Request, Wishes, main

if TYPE_CHECKING:
    from collections.abc import Sequence

SOON = "5ms"
"""After the handshake: within any of the downloads that a deed is shown by."""

HEAD_LINE = re.compile(r"http: stream (0x[0-9a-f]+) \[(:?[^:]+): (.*)\]")


class Gtlsclient:
    def __init__(self, origin: str, cafile: str, wishes: Wishes) -> None:
        """`cafile` only says where there is room: it does not look at the certificate."""
        self._origin = origin
        self._url = urlsplit(origin)
        self._directory = Path(tempfile.mkdtemp(dir=Path(cafile).parent))
        self._options = [*self._session_options(wishes), *_wish_options(wishes)]
        self._until = "--timeout=1s" if wishes.lingers else "--exit-on-all-streams-close"
        self._next: list[str] = []

    def _session_options(self, wishes: Wishes) -> list[str]:
        options = [
            f"--session-file={self._directory / 'session'}",
            f"--tp-file={self._directory / 'parameters'}",
        ]
        return options if wishes.early else [*options, "--disable-early-data"]

    def move(self) -> None:
        self._next.append(f"--change-local-addr={SOON}")

    def update_keys(self) -> None:
        self._next.append(f"--key-update={SOON}")

    def exchange(self, requests: Sequence[Request]) -> list[Answer]:
        options, self._next = [*self._options, *self._next], []
        first = requests[0]
        if first.gives_up_after is None:
            options.append(self._until)
        else:
            # It leaves, wherever the first stream is, as soon as the second one has ended.
            requests = [first, Request(path="/hello")]
            options.append("--exit-on-first-stream-close")
        if first.method != "GET":
            options.append(f"--http-method={first.method}")
        if first.size is not None:
            content = self._directory / "content"
            content.write_bytes(first.body or b"")
            options.append(f"--data={content}")
        bodies = Path(tempfile.mkdtemp(dir=self._directory))
        ran = subprocess.run(
            [
                "gtlsclient",
                "--no-quic-dump",
                "--no-http-dump",
                f"--download={bodies}",
                *options,
                self._url.hostname or "",
                str(self._url.port),
                *(self._origin + each.path for each in requests),
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        if first.gives_up_after is not None:
            return [Answer.of(0, True, {}, b"")]
        heads = _heads(ran.stderr)
        if ran.returncode or len(heads) != len(requests):
            raise RuntimeError(f"exit code {ran.returncode}: {ran.stderr[-2000:]}")
        return [
            _answer(head, bodies / each.path.rpartition("/")[2])
            for head, each in zip(heads, requests, strict=True)
        ]


def _wish_options(wishes: Wishes) -> list[str]:
    options = []
    if wishes.version == 2:
        options += ["--version=v2", "--available-versions=v2,v1"]
    if wishes.cipher == "chacha20":
        priority = "NORMAL:-VERS-ALL:+VERS-TLS1.3:-CIPHER-ALL:+CHACHA20-POLY1305"
        options.append(f"--ciphers={priority}")
    if wishes.window:
        options += [f"--max-data={wishes.window}"]
        options += [f"--max-stream-data-bidi-local={wishes.window}"]
    return options


def _heads(log: str) -> list[list[tuple[str, str]]]:
    """The fields of each stream's responses, the interim ones first, by the order of streams."""
    heads: dict[int, list[tuple[str, str]]] = {}
    for stream, name, value in HEAD_LINE.findall(log):
        heads.setdefault(int(stream, 16), []).append((name, value))
    return [heads[stream] for stream in sorted(heads)]


def _answer(head: list[tuple[str, str]], body: Path) -> Answer:
    statuses = [int(value) for name, value in head if name == ":status"]
    return Answer.of(
        statuses[-1],
        True,  # it speaks nothing else
        dict(head),
        body.read_bytes() if body.exists() else b"",
        interim=statuses[:-1],
    )


if __name__ == "__main__":
    main(Gtlsclient)
