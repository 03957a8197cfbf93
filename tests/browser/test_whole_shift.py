"""A whole shift on simulated traffic with a mule ring in it, with the whole system running.

From an alert to the ring, to frozen accounts (asked for by one, approved by another, done by a core
system behind real HTTP), to labels, to a better figure of the rule that saw it. Who belongs to the
ring is known from the simulator, and every step is held against that.
"""

import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.browser.test_review_desk import asked, connect, sat_down
from tests.browser.test_rule_path import open_proposal, see
from tests.browser.walking import accessibility_faults, policy_faults
from tests.browser.whole_system import WholeSystem, make_operators, running_system, wait_for
from tests.console.actions.core_system import CoreSystem
from tests.simulation.rings import rings

from fengkong.cli.sources import read_policy
from fengkong.core.instants import DAY_US, HOUR_US
from fengkong.events.encoding import encode
from fengkong.simulation.agenda import SimulatedEvent
from fengkong.simulation.platform import Simulation

POLICY = "transfers"
DAYS = 3
CUSTOMERS = 800
SEED = 1
CHUNK = 400
LEFT_OUT = {"label.confirmed", "payment.initiated"}
"""Labels come from the desk here; purchases are another policy's."""
FALSE_ALARMS = 2
"""Honest alerts that are closed before the ring is found."""
pytestmark = pytest.mark.nightly


@dataclass
class Truth:
    """What the simulator knows: whose each event is, which are of the ring, and who is in it."""

    customer: dict[str, str]
    crooked: set[str]
    ring: set[str]


@pytest.fixture
def core() -> Iterator[CoreSystem]:
    made = CoreSystem()
    yield made
    made.close()


@pytest.fixture
def system(chromium: Any, tmp_path: Path) -> Iterator[WholeSystem]:
    data = tmp_path / "data"
    make_operators(data, "ann:analyst", "bob:senior_analyst", "sam:system_admin")
    (data / "console.yaml").write_text('webhook_networks: ["127.0.0.0/8"]\n')
    with running_system(data, POLICY) as running:
        yield running


def test_a_whole_shift(system: WholeSystem, chromium: Any, core: CoreSystem) -> None:
    truth = play(system)
    connect(system, chromium, core)
    ann, watch = sat_down(system, chromium, "ann")
    bob, watch_too = sat_down(system, chromium, "bob")
    alerts = alerts_of(system, truth)
    rule = rule_with_both(alerts)
    close_false_alarms(
        ann, system, [one for one in alerts if not one.crooked and rule in one.rules]
    )
    before = precision(bob, system, rule)
    assert before == (FALSE_ALARMS, 0, 0.0)
    gang = from_alert_to_gang(ann, system, next(one for one in alerts if one.crooked))
    walk_the_net(ann)
    frozen = freeze(ann, system, truth)
    hit = frozen & truth.ring
    assert len(hit) >= 0.8 * len(truth.ring), (frozen, truth.ring)
    assert len(hit) >= 0.6 * len(frozen), (frozen, truth.ring)
    assert not core.frozen, "nobody is frozen by one person"
    approve(ann, bob, system)
    wait_for(lambda: core.frozen == frozen, seconds=120)
    confirmed(ann, gang, count=len(frozen))
    closed = judge(ann, gang)
    labels = "SELECT count(*) FROM journaled_label WHERE is_fraud"
    wait_for(lambda: asked(system, labels)[0][0] > 0, seconds=120)
    after = better(bob, system, rule)
    print(f"{rule}: of {before} became {after}; {len(frozen)} frozen, {closed} alerts closed")
    assert not watch.taken()
    assert not watch_too.taken()


def play(system: WholeSystem) -> Truth:
    """Three simulated days up to last midnight."""
    midnight = (time.time_ns() // 1000 + 8 * HOUR_US) // DAY_US * DAY_US - 8 * HOUR_US
    simulation = Simulation(
        scenarios=("mule_ring",),
        seed=SEED,
        days=DAYS,
        customers=CUSTOMERS,
        start=midnight - DAYS * DAY_US,
    )
    items = [one for one in simulation.events() if one.event.type not in LEFT_OUT]
    with system.traffic() as traffic:
        newest = max(sent(traffic, items[at : at + CHUNK]) for at in range(0, len(items), CHUNK))
    come = f"SELECT 1 FROM journaled_cursor WHERE sequence >= {newest}"
    wait_for(lambda: asked(system, come), seconds=120)
    (ring,) = rings(items)
    return Truth(
        customer={one.event.id: str(one.event.values.get("customer")) for one in items},
        crooked={one.event.id for one in items if one.scenario},
        ring=ring,
    )


def sent(traffic: Any, items: list[SimulatedEvent]) -> int:
    """Record and decide a part of the traffic, in its order of kinds; the newest sequence."""
    decided = read_policy(POLICY).events
    answers = [
        *traffic.record_many([encode(one.event) for one in items if one.event.type not in decided]),
        *traffic.decide_many([encode(one.event) for one in items if one.event.type in decided]),
    ]
    assert all(isinstance(answer, dict) for answer in answers), answers[:3]
    return max(answer["sequence"] for answer in answers)


@dataclass
class Made:
    """An alert, the rules that made it, and whether the ring's events are behind it."""

    number: str
    rules: set[str]
    crooked: bool


def alerts_of(system: WholeSystem, truth: Truth) -> list[Made]:
    rows = asked(system, "SELECT id, rules FROM alerts_alert ORDER BY rank_at, id")
    events: dict[str, set[str]] = {}
    for alert, event in asked(system, "SELECT alert_id, event_id FROM alerts_alertdecision"):
        events.setdefault(alert, set()).add(event)
    return [
        Made(number, set(json.loads(rules)), bool(events[number] & truth.crooked))
        for number, rules in rows
    ]


def rule_with_both(alerts: list[Made]) -> str:
    """The rule with most false alarms among those that saw the ring."""
    seen = {rule for one in alerts if one.crooked for rule in one.rules}
    count = {
        rule: sum(rule in one.rules and not one.crooked for one in alerts) for rule in sorted(seen)
    }
    rule = max(count, key=lambda name: count[name])
    assert count[rule] >= FALSE_ALARMS, count
    return rule


def close_false_alarms(page: Any, system: WholeSystem, alerts: list[Made]) -> None:
    """With two keys each; they become labels that say that nothing was wrong."""
    for one in alerts[:FALSE_ALARMS]:
        here = f"{system.console}/alerts/one/{one.number}/"
        page.goto(here)
        page.wait_for_selector("[data-close]")
        page.keyboard.press("a")
        page.keyboard.press("1")
        page.wait_for_url(lambda url, here=here: url != here)
    labels = "SELECT count(*) FROM journaled_label WHERE NOT is_fraud"
    wait_for(lambda: asked(system, labels)[0][0] >= FALSE_ALARMS, seconds=120)


def precision(page: Any, system: WholeSystem, rule: str) -> tuple[int, int, float]:
    """Of a rule on the screen: the good ones it hit, the frauds, and its precision in percent."""
    page.goto(f"{system.console}/feedback/?days=30d")
    row = page.locator("main tbody tr").filter(has=page.locator(f'a[href$="?rule={rule}"]'))
    cells = row.locator("td").all_inner_texts()
    return int(cells[3]), int(cells[2]), float(cells[4].rstrip("%\u202f\u00a0 "))


def from_alert_to_gang(page: Any, system: WholeSystem, alert: Made) -> str:
    """Open a ring's alert from the queue, see who is linked, and follow its gang."""
    page.goto(f"{system.console}/alerts/?typology=mule_ring")
    page.locator(f'[data-queue-rows] a[href$="/{alert.number}/"]').first.click()
    page.wait_for_url(re.compile(alert.number))
    look(page, "an alert")
    wait_for(lambda: page.reload() and page.get_by_role("link", name=GANG).count(), seconds=90)
    page.get_by_role("link", name=GANG).first.click()
    page.wait_for_url(re.compile(r"/gangs/\d+/"))
    page.locator("svg.en-net a.en-node").first.wait_for()
    return str(page.url)


def walk_the_net(page: Any) -> None:
    """Expand a device by a hop, look back in time, and open the table that says the same."""
    look(page, "the gang")
    shown = page.locator("svg.en-net a.en-node").count()
    page.locator("svg.en-net a.en-kind-device").first.click()
    look(page, "a node is picked")
    page.locator("[data-chosen] [data-expand]").click()
    page.locator("svg.en-net a[data-opened]").wait_for(state="attached")
    assert page.locator("svg.en-net a.en-node").count() >= shown
    slider = page.locator("[data-until]")
    slider.focus()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    assert page.locator(".en-gone").count() > 0
    page.locator("details.en-table summary").click()
    page.locator("details.en-table tbody tr").first.wait_for()
    look(page, "the net is walked")


def look(page: Any, where: str) -> None:
    """What axe and the content policy find here, in both themes."""
    faults = []
    page.evaluate("scrollTo(0, 0)")  # or the bar on top covers half of what it happens to cover
    for theme in ("dark", "light"):
        page.emulate_media(color_scheme=theme, reduced_motion="reduce")
        faults += [f"{where}, {theme}: {one}" for one in accessibility_faults(page)]
    assert not faults + policy_faults(page), faults


GANG = re.compile(r"^Gang \d+$")


def freeze(page: Any, system: WholeSystem, truth: Truth) -> set[str]:
    """Ask to freeze all of the gang; who they are, by the customers' own numbers."""
    picked = page.locator('input[name="picked"]:checked')
    subjects = [one.get_attribute("value") for one in picked.all()]
    see(page, f"{len(subjects)} members would be frozen")
    page.get_by_label("Why").fill("one ring: money of strangers is passed on within the hour")
    page.get_by_role("button", name="Ask to freeze them").click()
    page.locator("#confirm button[value=confirm]").wait_for()
    look(page, "the question before a freeze")
    page.locator("#confirm button[value=confirm]").click()
    see(page, f"{len(subjects)} freezes were asked for; a second person decides", place="body")
    rows = asked(system, "SELECT subject, event_id FROM journaled_decision")
    names = {subject: truth.customer[event] for subject, event in rows if subject in subjects}
    return set(names.values())


def approve(asker: Any, other: Any, system: WholeSystem) -> None:
    """Who asked cannot approve; another one does, who is told how many it concerns."""
    asker.goto(f"{system.console}/approvals/?box=mine")
    asker.locator("td.fk-actions a").first.click()
    asker.wait_for_selector("#drawer .fk-drawer-page")
    assert asker.get_by_role("button", name="Approve").count() == 0
    open_proposal(other, system)
    see(other, "freeze", place="#drawer")
    look(other, "a proposal in the drawer")
    other.locator("#drawer").get_by_role("button", name="Approve").click()
    other.wait_for_load_state()


def confirmed(page: Any, gang: str, *, count: int) -> None:
    """The gang's page says of every member what the core system has confirmed."""
    page.goto(gang)
    freezes = page.locator("main section").filter(has_text="Freezes of members")

    def all_said() -> bool:
        page.reload()
        return freezes.locator("tbody tr").filter(has_text="confirmed").count() == count

    wait_for(all_said, every=1.0)


def judge(page: Any, gang: str) -> int:
    """One disposition for the ring; how many alerts it closed."""
    page.goto(gang)
    page.get_by_label("Disposition").select_option("confirmed_fraud")
    page.get_by_label("Reason").select_option("ring_member")
    page.get_by_role("button", name="Judge the gang").click()
    page.locator("#confirm button[value=confirm]").click()
    see(page, r"\d+ alerts were closed", place="body")
    found = re.search(r"(\d+) alerts were closed", page.locator("body").inner_text())
    assert found is not None
    return int(found[1])


def better(page: Any, system: WholeSystem, rule: str) -> tuple[int, int, float]:
    """The figure once all labels came, equal to what is counted from decisions and labels."""
    closings = "SELECT count(*) FROM alerts_closing WHERE labelled_at IS NULL"
    wait_for(lambda: asked(system, closings) == [(0,)], seconds=120)
    until = time.monotonic() + 120
    while (shown := precision(page, system, rule))[:2] != (told := known(system, rule)):
        assert time.monotonic() < until, (shown, told)
        time.sleep(1)
    goods, frauds = told
    assert shown[2] == pytest.approx(100 * frauds / (frauds + goods), abs=0.1)
    assert shown[2] > 0
    look(page, "the loop")
    for place in ("typologies/?days=7d", "analysts/?days=30d", "models/?days=7d&threshold=0.5"):
        page.goto(f"{system.console}/feedback/{place}")
        look(page, place)
    return shown


def known(system: WholeSystem, rule: str) -> tuple[int, int]:
    """How many good ones and frauds a rule hit, of those whose truth the journal tells."""
    labels = (
        "SELECT d.rules, l.is_fraud FROM journaled_label l"
        " JOIN journaled_decision d USING (event_id)"
    )
    hits = [fraud for rules, fraud in asked(system, labels) if rule in json.loads(rules)]
    return sum(not fraud for fraud in hits), sum(map(bool, hits))
