"""What cases tell the other parts of the console when Django starts."""

from __future__ import annotations

from typing import Final

from django.utils.translation import gettext_lazy as _

from fengkong.console.audit.actions import register_actions
from fengkong.console.audit.entry_words import register_details
from fengkong.console.audit.guard import unrecorded
from fengkong.console.cases import labels
from fengkong.console.cases.about import PANEL
from fengkong.console.cases.around import register_actions_of_cases
from fengkong.console.cases.files import sweep_files
from fengkong.console.cases.finding import find_cases, find_notes
from fengkong.console.cases.forgetting import forget_erased
from fengkong.console.cases.indexing import index_old_notes
from fengkong.console.entities.panels import register_panel
from fengkong.console.journaled.intake import also_taken_by
from fengkong.console.outbox.jobs import every, register_job
from fengkong.console.shell.menu import MenuEntry, add_to_menu
from fengkong.console.shell.search import add_finder

SWEEP_S: Final = 3_600
INDEX_S: Final = 600


def register() -> None:
    """Once, when Django starts."""
    also_taken_by(forget_erased)
    register_job(labels.JOB, labels.send_label)
    every(SWEEP_S, "sweep_case_files", sweep_files)
    every(INDEX_S, "index_case_notes", index_old_notes)
    unrecorded({"cases_noteword": "words of notes; that one was written or forgotten is recorded"})
    _register_words()
    register_actions_of_cases()
    register_panel(PANEL)
    add_finder(find_cases)
    add_finder(find_notes, order=90)
    add_to_menu(
        MenuEntry("desk", _("Cases"), "cases:cases", "briefcase", "cases.view", 20, key="c")
    )


def _register_words() -> None:
    register_actions(
        {
            "open_case": _("Opened a case"),
            "gather_alerts": _("Put alerts into a case"),
            "add_to_case": _("Put decisions into a case"),
            "hand_over_case": _("Handed a case over"),
            "merge_case": _("Merged a case into another"),
            "take_in_case": _("Took another case in"),
            "split_case": _("Split a case"),
            "close_case": _("Closed a case"),
            "reopen_case": _("Opened a case again"),
            "tick_step": _("Ticked a step of the checklist"),
            "write_case_note": _("Wrote a note on a case"),
            "add_case_file": _("Added a file"),
            "refuse_case_file": _("The virus scanner refused a file"),
            "download_case_file": _("Downloaded a file"),
            "remove_case_file": _("Removed a file"),
            "print_case": _("Took the case file"),
            "make_case_pdf": _("Made a PDF of the case file"),
            "forget_case_content": _("Forgot notes and files of an erased person"),
            "escalate_case": _("Made an incident of a case"),
        },
        targets={"case": _("case")},
    )
    register_details(
        {
            "typology": _("Typology"),
            "alerts": _("Alerts"),
            "decisions": _("Decisions"),
            "count": _("Number"),
            "owner": _("Owner"),
            "into": _("Into"),
            "from": _("From"),
            "step": _("Step"),
            "state": _("State"),
            "note": _("Case note"),
            "characters": _("Characters"),
            "file": _("File"),
            "notes": _("Notes"),
            "files": _("Files"),
            "mark": _("Mark"),
            "clear": _("In the clear"),
            "disposition": _("Disposition"),
            "reason_code": _("Reason code"),
            "incident": _("Incident"),
        }
    )
