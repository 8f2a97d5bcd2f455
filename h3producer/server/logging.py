"""Logging: three loggers, one default configuration, and how a user's own replaces it.

This file knows names, formats and levels. It refuses to log anything itself, and nothing calls it
but the command line and `run`: a server inside another program leaves logging to that program.

| logger | what it says | goes to |
|---|---|---|
| `h3producer` | parent of all; debug lines of the layers | stderr |
| `h3producer.error` | life of the server, faults of applications | stderr, through its parent |
| `h3producer.access` | one line per request | stdout |
"""

from __future__ import annotations

import importlib
import json
import logging
import logging.config
from pathlib import Path
from typing import TYPE_CHECKING

from h3producer.server.errors import StartupError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from h3producer.config import Config

__all__ = ["LOGGING_CONFIG", "TRACE", "configure_logging"]

TRACE = 5
"""Below `logging.DEBUG`: every datagram and frame. The number is uvicorn's."""

LOGGING_CONFIG: dict[str, object] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "default": {"format": "%(levelname)-8s %(message)s"},
        "access": {"format": "%(levelname)-8s %(message)s"},
    },
    "handlers": {
        "default": {"class": "logging.StreamHandler", "formatter": "default"},
        "access": {
            "class": "logging.StreamHandler",
            "formatter": "access",
            "stream": "ext://sys.stdout",
        },
    },
    "loggers": {
        "h3producer": {"handlers": ["default"], "level": "INFO", "propagate": False},
        "h3producer.error": {"level": "NOTSET"},
        "h3producer.access": {"handlers": ["access"], "level": "NOTSET", "propagate": False},
        # aioquic warns of each client whose packets are wrong, which nobody here can mend.
        "quic": {"handlers": ["default"], "level": "ERROR", "propagate": False},
    },
}
"""The default, in the form of `logging.config.dictConfig`."""


def configure_logging(config: Config) -> None:
    """Apply `config.log_config`, or the default, then `config.log_level`.

    The level holds for `h3producer` and what is below it. With a `log_config` of the user's own,
    the default level `info` leaves alone what that configuration says. Raises `StartupError` if
    the file cannot be read or is no logging configuration.
    """
    logging.addLevelName(TRACE, "TRACE")
    if config.log_config is None:
        logging.config.dictConfig(_default(config))
    else:
        _apply(config.log_config)
    if config.log_config is None or config.log_level != "info":
        logging.getLogger("h3producer").setLevel(config.log_level.upper())


def _default(config: Config) -> dict[str, object]:
    if config.access_log_format == "text":
        return LOGGING_CONFIG
    formatters = {
        "default": {"format": "%(levelname)-8s %(message)s"},
        "access": {"format": "%(message)s"},  # a line is the whole object
    }
    return {**LOGGING_CONFIG, "formatters": formatters}


def _apply(log_config: str | Mapping[str, object]) -> None:
    try:
        if not isinstance(log_config, str):
            logging.config.dictConfig(dict(log_config))
        elif Path(log_config).suffix in (".json", ".yaml", ".yml"):
            logging.config.dictConfig(_read_mapping(Path(log_config)))
        else:
            _apply_ini(log_config)
    except OSError as error:
        raise StartupError(
            f"Cannot read the logging configuration '{log_config}': {error.strerror}."
        ) from error
    except (ValueError, TypeError, AttributeError, ImportError, KeyError, RuntimeError) as error:
        # What `logging.config` documents, and what it lets through.
        where = f" '{log_config}'" if isinstance(log_config, str) else ""
        reason = " ".join(str(error).split()).rstrip(".")
        raise StartupError(f"The logging configuration{where} is not valid: {reason}.") from error


def _apply_ini(path: str) -> None:
    if not Path(path).is_file():
        raise FileNotFoundError(2, "No such file or directory", path)
    logging.config.fileConfig(path, disable_existing_loggers=False)


def _read_mapping(path: Path) -> dict[str, object]:
    text = path.read_text(encoding="utf-8")
    found = json.loads(text) if path.suffix == ".json" else _load_yaml(text)
    if not isinstance(found, dict):
        raise ValueError("it is not a mapping")
    return found


def _load_yaml(text: str) -> object:
    try:
        yaml = importlib.import_module("yaml")
    except ImportError:
        raise ValueError("YAML needs the package PyYAML, or use JSON") from None
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from error
