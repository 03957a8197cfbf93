"""The console's components: ``{% load fk %}``. Each is shown on the gallery page.

Blocks open and close (``{% listing %} ... {% endlisting %}``), everything else is one tag. All
text that a tag is given is escaped; what stands inside of a block is a template's own markup.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django import template
from django.forms import BoundField
from django.middleware.csrf import get_token
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import conditional_escape, format_html, json_script
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from fengkong.console.shell import figures, spoken
from fengkong.console.shell.charts import Chart, sparkline_points
from fengkong.console.shell.outcomes import LAMPS, OUTCOMES, STATES
from fengkong.console.shell.paging import Page
from fengkong.console.shell.sheets import Sheet

register = template.Library()
register.simple_tag(spoken.said, name="words")
register.simple_tag(spoken.field_title)

SPARK_WIDTH, SPARK_HEIGHT = 120, 32


# -- words and figures ---------------------------------------------------------------------------


@register.simple_tag
def icon(name: str, title: str = "", classes: str = "") -> SafeString:
    """A Tabler icon of the sprite; with a title it says something, without it decorates."""
    source = static("shell/signs.svg" if name.startswith("lamp-") else "vendor/icons.svg")
    if title:
        return format_html(
            '<svg class="icon {}" role="img" aria-label="{}"><use href="{}#{}"/></svg>',
            *(classes, title, source, name),
        )
    return format_html(
        '<svg class="icon {}" aria-hidden="true"><use href="{}#{}"/></svg>', classes, source, name
    )


@register.simple_tag
def outcome(name: str | None) -> SafeString:
    """The badge of an outcome: shape, colour and word."""
    sign = OUTCOMES.get(name or "")
    if sign is None:
        return format_html('<span class="fk-badge fk-grey">{}</span>', name or figures.NOTHING)
    return format_html(
        '<span class="fk-badge fk-{}">{}{}</span>', sign.tone, icon(sign.icon), sign.title
    )


@register.simple_tag
def lamp(name: str, text: str = "") -> SafeString:
    """A lamp (ok, notice, warning, critical, unknown) with its word, or with another text."""
    sign = LAMPS.get(name) or LAMPS["unknown"]
    return format_html(
        '<span class="fk-lamp fk-{}">{}<span>{}</span></span>',
        *(sign.tone, icon(sign.icon), text or sign.title),
    )


@register.simple_tag
def badge(text: object, tone: str = "grey") -> SafeString:
    """A badge of a tone: blue, green, amber, yellow, orange, red, violet, teal, grey."""
    return format_html('<span class="fk-badge fk-{}">{}</span>', tone, text)


@register.simple_tag
def state(name: str, text: object) -> SafeString:
    """A badge of a state such as draft or live, in the tone that the state has everywhere."""
    return format_html(
        '<span class="fk-badge fk-{}">{}</span>', STATES.get(name.lower(), "grey"), text
    )


@register.simple_tag
def money(amount_minor: int | None, currency: str = "CNY") -> SafeString:
    """An exact amount of minor units."""
    text = figures.money_text(amount_minor, currency=currency)
    return format_html('<span class="fk-num">{}</span>', text)


@register.simple_tag
def short_money(amount_minor: int | None, currency: str = "CNY") -> SafeString:
    """An amount at a glance, in 万 and 亿 or in K, M and B; the exact one is its title."""
    shown = figures.short_money_text(
        amount_minor, currency=currency, language=figures.reading_language()
    )
    exact = figures.money_text(amount_minor, currency=currency)
    return format_html('<span class="fk-num" title="{}">{}</span>', exact, shown)


@register.simple_tag
def number(count: int | None) -> SafeString:
    """A whole number with separators."""
    return format_html('<span class="fk-num">{}</span>', figures.count_text(count))


@register.simple_tag
def short_number(value: float | None) -> SafeString:
    """A number at a glance; the exact one is its title."""
    shown = figures.short_text(value, language=figures.reading_language())
    return format_html('<span class="fk-num" title="{}">{}</span>', _exact(value), shown)


@register.simple_tag
def share(value: float | None, digits: int = 1) -> SafeString:
    """A share of one as a percentage."""
    text = figures.share_text(value, digits=digits)
    return format_html('<span class="fk-num">{}</span>', text)


@register.simple_tag
def duration(seconds: float | timedelta | None) -> SafeString:
    """A length of time, given in seconds."""
    length = seconds.total_seconds() if isinstance(seconds, timedelta) else seconds
    text = figures.duration_text(length, language=figures.reading_language())
    return format_html('<span class="fk-num">{}</span>', text)


@register.simple_tag
def moment(instant: datetime | None) -> SafeString:
    """Date and time of day to the second, in the operator's time zone."""
    if instant is None:
        return format_html("<span>{}</span>", figures.NOTHING)
    local = timezone.localtime(instant)
    return format_html(
        '<time class="fk-num" datetime="{}">{}</time>', instant.isoformat(), f"{local:%F %T}"
    )


@register.simple_tag
def day(instant: datetime | None) -> SafeString:
    """The day, in the operator's time zone."""
    if instant is None:
        return format_html("<span>{}</span>", figures.NOTHING)
    local = timezone.localtime(instant)
    return format_html('<time class="fk-num" datetime="{}">{}</time>', f"{local:%F}", f"{local:%F}")


@register.simple_tag
def ago(instant: datetime | None) -> SafeString:
    """How long ago something was; the page keeps it true, and the exact time is its title."""
    if instant is None:
        return format_html("<span>{}</span>", figures.NOTHING)
    seconds = (timezone.now() - instant).total_seconds()
    length = figures.duration_text(max(seconds, 1), language=figures.reading_language())
    local = timezone.localtime(instant)
    return format_html(
        '<time class="fk-num" data-ago datetime="{}" title="{}">{}</time>',
        *(instant.isoformat(), f"{local:%F %T}", _("%(length)s ago") % {"length": length}),
    )


@register.simple_tag
def spark(values: Sequence[float | None], title: str = "") -> SafeString:
    """A sparkline, newest at the right; its title says what it shows."""
    points = sparkline_points(values, width=SPARK_WIDTH, height=SPARK_HEIGHT)
    if not points:
        return SafeString("")
    label = format_html('role="img" aria-label="{}"', title) if title else 'aria-hidden="true"'
    return format_html(
        '<svg class="fk-spark" viewBox="0 0 {} {}" preserveAspectRatio="none" {}>'
        '<polyline points="{}"/></svg>',
        *(SPARK_WIDTH, SPARK_HEIGHT, mark_safe(label), points),  # noqa: S308 - escaped above
    )


# -- the page ------------------------------------------------------------------------------------


@register.simple_block_tag(takes_context=True)
def page_head(
    context: template.Context, content: str, title: object, subtitle: object = ""
) -> SafeString:
    """The page's heading; inside stand the buttons of the page."""
    return _part("page_head", content=content, title=title, subtitle=subtitle, of=context)


@register.simple_tag
def crumb(title: object, address: str = "") -> SafeString:
    """One step of the way to this page; the last has no address."""
    if not address:
        return format_html('<li class="breadcrumb-item active" aria-current="page">{}</li>', title)
    return format_html('<li class="breadcrumb-item"><a href="{}">{}</a></li>', address, title)


@register.simple_block_tag
def tabs(content: str, label: object) -> SafeString:
    """A row of tabs, each a page of its own; inside stand ``{% tab %}``."""
    return format_html(
        '<nav class="fk-tabs" aria-label="{}"><ul class="nav nav-tabs">{}</ul></nav>',
        *(label, mark_safe(content)),  # noqa: S308 - the template's own markup
    )


@register.simple_tag
def tab(
    title: object, address: str, *, active: bool = False, count: int | None = None
) -> SafeString:
    """A tab with its address, and how many things are behind it."""
    more = (
        format_html(' <span class="fk-count">{}</span>', f"{count:,}") if count is not None else ""
    )
    current = ' aria-current="page"' if active else ""
    return format_html(
        '<li class="nav-item"><a class="nav-link{}" href="{}"{}>{}{}</a></li>',
        " active" if active else "",
        address,
        mark_safe(current),  # noqa: S308 - a constant
        title,
        more,
    )


@register.simple_tag
def empty_state(title: object, hint: object = "", icon_name: str = "inbox") -> SafeString:
    """What stands where there is nothing: what is missing, and what to do."""
    return _part("empty_state", title=title, hint=hint, icon_name=icon_name)


@register.simple_block_tag
def section(
    content: str,
    title: object = "",
    *,
    opened: bool = True,
    folds: bool = False,
) -> SafeString:
    """A framed part of a page with its heading; ``folds=True`` lets readers close it."""
    return _part("section", content=content, title=title, is_open=opened, folds=folds)


@register.simple_block_tag
def notice(content: str, tone: str = "blue", title: object = "") -> SafeString:
    """A remark in the page: blue tells, amber warns, red is wrong, green is well."""
    names = {"blue": "info-circle", "amber": "alert-triangle", "red": "alert-octagon"}
    return _part(
        "notice", content=content, title=title, tone=tone, icon_name=names.get(tone, "circle-check")
    )


# -- figures on a page ---------------------------------------------------------------------------


@register.simple_block_tag
def cards(content: str) -> SafeString:
    """A row of cards."""
    return format_html('<div class="fk-cards">{}</div>', mark_safe(content))  # noqa: S308


@register.simple_tag
def card(title: object, value: object, **more: Any) -> SafeString:
    """A figure: what it is, how large, how it changed, how it went, how well that is.

    `value` is text or a component (``{% short_money x as y %}``). More may be given: `href` lists
    exactly what was counted; `change` a relative change and `better` which way is good (up, down,
    or empty for neither); `than` what it is compared with; `values` the sparkline; `lamp_name`
    with `lamp_text`; `fresh` when it was counted; `hint` one line on what it means.
    """
    known = {
        "href",
        "change",
        "better",
        "than",
        "values",
        "lamp_name",
        "lamp_text",
        "fresh",
        "hint",
    }
    assert set(more) <= known, f"a card knows {sorted(known)}"
    change, better = more.get("change"), more.get("better", "")
    tone, arrow = "grey", ""
    if change is not None and abs(change) >= 0.0005:
        arrow = "trending-up" if change > 0 else "trending-down"
        if better:
            tone = "green" if (change > 0) == (better == "up") else "red"
    return _part(
        "card",
        **(more | {"title": title, "value": value, "change_tone": tone, "arrow": arrow}),
        change_text=figures.change_text(change) if change is not None else "",
    )


@register.simple_tag
def chart(drawn: Chart) -> SafeString:
    """A chart with its table twin."""
    language = figures.reading_language()
    return _part(
        "chart",
        chart=drawn,
        data=json_script(drawn.drawing(language=language)),
        rows=drawn.table(language=language),
    )


@register.simple_block_tag
def facts(content: str, columns: int = 2) -> SafeString:
    """A list of facts, one ``{% fact %}`` each."""
    return format_html(
        '<dl class="fk-facts fk-facts-{}">{}</dl>',
        columns,
        mark_safe(content),  # noqa: S308
    )


@register.simple_tag
def fact(title: object, value: object) -> SafeString:
    """A fact: what it is, and what it is here; nothing shows as a dash."""
    shown = figures.NOTHING if value is None or value == "" else value
    return format_html("<div><dt>{}</dt><dd>{}</dd></div>", title, shown)


# -- lists ---------------------------------------------------------------------------------------


@register.simple_block_tag(takes_context=True)
def query_form(
    context: template.Context, content: str, form: Any = None, more: int = 4
) -> SafeString:
    """The query above a list: GET, so that the address is the query.

    A Django form's fields are shown, the first `more` always, the others on demand (and whenever
    one of them is filled in); what stands inside follows them.
    """
    fields = list(form.visible_fields()) if form is not None else []
    rest = fields[more:]
    return _part(
        "query_form",
        content=content,
        form=form,
        first=fields[:more],
        rest=rest,
        of=context,
        rest_open=any(field.value() not in (None, "", []) for field in rest),
    )


@register.simple_block_tag
def listing(
    content: str, title: object, total: int | None = None, *, key: str = "list"
) -> SafeString:
    """A list's frame: title and total count, toolbar at the right, table, pager."""
    text = figures.count_text(total)
    return _part("listing", content=content, title=title, total=total, total_text=text, key=key)


@register.simple_block_tag
def toolbar(content: str) -> SafeString:
    """The buttons of a list, at its right; they stand first inside of a listing."""
    return format_html('<div class="fk-toolbar">{}</div>', mark_safe(content))  # noqa: S308


@register.simple_block_tag
def data_table(content: str, caption: object) -> SafeString:
    """A table with a sticky head; inside stand ``<thead>`` and ``<tbody>``."""
    return _part("data_table", content=content, caption=caption)


@register.simple_tag
def sheet(one: Sheet) -> SafeString:
    """A table of figures that is also written as a file."""
    links = one.links or [""] * len(one.rows)
    kinds = [column.numeric for column in one.columns]
    rows = [
        {
            "link": link,
            "cells": [
                {"text": text, "numeric": numeric}
                for text, numeric in zip(cells, kinds, strict=True)
            ],
        }
        for cells, link in zip(one.cells(), links, strict=True)
    ]
    return _part("sheet", sheet=one, rows=rows)


@register.simple_tag(takes_context=True)
def head(
    context: template.Context, title: object, sort: str = "", *, numeric: bool = False
) -> SafeString:
    """A column's head; with `sort` it is a link that sorts, and turns the order."""
    classes = "fk-num-cell" if numeric else ""
    if not sort:
        return format_html('<th scope="col" class="{}">{}</th>', classes, title)
    request = context["request"]
    now = request.GET.get("sort", "")
    query = {k: v for k, v in request.GET.lists() if k not in {"sort", "after", "before"}}
    query["sort"] = [f"-{sort}" if now == sort else sort]
    order = {sort: "ascending", f"-{sort}": "descending"}.get(now, "none")
    arrow = {"ascending": "arrow-narrow-up", "descending": "arrow-narrow-down"}.get(
        order, "arrows-sort"
    )
    return format_html(
        '<th scope="col" class="{}" aria-sort="{}"><a class="fk-sort" href="?{}">{}{}</a></th>',
        *(classes, order, urlencode(query, doseq=True), title, icon(arrow)),
    )


@register.simple_tag
def head_actions() -> SafeString:
    """The head of the last column, that of the actions."""
    return format_html('<th scope="col" class="fk-actions">{}</th>', _("Actions"))


@register.simple_tag
def head_pick() -> SafeString:
    """The head of the first column, where rows are picked: it picks all of the page."""
    return format_html(
        '<th scope="col" class="fk-pick"><input type="checkbox" class="form-check-input" '
        'data-pick-all aria-label="{}"></th>',
        _("Select all of this page"),
    )


@register.simple_tag
def pick(value: object, label: object, form: str = "batch", name: str = "picked") -> SafeString:
    """The box that picks a row for the batch bar of a form."""
    return format_html(
        '<td class="fk-pick"><input type="checkbox" class="form-check-input" data-pick '
        'form="{}" name="{}" value="{}" aria-label="{}"></td>',
        *(form, name, value, _("Select %(what)s") % {"what": label}),
    )


@register.simple_block_tag(takes_context=True)
def batch_bar(
    context: template.Context, content: str, action: str, form: str = "batch"
) -> SafeString:
    """What can be done with the picked rows: a form (POST to `action`) with buttons inside."""
    return _part("batch_bar", content=content, action=action, form=form, of=context)


@register.simple_tag
def pager(page: Page) -> SafeString:
    """Previous and next page, by cursor."""
    return _part("pager", page=page)


@register.simple_block_tag
def drawer_link(content: str, address: str, classes: str = "") -> SafeString:
    """A link that opens a page in the drawer; without scripts it goes there."""
    return format_html(
        '<a href="{}" class="{}" data-drawer>{}</a>',
        address,
        classes,
        mark_safe(content),  # noqa: S308
    )


# -- forms ---------------------------------------------------------------------------------------


@register.simple_tag
def field(bound: BoundField, *, inline: bool = False, placeholder: str = "") -> SafeString:
    """A form's field: label, control, help, and what is wrong with it."""
    kind = getattr(bound.field.widget, "input_type", "")
    many = kind in {"radio", "checkbox"} and hasattr(bound.field.widget, "option_template_name")
    # The class of many boxes would stand on what is around them as well.
    attrs: dict[str, str | bool] = {} if many else {"class": _control_class(bound, kind)}
    described = []
    if bound.help_text:
        described.append(f"{bound.auto_id}_help")
    if bound.errors:
        attrs["aria-invalid"] = "true"
        described.append(f"{bound.auto_id}_faults")
    if described:
        attrs["aria-describedby"] = " ".join(described)
    if placeholder:
        attrs["placeholder"] = placeholder
    return _part(
        "field",
        bound=bound,
        control=bound.as_widget(attrs=attrs),
        many=many,
        box=kind == "checkbox" and not many,
        inline=inline,
    )


@register.simple_tag
def form_faults(form: Any) -> SafeString:
    """What is wrong with a form: all of it, with links to the fields."""
    if not form.errors:
        return SafeString("")
    return _part("form_faults", form=form, bad=[f for f in form.visible_fields() if f.errors])


@register.simple_tag
def form_fields(form: Any) -> SafeString:
    """All fields of a form, what is wrong with it first."""
    hidden = "".join(str(f) for f in form.hidden_fields())
    shown = "".join(field(f) for f in form.visible_fields())
    return mark_safe(form_faults(form) + hidden + shown)  # noqa: S308 - made of components


@register.simple_block_tag(takes_context=True)
def act_button(
    context: template.Context,
    content: str,
    action: str,
    *,
    confirm: object = "",
    tone: str = "",
    name: str = "",
    value: str = "",
) -> SafeString:
    """A button that does one thing: a form of its own (POST); `confirm` asks before."""
    return _part(
        "act_button",
        content=content,
        action=action,
        confirm=confirm,
        tone=tone,
        name=name,
        value=value,
        of=context,
    )


def _control_class(bound: BoundField, kind: str) -> str:
    base = "form-control"
    if kind == "select":
        base = "form-select"
    elif kind in {"radio", "checkbox"}:
        base = "form-check-input"
    return f"{base} is-invalid" if bound.errors else base


def _exact(value: float | None) -> str:
    if value is None:
        return figures.NOTHING
    return f"{value:,}" if isinstance(value, int) else f"{value:,.4f}"


def _part(name: str, /, *, of: template.Context | None = None, **context: Any) -> SafeString:
    shown: dict[str, Any] = dict(context)
    if "content" in context:  # a block's inner markup was rendered, and escaped, by its template
        shown |= {"content": mark_safe(conditional_escape(context["content"]))}  # noqa: S308
    if of is not None and (request := of.get("request")) is not None:
        # Not a RequestContext: the frame's own context is asked for once a page, not once a part.
        shown |= {"request": request, "csrf_token": get_token(request)}
    return render_to_string(f"shell/parts/{name}.html", shown)
