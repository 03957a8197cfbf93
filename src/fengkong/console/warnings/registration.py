"""What early warning tells the other parts of the console when Django starts."""

from __future__ import annotations

from typing import Final

from django.utils.translation import gettext_lazy as _

from fengkong.console.approvals.four_eyes import Act, register_act
from fengkong.console.audit.actions import register_actions
from fengkong.console.audit.entry_words import register_details
from fengkong.console.audit.guard import unrecorded
from fengkong.console.outbox.jobs import Lane, every, register_job
from fengkong.console.shell.menu import MenuEntry, add_to_menu
from fengkong.console.warnings import computing, pulling, thresholds
from fengkong.console.warnings.books import making
from fengkong.console.warnings.recomputing import RECOMPUTE, recompute_asked
from fengkong.console.warnings.source_views import VIEW

WATCH_S: Final = 4
"""What breaks a bound as events arrive is told within ten seconds."""
COMPUTE_S: Final = 120
BOOKS_S: Final = 600
PULL_S: Final = 60


def register() -> None:
    """Once, when Django starts."""
    every(WATCH_S, "watch_indicators", computing.watch_indicators, lane=Lane.WATCH)
    every(WATCH_S, "watch_own_sources", computing.watch_own, lane=Lane.WATCH)
    every(COMPUTE_S, "compute_indicators", computing.compute_indicators)
    every(BOOKS_S, making.MAKE_BOOKS, making.make_books)
    every(PULL_S, "pull_sources", pulling.pull_due)
    register_job(pulling.PULL_NOW, pulling.pull_asked, waits=())
    register_job(RECOMPUTE, recompute_asked)
    register_act(
        thresholds.ACT,
        Act(
            _("Change the thresholds of an indicator"),
            propose=thresholds.EDIT,
            approve=thresholds.APPROVE,
            perform=thresholds.perform_threshold,
            describe=thresholds.described,
        ),
    )
    unrecorded(
        {
            "warnings_reading": "values computed from sources, which may be computed again",
            "warnings_compositereading": "composites of those values",
            "warnings_sourcestatus": "what was found when a source was looked at",
            "warnings_pullresult": "what came of getting a source from its address",
        }
    )
    register_actions(
        {
            "raise_warning": _("Raised an early warning"),
            "close_warning": _("Ended an early warning: it is back within bounds"),
            "annotate_indicator": _("Noted something on an indicator"),
            "recompute_indicators": _("Had all indicators computed again"),
            "set_pull": _("Set from where a source is got by itself"),
            "pull_source": _("Had a source got at once"),
            "end_pull": _("Ended getting a source by itself"),
        },
        targets={
            "warning": _("early warning"),
            "indicator": _("indicator"),
            "source": _("source of indicators"),
        },
    )
    register_details({"indicator": _("Indicator"), "day": _("Day"), "level": _("Level")})
    register_details({"host": _("Host"), "minutes": _("Minutes")})
    add_to_menu(
        MenuEntry("warning", _("Risk cockpit"), "warnings:cockpit", "dashboard", VIEW, 10),
        MenuEntry("warning", _("Early warnings"), "warnings:inbox", "alert-triangle", VIEW, 20),
        MenuEntry("warning", _("Indicators"), "warnings:indicators", "chart-line", VIEW, 30),
        MenuEntry("warning", _("Sources"), "warnings:sources", "database", VIEW, 40),
    )
