"""`python -m tests.fuzz`: see `tests/fuzz/main.py`."""

from __future__ import annotations

import sys

from tests.fuzz.main import main

sys.exit(main())
