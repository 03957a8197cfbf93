"""The report of a drill on paper: times, marks, what was missed, the last drill, the timeline."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.utils import timezone
from django.utils.translation import gettext as _

from fengkong.console.drills.models import DrillRun
from fengkong.console.drills.queries import room_of
from fengkong.console.incidents.models import IncidentTask
from fengkong.console.incidents.queries import told
from fengkong.console.incidents.starting import playbook_content
from fengkong.console.shell.figures import reading_language
from fengkong.console.shell.paper import page_source, pdf_of, quoted, table
from fengkong.console.shell.spoken import said

if TYPE_CHECKING:
    from datetime import datetime

    from fengkong.console.accounts.models import Operator
    from fengkong.core.bilingual import Language

ENTRIES_MAX: Final = 400
"""The most entries of the timeline on paper; the room has the others."""
_TEXT_MAX: Final = 300


def report_pdf(run: DrillRun, reader: Operator) -> bytes:
    """The report as a PDF; raises MissingFontError where Chinese cannot be printed."""
    language: Language = "zh" if reading_language() == "zh" else "en"
    return pdf_of(report_source(run, reader, language=language), language=language)


def report_source(run: DrillRun, reader: Operator, *, language: Language) -> str:
    """The report for Typst."""
    room = room_of(run)
    foot = f"{_('Drill report')} {run.pk} · {reader} · {_at(timezone.now())}"
    parts = [
        f'#set page(paper: "a4", margin: (x: 1.8cm, y: 1.8cm), footer: [#text(size: 7pt, '
        f"fill: luma(90), {quoted(foot)}) #h(1fr) #text(size: 7pt, fill: luma(90), "
        f"context counter(page).display())])",
        _head(run, room),
        _facts(run),
        _remarks(run, room),
        _marks(room),
        _missed(run, language),
        _attack(run, room),
        _review(room),
        _timeline(run, room),
    ]
    return page_source([part for part in parts if part], language=language)


def _head(run: DrillRun, room: dict[str, Any]) -> str:
    points = "–" if run.score is None else str(run.score["points"])
    change = room["change"]
    against = ""
    if change is not None:
        against = _("%(change)s against the last drill of this playbook, No. %(number)s") % {
            "change": f"{change:+d}",
            "number": room["before"].pk,
        }
    return (
        f"#grid(columns: (1fr, auto), align: (left + horizon, right + horizon),\n"
        f"  [#text(size: 17pt, weight: 600, {quoted(room['title'])}) \\ "
        f"#text(fill: luma(90), {quoted(_('Drill report'))}) #h(4pt) "
        f"#text(fill: luma(90), {quoted(f'No. {run.pk} · {run.get_state_display()}')})],\n"
        f"  box(fill: luma(240), inset: 9pt, radius: 4pt)[#text(size: 22pt, weight: 700, "
        f"{quoted(points)}) #h(4pt) #text({quoted(_('of 100'))})])\n"
        f"#par({quoted(room['scenario'])})\n#text(weight: 600, {quoted(against)})"
    )


def _facts(run: DrillRun) -> str:
    way = _("live, in a sandbox") if run.mode == "live" else _("on paper")
    rows = [
        (_("Playbook"), _playbook(run)),
        (_("Way"), way),
        (_("Policy"), run.policy_name),
        (_("Planned by"), str(run.planned_by)),
        (_("Began at"), _at(run.started_at)),
        (_("Ended"), _at(run.ended_at)),
        (_("Minutes of the script in a minute"), f"{run.pace:g}"),
    ]
    cells = ", ".join(f"text(fill: luma(90), {quoted(a)}), text({quoted(b)})" for a, b in rows)
    return f"#v(4pt)\n#grid(columns: (auto, 1fr), column-gutter: 10pt, row-gutter: 6pt, {cells})"


def _remarks(run: DrillRun, room: dict[str, Any]) -> str:
    found = [str(room["remark"])] if run.remark else []
    if run.breaks:
        found.append(
            _("The attack broke off (%(times)s); without it: %(minutes)s minutes of the script.")
            % {"times": len(run.breaks), "minutes": f"{room['without_attack']:g}"}
        )
    return "\n".join(f"#par(text(weight: 600, {quoted(one)}))" for one in found)


def _marks(room: dict[str, Any]) -> str:
    """Each part of the score, and what the last drill of the playbook came to."""
    if not room["table"]:
        return ""
    before: DrillRun | None = room["before"]
    times = {} if before is None or before.times is None else before.times
    reached_before = [times.get(name) for name in ("detected", "decided", "contained")]
    head = (
        *(_("What is scored"), _("Reached"), _("Target"), _("Marks")),
        *(_("Reached last time"), _("Marks last time")),
    )
    rows = []
    for place, (words, reached, target, marks, last) in enumerate(room["table"]):
        earlier = reached_before[place] if place < len(reached_before) else None
        rows.append(
            (
                quoted(str(words)),
                quoted(_("never") if reached is None else str(reached)),
                *(quoted(str(target)), quoted(str(marks))),
                quoted("" if earlier is None else str(earlier)),
                quoted("" if last is None else str(last)),
            )
        )
    columns = "(1fr,) + (auto,) * 5, align: (x, y) => if x == 0 { left } else { right }"
    return table(_("Times in minutes of the script, and marks"), head, rows, columns=columns)


def _missed(run: DrillRun, language: Language) -> str:
    """The steps that were missed or late, and the clocks that did not run."""
    if run.score is None:
        return ""
    missed, clocks = run.score["missed"], run.score["clocks_missing"]
    rows = []
    tasks = IncidentTask.objects.filter(incident=run.incident, step__in=missed)
    for task in tasks.order_by("pk"):
        title = task.title_zh if language == "zh" else task.title_en
        cells = (title, _at(task.due_at), _at(task.done_at), str(task.get_state_display()))
        rows.append([quoted(one) for one in cells])
    parts = []
    if rows:
        head = (_("Step"), _("To be done by"), _("Done at"), _("State"))
        columns = "(1fr, auto, auto, auto)"
        parts.append(table(_("Missed or late"), head, rows, columns=columns))
    elif run.incident is None:
        parts.append(f"#par({quoted(_('Nobody opened the incident.'))})")
    else:
        parts.append(f"#par({quoted(_('No step was missed.'))})")
    if clocks:
        names = f"{_('Clocks that did not run')}: {', '.join(clocks)}"
        parts.append(f"#par({quoted(names)})")
    return "\n".join(parts)


def _attack(run: DrillRun, room: dict[str, Any]) -> str:
    if run.mode != "live":
        return ""
    rows = [
        (quoted(str(words)), quoted(str(passed)), quoted(str(met)))
        for words, passed, met in room["attack"]
    ]
    columns = "(1fr, auto, auto), align: (left, right, right)"
    head = (_("Traffic"), _("Passed"), _("Met"))
    return table(_("The attack in the sandbox"), head, rows, columns=columns)


def _review(room: dict[str, Any]) -> str:
    """Causes and actions of the after-action review."""
    incident = room["incident"]
    if incident is None:
        return ""
    rows = [(quoted(one.get_kind_display()), quoted(one.text)) for one in incident.causes.all()]
    rows += [
        (quoted(one.get_changes_display()), quoted(f"{one.text} ({one.owner}, {one.due_on})"))
        for one in incident.follow_ups.select_related("owner")
    ]
    if not rows:
        return ""
    head = (_("Kind"), _("Text"))
    return table(_("After-action review"), head, rows, columns="(auto, 1fr)")


def _timeline(run: DrillRun, room: dict[str, Any]) -> str:
    incident = room["incident"]
    if incident is None:
        return ""
    entries = told(incident.timeline.order_by("at", "pk")[:ENTRIES_MAX])
    rows = []
    for one in entries:
        entry = one["entry"]
        about = " · ".join(part for part in (str(one["about"]), entry.text) if part)
        cells = (
            f"{max(0.0, run.minute(entry.at)):.1f}",
            f"{timezone.localtime(entry.at):%T}",
            *(entry.actor, str(one["words"])),
            about if len(about) <= _TEXT_MAX else about[: _TEXT_MAX - 1] + "…",
        )
        rows.append([f"text(size: 8pt, {quoted(cell)})" for cell in cells])
    head = (_("Minute"), _("Time"), _("Who"), _("What"), _("What it was about"))
    columns = "(auto, auto, auto, auto, 1fr), align: (right, left, left, left, left)"
    return table(_("Timeline"), head, rows, columns=columns)


def _playbook(run: DrillRun) -> str:
    name: str = run.script["playbook"]
    content = playbook_content(name)
    return name if content is None else said(content["title"])


def _at(instant: datetime | None) -> str:
    return "–" if instant is None else f"{timezone.localtime(instant):%F %T}"
