"""The tests of scoring share random boosters that stand beside them."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from boosters import Trained, train

from fengkong.core.bilingual import Bilingual
from fengkong.scoring.model import About


@pytest.fixture(scope="session")
def about() -> About:
    return About(name="card-fraud", version="2026-11-01", title=Bilingual(zh="盗刷", en="Fraud"))


@pytest.fixture(scope="session")
def trained() -> Callable[[int], Trained]:
    """A booster by seed; each is trained once."""
    known: dict[int, Trained] = {}

    def of(seed: int) -> Trained:
        if seed not in known:
            known[seed] = train(seed)
        return known[seed]

    return of
