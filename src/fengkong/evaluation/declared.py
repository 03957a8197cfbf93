"""The text of a declared feature, as an author would write it."""

from __future__ import annotations

from fengkong.core.instants import format_duration
from fengkong.decisions.policy import Policy
from fengkong.features.declarations import ALWAYS_BEFORE, WindowFeature
from fengkong.links.declarations import LinkFeature


def declaration(feature: WindowFeature, *, policy: Policy) -> str:
    """The declaration of a window feature; reading it again gives the same feature."""
    over = ", ".join(feature.over)
    parts = [f"{feature.aggregate}({feature.argument or ''})"]
    if feature.event_types and set(feature.event_types) != set(policy.events):
        parts.append(f"of {', '.join(feature.event_types)}")
    parts.append(f"over ({over})" if len(feature.over) > 1 else f"over {over}")
    if feature.last is not None:
        parts.append(f"last {format_duration(feature.last)}")
    if feature.delayed:
        parts.append(f"delayed {format_duration(feature.delayed)}")
    if feature.current_excluded and feature.aggregate not in ALWAYS_BEFORE:
        parts.append("excluding current")
    if feature.default is not None:
        parts.append(f"default {feature.default:g}")
    if feature.where is not None:
        parts.append(f"where {feature.where}")
    return " ".join(parts)


def link_declaration(feature: LinkFeature, *, policy: Policy) -> str:
    """The declaration of a link feature; reading it again gives the same feature."""
    parts = [f"{feature.measure}({feature.argument or ''})"]
    if feature.event_types and set(feature.event_types) != set(policy.events):
        parts.append(f"of {', '.join(feature.event_types)}")
    parts.append(f"over {feature.over}")
    if feature.by:
        parts.append(f"by {', '.join(feature.by)}")
    if feature.payer is not None:
        parts.append(f"from {feature.payer} to {feature.payee}")
    parts.append(f"last {format_duration(feature.last)}")
    if feature.default is not None:
        parts.append(f"default {feature.default:g}")
    if feature.where is not None:
        parts.append(f"where {feature.where}")
    return " ".join(parts)
