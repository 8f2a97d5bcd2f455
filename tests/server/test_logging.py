"""Tests of `server/logging.py`: levels, the default, and configurations of a user's own."""

from __future__ import annotations

import json
import logging
import sys
import types
from typing import TYPE_CHECKING

import pytest

from h3producer.config import Config
from h3producer.server.errors import StartupError
from h3producer.server.logging import LOGGING_CONFIG, TRACE, configure_logging

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NAMES = ("h3producer", "h3producer.error", "h3producer.access", "other")


@pytest.fixture(autouse=True)
def loggers() -> Iterator[None]:
    """The loggers are as before afterwards: logging is global."""
    every = [logging.getLogger(name) for name in NAMES] + [logging.getLogger()]
    before = [(each, each.level, list(each.handlers), each.propagate) for each in every]
    yield
    for logger, level, handlers, propagate in before:
        logger.setLevel(level)
        logger.handlers[:] = handlers
        logger.propagate = propagate


def test_faults_go_to_stderr_and_requests_to_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(Config())
    logging.getLogger("h3producer.error").warning("a fault")
    logging.getLogger("h3producer.access").info("a request")
    out, err = capsys.readouterr()
    assert out == "INFO     a request\n"
    assert err == "WARNING  a fault\n"


def test_the_level_holds_for_all_loggers(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(Config(log_level="error"))
    logging.getLogger("h3producer.error").warning("a fault")
    logging.getLogger("h3producer.access").info("a request")
    assert capsys.readouterr() == ("", "")


def test_trace_is_below_debug(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(Config(log_level="trace"))
    logging.getLogger("h3producer.http3").log(TRACE, "a frame")
    assert capsys.readouterr().err == "TRACE    a frame\n"


def test_loggers_of_other_programs_are_left_alone() -> None:
    other = logging.getLogger("other")
    configure_logging(Config())
    assert other.disabled is False


def test_the_default_configuration_is_not_changed_by_its_use() -> None:
    before = json.dumps(LOGGING_CONFIG)
    configure_logging(Config(log_level="debug"))
    assert json.dumps(LOGGING_CONFIG) == before


MAPPING = {
    "version": 1,
    "disable_existing_loggers": False,
    "loggers": {"h3producer": {"level": "ERROR"}},
}


def test_a_mapping_replaces_the_default() -> None:
    configure_logging(Config(log_config=MAPPING))
    assert logging.getLogger("h3producer").level == logging.ERROR


def test_a_level_that_was_chosen_beats_the_configuration() -> None:
    configure_logging(Config(log_config=MAPPING, log_level="debug"))
    assert logging.getLogger("h3producer").level == logging.DEBUG


def test_a_json_file_replaces_the_default(tmp_path: Path) -> None:
    (tmp_path / "log.json").write_text(json.dumps(MAPPING))
    configure_logging(Config(log_config=str(tmp_path / "log.json")))
    assert logging.getLogger("h3producer").level == logging.ERROR


INI = """\
[loggers]
keys=root,h3
[handlers]
keys=
[formatters]
keys=
[logger_root]
handlers=
[logger_h3]
qualname=h3producer
level=CRITICAL
handlers=
"""


def test_an_ini_file_replaces_the_default(tmp_path: Path) -> None:
    (tmp_path / "log.ini").write_text(INI)
    configure_logging(Config(log_config=str(tmp_path / "log.ini")))
    assert logging.getLogger("h3producer").level == logging.CRITICAL


def yaml_module() -> types.ModuleType:
    """Enough of PyYAML for these tests, which do not require it: JSON is YAML."""

    class YAMLError(Exception):
        pass

    def safe_load(text: str) -> object:
        try:
            return json.loads(text)
        except ValueError:
            raise YAMLError("broken\n  in line 1") from None

    module = types.ModuleType("yaml")
    module.__dict__.update(YAMLError=YAMLError, safe_load=safe_load)
    return module


def test_a_yaml_file_replaces_the_default_if_yaml_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "yaml", yaml_module())
    (tmp_path / "log.yaml").write_text(json.dumps(MAPPING))
    configure_logging(Config(log_config=str(tmp_path / "log.yaml")))
    assert logging.getLogger("h3producer").level == logging.ERROR


def test_broken_yaml_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "yaml", yaml_module())
    (tmp_path / "log.yml").write_text("a: [")
    with pytest.raises(StartupError, match=r"is not valid: broken in line 1\."):
        configure_logging(Config(log_config=str(tmp_path / "log.yml")))


def test_yaml_without_pyyaml_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "yaml", None)
    (tmp_path / "log.yaml").write_text("a: 1")
    with pytest.raises(StartupError, match="YAML needs the package PyYAML, or use JSON"):
        configure_logging(Config(log_config=str(tmp_path / "log.yaml")))


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("log.json", None, "Cannot read the logging configuration '.*': No such file or directory"),
        ("log.ini", None, "Cannot read the logging configuration '.*': No such file or directory"),
        ("log.json", "{", "The logging configuration '.*' is not valid: Expecting"),
        ("log.json", "[]", "is not valid: it is not a mapping"),
        ("log.json", "{}", "is not valid: dictionary doesn't specify a version"),
        ("log.ini", "hello", "is not valid: .*is invalid: File contains no section headers"),
        ("log.ini", "[a]", "is not valid"),
    ],
)
def test_a_file_that_cannot_be_used_is_one_sentence(
    tmp_path: Path, name: str, text: str | None, sentence: str
) -> None:
    if text is not None:
        (tmp_path / name).write_text(text)
    with pytest.raises(StartupError, match=sentence) as caught:
        configure_logging(Config(log_config=str(tmp_path / name)))
    assert "\n" not in str(caught.value)


def test_a_mapping_that_cannot_be_used_is_one_sentence() -> None:
    with pytest.raises(StartupError, match="The logging configuration is not valid: dictionary"):
        configure_logging(Config(log_config={}))
