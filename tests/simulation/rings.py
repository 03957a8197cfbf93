"""The true mule rings of a simulation, from what the simulator tells of its events."""

from collections.abc import Iterable

from fengkong.simulation.agenda import SimulatedEvent


def rings(items: Iterable[SimulatedEvent]) -> list[set[str]]:
    """Who passed money on for whom, from the truth that the simulator tells.

    A mule is whose account was paid into by the scenario and who paid on; a victim only paid.
    """
    truth = [item.event.values for item in items if item.scenario == "mule_ring"]
    paid_into = {values["payee_account"] for values in truth if "payee_account" in values}
    own = [values for values in truth if values.get("account") in paid_into]
    owner = {values["account"]: str(values["customer"]) for values in own}
    ties = [
        {str(values["customer"]), owner[values["payee_account"]]}
        for values in own
        if values.get("payee_account") in owner
    ]
    groups = [{who} for who in set(owner.values())]
    for tie in ties:
        touched = [group for group in groups if group & tie]
        groups = [group for group in groups if not group & tie] + [set().union(*touched)]
    return [group for group in groups if len(group) >= 4]
