"""aioquic's example server, which its authors ship with the source and not with the package.

This file knows where it is to be had: in the source distribution of the version that is
installed. It is fetched when it is first needed, by pip, and never becomes part of the tree.
"""

from __future__ import annotations

import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from tests.bench.cache import cached
from tests.bench.report import version_of

__all__ = ["example_script"]


def example_script() -> Path:
    """The path of `http3_server.py`. Raises CalledProcessError if pip cannot fetch it."""
    return cached(f"aioquic-{version_of('aioquic')}-examples", _fetch) / "http3_server.py"


def _fetch(target: Path) -> None:
    wanted = f"aioquic=={version_of('aioquic')}"
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
    with tempfile.TemporaryDirectory() as directory:
        source_only = ["--no-deps", "--no-binary", "aioquic", "--dest", directory]
        subprocess.run([*pip, *source_only, wanted], check=True)
        [archive] = Path(directory).glob("*.tar.gz")
        with tarfile.open(archive) as opened:
            opened.extractall(directory, filter="data")
        [examples] = Path(directory).glob("*/examples")
        examples.rename(target)
