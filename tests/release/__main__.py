"""The wheel in a fresh environment of each Python that is here: installed, asked, and served from.

    python -m tests.release [PYTHON ...]

Without arguments: every `python3.N` from 3.11 on that is on the path, and those of pyenv.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tests.release.distributions import ROOT, build

if TYPE_CHECKING:
    from collections.abc import Iterator

OLDEST = (3, 11)

EXTRAS = "websocket,reload,tcp,metrics,top"
"""Of what a server may be asked for; those of developers are tried by `make test`."""


def _candidates() -> Iterator[Path]:
    for directory in os.environ.get("PATH", "").split(os.pathsep):
        yield from sorted(Path(directory).glob("python3.[0-9]*"))
    root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    yield from sorted(root.glob("versions/3.*/bin/python3"))


def _pythons() -> dict[str, Path]:
    """One of each version, by the version."""
    found: dict[str, Path] = {}
    for path in _candidates():
        if not re.fullmatch(r"python3(\.\d+)?", path.name):
            continue
        asked = subprocess.run(
            [path, "-c", "import sys; print('%d.%d.%d' % sys.version_info[:3])"],
            capture_output=True,
            text=True,
            check=False,
        )
        version = asked.stdout.strip()
        if asked.returncode == 0 and tuple(map(int, version.split(".")[:2])) >= OLDEST:
            found.setdefault(version, path)
    return found


def _check(python: Path, wheel: Path, directory: Path) -> str:
    """Install and serve one request; what was found, in a line. Raises CalledProcessError."""
    environment = directory / "venv"
    _run(python, "-m", "venv", environment)
    inside = environment / "bin" / "python"
    _run(inside, "-m", "pip", "install", "--quiet", "--no-input", f"{wheel}[{EXTRAS}]")
    _run(inside, "-m", "pip", "check")
    said = _run(environment / "bin" / "h3producer", "--version").strip()
    # From a directory without our source: what answers is the wheel.
    shutil.copy(ROOT / "examples" / "hello.py", directory)
    answer = _served(environment / "bin" / "h3producer", directory)
    assert answer == "Hello over HTTP/3!\n", answer
    return f"{said}: {answer.strip()}"


def _served(program: Path, directory: Path) -> str:
    state = {**os.environ, "XDG_STATE_HOME": str(directory / "state")}
    for name in ("PYTHONPATH", "COVERAGE_PROCESS_START"):
        state.pop(name, None)
    server = subprocess.Popen(
        [program, "--host", "127.0.0.1", "--port", "0", "hello:app"],
        cwd=directory,
        env=state,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert server.stderr is not None
        url = None
        while url is None:
            line = server.stderr.readline()
            assert line, "The server ended before it served."
            url = re.search(r"https://127\.0\.0\.1:\d+/", line)
        answer = _run(program, "get", url[0], cwd=directory, env=state)
        server.terminate()
        assert server.wait(30) == 0
        return answer
    finally:
        server.kill()
        server.communicate()


def _run(*words: str | Path, cwd: Path | None = None, env: dict[str, str] | None = None) -> str:
    done = subprocess.run(words, cwd=cwd, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(map(str, words))}:\n{done.stdout}{done.stderr}")
    return done.stdout


def main(arguments: list[str]) -> int:
    """The exit code: 0 if it works on all of them, and there is one."""
    pythons = {each: Path(each) for each in arguments} or _pythons()
    failures = 0
    with tempfile.TemporaryDirectory() as name:
        wheel = build(Path(name) / "build").wheel
        for version, python in sorted(pythons.items()):
            directory = Path(name) / version.replace("/", "_")
            directory.mkdir()
            try:
                print(f"{version}: {_check(python, wheel, directory)}", flush=True)
            except (AssertionError, RuntimeError) as error:
                failures += 1
                print(f"{version}: FAILED: {error}", flush=True)
    return 1 if failures or not pythons else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
