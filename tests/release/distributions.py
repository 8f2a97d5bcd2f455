"""The sdist and the wheel, made of a copy of the source.

This file knows how they are built, and that beside the source there may be anything. It refuses
to know what belongs into them. Its one rule: the working tree is never built in, so that nothing
of an older build can get into a newer one.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

__all__ = ["ROOT", "Distributions", "build"]

ROOT = Path(__file__).parent.parent.parent

SOURCE = (
    "pyproject.toml",
    "MANIFEST.in",
    "README.md",
    "CHANGELOG.md",
    "LICENSE",
    "SECURITY.md",
    "h3producer",
    "examples",
)
"""What is built from, of the repository."""


@dataclass(frozen=True)
class Distributions:
    """Both files of one version."""

    sdist: Path
    wheel: Path

    def names_in_sdist(self) -> set[str]:
        """Files, without the directory that holds all of them."""
        with tarfile.open(self.sdist) as archive:
            members = [each.name for each in archive.getmembers() if each.isfile()]
        return {name.partition("/")[2] for name in members}

    def names_in_wheel(self) -> set[str]:
        with zipfile.ZipFile(self.wheel) as archive:
            return set(archive.namelist())

    def text_in_wheel(self, suffix: str) -> str:
        """The one file of the wheel whose name ends so."""
        with zipfile.ZipFile(self.wheel) as archive:
            (name,) = (each for each in archive.namelist() if each.endswith(suffix))
            return archive.read(name).decode()


def build(directory: Path, *, beside: dict[str, str] | None = None) -> Distributions:
    """Build both into `directory`; `beside` are other files in the source's directory, by paths.

    Without isolation, so that nothing is fetched: setuptools and build are there already.
    """
    source = directory / "source"
    source.mkdir(parents=True)
    for name in SOURCE:
        if (ROOT / name).is_dir():
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / name, source / name, ignore=ignored)
        else:
            shutil.copy(ROOT / name, source / name)
    for name, text in (beside or {}).items():
        path = source / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    out = directory / "dist"
    words = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(out), str(source)]
    # From there, since `build/`, which others make in the root, would be taken for the module.
    subprocess.run(words, check=True, capture_output=True, cwd=directory)
    (sdist,), (wheel,) = out.glob("*.tar.gz"), out.glob("*.whl")
    return Distributions(sdist, wheel)
