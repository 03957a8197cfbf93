"""The worker's tests follow a real journal, made by the desk of the service's own tests."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "desk"))
