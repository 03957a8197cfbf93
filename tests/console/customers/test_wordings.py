"""Wordings say the same whatever led to an outcome, so that nothing can be read out of them."""

import re
from datetime import date
from importlib.resources import files

import pytest
from django.utils import timezone
from tests.console.live.desk import decision_at, taken_in
from tests.console.operators import new_operator

from fengkong.console.api.tokens import issue
from fengkong.console.customers.deadlines import parse_deadlines
from fengkong.console.customers.wordings import parse_wordings, shipped_wordings, wordings_at
from fengkong.console.journaled.models import Outcome
from fengkong.decisions.policy_file import load_policy
from fengkong.events.catalogue import shipped_catalogue

POLICIES = sorted(
    folder
    for folder in (files("fengkong") / "packs").iterdir()
    if (folder / "policy.yaml").is_file()
)


def texts() -> list[str]:
    """Every text that a customer may be told."""
    return [
        text
        for one in shipped_wordings()
        for wording in one.everything()
        for language in ("zh", "en")
        for text in wording.told(language).values()
    ]


def test_every_outcome_has_words_in_both_languages() -> None:
    for one in shipped_wordings():
        assert set(one.outcomes) == set(Outcome.values)
        assert set(one.appeals) == {"received", "explained", "upheld", "changed"}
        assert set(one.event_types) <= set(shipped_catalogue().types)
        for by_outcome in one.event_types.values():
            assert set(by_outcome) <= set(Outcome.values)
    assert all(text.strip() for text in texts())


def test_nothing_is_filled_in() -> None:
    for text in texts():
        assert not re.search(r"[{}%$<>\\]|\d", text), text


@pytest.mark.parametrize("folder", POLICIES, ids=lambda folder: folder.name)
def test_no_name_of_a_policy_is_told(folder: object) -> None:
    text = (folder / "policy.yaml").read_text(encoding="utf-8")  # type: ignore[attr-defined]
    policy = load_policy(text, source="policy", catalogue=shipped_catalogue())
    secret = {rule.id for rule in policy.rules}
    for rule in policy.rules:
        secret |= set(rule.id.split("."))
        secret |= set() if rule.title is None else {rule.title.zh, rule.title.en}
    secret |= {one.name for one in policy.windows} | set(policy.derived)
    # Words of everyday speech are no secret: what is long or joined is a name.
    names = {name for name in secret if len(name) > 12 or "_" in name or not name.isascii()}
    assert names
    for told in texts():
        assert [name for name in names if name.lower() in told.lower()] == []


def test_a_wording_follows_from_outcome_type_and_day_alone() -> None:
    wordings = wordings_at(date(2026, 6, 1))
    for event_type in [*shipped_catalogue().types, "", "unknown"]:
        for outcome in Outcome.values:
            told = wordings.of_outcome(outcome, event_type=event_type)
            own = wordings.event_types.get(event_type, {}).get(outcome)
            assert told == (own or wordings.outcomes[outcome])


@pytest.mark.django_db
def test_the_api_tells_the_same_of_any_rule_and_value(client: object) -> None:
    now = timezone.now()
    rows = [
        decision_at(1, now, outcome="deny", rules=("velocity.cards_per_device",), points=97.5),
        decision_at(2, now, outcome="deny", rules=("list.blocked",), amount_minor=987_654_321),
        decision_at(3, now, outcome="deny", rules=(), probability=0.987654),
    ]
    taken_in(rows)
    _token, text = issue(new_operator("analyst"), name="core", scopes=["appeals.take"], days=1)
    answers = set()
    for row in rows:
        answer = client.get(  # type: ignore[attr-defined]
            "/api/v1/wording",
            {"event_id": row.event_id, "language": "en"},
            headers={"Authorization": f"Bearer {text}"},
        )
        assert answer.status_code == 200, answer.content
        told = answer.json()
        assert told.pop("event_id") == row.event_id
        answers.add(str(told))
    assert len(answers) == 1
    said = answers.pop()
    for secret in ("velocity", "blocked", "97.5", "987", "deny", "rules", "points"):
        assert secret not in said


def test_newer_wordings_and_deadlines_count_from_their_day() -> None:
    text = {"zh": "甲", "en": "a"}
    wording = {"title": text, "text": text, "next": text}
    data = {
        "wordings": [
            {
                "from": day,
                "name": day,
                "outcomes": {"deny": wording},
                "event_types": {},
                "appeals": {},
            }
            for day in ("2027-01-01", "2026-01-01")
        ]
    }
    known = parse_wordings(data)
    for day, name in (
        (date(2025, 1, 1), "2026-01-01"),
        (date(2026, 12, 31), "2026-01-01"),
        (date(2027, 1, 1), "2027-01-01"),
    ):
        assert wordings_at(day, among=known).name == name
    broken = {"from": "2026-01-01", "name": "x", "days": 31, "longest_days": 30}
    with pytest.raises(ValueError, match="do not fit"):
        parse_deadlines({"appeals": [broken]})
