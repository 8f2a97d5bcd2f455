"""Draw docs/backpressure.svg: `python -m tests.trace`."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

from h3producer.trace.picture import draw
from h3producer.trace.records import read_recording
from h3producer.trace.telling import tell
from tests.trace.scene import play

PICTURE = Path(__file__).parent.parent.parent / "docs" / "backpressure.svg"


def drawn() -> str:
    """The picture of the scene."""
    with tempfile.TemporaryDirectory() as directory:
        log = asyncio.run(play(Path(directory)))
        return draw(tell(read_recording(log)))


if __name__ == "__main__":
    PICTURE.write_text(drawn(), encoding="utf-8")
