"""Every test that asks for `make_pipe` runs twice: without the lock for two threads, and with."""

from __future__ import annotations

import pytest

from h3producer.pipe.options import PipeOptions
from h3producer.pipe.pipe import Pipe
from h3producer.pipe.scheduler import PipeScheduler, Schedules
from tests.pipe.harness import Elsewhere, MakePipe

SCHEDULERS: dict[str, Schedules] = {"alone": PipeScheduler.inline, "shared": Elsewhere()}


@pytest.fixture(params=SCHEDULERS)
def make_pipe(request: pytest.FixtureRequest) -> MakePipe:
    scheduler = SCHEDULERS[request.param]

    def make(*, pause: int = -1, resume: int = -1, segment: int = -1) -> Pipe:
        options = PipeOptions(
            pause_writer_threshold=pause,
            resume_writer_threshold=resume,
            minimum_segment_size=segment,
            reader_scheduler=scheduler,
            writer_scheduler=scheduler,
        )
        return Pipe(options)

    return make


@pytest.fixture
def pipe(make_pipe: MakePipe) -> Pipe:
    """A pipe with the default options."""
    return make_pipe()
