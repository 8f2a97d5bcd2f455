"""The command line: `h3producer APP`, `h3producer cert`, `h3producer get URL`.

| file | what it is |
|---|---|
| `program.py` | which command is meant, and what becomes of errors |
| `serve.py` `cert.py` `get.py` | the commands |
| `options.py` | the options of `serve`, one per setting |
"""

from __future__ import annotations

from h3producer.cli.program import main

__all__ = ["main"]
