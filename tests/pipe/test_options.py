"""Statements O1 and O2: what a pipe's numbers may be, and what they are if nobody says."""

from __future__ import annotations

import dataclasses

import pytest

from h3producer.pipe.options import (
    PipeOptions,
    StreamPipeReaderOptions,
    StreamPipeWriterOptions,
)
from h3producer.pipe.scheduler import PipeScheduler


def test_o1_the_defaults_are_upstreams_but_for_the_scheduler() -> None:
    options = PipeOptions()
    assert options.pause_writer_threshold == 65536
    assert options.resume_writer_threshold == 32768
    assert options.minimum_segment_size == 4096
    assert options.reader_scheduler is PipeScheduler.inline
    assert options.writer_scheduler is PipeScheduler.inline


def test_o1_options_are_frozen_so_that_many_pipes_may_share_them() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        PipeOptions().pause_writer_threshold = 1  # type: ignore[misc]  # the point of the test


def test_o2_minus_one_means_the_default() -> None:
    assert PipeOptions() == PipeOptions(
        pause_writer_threshold=-1, resume_writer_threshold=-1, minimum_segment_size=-1
    )


@pytest.mark.parametrize(
    "name", ["pause_writer_threshold", "resume_writer_threshold", "minimum_segment_size"]
)
def test_o2_less_than_minus_one_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=f"{name} must be -1"):
        PipeOptions(**{name: -2})  # type: ignore[arg-type]  # it cannot see which name


@pytest.mark.parametrize(("pause", "resume"), [(65536, 32768), (10, 5), (3, 1), (2, 1), (1, 1)])
def test_o2_the_default_resume_threshold_is_half_of_the_pause_threshold(
    pause: int, resume: int
) -> None:
    assert PipeOptions(pause_writer_threshold=pause).resume_writer_threshold == resume


def test_o2_a_resume_threshold_above_the_pause_threshold_is_refused() -> None:
    with pytest.raises(ValueError, match="must not exceed"):
        PipeOptions(pause_writer_threshold=10, resume_writer_threshold=11)


def test_o2_a_resume_threshold_above_the_default_pause_threshold_is_refused() -> None:
    with pytest.raises(ValueError, match="must not exceed"):
        PipeOptions(resume_writer_threshold=65537)


def test_o2_thresholds_may_be_equal() -> None:
    options = PipeOptions(pause_writer_threshold=7, resume_writer_threshold=7)
    assert options.resume_writer_threshold == 7


def test_o2_a_resume_threshold_of_0_is_1_because_nothing_is_below_0() -> None:
    options = PipeOptions(pause_writer_threshold=5, resume_writer_threshold=0)
    assert options.resume_writer_threshold == 1


def test_o2_a_pause_threshold_of_0_goes_with_any_resume_threshold() -> None:
    options = PipeOptions(pause_writer_threshold=0, resume_writer_threshold=99)
    assert (options.pause_writer_threshold, options.resume_writer_threshold) == (0, 99)


@pytest.mark.parametrize("size", [0, 1, 7])
def test_o2_small_segment_sizes_are_accepted(size: int) -> None:
    assert PipeOptions(minimum_segment_size=size).minimum_segment_size == size


def test_stream_options_have_the_defaults_of_the_documentation() -> None:
    reader, writer = StreamPipeReaderOptions(), StreamPipeWriterOptions()
    assert (reader.buffer_size, reader.leave_open, reader.minimum_read_size) == (4096, False, 1024)
    assert (writer.minimum_buffer_size, writer.leave_open) == (4096, False)


@pytest.mark.parametrize(("buffer_size", "minimum_read_size"), [(0, 1), (1, 0), (-1, 1)])
def test_a_stream_reader_cannot_ask_for_nothing(buffer_size: int, minimum_read_size: int) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        StreamPipeReaderOptions(buffer_size=buffer_size, minimum_read_size=minimum_read_size)


def test_a_stream_writer_cannot_have_empty_buffers() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        StreamPipeWriterOptions(minimum_buffer_size=0)
