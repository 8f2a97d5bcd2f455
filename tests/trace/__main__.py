"""Draw the pictures of the docs: `python -m tests.trace`.

One is of a response as it is, the other of the same without a bound: all that the app has, waits.
"""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

from h3producer.config import Config
from h3producer.trace.picture import draw
from h3producer.trace.records import read_recording
from h3producer.trace.telling import tell
from tests.trace.scene import play

DOCS = Path(__file__).parent.parent.parent / "docs"

PICTURES = {
    DOCS / "backpressure.svg": Config.response_buffer,
    DOCS / "no-backpressure.svg": 64 * 1024 * 1024,
}
"""By their files; the bytes of a response that may wait unsent."""


def main() -> None:
    """Draw all."""
    for path, response_buffer in PICTURES.items():
        with tempfile.TemporaryDirectory() as directory:
            log = asyncio.run(play(Path(directory), response_buffer))
            path.write_text(draw(tell(read_recording(log))), encoding="utf-8")


if __name__ == "__main__":
    main()
