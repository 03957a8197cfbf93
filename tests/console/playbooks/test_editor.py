"""The editor of playbooks on its screens: faults at their lines, differences, four eyes."""

from typing import Any

import pytest
from tests.console.operators import Browser, browser_of, new_operator

from fengkong.console.approvals.models import Proposal
from fengkong.console.audit.models import AuditEntry
from fengkong.console.playbooks.library import in_use
from fengkong.console.playbooks.models import PlaybookVersion
from fengkong.response.playbook import shipped_playbooks

pytestmark = pytest.mark.django_db
NAME = "ransomware"


def english(operator: Any) -> Browser:
    return browser_of(operator, headers={"accept-language": "en"})


@pytest.fixture
def writer() -> Browser:
    return english(new_operator("senior_analyst", username="sun"))


def draft_of(writer: Browser) -> PlaybookVersion:
    assert writer.post(f"/playbooks/{NAME}/edit/").status_code == 302
    return PlaybookVersion.objects.get(name=NAME)


def saved(writer: Browser, draft: PlaybookVersion, text: str) -> Any:
    draft.refresh_from_db()
    where = f"/playbooks/drafts/{draft.pk}/"
    lines = text.replace("\n", "\r\n")  # as browsers send them
    return writer.post(where, {"text": lines, "edition": draft.edition}, follow=True)


def test_faults_stand_at_their_lines_and_keep_it_from_being_proposed(writer: Browser) -> None:
    draft = draft_of(writer)
    trigger = "  - {indicator: fraud.meteor, level: red, zh: 陨石, en: A meteor}"
    broken = draft.text.replace("triggers:\n", f"triggers:\n{trigger}\n", 1)
    line = broken.split("\n").index(trigger) + 1
    page = saved(writer, draft, broken).content.decode()
    assert "fraud.meteor" in page
    answer = writer.post(
        "/playbooks/faults/", {"text": broken}, headers={"accept": "application/json"}
    )
    [fault] = answer.json()["faults"]
    assert (fault["line"], fault["column"]) == (line, trigger.index("fraud.meteor") + 1)
    refused = writer.post(
        f"/playbooks/drafts/{draft.pk}/propose/", {"reason": "better"}, follow=True
    )
    assert refused.status_code == 200
    assert not Proposal.objects.exists()


def test_a_change_is_told_in_words_approved_by_another_and_in_use(writer: Browser) -> None:
    draft = draft_of(writer)
    step = shipped_playbooks()[NAME][0].steps[0]
    changed = draft.text.replace(f"minutes: {step.minutes},", "minutes: 7,", 1)
    untouched = writer.get(f"/playbooks/drafts/{draft.pk}/").content.decode()
    assert "/propose/" not in untouched, "nothing differs yet"
    assert "Ransomware</h1>" in untouched.replace("\n", "")
    page = saved(writer, draft, changed).content.decode()
    draft.refresh_from_db()
    assert (draft.text, draft.edition) == (changed, 2)
    assert f"minutes {step.minutes} → 7" in page
    writer.post(f"/playbooks/drafts/{draft.pk}/propose/", {"reason": "faster"})
    proposal = Proposal.objects.get()
    own = writer.post(f"/approvals/{proposal.pk}/approve/")
    assert own.status_code in (302, 403, 409)
    assert in_use()[NAME].version is None, "nobody approves their own"
    second = english(new_operator("compliance_officer", username="lin"))
    assert (
        f"minutes {step.minutes} → 7"
        in second.get("/approvals/").content.decode()
        + second.get(f"/approvals/{proposal.pk}/").content.decode()
    )
    assert second.post(f"/approvals/{proposal.pk}/approve/").status_code == 302
    assert in_use()[NAME].playbook.steps[0].minutes == 7
    shown = second.get(f"/playbooks/{NAME}/versions/{draft.number}/").content.decode()
    assert f"minutes {step.minutes} → 7" in shown
    assert "/versions/2/" in second.get(f"/playbooks/{NAME}/").content.decode()


def test_who_saves_over_a_colleague_is_told(writer: Browser) -> None:
    draft = draft_of(writer)
    edition = draft.edition
    saved(writer, draft, draft.text + "\n# one more line\n")
    late = writer.post(f"/playbooks/drafts/{draft.pk}/", {"text": draft.text, "edition": edition})
    assert late.status_code == 422


def test_a_draft_that_nobody_wants_is_given_up(writer: Browser) -> None:
    draft = draft_of(writer)
    assert f"/playbooks/drafts/{draft.pk}/drop/" in page_of(writer, draft)
    answer = writer.post(f"/playbooks/drafts/{draft.pk}/drop/", follow=True)
    assert "The draft is given up." in answer.content.decode()
    assert f"/playbooks/drafts/{draft.pk}/" not in answer.content.decode()
    assert AuditEntry.objects.filter(action="drop_playbook_draft", target=str(draft)).exists()
    again = writer.post(f"/playbooks/drafts/{draft.pk}/drop/", follow=True).content.decode()
    assert "is no draft any more" in again
    assert f"/playbooks/drafts/{draft.pk}/drop/" not in page_of(writer, draft)
    writer.post(f"/playbooks/{NAME}/edit/")
    newer = PlaybookVersion.objects.get(name=NAME, state="draft")
    assert newer.number == draft.number + 1, "its number is not given again"
    reader = english(new_operator("executive"))
    assert reader.post(f"/playbooks/drafts/{newer.pk}/drop/").status_code == 403


def page_of(writer: Browser, draft: PlaybookVersion) -> str:
    page: str = writer.get(f"/playbooks/drafts/{draft.pk}/").content.decode()
    return page


def test_a_new_playbook_begins_with_a_name_of_its_own(writer: Browser) -> None:
    text = shipped_playbooks()[NAME][1]
    assert writer.post("/playbooks/new/", {"text": text}).status_code == 422
    unnamed = writer.post("/playbooks/new/", {"text": "playbook: Bad Name\n"})
    assert unnamed.status_code == 422
    assert "with a name that is free" in unnamed.content.decode()
    own = text.replace(f"playbook: {NAME}", "playbook: wiper", 1).replace("\n", "\r\n")
    assert writer.post("/playbooks/new/", {"text": own}).status_code == 302
    page = writer.get(f"/playbooks/drafts/{PlaybookVersion.objects.get(name='wiper').pk}/")
    assert "comes:" in page.content.decode()
