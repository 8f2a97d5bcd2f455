"""Make certs/localhost.pem and certs/localhost.key: `python certs/make_localhost.py [--force]`.

The same as `h3producer cert --out certs`; here so that the generator stands beside its product.
"""

from __future__ import annotations

import sys
from pathlib import Path

from h3producer.cli import main

if __name__ == "__main__":
    main(["cert", "--out", str(Path(__file__).parent), *sys.argv[1:]])
