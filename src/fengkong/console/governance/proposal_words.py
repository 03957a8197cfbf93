"""What a proposal of a version says to the colleague who decides about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from fengkong.console.governance.models import PolicyVersion, ServiceChange
from fengkong.console.governance.policy_texts import policy_or_none
from fengkong.console.governance.templatetags.governance import estimate, proportion
from fengkong.console.shell.spoken import field_title

if TYPE_CHECKING:
    from fengkong.console.approvals.four_eyes import Fact
    from fengkong.console.approvals.models import Proposal


def described(proposal: Proposal) -> list[Fact]:
    """Version, how it is to run, what it changes, what it loosens, what the back-test said."""
    content = proposal.content
    version = PolicyVersion.objects.filter(pk=content["version_id"]).first()
    facts: list[Fact] = [
        (_("Version"), proposal.target if version is None else _link(version)),
        (_("How it is to run"), _run(content)),
        (_("Compared with"), content["against"] or _("nothing: no policy is live")),
    ]
    if version is not None:
        facts.append((_("What changes"), _difference(version, content)))
        if version.part != PolicyVersion.Part.POLICY:
            facts.insert(1, (version.get_part_display(), version.note))
        facts += _not_yet(version, content)
        if version.part == PolicyVersion.Part.MODEL:
            facts += model_figures(version)
    facts.append((_("What lets more through"), _loosened(content["loosens"])))
    if version is None or version.backtest is None:
        facts.append((_("Back-test"), _("It was not back-tested.")))
    else:
        facts += _figures(version.backtest)
    return facts


def _run(content: dict[str, Any]) -> str:
    how = str(dict(ServiceChange.Kind.choices)[content["mode"]])
    if content["mode"] != ServiceChange.Kind.CANARY.value:
        return how
    dealt = str(content.get("by") or "")
    by = field_title(dealt) if dealt else _("the subject of the event")
    share = f"{100 * content['share']:.4g}%"
    return _("%(how)s: %(share)s, dealt out by %(by)s") % {"how": how, "share": share, "by": by}


def _not_yet(version: PolicyVersion, content: dict[str, Any]) -> list[Fact]:
    """That a value which begins later is not tried before it begins."""
    since = str((version.change or {}).get("since", ""))
    tried = content["mode"] != ServiceChange.Kind.LIVE.value
    if not tried or since <= timezone.localdate().isoformat():
        return []
    told = _("The value begins on %(day)s; until then both policies decide alike.")
    return [(_("Mind"), told % {"day": since})]


def _link(version: PolicyVersion) -> SafeString:
    address = reverse("policy_version", args=[version.pk])
    return format_html('<a href="{}">{}</a>', address, version)


def _difference(version: PolicyVersion, content: dict[str, Any]) -> SafeString | str:
    name, _space, number = (content["against"] or "").rpartition(" ")
    other = PolicyVersion.objects.filter(name=name, number=number or 0).first()
    if other is None:
        return "–"
    address = reverse("policy_diff", args=[version.pk, other.pk])
    return format_html('<a href="{}">{}</a>', address, _("The difference in words"))


def _loosened(loosens: list[dict[str, str]]) -> SafeString | str:
    if not loosens:
        return _("nothing that the text can tell")
    language = "zh" if (get_language() or "").startswith("zh") else "en"
    lines = format_html_join("", "<li>{}</li>", ((one[language],) for one in loosens))
    return format_html('<ul class="mb-0">{}</ul>', lines)


def _figures(told: dict[str, Any]) -> list[Fact]:
    return [
        (_("Back-test"), _("%(events)s events of %(days)s days") % _counts(told)),
        (_("Extra recall over the live policy"), proportion(told["extra_recall"])),
        (_("Money saved"), estimate(told["money_saved"], told["currency"])),
        (_("Good customers hurt"), proportion(told["customers_hurt"])),
        (_("Reviews a day"), estimate(told["reviews_a_day"])),
    ]


def model_figures(version: PolicyVersion) -> list[Fact]:
    """The figures that the model of a version carries, as training measured them."""
    policy, change = policy_or_none(version.text), version.change or {}
    if policy is None:
        return []
    rivals = (one.model for one in policy.challengers.values())
    found = [one for one in (*policy.models.values(), *rivals) if one.hash == change.get("hash")]
    figures = found[0].about.figures if found else {}
    told: list[Fact] = [
        (name, f"{value:,.4g}")
        for name, value in figures.items()
        if isinstance(value, int | float) and not isinstance(value, bool)
    ]
    for name, measured in (figures.get("test") or {}).items():
        if isinstance(measured, dict) and measured.get("value") is not None:
            told.append((f"test {name}", f"{measured['value']:.4g}"))
    return told


def _counts(told: dict[str, Any]) -> dict[str, str]:
    return {"events": f"{told['events']:,}", "days": str(told["days"])}
