"""Traffic of yesterday, whose figures are known."""

import pytest
from tests.console.feedback.making import lately, told, truth
from tests.console.journaled.test_intake import entries

from fengkong.console.journaled.intake import take_in
from fengkong.console.journaled.seen import SeenWay


@pytest.fixture
def traffic(db: None) -> None:
    """Six decisions of yesterday: two frauds, of which one was stopped."""
    outcomes = ["allow", "allow", "allow", "challenge", "deny", "review"]
    decisions = [
        lately(number, outcome=outcome, amount_minor=10_000)
        for number, outcome in enumerate(outcomes, start=1)
    ]
    ways = [
        SeenWay(number, "app" if number < 4 else "atm", "card", "strong", "domestic")
        for number in range(1, 7)
    ]
    take_in(entries(*decisions, ways=ways))
    labels = [truth(1, 7, is_fraud=True), truth(5, 8, is_fraud=True), truth(6, 9, is_fraud=False)]
    told(*labels, after=6)
