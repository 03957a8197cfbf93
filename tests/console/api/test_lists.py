"""Lists by programs: masked, whole or not at all, and off black lists by four eyes."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from tests.console.api.test_operations import Program
from tests.console.lists.conftest import LISTS
from tests.console.operators import new_operator

from fengkong.console.audit.models import AuditEntry
from fengkong.console.lists import changing, queries
from fengkong.console.lists.changing import in_force
from fengkong.console.lists.models import ListEntry

pytestmark = pytest.mark.django_db

CARD = "6222020200112233445"
CARDS = "/lists/blocked_cards"
DEVICES = "/lists/trusted_devices"


@pytest.fixture
def program(monkeypatch: pytest.MonkeyPatch) -> Program:
    monkeypatch.setattr(changing, "live_lists", lambda: LISTS)
    monkeypatch.setattr(queries, "live_lists", lambda: LISTS)
    return Program(new_operator("analyst", username="ann"))


def entries(*values: str) -> dict[str, Any]:
    ends = (timezone.now() + timedelta(days=1)).isoformat()
    return {"entries": [{"value": v, "reason": "stolen", "expires_at": ends} for v in values]}


def held() -> int:
    return ListEntry.objects.filter(in_force()).count()


def test_values_are_listed_masked_and_found_by_value(program: Program) -> None:
    made = program.ask("POST", f"{CARDS}/entries", entries(CARD, "6222020200119999999"))
    assert (made.status_code, held()) == (200, 2)
    assert CARD not in made.content.decode()
    found = program.ask("GET", f"{CARDS}/entries?value={CARD}").json()["items"]
    assert [one["masked"] for one in found] == ["622202****3445"]
    one = program.ask("GET", f"/lists/entries/{found[0]['id']}")
    assert one.json() == found[0]
    assert one["ETag"]
    assert AuditEntry.objects.get(action="add_list_entries").actor == "ann"
    counts = {one["name"]: one["entries"] for one in program.ask("GET", "/lists").json()["items"]}
    assert counts == {name: 2 if name == "blocked_cards" else 0 for name in LISTS}


def test_entries_go_on_at_next(program: Program) -> None:
    program.ask("POST", f"{DEVICES}/entries", entries(*(f"device-{i}" for i in range(60))))
    first = program.ask("GET", f"{DEVICES}/entries").json()
    second = program.ask("GET", f"{DEVICES}/entries{first['next']}").json()
    seen = [one["id"] for one in first["items"] + second["items"]]
    assert (len(first["items"]), len(set(seen)), second["next"]) == (50, 60, None)


@pytest.mark.parametrize(
    ("path", "said", "status"),
    [
        ("/lists/unknown/entries", entries("x"), 404),
        (f"{CARDS}/entries", {"entries": [{"value": CARD, "reason": "no end"}]}, 409),
        (f"{CARDS}/entries", {"entries": []}, 422),
        *(
            (
                f"{CARDS}/entries",
                {"entries": [{"value": "x", "reason": "x", "expires_at": at}]},
                422,
            )
            for at in ("2030-01-01T00:00:00", "9999-12-31T23:59:59-12:00")
        ),
        (f"{CARDS}/entries/end", {"picked": [2**64], "reason": "x"}, 422),
    ],
)
def test_what_cannot_be_listed_is_a_problem(
    program: Program, path: str, said: Any, status: int
) -> None:
    answer = program.ask("POST", path, said)
    assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json")
    assert held() == 0


def test_entries_end_at_once_or_by_four_eyes_where_somebody_goes_free(program: Program) -> None:
    for path, value in ((CARDS, CARD), (DEVICES, "device-1")):
        made = program.ask("POST", f"{path}/entries", entries(value)).json()["items"]
        said = {"picked": [made[0]["id"]], "reason": "found"}
        answer = program.ask("POST", f"{path}/entries/end", said).json()
        if path == DEVICES:
            assert answer == {"ended": 1, "proposal": None}
        else:
            assert (answer["ended"], answer["proposal"]["state"]) == (0, "open")
            waiting = answer["proposal"]["id"]
    assert held() == 1
    approve = f"/proposals/{waiting}/approve"
    assert program.ask("POST", approve, {}).status_code in (403, 409)
    assert Program(new_operator("senior_analyst")).ask("POST", approve, {}).status_code == 200
    assert held() == 0


def sent(program: Program, path: str, text: bytes, **terms: str) -> Any:
    """A file, as a form."""
    file = SimpleUploadedFile("stolen.csv", text, content_type="text/csv")
    return Client(HTTP_HOST="localhost").post(
        f"/api/v1{path}",
        {"file": file, **terms},
        headers={"Authorization": f"Bearer {program.text}"},
    )


def test_a_file_is_previewed_confirmed_and_taken_back(program: Program) -> None:
    text = b"value,reason\ndevice-1,ours\n,empty\ndevice-2,ours\n"
    kept = sent(program, f"{DEVICES}/imports", text, reason="the shop's own").json()
    assert (kept["state"], kept["rows"], len(kept["faults"]), held()) == ("previewed", 2, 1, 0)
    path = f"/lists/imports/{kept['id']}"
    assert program.ask("POST", f"{path}/confirm").json()["state"] == "added"
    assert held() == 2
    again = program.ask("POST", f"{path}/confirm")
    assert (again.status_code, again.json()["code"]) == (409, "console.decided_import")
    assert program.ask("POST", f"{path}/revert", {"reason": "wrong"}).json()["ended"] == 2
    assert (held(), program.ask("GET", path).json()["state"]) == (0, "reverted")
    listed = program.ask("GET", f"{DEVICES}/imports").json()["items"]
    assert [one["id"] for one in listed] == [kept["id"]]


def test_a_file_that_is_none_is_a_problem(program: Program) -> None:
    answer = sent(program, f"{DEVICES}/imports", b"\xff\xfe\x00", reason="x")
    assert (answer.status_code, answer.json()["code"]) == (409, "console.unreadable_import")
    unread = program.ask("POST", f"{DEVICES}/imports", {})
    assert unread.status_code == 422
