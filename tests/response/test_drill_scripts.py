"""What the scripts of drills expect is what their moves come to; marks at and beyond a target."""

import pytest

from fengkong.response.drill import played_exactly, score, shipped_scripts
from fengkong.response.playbook import shipped_playbooks


@pytest.mark.parametrize("name", sorted(shipped_scripts()))
def test_a_script_expects_what_its_moves_come_to(name: str) -> None:
    script = shipped_scripts()[name]
    times = played_exactly(script, shipped_playbooks()[script.playbook][0])
    found = score(script, times)
    assert found.points == script.expects.points
    assert set(times.missed) == set(script.expects.missed)
    assert set(times.clocks) == set(script.expects.clocks)


@pytest.mark.parametrize(
    ("share", "marks"), [(0.0, 25), (1.0, 25), (1.5, 12), (2.0, 0), (3.0, 0), (None, 0)]
)
def test_marks_fall_from_the_target_to_twice_the_target(share: float | None, marks: int) -> None:
    from fengkong.response.drill import Times

    script = shipped_scripts()["ransom_tabletop"]
    at = None if share is None else share * script.expects.detect
    times = Times(
        detected=at, decided=None, contained=None, missed=(), steps=0, clocks=(), phases=()
    )
    assert score(script, times).detect == marks


def test_there_are_at_least_thirteen_playbooks() -> None:
    assert len(shipped_playbooks()) >= 13
