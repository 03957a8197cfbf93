"""A policy's text as the console handles it: read, checked, and its number put in."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from fengkong.core.errors import FaultsError, RiskError
from fengkong.decisions.examples import check_examples
from fengkong.decisions.policy import Policy
from fengkong.decisions.policy_file import load_policy
from fengkong.events.catalogue import shipped_catalogue
from fengkong.events.documents import load_document

SOURCE: Final = "policy"
TEXT_MAX: Final = 4_000_000
_VERSION: Final = re.compile(r"^version:[ \t]*[0-9]+", re.MULTILINE)


class TooLongPolicyError(RiskError):
    """The text of a policy is longer than the console takes."""

    code = "console.too_long_policy"
    hint = "Keep a policy below four million characters."


@lru_cache(maxsize=64)
def read_policy(text: str) -> Policy:
    """The policy of a text; all its faults raise one FaultsError."""
    if len(text) > TEXT_MAX:
        raise TooLongPolicyError(f"the policy has {len(text):,} characters")
    return load_policy(text, source=SOURCE, catalogue=shipped_catalogue())


def policy_or_none(text: str) -> Policy | None:
    """The policy of a text, None where it has faults."""
    try:
        return read_policy(text)
    except RiskError:
        return None


def check_policy(text: str) -> Policy:
    """The policy, once its examples came out as they say; raises FaultsError."""
    policy = read_policy(text)
    faults = check_examples(policy)
    if faults:
        raise FaultsError(faults)
    return policy


def name_in(text: str) -> str | None:
    """The policy's name as its head says it, whatever else is wrong with the text."""
    try:
        data = load_document(text, source=SOURCE).data
    except RiskError:
        return None
    name = data.get("policy") if isinstance(data, dict) else None
    return name if isinstance(name, str) else None


def number_in(text: str) -> int | None:
    """The version that the text's head says."""
    found = _VERSION.search(text)
    return None if found is None else int(found[0].split(":")[1])


def with_number(text: str, number: int) -> str:
    """The text with another version in its head; comments and layout stay."""
    return _VERSION.sub(f"version: {number}", text, count=1)
