"""The whole path of an incident on the screens: opened, led through every phase, reviewed."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from tests.console.operators import browser_of, new_operator

from fengkong.console.incidents.models import Incident
from fengkong.console.incidents.timeline import altered_entries

pytestmark = pytest.mark.django_db


@pytest.fixture
def kept(tmp_path: Any, settings: Any) -> None:
    from dataclasses import replace

    settings.CONSOLE = replace(settings.CONSOLE, directory=tmp_path)
    settings.CONSOLE.keys.mkdir(mode=0o700)


class Room:
    """One incident in two browsers: who commands, and a colleague."""

    def __init__(self) -> None:
        self.chen = new_operator("incident_commander", username="chen")
        self.li = new_operator("senior_analyst", username="li")
        self.browsers = {"chen": browser_of(self.chen), "li": browser_of(self.li)}
        answer = self.browsers["chen"].post(
            "/incidents/new/",
            {"title": "Records offered for sale", "kind": "data_leak", "severity": 2},
        )
        assert answer.status_code == 302, answer.content.decode()[-2000:]
        self.incident = Incident.objects.get()

    def do(self, act: str, item: int = 0, who: str = "chen", **given: Any) -> None:
        where = f"/incidents/{self.incident.pk}/do/{act}/" + (f"{item}/" if item else "")
        if act == "exit":
            where = f"/incidents/{self.incident.pk}/do/exit/{item}/"
        answer = self.browsers[who].post(where, given)
        assert answer.status_code == 302, answer.content.decode()[-3000:]
        self.incident.refresh_from_db()

    def page(self, who: str = "chen") -> str:
        answer = self.browsers[who].get(f"/incidents/{self.incident.pk}/")
        assert answer.status_code == 200
        return str(answer.content.decode())

    def left(self, number: int) -> None:
        self.do("phase", number, reason="done")


def test_an_incident_is_led_through_every_phase(kept: None) -> None:
    room = Room()
    chen, incident = room.chen, room.incident
    refused = room.browsers["chen"].post(f"/incidents/{incident.pk}/do/phase/1/", {"reason": "no"})
    assert refused.status_code == 422, "nothing is classified yet"
    holds = ["personal_data", "network_security"]
    room.do("classify", kind="data_leak", severity=2, facts=holds)
    assert set(incident.clocks.values_list("terms", flat=True)) == {
        *("nsi_first", "pipl_authority", "pipl_individuals"),
    }
    room.do("assign", part="commander", holder=chen.pk)
    room.left(1)
    room.do("assess", impact="Phones of 1200 customers", customers=1200, loss="0")
    room.do("playbook", playbook="data_leak")
    assert incident.tasks.count() == len(incident.playbook["steps"])
    room.left(2)
    room.do("decide", what="Tell everybody", reason="Harm is not avoided", alternatives="Some")
    room.left(3)
    for task in incident.tasks.filter(phase__in=("identify", "assess", "decide", "contain")):
        room.do("finish", task.pk, text="seen to")
    file = SimpleUploadedFile("log.txt", b"line one")
    room.do("evidence", file=file, source="gateway")
    evidence = incident.evidence.get()
    room.do("check", evidence.pk)
    assert evidence.custody.last().act == "verified"
    room.do("draft", template="regulator_first", language="zh", who="li")
    text = incident.communications.get()
    filled = {"subject": text.subject, "body": "写完了", "edition": text.edition}
    room.do("rewrite", text.pk, who="li", **filled)
    room.do("approve", text.pk)
    room.do("sent", text.pk, how="portal")
    room.left(4)
    assert incident.clocks.filter(terms="nsi_summary").exists(), "begins once it is contained"
    for task in incident.tasks.filter(phase="recover"):
        room.do("skip", task.pk, reason="not needed here")
    for place in range(len(incident.playbook["exit"])):
        room.do("exit", place)
    room.left(5)
    room.do("cause", kind="root", text="A key was too widely held")
    due = {"owner": chen.pk, "due_on": "2027-01-31"}
    room.do("action", text="Rotate", thing="system:", cause="", **due)
    for clock in incident.clocks.all():
        room.do("report", clock.pk, reference="R-1")
    room.left(6)
    assert incident.phase == "closed"
    room.do("action-done", incident.follow_ups.get().pk, changed="payments 8")
    assert "payments 8" in room.page("li")
    assert altered_entries(incident) == []
    assert (
        "与审计账本一致"
        in room.browsers["li"].get(f"/incidents/{incident.pk}/timeline/").content.decode()
    )


def test_a_text_is_approved_by_another_and_only_without_open_places(kept: None) -> None:
    room = Room()
    room.do("draft", template="customer_notice", language="en")
    text = room.incident.communications.get()
    room.browsers["li"].post(f"/incidents/{room.incident.pk}/do/approve/{text.pk}/")
    text.refresh_from_db()
    assert text.state == "draft", "{what_happened} is open"
    given = {"subject": text.subject, "body": "All is said.", "edition": text.edition}
    room.do("rewrite", text.pk, **given)
    room.browsers["chen"].post(f"/incidents/{room.incident.pk}/do/approve/{text.pk}/")
    text.refresh_from_db()
    assert text.state == "draft", "nobody approves a text of their own"
    room.do("approve", text.pk, who="li")
    text.refresh_from_db()
    assert text.state == "approved"


def test_evidence_that_was_altered_is_found(kept: None, settings: Any) -> None:
    room = Room()
    room.do("evidence", file=SimpleUploadedFile("a.txt", b"as it was"), source="host")
    evidence = room.incident.evidence.get()
    sealed = next((settings.CONSOLE.directory / "console-exports").iterdir())
    assert b"as it was" not in sealed.read_bytes()
    taken = room.browsers["li"].post(f"/incidents/evidence/{evidence.pk}/", {"why": "court"})
    assert taken.content == b"as it was"
    sealed.write_bytes(sealed.read_bytes()[:-4] + b"xxxx")
    room.do("check", evidence.pk)
    assert [one.act for one in evidence.custody.all()] == ["collected", "taken", "damaged"]


def test_who_reads_sees_no_buttons_and_may_not_act(kept: None) -> None:
    room = Room()
    reader = browser_of(new_operator("executive"))
    page = reader.get(f"/incidents/{room.incident.pk}/").content.decode()
    assert "Records offered for sale" in page
    assert "/do/" not in page
    assert reader.post(f"/incidents/{room.incident.pk}/do/note/", {"text": "x"}).status_code == 403
    analyst = browser_of(new_operator("analyst"))
    decided = analyst.post(
        f"/incidents/{room.incident.pk}/do/decide/", {"what": "x", "reason": "y"}
    )
    assert decided.status_code == 403, "an analyst works, and does not command"


def test_every_form_of_the_room_opens(kept: None) -> None:
    from fengkong.console.incidents.acts import ACTS

    room = Room()
    for act, declared in ACTS.items():
        if declared.form is not None and not declared.item:
            answer = room.browsers["chen"].get(f"/incidents/{room.incident.pk}/do/{act}/")
            assert answer.status_code == 200, act
    for address in ("", "scale/", "actions/", "?phase=open&kind=data_leak&severity=2&drills=on"):
        assert room.browsers["li"].get(f"/incidents/{address}").status_code == 200
    assert room.browsers["li"].get("/incidents/999/").status_code == 404
    unknown = f"/incidents/{room.incident.pk}/do/meteor/"
    assert room.browsers["li"].post(unknown).status_code == 404
