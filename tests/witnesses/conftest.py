"""Witnesses and second places as real HTTP servers; services as the desk's tests make them."""

import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parent.parent
for folder in (Path(__file__).parent, TESTS / "desk"):
    sys.path.insert(0, str(folder))
