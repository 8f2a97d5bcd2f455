"""Every fuzz target, briefly: its seeds, and what Hypothesis makes of them in a second.

`make fuzz` is where they run for long. What it has found stands among the seeds of its target, so
that it is tried here for ever.
"""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.choices import Choices, chunk, cut
from tests.fuzz.main import Report, main
from tests.fuzz.mutation import mutate
from tests.fuzz.mutation_loop import Result, run_loop
from tests.fuzz.target import NAMES, Target, load

EXAMPLES = 300
SLOW = {
    "asgi_app": 100,
    "client_frames": 20,
    "connection": 100,
    "datagrams": 20,
    "initial_packets": 40,
    "sessions": 100,
}
"""Examples of targets of which one takes milliseconds."""

SEEDS = [(name, seed) for name in NAMES for seed in load(name).seeds]


@pytest.mark.parametrize(("name", "seed"), SEEDS, ids=[": ".join(each) for each in SEEDS])
def test_a_seed_is_survived(name: str, seed: str) -> None:
    target = load(name)
    target.fuzz(target.seeds[seed])


@pytest.mark.parametrize("name", NAMES)
def test_what_hypothesis_makes_of_the_seeds_is_survived(name: str) -> None:
    target = load(name)
    seeds = list(target.seeds.values())
    mutated = st.builds(mutate, st.sampled_from(seeds), st.just(seeds), st.randoms())

    @settings(
        max_examples=SLOW.get(name, EXAMPLES),
        suppress_health_check=[HealthCheck.too_slow],
    )
    @given(mutated | st.binary(max_size=200))
    def survives(data: bytes) -> None:
        target.fuzz(data)

    survives()


@pytest.mark.parametrize("name", NAMES)
def test_a_target_says_its_invariant_in_one_line(name: str) -> None:
    invariant = load(name).invariant
    assert "→" in invariant
    assert invariant.endswith((".", ";"))


# The tools


def never_seven(data: bytes) -> None:
    assert b"\x07" not in data


def survives_all(data: bytes) -> None:
    pass


def test_the_loop_finds_what_breaks_a_target_and_says_with_what() -> None:
    result = run_loop(Target("seven", "", never_seven, {"six": b"\x06"}), 10, seed=1)
    assert isinstance(result.error, AssertionError)
    assert result.finding is not None
    assert b"\x07" in result.finding


def test_the_loop_tries_every_seed_however_short_the_time_is() -> None:
    seeds = {"one": b"1", "two": b"2", "three": b"3"}
    assert run_loop(Target("any", "", survives_all, seeds), 0, seed=1) == Result(3)


@pytest.mark.parametrize(
    ("runs", "findings", "says", "has_failed"),
    [
        (5, [], "no finding", False),
        (5, [Path("settings-crash-1")], "NEW FINDINGS: 1", True),
        (0, [], "DID NOT RUN", True),
    ],
)
def test_a_target_that_did_not_run_counts_as_a_finding_does(
    runs: int, findings: list[Path], says: str, has_failed: bool
) -> None:
    report = Report("settings", runs, 1, 1.0, "atheris", findings, "")
    assert str(report).endswith(says)
    assert report.has_failed == has_failed


def test_the_same_chance_makes_the_same_mutations() -> None:
    first, second = Random(5), Random(5)
    assert [mutate(b"abc", [b"x"], first) for _ in range(50)] == [
        mutate(b"abc", [b"x"], second) for _ in range(50)
    ]


def test_choices_end_with_the_first_of_each() -> None:
    choices = Choices(chunk(b"ab") + b"\x05")
    assert choices.chunk() == b"ab"
    assert choices.below(4) == 1
    assert not choices
    assert (choices.octet(), choices.pick("xyz"), choices.chunk(), choices.sizes()) == (
        0,
        "x",
        b"",
        [],
    )


def test_pieces_have_the_sizes_that_were_asked_for_over_and_over() -> None:
    assert cut(b"abcdefg", [1, 2]) == [b"a", b"bc", b"d", b"ef", b"g"]
    assert cut(b"abc", []) == [b"abc"]
    assert cut(b"", [1]) == []


def test_an_input_can_be_repeated_from_its_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "integers-crash-0"
    file.write_bytes(load("integers").seeds["cut"])
    assert main(["integers", "--replay", str(file)]) == 0
    assert "survived" in capsys.readouterr().out
