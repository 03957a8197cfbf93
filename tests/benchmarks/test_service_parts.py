"""The parts of a decision's way are timed on the service as it is: every one of them runs."""

from pathlib import Path

from benchmarks.service_parts import GROUP, PARTS, parts_us

from fengkong.events.encoding import encode
from fengkong.simulation.platform import Simulation


def test_every_part_is_timed(tmp_path: Path) -> None:
    simulation = Simulation(scenarios=[], seed=1, days=1, customers=60)
    events = (one.event for one in simulation.events())
    bodies = [encode(event) for event in events if event.type == "payment.initiated"]
    took = parts_us(tmp_path / "parts", bodies[: 2 * GROUP])
    assert list(took) == list(PARTS)
    assert all(microseconds > 0 for microseconds in took.values())
