"""A server that a page starts: a process of its own, whose words are read.

This file knows how one is started, that it serves, and how it is asked to end. It refuses to know
what is served. A process that runs `h3producer` is a copy of this one (fork), which is there ten
times sooner than a new interpreter; one that starts processes itself is a new one.

Its one rule: what was started ends with `end` or `kill`, whatever it does.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import select
import signal
import subprocess
import sys
import warnings
from typing import TYPE_CHECKING, NoReturn

from h3producer.cli import main
from tests.e2e.observed import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

__all__ = ["ServerProcess"]

_SERVING = re.compile(r"Serving HTTP/3 .* on https://")


class ServerProcess:
    """A process, what it has said, and whether it serves."""

    def __init__(self, pid: int, output: int) -> None:
        self._pid = pid
        self._output = output
        self._said = b""
        self.exit_code: int | None = None

    @classmethod
    def copied(
        cls, arguments: Sequence[str], directory: Path, environment: Mapping[str, str]
    ) -> ServerProcess:
        """`h3producer ARGUMENTS`, in a copy of this process."""
        reading, writing = os.pipe()
        with warnings.catch_warnings():
            # From 3.12 on, of a process with threads; those of earlier tests wait for work.
            warnings.simplefilter("ignore", DeprecationWarning)
            pid = os.fork()
        if pid == 0:
            _become(arguments, directory, environment, writing)
        os.close(writing)
        return cls(pid, reading)

    @classmethod
    def started(
        cls, words: Sequence[str], directory: Path, environment: Mapping[str, str]
    ) -> ServerProcess:
        """A program, in a process of its own."""
        reading, writing = os.pipe()
        process = subprocess.Popen(
            words,
            cwd=directory,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=writing,
            stderr=subprocess.STDOUT,
        )
        os.close(writing)
        process.returncode = 0  # it is waited for here, not there
        return cls(process.pid, reading)

    @property
    def said(self) -> str:
        """All that it has written so far."""
        return self._said.decode(errors="replace")

    def serves(self) -> bool:
        """Wait until it says that it serves, or ends; whether it serves."""
        while not _SERVING.search(self.said):
            if not self._read():
                self._wait()
                return False
        return True

    def says(self, pattern: str) -> None:
        """Wait until it has said something; raises AssertionError if it ends without."""
        while not re.search(pattern, self.said):
            assert self._read(), f"It ended without a word of {pattern!r}:\n{self.said}"

    def finish(self) -> tuple[int, str]:
        """Wait until it ends by itself; its exit code, and what it has said."""
        while self._read():
            pass
        self._wait()
        assert self.exit_code is not None
        return self.exit_code, self.said

    def end(self) -> None:
        """TERM, and wait for its end."""
        if self.exit_code is None:
            os.kill(self._pid, signal.SIGTERM)
            while self._read():
                pass
            self._wait()

    def kill(self) -> None:
        """End it by force, if it has not ended."""
        if self.exit_code is None:
            os.kill(self._pid, signal.SIGKILL)
            self._wait()

    def _read(self) -> bool:
        """Wait for more; False at the end. Raises AssertionError when nothing comes."""
        ready, _, _ = select.select([self._output], [], [], PATIENCE)
        assert ready, f"Nothing comes any more; until now:\n{self.said}"
        piece = os.read(self._output, 65536)
        self._said += piece
        return bool(piece)

    def _wait(self) -> None:
        _, status = os.waitpid(self._pid, 0)
        self.exit_code = os.waitstatus_to_exitcode(status)
        os.close(self._output)


def _become(
    arguments: Sequence[str], directory: Path, environment: Mapping[str, str], output: int
) -> NoReturn:
    """In the copy: be `h3producer`, and nothing of what this process was."""
    code = 70
    try:
        os.dup2(output, 1)
        os.dup2(output, 2)
        sys.stdout, sys.stderr = (
            io.TextIOWrapper(io.FileIO(number, "w"), write_through=True) for number in (1, 2)
        )
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os.environ.clear()
        os.environ.update(environment)
        os.chdir(directory)
        for word in arguments:
            if ":" in word:  # an application of an earlier page may have been called so
                sys.modules.pop(re.split("[.:]", word)[0], None)
        sys.path.insert(0, str(directory))
        main(arguments)
    except SystemExit as ending:
        code = ending.code if isinstance(ending.code, int) else 1
    finally:
        with contextlib.suppress(Exception):
            sys.stdout.flush()
        os._exit(code)
