"""Checks a playbook against what there is here: the indicators and the typologies it names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fengkong.console.alerts.organising import current_terms
from fengkong.console.warnings.library import library_in_force
from fengkong.core.errors import FaultsError, RiskError
from fengkong.response.messages import shipped_templates
from fengkong.response.playbook import Playbook, read_playbook
from fengkong.response.strict import Reader, document_of

if TYPE_CHECKING:
    from fengkong.core.errors import Fault

SOURCE = "playbook"


def checked_playbook(text: str) -> Playbook:
    """The playbook in a text; raises one FaultsError with every fault at its line.

    Beside what `read_playbook` asks, its indicators, typologies and templates are there.
    """
    made = read_playbook(text, SOURCE)
    reader = Reader(document_of(text, source=SOURCE))
    indicators, typologies = library_in_force().indicators, current_terms().typologies
    for place, one in enumerate(made.triggers):
        if one.indicator is not None and one.indicator not in indicators:
            reader.fault(f"there is no indicator {one.indicator!r}", "triggers", place, "indicator")
        if one.typology is not None and one.typology not in typologies:
            reader.fault(f"there is no typology {one.typology!r}", "triggers", place, "typology")
    for place, message in enumerate(made.communication):
        if message.template not in shipped_templates():
            reader.fault(
                f"there is no template {message.template[:40]!r}",
                *("communication", place, "template"),
            )
    reader.finish()
    return made


def faults_of(text: str) -> tuple[Fault, ...]:
    """Every fault of a text; none where it can be proposed."""
    try:
        checked_playbook(text)
    except FaultsError as error:
        return error.faults
    except RiskError as error:
        return (error.fault(),)
    return ()
