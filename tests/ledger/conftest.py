"""The tests of the ledger share a naive tree and sample exports that stand beside them."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
