"""Where a page is played: a directory of its own, ports of its own, and at most one server.

This file knows what a page may name that this machine has not: port 4433, `example.org`,
`/etc/ssl/key.pem`, an application called `myapp:app`. It refuses to know Markdown and programs.

Its one rule: what a page names is exchanged word by word, in the command and back in its output,
and nothing else is.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import sys
from typing import TYPE_CHECKING, Final

from h3producer.server.certificates.files import CertificateFiles
from tests.docs.blocks import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from tests.docs.process import ServerProcess

__all__ = ["Stage"]

_PORT = re.compile(r"((?:[\w\]*'\"]|^):|--[a-z-]*port[ =])(\d{2,5})\b(?!:)")
_PORTLESS = re.compile(r"(https://[\w.-]+|https://\[[\d:]+\])(?=/|\s|$)")
_ELSEWHERE = re.compile(r"\b(?:www\.)?example\.(?:org|com)\b")
_SYSTEM = re.compile(r"(?<![\w./-])/(etc|run|srv|var)/")
_CREDENTIAL = re.compile(r"--(?:ssl-)?(cert|key)file[ =](\S+)")
_DELAY = re.compile(r"(--drain-delay[ =])\S+")
_HOME: Final = ("examples", "tests", "certs", "docs")
"""What a clone has, and commands of a page name."""


class Stage:
    """One page's surroundings; see the module."""

    def __init__(self, directory: Path, state: Path) -> None:
        """`state` is a directory for the development certificate, which pages may share."""
        self.directory = directory
        self.state = state
        self.server: ServerProcess | None = None
        self.ports: dict[str, int] = {}
        """By what a page calls it."""
        for name in _HOME:
            (directory / name).symlink_to(ROOT / name)

    @property
    def environment(self) -> dict[str, str]:
        """What a command of the page finds in its environment."""
        return {
            **os.environ,
            "XDG_STATE_HOME": str(self.state),
            "H3PRODUCER_PORT": str(self.port("4433")),
            "PYTHONPATH": f"{ROOT}{os.pathsep}{self.directory}",
            "PATH": f"{self._programs()}{os.pathsep}{os.environ['PATH']}",
            "COLUMNS": "100",
        }

    def port(self, named: str) -> int:
        """The port that a page means, free for TCP and UDP when it is first named."""
        if named not in self.ports:
            self.ports[named] = _free_port()
        return self.ports[named]

    def localized(self, command: str) -> str:
        """The command as it can be run here."""
        command = _ELSEWHERE.sub("localhost", command)
        command = _PORTLESS.sub(r"\1:443", command)
        command = _PORT.sub(lambda found: f"{found[1]}{self.port(found[2])}", command)
        command = _DELAY.sub(r"\g<1>0.1", command)  # every server of a page is ended
        command = _SYSTEM.sub(lambda found: f"{self.directory}/{found[1]}/", command)
        for path in re.findall(rf"{re.escape(str(self.directory))}/[\w./-]+", command):
            (self.directory / path).parent.mkdir(parents=True, exist_ok=True)
        self._provide_credentials(command)
        return command

    def as_shown(self, output: str) -> str:
        """What a command said, in the words of the page."""
        for named, port in self.ports.items():
            output = re.sub(rf"\b{port}\b", named, output)
        return output.replace(f"{self.directory}/", "/").replace(str(self.directory), "/")

    def provide_application(self, target: str, *, is_factory: bool) -> None:
        """If the page has written no such module, it is `examples/hello.py` under that name."""
        module, _, attribute = target.partition(":")
        path = self.directory.joinpath(*module.split(".")).with_suffix(".py")
        if path.exists():
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        hello = (ROOT / "examples" / "hello.py").read_text()
        made = f"def {attribute}():\n    return app\n" if is_factory else f"{attribute} = app\n"
        path.write_text(f"{hello}\n\n{made}")

    def end_server(self) -> None:
        """If one is running: TERM. Raises AssertionError if that is no good end."""
        server, self.server = self.server, None
        if server is not None:
            server.end()
            assert server.exit_code == 0, f"It ended with {server.exit_code}:\n{server.said}"

    def _programs(self) -> Path:
        """A directory with `h3producer` and `python` for what a shell runs."""
        programs = self.directory / ".programs"
        if not programs.exists():
            programs.mkdir()
            for name, words in (("python", ""), ("h3producer", "-m h3producer ")):
                program = programs / name
                program.write_text(f'#!/bin/sh\nexec {sys.executable} {words}"$@"\n')
                program.chmod(0o755)
        return programs

    def _provide_credentials(self, command: str) -> None:
        """The development certificate in the place of each that a command names."""
        named = [
            (kind, self.directory / path)
            for kind, path in _CREDENTIAL.findall(command)
            if not (self.directory / path).exists()
        ]
        if named:
            files = CertificateFiles.in_directory(self.state / "h3producer")
            files.ensure()
            for kind, path in named:
                path.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(files.certfile if kind == "cert" else files.keyfile, path)


def _free_port() -> int:
    while True:
        with (
            socket.socket(type=socket.SOCK_STREAM) as tcp,
            socket.socket(type=socket.SOCK_DGRAM) as udp,
        ):
            tcp.bind(("127.0.0.1", 0))
            port: int = tcp.getsockname()[1]
            try:
                udp.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
