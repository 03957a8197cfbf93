"""What the fault tests share: services forked from one process that has imported everything."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from hosting import Host


@pytest.fixture(scope="session")
def host() -> Iterator[Host]:
    if not hasattr(os, "fork"):
        pytest.skip("services are forked here, and this system cannot")
    with Host() as opened:
        yield opened
