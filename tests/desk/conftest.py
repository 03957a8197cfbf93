"""The tests of the writer and what stands around it share a prepared journal beside them."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
