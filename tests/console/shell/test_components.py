"""Components as templates use them: what they say, and that no text becomes markup."""

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django import forms
from django.template import Context, Template
from django.test import RequestFactory
from django.utils import timezone, translation

from fengkong.console.shell.charts import KINDS, Chart, Series, sparkline_points
from fengkong.console.shell.outcomes import LAMPS, OUTCOMES
from fengkong.console.shell.paging import Page
from fengkong.console.shell.told_errors import told_error
from fengkong.core.money import UnknownCurrencyError

HOSTILE = "<img src=x onerror=alert(1)>\"'&</script>"
BARE = re.compile(r"<img src=x|onerror=alert\(1\)>[\"']|</script><")


def shown(source: str, *, language: str = "en", address: str = "/", **context: Any) -> str:
    request = RequestFactory().get(address)
    with translation.override("zh-hans" if language == "zh" else language):
        return Template("{% load fk %}" + source).render(Context(context | {"request": request}))


@pytest.mark.parametrize(
    ("source", "chinese", "english"),
    [
        ("{% outcome 'deny' %}", "拒绝", "Deny"),
        ("{% outcome 'review' %}", "人工审核", "Review"),
        ("{% lamp 'critical' %}", "严重", "Critical"),
        ("{% short_money 123456789012 %}", "¥12.3亿", "¥1.23B"),
        ("{% money 12345 'JPY' %}", "JP¥12,345", "JP¥12,345"),
        ("{% short_number 12345 %}", "1.23万", "12.3K"),
        ("{% share 0.5 %}", "50.0%", "50.0%"),
        ("{% duration 7500 %}", "2小时5分", "2 h 5 min"),
        ("{% moment at %}", "2026-03-01 20:00:05", "2026-03-01 20:00:05"),
        ("{% day at %}", "2026-03-01", "2026-03-01"),
        ("{% moment nothing %}", "–", "–"),
        ("{% listing 't' total=3 %}{% endlisting %}", "共 3 条", "3 rows"),
        ("{% listing 't' total=1 %}{% endlisting %}", "共 1 条", "1 row"),
        ("{% listing 't' total=1234567 %}{% endlisting %}", "共 1,234,567 条", "1,234,567 rows"),
    ],
)
def test_what_is_shown(source: str, chinese: str, english: str) -> None:
    context = {"at": datetime(2026, 3, 1, 12, 0, 5, tzinfo=UTC), "nothing": None}
    assert chinese in shown(source, language="zh", **context)
    assert english in shown(source, language="en", **context)


def test_ages_are_told_and_exact() -> None:
    at = timezone.now() - timedelta(hours=2, minutes=5)
    text = shown("{% ago at %}", at=at)
    assert "2 h 5 min ago" in text
    assert f'datetime="{at.isoformat()}"' in text


@pytest.mark.parametrize("name", [*OUTCOMES, "unheard_of"])
def test_an_outcome_has_a_shape_beside_its_colour(name: str) -> None:
    text = shown("{% outcome name %}", name=name)
    assert ("<svg" in text) == (name in OUTCOMES)


def test_lamps_differ_in_shape() -> None:
    """But for the levels of early warning: shapes of others in colours of their own."""
    others = {name: sign for name, sign in LAMPS.items() if not name.startswith("level_")}
    assert len({sign.icon for sign in others.values()}) == len(others)
    assert {sign.icon for sign in LAMPS.values()} == {sign.icon for sign in others.values()}


HOSTILE_USES = [
    "{% icon 'x' h %}",
    "{% outcome h %}",
    "{% lamp 'ok' h %}",
    "{% badge h %}",
    "{% state h h %}",
    "{% page_head h h %}{{ h }}{% endpage_head %}",
    "{% crumb h h %}{% crumb h %}",
    "{% tabs h %}{% tab h h count=3 %}{% endtabs %}",
    "{% empty_state h h %}",
    "{% section h %}{{ h }}{% endsection %}",
    "{% notice 'red' h %}{{ h }}{% endnotice %}",
    "{% card h h href=h than=h lamp_name='ok' lamp_text=h hint=h %}",
    "{% facts %}{% fact h h %}{% endfacts %}",
    "{% listing h total=1 %}{{ h }}{% endlisting %}",
    "{% data_table h %}<tr>{% head h sort='a' %}{% pick h h %}</tr>{% enddata_table %}",
    "{% drawer_link h %}{{ h }}{% enddrawer_link %}",
    "{% batch_bar h %}{{ h }}{% endbatch_bar %}",
    "{% act_button h confirm=h name=h value=h %}{{ h }}{% endact_button %}",
    "{% query_form form %}{{ h }}{% endquery_form %}",
    "{% form_fields form %}",
    "{% chart chart %}",
    "{% spark values h %}",
    "{% pager page %}",
]


@pytest.mark.parametrize("source", HOSTILE_USES)
def test_text_stays_text(source: str) -> None:
    class HostileForm(forms.Form):
        a = forms.CharField(label=HOSTILE, help_text=HOSTILE, initial=HOSTILE)
        b = forms.ChoiceField(label=HOSTILE, choices=[(HOSTILE, HOSTILE)])

        def clean(self) -> None:
            raise forms.ValidationError(HOSTILE)

    chart = Chart(
        title=HOSTILE,
        kind="line",
        labels=[HOSTILE],
        series=[Series(HOSTILE, [1])],
        label_title=HOSTILE,
        notes=HOSTILE,
        limit=1,
        limit_title=HOSTILE,
    )
    text = shown(
        source,
        h=HOSTILE,
        form=HostileForm({"a": HOSTILE, "b": HOSTILE}),
        chart=chart,
        values=[1, 2],
        page=Page(rows=[], total=None, previous=HOSTILE, following=HOSTILE),
    )
    assert not BARE.search(text), text


def test_a_card_says_what_is_good() -> None:
    def tone(change: float, better: str) -> str:
        text = shown("{% card 'a' 'b' change=c better=d %}", c=change, d=better)
        found = re.search(r"fk-text-(\w+)", text)
        assert found is not None
        return found[1]

    assert tone(0.1, "up") == tone(-0.1, "down") == "green"
    assert tone(0.1, "down") == tone(-0.1, "up") == "red"
    assert tone(0.1, "") == tone(0.0001, "up") == "grey"


def test_a_head_sorts_and_turns() -> None:
    source = "{% head 'Time' sort='at' %}"
    first = shown(source, address="/x/?q=1&after=abc")
    assert 'href="?q=1&amp;sort=at"' in first
    assert 'aria-sort="none"' in first
    assert 'href="?sort=-at"' in shown(source, address="/x/?sort=at")
    assert 'aria-sort="ascending"' in shown(source, address="/x/?sort=at")
    assert 'aria-sort="descending"' in shown(source, address="/x/?sort=-at")


def test_a_query_shows_conditions_that_are_filled_in() -> None:
    class Query(forms.Form):
        a = forms.CharField(required=False)
        b = forms.CharField(required=False)

    source = "{% query_form form more=1 %}{% endquery_form %}"
    assert "<details" in shown(source, form=Query({}))
    assert " open>" not in shown(source, form=Query({}))
    assert " open>" in shown(source, form=Query({"b": "1"}))


def test_faults_are_bound_to_their_fields() -> None:
    class Form(forms.Form):
        day = forms.DateField(label="Day", help_text="When")

    text = shown("{% form_fields form %}", form=Form({"day": "x"}))
    assert 'aria-invalid="true"' in text
    assert 'aria-describedby="id_day_help id_day_faults"' in text
    assert 'id="id_day_faults"' in text
    assert '<a href="#id_day">Day</a>' in text


@pytest.mark.parametrize("kind", KINDS)
def test_a_chart_has_a_table_that_says_the_same(kind: str) -> None:
    chart = Chart(
        title="Amounts",
        kind=kind,
        labels=["a", "b"],
        unit="money",
        series=[Series("Paid", [123_456, None]), Series("Owed", [5, -7])],
    )
    text = shown("{% chart chart %}", chart=chart)
    found = re.search(r"<script type=\"application/json\">(.*?)</script>", text, re.DOTALL)
    assert found is not None
    drawing = json.loads(found[1])
    cells = re.findall(r"<td[^>]*>(.*?)</td>", text)
    written = [series["written"][row] for row in range(2) for series in drawing["series"]]
    assert cells == written == ["¥1,234.56", "¥0.05", "–", "−¥0.07"]
    assert re.findall(r'<th scope="row">(.*?)</th>', text) == ["a", "b"]


def test_series_must_fit_their_labels() -> None:
    with pytest.raises(AssertionError):
        Chart(title="x", kind="line", labels=["a"], series=[Series("s", [1, 2])])


def test_a_sparkline_stays_inside_and_rises_with_the_values() -> None:
    points = [
        tuple(map(float, point.split(",")))
        for point in sparkline_points([1, None, 3, 2], width=30, height=20).split()
    ]
    assert [x for x, _ in points] == [0, 20, 30]
    assert points[0][1] > points[2][1] > points[1][1]
    assert all(0 <= y <= 20 for _, y in points)
    assert sparkline_points([1], width=30, height=20) == ""
    assert "nan" not in sparkline_points([4, 4, 4], width=30, height=20)


def test_many_boxes_are_a_group_with_a_legend() -> None:
    class Form(forms.Form):
        kinds = forms.MultipleChoiceField(
            label="Kinds", choices=[("a", "A"), ("b", "B")], widget=forms.CheckboxSelectMultiple
        )

    text = shown("{% field form.kinds %}", form=Form())
    assert "<fieldset" in text
    assert "Kinds" in text.split("<legend")[1].split("</legend>")[0]
    assert text.count('type="checkbox"') == 2
    assert "form-check-input" not in text


def test_errors_are_told_in_the_language_of_the_page() -> None:
    error = UnknownCurrencyError("unknown currency 'XXX'")
    with translation.override("en"):
        assert told_error(error) == "unknown currency 'XXX'"
    with translation.override("zh-hans"):
        assert told_error(error).startswith("币种不存在。请")
