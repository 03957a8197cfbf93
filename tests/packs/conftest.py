"""What the tests of the packs share."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# The measurement is a tool of the project, not a part of the package.
sys.path.insert(0, str(ROOT / "tools"))
