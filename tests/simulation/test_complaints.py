"""Complaints: about something, answered in time but for a few, and moving nothing else."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import pytest

from fengkong.core.instants import DAY_US
from fengkong.events.event import Event
from fengkong.simulation.agenda import Agenda
from fengkong.simulation.grievances import ANSWER_DAYS, complain, perhaps_complain
from fengkong.simulation.platform import START_DEFAULT, Simulation
from fengkong.simulation.recording import Recorder
from fengkong.simulation.seeds import Stream, generator

DAYS = 60
MANY = 600


def recorded(play) -> list[Event]:
    """What a play with a recorder puts on the agenda of sixty days."""
    agenda = Agenda(start=START_DEFAULT, days=DAYS)
    play(Recorder(agenda=agenda, seed=5, base=1 << 40))
    return [item.event for day in range(DAYS) for item in agenda.take(day)]


@pytest.fixture(scope="module")
def complaints() -> list[Event]:
    dice = generator(seed=5, key=(99,))

    def play(recorder: Recorder) -> None:
        for number in range(MANY):
            values = {"customer": f"c{number}", "region": "310000", "session": "s1"}
            complain(recorder, dice=dice, at=START_DEFAULT, subject="fees", values=values)

    return recorded(play)


def test_each_is_filed_once_and_closed_once_by_the_same_customer(complaints: list[Event]):
    for kind in ("complaint.filed", "complaint.closed"):
        of_kind = [one.values for one in complaints if one.type == kind]
        assert len({one["complaint"] for one in of_kind}) == len(of_kind) == MANY
    who = {(one.values["complaint"], one.values["customer"]) for one in complaints}
    assert len(who) == MANY


def test_what_was_filed_says_of_what_and_until_when(complaints: list[Event]):
    filed = [one for one in complaints if one.type == "complaint.filed"]
    for one in filed:
        assert one.values["complaint_subject"] == "fees"
        assert one.values["answer_due_at"] - one.occurred_at == ANSWER_DAYS * DAY_US
        assert "session" not in one.values


def test_a_few_answers_come_too_late_and_most_within_days(complaints: list[Event]):
    waited = [
        (one.occurred_at - START_DEFAULT) / DAY_US
        for one in complaints
        if one.type == "complaint.closed"
    ]
    late = sum(days > ANSWER_DAYS for days in waited) / MANY
    assert 0.01 < late < 0.06
    assert 0.7 < sorted(waited)[MANY // 2] < 1.6


def test_a_victim_complains_of_the_event_or_not_and_always_alike():
    values = {"customer": "c1", "amount": 500, "loan": "l1"}
    events = [
        Event(type="transfer.initiated", id=f"e{number}", occurred_at=START_DEFAULT,
              currency="CNY", values=values)
        for number in range(400)
    ]  # fmt: skip

    def play(recorder: Recorder) -> None:
        for event in events:
            perhaps_complain(recorder, seed=5, event=event, subject="unauthorised", chance=0.2)

    first, again = recorded(play), recorded(play)
    assert first == again
    filed = [one.values for one in first if one.type == "complaint.filed"]
    assert 50 < len(filed) < 110
    assert all(one["loan"] == "l1" and "amount" not in one for one in filed)
    assert {one["event"] for one in filed} <= {event.id for event in events}


def test_a_holder_of_another_house_complains_there():
    event = Event(type="payment.initiated", id="e1", occurred_at=START_DEFAULT, values={})
    found = recorded(
        lambda recorder: perhaps_complain(recorder, seed=5, event=event, subject="fees", chance=1)
    )
    assert found == []


def test_what_stands_beside_has_ids_of_its_own_and_takes_none():
    def play(recorder: Recorder) -> None:
        for _ in range(3):
            recorder.record("x", at=START_DEFAULT, values={})
            for stream in (Stream.COMPLAINTS, Stream.PROJECTS, Stream.COMPLAINTS):
                recorder.beside(stream).record("y", at=START_DEFAULT, values={})

    events = recorded(play)
    assert len({one.id for one in events}) == len(events) == 12
    alone = recorded(lambda r: [r.record("x", at=START_DEFAULT, values={}) for _ in range(3)])
    assert [one for one in events if one.type == "x"] == alone


def test_a_run_on_redemptions_brings_complaints_about_payouts():
    def subjects(**parameters: dict[str, float]) -> Counter[str]:
        played = Simulation(
            scenarios=tuple(parameters) or ("none",),
            seed=8,
            days=6,
            customers=700,
            parameters=parameters,
        )
        filed = [item.event for item in played.events() if item.event.type == "complaint.filed"]
        assert all(a.occurred_at <= b.occurred_at for a, b in pairwise(filed))
        return Counter(one.values["complaint_subject"] for one in filed)

    quiet, run = subjects(), subjects(redemption_run={"holders_share": 0.8})
    assert run["payout"] > quiet["payout"] + 2
    assert sum(run.values()) - run["payout"] == sum(quiet.values()) - quiet["payout"]
