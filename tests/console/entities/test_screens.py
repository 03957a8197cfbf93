"""The screens of entities: what they show, what they hide, and to whom they are shown."""

import re
from collections.abc import Callable
from html import unescape

import pytest
from django.db import connection
from django.urls import reverse
from django.utils import timezone
from tests.console.entities.conftest import COUNT
from tests.console.operators import Browser

from fengkong.console.accounts.models import Operator
from fengkong.console.alerts.models import Alert
from fengkong.console.cases.models import Case
from fengkong.console.cases.notes import write_note
from fengkong.console.entities import twin
from fengkong.console.entities.drawing import Line, Place
from fengkong.console.entities.naming import Named
from fengkong.console.entities.picture import Node
from fengkong.console.entities.templatetags.entities import graph_lines, graph_nodes
from fengkong.console.insiders.models import LookUp

Index = Callable[[str, str], str]
SignedIn = Callable[..., Browser]


def page(browser: Browser, address: str, status: int = 200) -> str:
    answer = browser.get(address)
    assert answer.status_code == status, address
    return str(answer.content.decode())


def test_a_device_shows_who_used_it(index: Index, signed_in: SignedIn) -> None:
    analyst = signed_in("analyst")
    text = page(analyst, reverse("entities:entity", args=["device", index("device", "dev-0")]))
    for number in range(7):
        assert (
            reverse("entities:entity", args=["customer", index("customer", f"C{number}")]) in text
        )
    assert f">{COUNT // 3}<" in text
    assert "dev-0" not in text  # a device leads to a person: it is masked


def test_identifiers_are_masked_on_every_page(index: Index, signed_in: SignedIn) -> None:
    analyst = signed_in("analyst")
    subject = index("customer", "C3")
    pages = [
        reverse("entities:entity", args=["customer", subject]),
        reverse("entities:money", args=["customer", subject]),
        reverse("entities:features", args=["customer", subject]),
        f"{reverse('entities:graph')}?subject={subject}&hubs=show",
        f"{reverse('entities:graph')}?subject={subject}&part=1",
    ]
    for address in pages:
        text = page(analyst, address)
        for clear in ("13800000003", "203.0.113.7", "PAYEE-1-0001", "dev-0", "card-3"):
            assert clear not in text, (address, clear)
    assert "203.0.*.*" in page(analyst, pages[3])


def test_money_goes_to_whom_it_went(index: Index, signed_in: SignedIn) -> None:
    text = page(
        signed_in("analyst"),
        reverse("entities:money", args=["account", index("account", "PAYEE-0-0001")]),
    )
    payers = {f"ACC-00{number % 7}" for number in range(0, COUNT, 2)}
    for account in payers:
        assert reverse("entities:entity", args=["account", index("account", account)]) in text


def test_features_are_those_over_this_kind(index: Index, signed_in: SignedIn) -> None:
    text = page(
        signed_in("analyst"), reverse("entities:features", args=["card", index("card", "card-1")])
    )
    assert "card_count_1h" in text
    assert "device_card_distinct_7d" not in text


def test_the_table_beside_a_graph_has_each_entity_once_over_its_pages(
    index: Index, signed_in: SignedIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    analyst, subject = signed_in("analyst"), index("customer", "C3")
    asked = f"{reverse('entities:graph')}?subject={subject}&hubs=show&open={subject}"
    monkeypatch.setattr(twin, "ROWS_A_PAGE", 7)
    whole = page(analyst, asked)
    drawn = re.findall(r'class="en-node [^>]*href="([^"]+)"', whole)
    assert len(set(drawn)) == len(drawn) > 7
    listed, address, pages = [], f"{asked}&rows=1", 0
    while address:
        rows = page(analyst, f"{address}&part=rows")
        assert '<svg class="en-net' not in rows
        assert "data-turned" in rows
        listed += re.findall(r'<td class="fk-mono"><a data-drawer href="([^"]+)"', rows)
        following = re.search(r'rel="next" href="([^"]+)"', rows)
        address, pages = unescape(following[1]) if following else "", pages + 1
    assert listed == drawn
    assert pages == -(-len(drawn) // 7)
    without_script = page(analyst, f"{asked}&rows=2")
    assert 'class="fk-chart-table en-table" open' in without_script
    assert listed[7] in without_script
    assert page(analyst, f"{asked}&rows=999&part=rows").count("<tr>") > 1


def test_five_hundred_entities_are_drawn_in_few_bytes() -> None:
    name = Named(kind="device", entity="a" * 32, name="a" * 8)
    at = timezone.now()
    node = Node(
        key=1, named=name, place=Place(x=123.4, y=456.7, radius=7.0), hops=2, degree=3,
        is_focus=False, is_hub=False, is_fraud=True, alerts=2, labelled=False, key_is_opened=False,
        first=at, newest=at,
    )  # fmt: skip
    line = Line(x1=123.4, y1=456.7, x2=234.5, y2=345.6, first_h=491_000, newest_h=491_000)
    drawn = graph_nodes([node] * 500) + graph_lines([line] * 700)
    assert len(drawn.encode()) < 350_000


def test_an_entity_nobody_saw_is_not_found(index: Index, signed_in: SignedIn) -> None:
    analyst = signed_in("analyst")
    page(analyst, reverse("entities:entity", args=["device", index("device", "never")]), 404)
    page(analyst, reverse("entities:entity", args=["card", index("device", "dev-0")]), 404)
    page(analyst, f"{reverse('entities:graph')}?subject=nonsense", 404)


@pytest.mark.parametrize(
    "typed",
    ["device:dev-1", "dev-1", "+86 138 0000 0004", "１３８０００００００４", "C4"],
)
def test_whoever_types_an_identifier_finds_the_entity(
    index: Index, signed_in: SignedIn, typed: str
) -> None:
    analyst = signed_in("analyst")
    kind, value = {"d": ("device", "dev-1"), "C": ("customer", "C4")}.get(
        typed[0], ("phone", "+8613800000004")
    )
    address = reverse("entities:entity", args=[kind, index(kind, value)])
    for place in ("search", "entities:find"):
        answer = analyst.post(reverse(place), {"q": typed})
        assert address in answer.content.decode()
    assert LookUp.objects.filter(what="search").exists()
    assert not LookUp.objects.filter(last_target__contains=typed).exists()


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("åsa chen-4", ("customer", "C4")),
        ("ÅＳＡ\u3000Chen-4 ", ("customer", "C4")),
        ("陳小美", ("account", "PAYEE-0-0001")),
    ],
)
def test_a_person_is_found_by_the_whole_name(
    index: Index, signed_in: SignedIn, typed: str, found: tuple[str, str]
) -> None:
    analyst = signed_in("analyst")
    text = analyst.post(reverse("entities:find"), {"q": typed}).content.decode()
    assert reverse("entities:entity", args=[found[0], index(*found)]) in text
    assert "同名" in text
    part = analyst.post(reverse("entities:find"), {"q": typed.strip()[:-1]}).content.decode()
    assert "同名" not in part


def test_names_stand_nowhere_in_the_read_model(index: Index) -> None:
    for table in connection.introspection.table_names():
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT * FROM {table}")
            content = repr(cursor.fetchall()).casefold()
        assert "åsa" not in content, table
        assert "陳小" not in content, table


def test_a_search_finds_nothing_for_those_who_may_see_nothing(
    index: Index, signed_in: SignedIn
) -> None:
    answer = signed_in("system_admin").post(reverse("search"), {"q": "C4"})
    assert "/entities/customer/" not in answer.content.decode()


def test_decisions_are_found_by_event_and_by_number(index: Index, signed_in: SignedIn) -> None:
    analyst = signed_in("analyst")
    for typed in ("p-000003", "5"):
        answer = analyst.post(reverse("search"), {"q": typed})
        assert "/decisions/" in answer.content.decode()


def test_the_box_finds_rules_lists_operators_alerts_and_notes(
    index: Index, signed_in: SignedIn, make_operator: Callable[..., Operator]
) -> None:
    case = Case.objects.create(typology="other", opened_by="a", due_at=timezone.now())
    write_note(make_operator("analyst"), str(case.pk), "谈及陈小姐的手机 <script>alert(1)</script>")
    analyst, alert = signed_in("analyst", "compliance_officer"), Alert.objects.first()
    assert alert is not None, "fast payments make alerts"
    sought = {
        "fast": "?rule=fast",
        "blocked": reverse("list", args=["blocked_devices"]),
        "compliance": "/people/",
        alert.pk[:10]: reverse("alerts:alert", args=[alert.pk]),
        "陈小姐": reverse("cases:case", args=[case.pk]),
        "盗刷": "?typology=stolen_card",
        "Stolen CARD": "?typology=stolen_card",
    }
    for typed, address in sought.items():
        found = analyst.post(reverse("search"), {"q": typed}).content.decode()
        assert address in found, typed
    hostile = analyst.post(reverse("entities:find"), {"q": "<script>alert(1)</script>"})
    assert "<script>alert(1)" not in hostile.content.decode()
    outsider = signed_in("system_admin").post(reverse("search"), {"q": "陈小姐"})
    assert reverse("cases:case", args=[case.pk]) not in outsider.content.decode()
