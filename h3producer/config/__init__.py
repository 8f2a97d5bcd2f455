"""Settings: names, units, defaults, reasons and ranges.

Nothing here reads files, parses arguments or opens sockets: the shell does that and hands the
result down.
"""

from h3producer.config.config import Config
from h3producer.config.ranges import (
    LOG_LEVELS,
    AccessLogFormat,
    ConfigError,
    CongestionControl,
    EventLoop,
    RetryMode,
    Steering,
)

__all__ = [
    "LOG_LEVELS",
    "AccessLogFormat",
    "Config",
    "ConfigError",
    "CongestionControl",
    "EventLoop",
    "RetryMode",
    "Steering",
]
