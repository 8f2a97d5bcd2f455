"""What is released: the wheel and the sdist have all that they need, and nothing else."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from email.parser import Parser
from importlib.metadata import version
from typing import TYPE_CHECKING

import pytest

from tests.release.distributions import ROOT, Distributions, build

if TYPE_CHECKING:
    from email.message import Message

pytest.importorskip("build", reason="the extra `release` is not installed")
pytest.importorskip("twine", reason="the extra `release` is not installed")

pytestmark = pytest.mark.once

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

BESIDE = {
    "tests/test_something.py": "",
    "tests/bench/results.md": "",
    "docs/page.md": "",
    "certs/development.key": "",
    ".env": "SECRET=1",
    "dist/old.whl": "",
    "h3producer/__pycache__/old.pyc": "",
    "scratch.py": "",
}
"""What lies about where somebody works, and must not be released."""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Distributions:
    return build(tmp_path_factory.mktemp("release"), beside=BESIDE)


@pytest.fixture(scope="module")
def metadata(built: Distributions) -> Message:
    return Parser().parsestr(built.text_in_wheel(".dist-info/METADATA"))


def package() -> set[str]:
    """Every file of the package."""
    found = (path for path in (ROOT / "h3producer").rglob("*") if path.is_file())
    return {str(path.relative_to(ROOT)) for path in found if path.suffix != ".pyc"}


def test_the_wheel_has_the_whole_package_and_its_metadata_alone(built: Distributions) -> None:
    names = built.names_in_wheel()
    information = f"h3producer-{PROJECT['version']}.dist-info/"
    assert {name for name in names if not name.startswith(information)} == package()


def test_type_checkers_are_told_that_there_are_types(built: Distributions) -> None:
    assert "h3producer/py.typed" in built.names_in_wheel() & built.names_in_sdist()


def test_the_licence_is_in_both(built: Distributions, metadata: Message) -> None:
    text = (ROOT / "LICENSE").read_text()
    assert built.text_in_wheel(".dist-info/licenses/LICENSE") == text
    assert "LICENSE" in built.names_in_sdist()
    assert metadata["License-Expression"] == "MIT"


def test_the_sdist_has_what_the_wheel_is_built_of_and_what_a_reader_wants(
    built: Distributions,
) -> None:
    names = built.names_in_sdist()
    assert package() <= names
    assert {"README.md", "CHANGELOG.md", "SECURITY.md", "examples/hello.py"} <= names


def test_nothing_that_lies_about_is_in_the_sdist(built: Distributions) -> None:
    kinds = {name.partition("/")[0] for name in built.names_in_sdist()}
    assert kinds == {
        *("h3producer", "examples", "h3producer.egg-info"),
        *("CHANGELOG.md", "LICENSE", "MANIFEST.in", "README.md", "SECURITY.md"),
        *("PKG-INFO", "pyproject.toml", "setup.cfg"),
    }
    assert [name for name in built.names_in_sdist() if name.endswith((".pyc", ".key"))] == []


def test_the_index_will_take_and_show_both(built: Distributions) -> None:
    words = [sys.executable, "-m", "twine", "check", "--strict", str(built.sdist), str(built.wheel)]
    found = subprocess.run(words, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout


def test_the_program_is_called_h3producer(built: Distributions) -> None:
    entries = built.text_in_wheel(".dist-info/entry_points.txt")
    assert "h3producer = h3producer.cli:main" in entries


def test_it_says_which_pythons_it_is_for(metadata: Message) -> None:
    assert metadata["Requires-Python"] == ">=3.11"
    versions = re.findall(r"Python :: (3\.\d+)", "\n".join(metadata.get_all("Classifier", [])))
    assert versions == ["3.11", "3.12", "3.13", "3.14"]


def test_each_requirement_of_the_server_has_bounds(metadata: Message) -> None:
    """aioquic's upper one above all: its private names are guarded for the releases we know."""
    needed = [each for each in metadata.get_all("Requires-Dist", []) if "extra ==" not in each]
    assert all(">=" in each for each in needed)
    assert any(re.match(r"aioquic[^;]*<1\.8", each) for each in needed)


def test_the_version_stands_in_one_place() -> None:
    assert PROJECT["version"] == version("h3producer")
    said = subprocess.run(
        [sys.executable, "-m", "h3producer", "--version"],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    assert said.stdout == f"h3producer {PROJECT['version']}\n"


def test_the_changelog_has_a_place_for_what_comes_next() -> None:
    assert "\n## Unreleased\n" in (ROOT / "CHANGELOG.md").read_text()


def test_what_the_security_policy_points_at_exists() -> None:
    text = (ROOT / "SECURITY.md").read_text()
    paths = re.findall(r"`((?:tests|docs|examples)/[\w/.-]*)`", text)
    assert len(paths) > 10
    assert [path for path in paths if not (ROOT / path).exists()] == []
