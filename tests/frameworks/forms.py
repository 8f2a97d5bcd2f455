"""Files in multipart forms, as curl sends them: made anew for each request, since curl reads them.

This file knows how a form is made. It refuses to know who parses it.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from curl_cffi import CurlMime

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["digest_of", "file_form", "large_file"]

PIECE = bytes(range(256)) * 4096


def file_form(file: Path) -> CurlMime:
    """A form with a file, which curl reads as it sends it."""
    form = CurlMime()
    form.addpart(
        name="file",
        filename=file.name,
        local_path=str(file),
        content_type="application/octet-stream",
    )
    return form


def large_file(directory: Path, size: int) -> Path:
    """A file of `size` bytes, a multiple of a mebibyte, in which each byte has a use."""
    assert size % len(PIECE) == 0
    path = directory / f"{size}.bin"
    with path.open("wb") as file:
        for _ in range(size // len(PIECE)):
            file.write(PIECE)
    return path


def digest_of(file: Path) -> str:
    """The SHA-256 of a file."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
