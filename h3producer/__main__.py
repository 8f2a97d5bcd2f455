"""`python -m h3producer`: the same as the command `h3producer`."""

from __future__ import annotations

from h3producer.cli import main

if __name__ == "__main__":
    main()
