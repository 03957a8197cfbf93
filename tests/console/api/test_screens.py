"""Whatever a screen does, a program can do too, or the table says why not."""

import ast
import inspect
from collections.abc import Iterator

from fengkong.console.api.operations import OPERATIONS
from fengkong.console.api.urls import api
from fengkong.console.incidents.acts import ACTS
from fengkong.console.project.addresses import Address, addresses

OWN = "the account of who sits in front of the screen"
PERSON = "asks that a person has verified just now, which a token cannot"
EDITOR = "helps who types; a program sends the text"
OWN_DESK = "how one's own screens are arranged, and who looks at what on them"
DONE_BY = {
    "approve_proposal": "approve_proposal",
    "reject_proposal": "reject_proposal",
    "withdraw_proposal": "withdraw_proposal",
    "policy_new": "create_policy_draft",
    "policy_roll_back": "roll_back_policy",
    "policy_check": "check_policy",
    "policy_backtest": "backtest_policy",
    "policy_propose": "propose_policy",
    "policy_stop": "stop_policy",
    "policy_abandon": "abandon_policy",
    "policy_editor": "save_policy_draft",
    "policy_parameter": "propose_parameter",
    "policy_model_change": "propose_model",
    "policy_make_again": "make_part_again",
    "policy_take_back": "take_part_back",
    "policy_rule": "save_policy_draft",
    "policy_template": "save_policy_draft",
    "jobs:retry": "retry_job",
    "list_import_confirm": "confirm_list_import",
    "list_import_revert": "revert_list_import",
    "list_add": "add_list_entries",
    "list_import_new": "preview_list_import",
    "list_end": "end_list_entries",
    "audit:verify": "verify_audit",
    "decision_replay": "replay_decision",
    "change_roles": "propose_operator_roles",
    "webhooks:add": "add_webhook",
    "webhooks:edit": "change_webhook",
    "webhooks:rotate": "rotate_webhook_secret",
    "webhooks:disable": "disable_webhook",
    "webhooks:enable": "enable_webhook",
    "webhooks:ping": "ping_webhook",
    "webhooks:remove": "remove_webhook",
    "webhooks:replay": "replay_webhook_deliveries",
    "webhooks:replay_range": "replay_webhook_range",
    "webhooks:propose_personal": "propose_webhook_personal",
    "webhooks:withhold_personal": "withhold_webhook_personal",
    "warnings:note": "note_on_indicator",
    "warnings:propose": "propose_indicator_threshold",
    "warnings:recompute": "recompute_indicators",
    "warnings:pull": "set_source_pull",
    "warnings:pull_now": "pull_source_now",
    "cases:open": "open_case",
    "cases:gather": "open_case",
    "cases:close": "close_case",
    "cases:reopen": "reopen_case",
    "cases:hand_over": "hand_over_case",
    "cases:merge": "merge_case",
    "cases:split": "split_case",
    "cases:tick": "tick_case_step",
    "cases:papers": "write_case_note",
    "customers:new_appeal": "take_appeal_in",
    "customers:claim": "claim_appeal",
    "customers:extend": "extend_appeal",
    "customers:withdraw": "withdraw_appeal",
    "customers:confirmations": "ask_customer",
    "customers:revoke": "revoke_confirmation",
    "customers:answer": "answer_appeal",
    "cases:escalate": "escalate_case",
    "alerts:next": "take_next_alert",
    "alerts:batch": "close_alerts",
    "alerts:close": "close_alerts",
    "alerts:act": "claim_alert",
    "alerts:undo": "undo_closing",
    "alerts:handover": "hand_over_shift",
    "alerts:read_handover": "read_handover",
    "incident_new": "open_an_incident",
    "incident_do": "write_incident_note",
    "incident_do_item": "take_incident_task",
    "playbook_new": "begin_playbook",
    "playbook_edit": "draft_playbook",
    "playbook_editor": "save_playbook_draft",
    "playbook_propose": "propose_playbook",
    "playbook_drop": "drop_playbook",
    "drill_plan": "plan_a_drill",
    "drill_open": "open_drill_incident",
    "drill_end": "end_a_drill",
    "drill_again": "run_a_drill_again",
    "drill_schedule": "schedule_a_drill",
    "drill_unschedule": "unschedule_a_drill",
    "actions:ask": "ask_action",
    "actions:act": "repeat_action",
}
"""Addresses that change something, and the operation that does the same.

An address whose buttons do several things has the first one here, and all of them in `BUTTONS`.
"""
OF_THE_ROOM = {
    "phase": "move_incident",
    "classify": "classify_incident",
    "assess": "assess_incident",
    "note": "write_incident_note",
    "decide": "record_incident_decision",
    "assign": "give_incident_role",
    "playbook": "start_incident_playbook",
    "no-playbook": "refuse_incident_playbook",
    "exit": "meet_incident_exit",
    "task": "add_incident_task",
    "take": "take_incident_task",
    "finish": "finish_incident_task",
    "skip": "skip_incident_task",
    "report": "report_for_clock",
    "waive": "waive_clock",
    "switch": "ask_for_switch",
    "contain": "contain_incident",
    "end-switch": "ask_for_switch_end",
    "evidence": "keep_evidence",
    "check": "check_evidence",
    "hand-over": "hand_evidence_over",
    "draft": "draft_communication",
    "rewrite": "rewrite_communication",
    "approve": "approve_communication",
    "sent": "mark_communication_sent",
    "cause": "add_incident_cause",
    "action": "add_review_action",
    "action-done": "finish_review_action",
    "action-dropped": "drop_review_action",
}
"""The acts of the incident room, and the operation that does each."""
BUTTONS = {
    "alerts:act": {
        *("claim_alert", "release_alert", "snooze_alert", "wake_alert", "move_alert"),
        *("reopen_alert", "open_case"),
    },
    "actions:act": {"repeat_action", "withdraw_action"},
    **{name: set(OF_THE_ROOM.values()) for name in ("incident_do", "incident_do_item")},
    "policy_parameter": {"propose_parameter", "draft_parameter"},
    "policy_model_change": {"propose_model", "draft_model"},
}
BY_PEOPLE_ONLY = {
    "incident_evidence": "a file for a person, who took it is recorded",
    **dict.fromkeys(("own_page", "end_other_sessions", "end_session", "enrol"), OWN),
    **dict.fromkeys(("invite_operator", "renew_invitation", "lock_operator"), PERSON),
    **dict.fromkeys(("release_operator", "reset_factors", "end_sessions"), PERSON),
    **dict.fromkeys(("tokens:tokens", "tokens:revoke"), "a token makes and ends no tokens"),
    **dict.fromkeys(("policy_preview", "policy_faults", "playbook_faults"), EDITOR),
    **dict.fromkeys(("personal:reveal", "personal:new_export", "personal:new_erasure"), PERSON),
    **dict.fromkeys(
        ("audit:checkpoint", "audit:export_csv", "audit:export_archive", "personal:download"),
        "a file for a person, who took it is recorded; programs read pages",
    ),
    "cases:file": "a file for a person, who took it is recorded",
    "cases:print": "a file for a person, who took it is recorded",
    "cases:remove_file": "what was kept as evidence is let go by a person",
    "customers:confirm": "the public page of a customer; nobody there has a token",
    "audit:verification": "a verification goes on by the worker",
    **dict.fromkeys(
        ("gangs:freeze", "gangs:judge"),
        "many at once is for a person who sees them; programs ask for actions one by one",
    ),
    "entities:find": "finds people by a value; who looks is watched at the screen",
    "decisions_look_up": "finds a person by a value; who looks is watched at the screen",
    "insiders:close": "an alert about staff is judged by a person",
    **dict.fromkeys(
        ("alerts:looking", "alerts:save_view", "alerts:delete_view", "alerts:habits"), OWN_DESK
    ),
    **dict.fromkeys(("alerts:member", "alerts:terms"), "the desk is organised by who leads it"),
    "actions:answer": "is called by programs: the core system answers there, signed",
    **dict.fromkeys(("actions:systems", "actions:toggle"), "shows a secret once, to a person"),
    **dict.fromkeys(
        ("notices:acknowledge", "notices:resend", "notices:silence", "notices:end_silence"),
        "says that a person is at it, or does not want to be told",
    ),
    **dict.fromkeys(
        ("notices:add_route", "notices:remove_route", "notices:add_shift", "notices:remove_shift"),
        "who is on duty is said by who leads",
    ),
    **dict.fromkeys(
        ("notices:add_channel", "notices:edit_channel", "notices:remove_channel"), PERSON
    ),
    **dict.fromkeys(
        ("notices:switch_channel", "notices:test_channel"), "goes with the forms of channels"
    ),
    "feedback:look": "a second look is worth something only from a person",
    **dict.fromkeys(
        ("feedback:change_share", "feedback:change_loop"), "is weighed by who leads the desk"
    ),
    "insiders:hours": "the hours of staff are set by a person",
}
"""Addresses that change something on a screen only, and why."""


def acting() -> Iterator[Address]:
    """Addresses whose views tell a POST from a GET, by their source."""
    for address in addresses():
        view = inspect.unwrap(address.view)
        ours = view.__module__.startswith("fengkong.console.")
        screen = address.part != "shell" and not address.route.startswith("api/")
        if ours and screen and acts(address):
            yield address


def acts(address: Address) -> bool:
    """Whether a view asks for POST in its decorators, or reads what was posted."""
    source = inspect.getsource(inspect.unwrap(address.view))
    return any(
        (isinstance(node, ast.Attribute) and node.attr in ("POST", "body"))
        or (isinstance(node, ast.Name) and node.id == "require_POST")
        or (isinstance(node, ast.Constant) and node.value == "POST")
        for node in ast.walk(ast.parse(source))
    )


def test_every_act_of_a_screen_has_an_operation_or_a_reason() -> None:
    found = {address.name for address in acting()}
    told = set(DONE_BY) | set(BY_PEOPLE_ONLY)
    assert sorted(found - told) == []
    assert sorted(told - found) == []
    assert not set(DONE_BY) & set(BY_PEOPLE_ONLY)
    assert all(BY_PEOPLE_ONLY.values())


def test_every_act_of_the_incident_room_has_an_operation_of_its_permission() -> None:
    assert set(OF_THE_ROOM) == set(ACTS)
    for act, operation in OF_THE_ROOM.items():
        assert OPERATIONS[operation] == ACTS[act].permission, (act, operation)


def test_what_is_said_to_do_the_same_exists_and_asks_for_the_same_permission() -> None:
    assert set(DONE_BY.values()).union(*BUTTONS.values()) <= set(OPERATIONS)
    assert all(DONE_BY[screen] in operations for screen, operations in BUTTONS.items())
    named = {address.name: address for address in addresses()}
    for screen, operation in DONE_BY.items():
        access = named[screen].access
        assert access is not None
        assert OPERATIONS[operation] == access.act, (screen, operation)


def test_every_operation_is_described() -> None:
    paths = api.get_openapi_schema(path_prefix="/api/v1/")["paths"].values()
    described = [one for methods in paths for one in methods.values()]
    assert len(described) == len(OPERATIONS)
    assert all(one["description"] for one in described)
