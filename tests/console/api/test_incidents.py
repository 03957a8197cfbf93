"""Incidents, playbooks and drills through the API: what two persons do at their screens."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from tests.console.api.described import check_described
from tests.console.api.test_operations import Program
from tests.console.incidents.conftest import service  # noqa: F401 - fixture
from tests.console.operators import new_operator

from fengkong.console.audit.models import AuditEntry
from fengkong.console.drills.models import DrillRun
from fengkong.console.drills.running import run_drills
from fengkong.console.incidents.models import Incident, IncidentTask, Switch, TimelineEntry
from fengkong.console.playbooks.library import in_use

pytestmark = pytest.mark.django_db
REASON = {"reason": "as it stands"}


@pytest.fixture
def kept(tmp_path: Path, settings: Any) -> None:
    settings.CONSOLE = replace(settings.CONSOLE, directory=tmp_path)
    settings.CONSOLE.keys.mkdir(mode=0o700)


class Desk:
    """One incident and two programs: of who commands, and of a colleague."""

    def __init__(self) -> None:
        self.chen = Program(new_operator("incident_commander", username="chen"))
        self.li = Program(new_operator("senior_analyst", username="li"))
        said = {"kind": "data_leak", "severity": 2, "title": "Records offered for sale"}
        said["about"] = [{"kind": "alert", "reference": "a1b2"}]
        self.path = f"/incidents/{self.chen.ask('POST', '/incidents', said).json()['id']}"

    def do(self, act: str, said: Any = None, who: str = "chen") -> dict[str, Any]:
        answer = getattr(self, who).ask("POST", f"{self.path}/{act}", said or {})
        assert answer.status_code == 200, (act, answer.content)
        return dict(answer.json())

    def refused(self, act: str, said: Any = None, who: str = "chen") -> str:
        answer = getattr(self, who).ask("POST", f"{self.path}/{act}", said or {})
        assert answer.status_code == 409, (act, answer.content)
        return str(answer.json()["code"])

    def whole(self) -> dict[str, Any]:
        return dict(self.chen.ask("GET", self.path).json())

    def on_to(self, phase: str) -> None:
        assert self.do("phase", {"phase": phase, **REASON})["phase"] == phase

    def keep(self, content: bytes) -> dict[str, Any]:
        file = SimpleUploadedFile("dump.csv", content)
        answer = Client(HTTP_HOST="localhost").post(
            f"/api/v1{self.path}/evidence",
            {"file": file, "source": "the forum"},
            headers={"Authorization": f"Bearer {self.chen.text}"},
        )
        check_described("POST", f"{self.path}/evidence", answer)
        assert answer.status_code == 200, answer.content
        return dict(answer.json())


def test_an_incident_is_led_through_every_phase(kept: None) -> None:
    desk = Desk()
    assert desk.refused("phase", {"phase": "assess", **REASON}) == "response.refused_phase"
    desk.do("classify", {"kind": "data_leak", "severity": 2, "facts": ["personal_data"]})
    assert desk.do("roles", {"part": "commander"})["holder"] == "chen"
    assert desk.do("roles", {"part": "liaison", "holder": "li"})["holder"] == "li"
    desk.on_to("assess")
    desk.do("assess", {"impact": "1,200 customers by name", "customers": 1200}, who="li")
    desk.do("playbook", {"playbook": "data_leak"})
    assert desk.refused("playbook", {"playbook": "data_leak"}) == "console.refused_incident_act"
    desk.on_to("decide")
    decided = desk.do("decisions", {"what": "Close the export", "reason": "it is the source"})
    assert decided["decided_by"] == "chen"
    whole = desk.whole()
    assert (whole["decisions"], whole["drill"]) == ([decided], None)
    for task in whole["tasks"]:
        desk.do(f"tasks/{task['id']}/take", who="li")
        desk.do(f"tasks/{task['id']}/finish", {"outcome": "done"}, who="li")
    assert desk.refused(f"tasks/{task['id']}/take") == "console.refused_incident_act"
    added = desk.do("tasks", {"title": "Call the police", "part": "liaison"})
    assert added["title_en"] == "Call the police"
    desk.do(f"tasks/{added['id']}/skip", REASON)
    desk.on_to("contain")
    desk.on_to("recover")
    for clock in desk.whole()["clocks"]:
        assert desk.do(f"clocks/{clock['id']}/report", {"reference": "R-1"})["state"] == "met"
    for criterion in desk.whole()["exits"]:
        desk.do("exits", {"criterion": criterion})
    desk.on_to("review")
    desk.do("causes", {"kind": "root", "text": "An export without limit"}, who="li")
    due = str(timezone.localdate() + timedelta(days=7))
    action = {"text": "Limit it", "changes": "system", "owner": "li", "due_on": due}
    made = desk.do("actions", action)
    desk.on_to("closed")
    assert desk.refused("notes", {"text": "too late"}) == "console.closed_incident"
    assert (
        desk.do(f"actions/{made['id']}/done", {"changed": "limit of 500 rows"})["state"] == "done"
    )
    listed = desk.chen.ask("GET", "/incidents/actions?state=done").json()["items"]
    assert [one["id"] for one in listed] == [made["id"]]
    assert desk.chen.ask("GET", f"{desk.path}/timeline/check").json() == {"altered": []}


def test_evidence_and_texts_have_two_pairs_of_eyes_and_a_digest(kept: None) -> None:
    desk = Desk()
    file = desk.keep(b"name,phone\n")
    assert (file["size"], file["collected_by"]) == (11, "chen")
    assert desk.do(f"evidence/{file['id']}/check", who="li") == {"intact": True}
    assert (
        desk.do(f"evidence/{file['id']}/hand-over", {"receiver": "the police"})["id"] == file["id"]
    )
    text = desk.do("communications", {"template": "customer_notice", "language": "en"})
    words = {"edition": 1, "subject": "Your data", "body": "What happened, and what you can do."}
    rewritten = desk.chen.ask("PUT", f"{desk.path}/communications/{text['id']}", words)
    assert (rewritten.json()["edition"], rewritten.json()["state"]) == (2, "draft")
    assert desk.refused(f"communications/{text['id']}/approve") == "console.same_eyes"
    assert desk.do(f"communications/{text['id']}/approve", who="li")["approved_by"] == "li"
    assert desk.do(f"communications/{text['id']}/sent", {"how": "mail to 1,200"})["state"] == "sent"


def test_a_switch_is_asked_for_by_one_and_approved_by_another(service: Any) -> None:  # noqa: F811
    desk = Desk()
    wish = {"kind": "force_challenge", "types": ["payment.initiated"], "hours": 2, **REASON}
    asked = desk.do("switches", wish)
    assert (asked["state"], asked["terms"]["types"]) == ("proposed", ["payment.initiated"])
    proposal = desk.chen.ask("GET", "/proposals").json()["items"][0]["id"]
    own = desk.chen.ask("POST", f"/proposals/{proposal}/approve", {"remark": ""})
    assert own.json()["code"] == "console.same_eyes"
    given = desk.li.ask("POST", f"/proposals/{proposal}/approve", {"remark": ""})
    assert given.json()["state"] == "approved", given.content
    assert desk.whole()["switches"][0]["state"] == "setting"
    assert desk.do(f"switches/{asked['id']}/end", REASON)["kind"] == "end_switch"
    assert Switch.objects.get().approved_by == "li"


def test_it_is_read_by_pages_with_an_etag_and_done_once(kept: None) -> None:
    desk = Desk()
    once = {"Idempotency-Key": "note-1"}
    for _ in range(2):
        desk.chen.ask("POST", f"{desk.path}/notes", {"text": "the forum is in Tor"}, **once)
    assert TimelineEntry.objects.filter(kind="note_incident").count() == 1
    entries = desk.chen.ask("GET", f"{desk.path}/timeline").json()["items"]
    assert [one["kind"] for one in entries] == ["note_incident", "link_incident", "open_incident"]
    digests = {one["digest"] for one in entries}
    assert {one.detail.get("digest") for one in AuditEntry.objects.all()} >= digests
    shown = desk.chen.ask("GET", desk.path)
    assert desk.chen.ask("GET", desk.path, **{"If-None-Match": shown["ETag"]}).status_code == 304
    for query, count in (("?phase=open", 1), ("?phase=closed", 0), ("?severity=2", 1)):
        assert len(desk.chen.ask("GET", f"/incidents{query}").json()["items"]) == count
    assert desk.chen.ask("GET", "/incidents?severity=9").status_code == 422


def test_what_belongs_to_another_incident_is_not_there(kept: None) -> None:
    desk, other = Desk(), Incident.objects.create(kind="data_leak", severity=3, title="another")
    task = IncidentTask.objects.create(incident=other, phase="identify", title_en="x", title_zh="x")
    assert desk.chen.ask("POST", f"{desk.path}/tasks/{task.pk}/take").status_code == 404
    assert desk.chen.ask("POST", f"/incidents/{other.pk}/tasks/{task.pk}/take").status_code == 200


def test_who_works_does_not_command(kept: None) -> None:
    desk = Desk()
    ann = Program(new_operator("analyst"))
    for act, said in (("phase", {"phase": "assess", **REASON}), ("no-playbook", REASON)):
        assert ann.ask("POST", f"{desk.path}/{act}", said).status_code == 403
    assert ann.ask("POST", f"{desk.path}/roles", {"part": "commander"}).status_code == 409
    assert ann.ask("POST", f"{desk.path}/roles", {"part": "scribe"}).json()["holder"]


def test_a_playbook_is_drafted_proposed_and_approved() -> None:
    li = Program(new_operator("senior_analyst", username="li"))
    chen = Program(new_operator("incident_commander", username="chen"))
    assert len(li.ask("GET", "/playbooks").json()["items"]) >= 12
    used = li.ask("GET", "/playbooks/ransomware").json()
    assert used["content"]["steps"]
    draft = li.ask("POST", "/playbooks/ransomware/draft").json()
    path = f"/playbooks/versions/{draft['id']}"
    read = li.ask("GET", path)
    changed = {"text": read.json()["text"].replace("\nseverity: 2\n", "\nseverity: 1\n")}
    assert li.ask("PUT", path, changed).status_code == 412
    broken = {"text": read.json()["text"].replace("\nseverity: 2\n", "\nseverity: 9\n")}
    saved = li.ask("PUT", path, broken, **{"If-Match": read["ETag"]})
    assert saved.json()["faults"]
    assert li.ask("POST", f"{path}/propose", REASON).status_code == 422
    saved = li.ask("PUT", path, changed, **{"If-Match": saved["ETag"]})
    assert saved.json()["faults"] == []
    proposal = li.ask("POST", f"{path}/propose", REASON).json()
    chen.ask("POST", f"/proposals/{proposal['id']}/approve", {"remark": "seen"})
    assert in_use()["ransomware"].playbook.severity == 1
    versions = li.ask("GET", "/playbooks/versions?name=ransomware").json()["items"]
    assert [one["state"] for one in versions] == ["in_use"]
    taken = li.ask("POST", "/playbooks/drafts", {"text": used["text"]})
    assert taken.json()["code"] == "console.unnamed_playbook"


def test_a_drill_is_planned_opened_ended_and_repeated() -> None:
    chen = Program(new_operator("incident_commander", username="chen"))
    li = Program(new_operator("senior_analyst", username="li"))
    names = [one["drill"] for one in li.ask("GET", "/drills/scripts").json()["items"]]
    assert len(names) >= 12
    assert li.ask("GET", "/drills/scripts/leak_tabletop").status_code == 403
    assert chen.ask("GET", "/drills/scripts/leak_tabletop").json()["injects"]
    later = (timezone.now() + timedelta(days=1)).isoformat()
    waiting = chen.ask("POST", "/drills", {"drill": "ddos_tabletop", "at": later}).json()
    assert chen.ask("POST", f"/drills/{waiting['id']}/end").json()["state"] == "cancelled"
    made = chen.ask("POST", "/drills", {"drill": "leak_tabletop", "pace": 2}).json()
    run_drills()
    path = f"/drills/{made['id']}"
    assert li.ask("GET", path).json()["expects"] == {}, "who takes part sees no targets"
    opened = li.ask("POST", f"{path}/open", {}).json()
    assert opened["drill"] == made["id"]
    assert li.ask("POST", f"{path}/open", {}).json()["code"] == "console.refused_drill"
    assert li.ask("POST", f"{path}/end").status_code == 403
    ended = chen.ask("POST", f"{path}/end").json()
    assert (ended["state"], ended["score"]["points"]) == (
        "ended",
        DrillRun.objects.get(pk=made["id"]).score["points"],
    )
    assert chen.ask("POST", f"{path}/again").json()["pace"] == 2
    day = str(timezone.localdate() + timedelta(days=30))
    terms = {"drill": "leak_tabletop", "months": 6, "next_on": day, "owner": "chen"}
    schedule = chen.ask("POST", "/drills/schedules", terms).json()
    assert li.ask("GET", "/drills/schedules").json()["items"] == [schedule]
    chen.ask("POST", f"/drills/schedules/{schedule['id']}/end")
    assert li.ask("GET", "/drills/schedules").json()["items"] == []
