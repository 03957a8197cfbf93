"""The screens of lists: who may do what, and what they say when something is wrong."""

import io
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation
from test_changing import entry
from tests.console.operators import sign_in

from fengkong.console.accounts.models import Operator
from fengkong.console.approvals.models import Proposal
from fengkong.console.lists import queries, views
from fengkong.console.lists.changing import add_entries
from fengkong.console.lists.declared import DeclaredList
from fengkong.console.lists.forms import AddForm
from fengkong.console.lists.models import ListEntry, ListImport

pytestmark = pytest.mark.django_db
HOSTILE = '"><script>alert(1)</script>'


@pytest.fixture
def desk(ann: Operator, lists: dict[str, DeclaredList], monkeypatch: pytest.MonkeyPatch) -> Client:
    monkeypatch.setattr(queries, "live_lists", lambda: lists)
    client = Client()
    sign_in(client, ann)
    return client


def last_day() -> str:
    return (timezone.localdate() + timedelta(days=30)).isoformat()


def test_the_overview_counts_what_its_links_list(desk: Client, ann: Operator) -> None:
    add_entries(ann, "blocked_cards", [entry(f"card-{n}") for n in range(3)])
    page = desk.get(reverse("lists")).content.decode()
    assert f"{reverse('list', args=['blocked_cards'])}?state=in_force" in page
    found = desk.get(reverse("list", args=["blocked_cards"]), {"state": "in_force"})
    assert found.context["page"].total == 3


def test_values_are_added_by_hand(desk: Client) -> None:
    address = reverse("list_add", args=["blocked_cards"])
    assert desk.get(address).status_code == 200
    sent = {"values": f"a\n\na\n{HOSTILE}", "reason": HOSTILE, "expires_on": last_day()}
    assert desk.post(address, sent).status_code == 302
    assert ListEntry.objects.count() == 2
    page = desk.get(reverse("list", args=["blocked_cards"])).content.decode()
    assert HOSTILE not in page
    assert "&lt;script&gt;" in page
    for one in ListEntry.objects.all():
        assert HOSTILE not in desk.get(reverse("list_entry", args=[one.pk])).content.decode()


def test_the_usual_last_day_stands_in_the_form_in_both_languages(desk: Client) -> None:
    """A browser shows a day only as 2026-11-30, whatever the language of the page writes."""
    day = (timezone.localdate() + timedelta(days=180)).isoformat()
    for language in ("zh-hans", "en"):
        with translation.override(language):
            assert f'value="{day}"' in str(AddForm(initial=AddForm.starting())["expires_on"])


def test_a_black_list_asks_for_an_end(desk: Client) -> None:
    found = desk.post(
        reverse("list_add", args=["blocked_cards"]),
        {"values": "a", "reason": "r", "expires_on": ""},
    )
    assert found.status_code == 422
    assert not ListEntry.objects.exists()


def test_a_value_is_found_by_itself_alone(desk: Client, ann: Operator) -> None:
    add_entries(ann, "blocked_cards", [entry("card-1"), entry("card-2")])
    found = desk.get(reverse("list", args=["blocked_cards"]), {"value": " card-2 "})
    assert found.context["page"].total == 1


@pytest.mark.parametrize(
    "query",
    [{"state": "x"}, {"since": "x"}, {"imported": "9" * 40}, {"after": "x"}, {"value": "\0"}],
)
def test_odd_queries_are_answered(desk: Client, query: dict[str, str]) -> None:
    assert desk.get(reverse("list", args=["blocked_cards"]), query).status_code == 200


def test_a_file_is_seen_before_it_counts(desk: Client) -> None:
    file = io.BytesIO(b"value,expires_at\na,2999-01-01\nb,never\n")
    file.name = "cards.csv"
    address = reverse("list_import_new", args=["blocked_cards"])
    assert desk.get(address).status_code == 200
    sent = {"file": file, "reason": "police", "expires_on": last_day()}
    assert desk.post(address, sent).status_code == 302
    kept = ListImport.objects.get()
    page = desk.get(reverse("list_import", args=[kept.pk])).content.decode()
    assert "cards.csv" in page
    assert not ListEntry.objects.exists()
    desk.post(reverse("list_import_confirm", args=[kept.pk]))
    assert ListEntry.objects.count() == 1
    desk.post(reverse("list_import_revert", args=[kept.pk]), {"reason": "wrong"})
    assert Proposal.objects.get().kind == "release_listed"


def test_a_file_that_cannot_be_read_is_told(desk: Client) -> None:
    file = io.BytesIO(b"\xff\xfe\x00")
    file.name = "x"
    sent = {"file": file, "reason": "r", "expires_on": last_day()}
    found = desk.post(reverse("list_import_new", args=["blocked_cards"]), sent)
    assert found.status_code == 422
    assert not ListImport.objects.exists()


def test_off_a_black_list_is_proposed(desk: Client, ann: Operator) -> None:
    (made,) = add_entries(ann, "blocked_cards", [entry("a")])
    address = reverse("list_end", args=["blocked_cards"])
    desk.post(address, {"picked": [made.pk, "x", "-1"], "reason": "found"})
    assert Proposal.objects.get().content["picked"] == [made.pk]
    desk.post(address, {"picked": [], "reason": "found"})
    desk.post(address, {"picked": [made.pk], "reason": ""})
    assert Proposal.objects.count() == 1


def test_unknown_lists_and_entries_are_not_there(desk: Client) -> None:
    assert desk.get(reverse("list", args=["nothing"])).status_code == 404
    assert desk.get(reverse("list_entry", args=[1])).status_code == 404
    assert desk.get(reverse("list_import", args=[1])).status_code == 404


def test_a_page_of_a_long_list_needs_few_queries(
    desk: Client, ann: Operator, django_assert_max_num_queries: object
) -> None:
    add_entries(ann, "blocked_cards", [entry(f"card-{n}") for n in range(300)])
    with django_assert_max_num_queries(15):  # type: ignore[operator]
        found = desk.get(reverse("list", args=["blocked_cards"]))
    assert len(found.context["page"].rows) == 50
    assert views.PICKED_MAX >= 50
