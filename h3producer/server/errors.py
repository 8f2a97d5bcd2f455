"""What can go wrong before the first request: one tree, one sentence each.

This file knows that a server may fail to start, and says so in a form fit for a person. It
refuses to know what is done about it: the command line prints the sentence and ends with exit
code 3, a program that embeds the server catches `StartupError`.
"""

from __future__ import annotations

__all__ = ["AppLoadError", "StartupError"]


class StartupError(Exception):
    """The server cannot start; the message is one sentence that says what to do.

    Whatever had been opened is closed again before this is raised.
    """


class AppLoadError(StartupError):
    """The application named by `module:attribute` cannot be used.

    When code of the application raised, that exception is the `__cause__`.
    """
