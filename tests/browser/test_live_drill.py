"""A live drill with people in a browser: attacked, seen, decided, contained, closed, scored.

Two persons sit at two screens, one in English and one in Chinese; the simulator attacks a sandbox
with a copy of the policy, and what they do is measured against the drill before.
"""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.browser.signing_in import sign_in
from tests.browser.test_review_desk import asked
from tests.browser.walking import Watch, accessibility_faults, phone_faults, policy_faults
from tests.browser.whole_system import ROOT, WholeSystem, make_operators, running_system, wait_for

pytestmark = pytest.mark.nightly
DRILL = "card_testing_live"
PACE = 4
BEFORE = """
import sys
from pathlib import Path
from fengkong.console.project.setup import start_django
start_django(Path(sys.argv[1]))
from datetime import timedelta
import msgspec
from django.utils import timezone
from fengkong.console.accounts.models import Operator
from fengkong.console.drills.models import DrillRun
from fengkong.response.drill import shipped_scripts
now = timezone.now()
DrillRun.objects.create(
    name=sys.argv[2],
    script=msgspec.to_builtins(shipped_scripts()[sys.argv[2]]),
    mode="live",
    state="ended",
    planned_by=Operator.objects.get(username="chen"),
    started_at=now - timedelta(days=90, hours=1),
    ended_at=now - timedelta(days=90),
    times={"detected": 12.0, "decided": 30.0, "contained": 60.0, "missed": [], "steps": 8,
           "clocks": [], "phases": []},
    score={"points": 50, "detect": 12, "decide": 12, "contain": 6, "steps": 20, "missed": [],
           "clocks_missing": []},
)
"""
"""A drill of last quarter, which went worse."""


@pytest.fixture
def system(chromium: Any, tmp_path: Path) -> Iterator[WholeSystem]:
    data = tmp_path / "data"
    make_operators(data, "chen:incident_commander", "li:senior_analyst")
    command = [sys.executable, "-c", BEFORE, str(data), DRILL]
    subprocess.run(command, cwd=ROOT, check=True, timeout=120)
    with running_system(data, "payments") as running:
        yield running


@pytest.fixture
def desk(system: WholeSystem, chromium: Any) -> Iterator[Any]:
    """Opens the browser of a person; nothing may go wrong in it."""
    watches, contexts = [], []

    def sit_down(who: str, language: str) -> Any:
        context = chromium.new_context(
            locale=language, viewport={"width": 1280, "height": 900}, reduced_motion="reduce"
        )
        short = "zh-hans" if language.startswith("zh") else "en"
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(60_000)
        watches.append(Watch().on(page))
        sign_in(page, system.console, who)
        context.add_cookies([{"name": "django_language", "value": short, "url": system.console}])
        return page

    yield sit_down
    told = [fault for watch in watches for fault in watch.taken()]
    for context in contexts:
        context.close()
    assert not told, told


def test_a_live_drill_with_two_persons(system: WholeSystem, desk: Any, tmp_path: Path) -> None:
    chen, li = desk("chen", "en-GB"), desk("li", "zh-CN")
    room = plan(chen, system)
    wait_for(lambda: "attack_open_met" in told(system, "attack"), seconds=180)
    chen.get_by_role("button", name="Something is wrong").wait_for()  # it comes by itself
    look(chen, tmp_path, "attacked")
    button(chen, "Something is wrong: open the incident")
    chen.wait_for_url(re.compile(r"/incidents/\d+/$"))
    incident = str(chen.url)
    identify_and_assess(chen)
    decide_and_contain(chen, li, system, incident)
    look(chen, tmp_path, "contained")
    li.goto(incident)
    look(li, tmp_path, "contained-zh")
    recover_and_close(chen, li, system, incident)
    wait_for(lambda: told(system, "state") == "ended", seconds=60)
    scored(chen, system, room)
    look(chen, tmp_path, "scored")
    li.goto(room)
    look(li, tmp_path, "scored-zh")
    li.goto(f"{system.console}/drills/")
    look(li, tmp_path, "list-zh")
    repeat(chen, system)
    look(chen, tmp_path, "list")
    chen.goto(f"{system.console}/playbooks/card_testing/")
    look(chen, tmp_path, "playbook")


def plan(page: Any, system: WholeSystem) -> str:
    page.goto(f"{system.console}/drills/plan/?drill={DRILL}")
    page.get_by_label("Minutes of the script in a minute").fill(str(PACE))
    page.locator("main form button.btn-primary").click()
    page.wait_for_url(re.compile(r"/drills/\d+/$"))
    return str(page.url)


def told(system: WholeSystem, name: str) -> str:
    """A field of the newest run."""
    return str(asked(system, f"SELECT {name} FROM drills_drillrun ORDER BY id DESC LIMIT 1")[0][0])


def button(page: Any, name: str) -> None:
    page.get_by_role("button", name=name).first.click()
    page.wait_for_load_state()


def act(page: Any, name: str | re.Pattern[str], **given: str) -> None:
    """Open an act of the room in the drawer, fill its form in, and do it."""
    page.locator("main").get_by_role("link", name=name).first.click()
    form = page.locator("#drawer form").last
    form.wait_for()
    for field, value in given.items():
        place = form.locator(f"[name={field}]")
        if place.evaluate("one => one.tagName") == "SELECT":
            found = place.locator("option").filter(has_text=re.compile(value, re.IGNORECASE)).first
            place.select_option(value=found.get_attribute("value"))
        else:
            place.fill(value)
    with page.expect_navigation():
        form.locator("button.btn-primary").click()


def go_on(page: Any) -> None:
    """Leave the phase, with a reason."""
    act(page, re.compile("^On to:"), reason="all of it is done")


def identify_and_assess(page: Any) -> None:
    act(page, "Classify")
    act(page, "Give a part", part="commander", holder="chen")
    go_on(page)
    act(page, "Assess", impact="cards of strangers are tried", customers="40")
    act(page, re.compile("^Start a playbook"))
    go_on(page)
    act(page, "Record a decision", what="ask for proof", reason="86 tries in ten minutes")
    go_on(page)


def decide_and_contain(page: Any, other: Any, system: WholeSystem, incident: str) -> None:
    """One asks for the switch, another approves it, and the sandbox obeys."""
    act(page, "Ask for a switch", kind="proof", hours="1", reason="stop the tries")
    approve(other, system)
    state = "SELECT state FROM incidents_switch"
    wait_for(lambda: asked(system, state) == [("on",)], seconds=60)
    wait_for(lambda: "attack_switched_met" in told(system, "attack"), seconds=60)
    page.goto(incident)
    finish(page)


def finish(page: Any) -> None:
    """Do every task that is open in this phase and those before."""
    links = page.locator("main").get_by_role("link", name=re.compile("^Task done"))
    while links.count():
        act(page, re.compile("^Task done"), text="done")


def approve(page: Any, system: WholeSystem) -> None:
    page.goto(f"{system.console}/approvals/")
    page.locator("td.fk-actions a").first.click()
    page.wait_for_selector("#drawer .fk-drawer-page")
    with page.expect_navigation():
        page.locator('#drawer button[formaction$="/approve/"]').click()


def recover_and_close(page: Any, other: Any, system: WholeSystem, incident: str) -> None:
    go_on(page)
    act(page, "Ask for its end", reason="the tries stopped")
    approve(other, system)
    state = "SELECT state FROM incidents_switch"
    wait_for(lambda: asked(system, state) == [("ended",)], seconds=60)
    page.goto(incident)
    while page.get_by_role("button", name=re.compile("^Criterion met")).count():
        button(page, re.compile("^Criterion met"))
    go_on(page)
    act(page, "Add a cause", text="no limit of cards for a device")
    act(page, "Add an action", text="tune the limit", due_on="2027-01-31", owner="chen", thing=".")
    go_on(page)


def scored(page: Any, system: WholeSystem, room: str) -> None:
    """The screen says what the people reached, and what the last drill came to."""
    page.goto(room)
    table = page.locator("main table").filter(has_text="What is scored").inner_text()
    score = json.loads(told(system, "score"))
    assert score["points"] >= 90, score
    assert re.search(rf"Together\s+{score['points']}\s+50", table), table
    assert page.get_by_role("link", name=re.compile("Report")).count() == 1
    page.goto(f"{system.console}/drills/")
    assert f"+{score['points'] - 50}" in page.locator("main").inner_text()
    page.goto(room)


def repeat(page: Any, system: WholeSystem) -> None:
    page.goto(f"{system.console}/drills/schedule/?drill={DRILL}")
    page.get_by_label("Next day").fill("2026-12-20")
    page.locator("main form button.btn-primary").click()
    page.wait_for_url(re.compile(r"/drills/$"))


def look(page: Any, folder: Path, name: str) -> None:
    """What axe, a phone and the content policy find here, in both themes; pictures stay."""
    faults = []
    for theme in ("dark", "light"):
        page.emulate_media(color_scheme=theme, reduced_motion="reduce")
        faults += [f"{name}, {theme}: {one}" for one in accessibility_faults(page)]
        page.screenshot(path=folder / f"{name}-{theme}.png", full_page=True)
    faults += phone_faults(page)
    page.set_viewport_size({"width": 390, "height": 844})
    page.screenshot(path=folder / f"{name}-phone.png", full_page=True)
    page.set_viewport_size({"width": 1280, "height": 900})
    assert not faults + policy_faults(page), faults
