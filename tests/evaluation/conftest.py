"""Samples stand beside the tests of evaluation; the first example may compile a kernel."""

import sys
from pathlib import Path

from hypothesis import settings

sys.path.insert(0, str(Path(__file__).parent))
settings.register_profile("without deadline", deadline=None)
settings.load_profile("without deadline")
