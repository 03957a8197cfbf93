"""Words and lamps of levels, in the language of whoever reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.utils.translation import gettext_lazy as _

from fengkong.console.notices import signs as notices
from fengkong.console.shell.spoken import spoken_later
from fengkong.indicators.level import Level

if TYPE_CHECKING:
    from fengkong.console.accounts.duties import Words

LEVEL_WORDS: Final[dict[str, Words]] = {one.value: spoken_later(one.word) for one in Level}
LAMP_OF: Final = notices.LAMP_OF | {"green": "ok", "no_data": "unknown"}
"""The lamp of each level: a shape of its own, so that nobody has to tell colours apart."""
SOURCE_LAMPS: Final = {"good": "ok", "partial": "notice", "stale": "warning", "broken": "critical"}
RULE_WORDS: Final[dict[str, Words]] = {
    "Fixed": _("fixed"),
    "Quantile": _("quantile of its past"),
    "EwmaChart": _("control chart (EWMA), sigmas"),
    "CusumChart": _("control chart (CUSUM), sigmas"),
    "ForecastBand": _("band of a forecast, sigmas"),
}
"""Kinds of thresholds."""
BASIS_TONES: Final = {
    "law": "violet",
    "standard": "blue",
    "literature": "teal",
    "measured": "green",
    "house": "grey",
}
