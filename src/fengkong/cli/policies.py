"""`fengkong policy`: check policies, list the shipped ones."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from fengkong.cli.language import current_language, text
from fengkong.cli.screen import OUTPUT, show_error, show_json, show_table
from fengkong.cli.sources import read_policy, shipped
from fengkong.core.errors import FaultsError, RiskError
from fengkong.decisions.engine import Engine
from fengkong.decisions.examples import check_examples
from fengkong.decisions.policy import Policy


def check(names: list[str], *, models: Path | None, as_json: bool) -> bool:
    """Check policies with their examples and print the result; False if one has a fault."""
    results = [_checked(name, models=models) for name in names]
    if as_json:
        show_json([_data(name, policy, error) for name, policy, error in results])
    else:
        for name, policy, error in results:
            _show(name, policy, error)
    return all(error is None for _, _, error in results)


Checked = tuple[str, Policy | None, RiskError | None]


def _checked(name: str, *, models: Path | None) -> Checked:
    try:
        policy = read_policy(name, models=models)
        Engine(policy)
        faults = check_examples(policy)
    except RiskError as error:
        return name, None, error
    return name, policy, FaultsError(faults) if faults else None


def _show(name: str, policy: Policy | None, error: RiskError | None) -> None:
    if error is not None:
        show_error(error)
        return
    assert policy is not None, "a policy without faults was read"
    examples = len(policy.examples)
    key = "policy.check.good" if examples else "policy.check.unproven"
    OUTPUT.print(
        text(
            key,
            name=name,
            title=policy.title.of(current_language()),
            version=policy.version,
            rules=len(policy.rules),
            features=len(policy.feature_names),
            examples=examples,
            hash=policy.hash[:12],
        ),
        soft_wrap=True,
    )


def _data(name: str, policy: Policy | None, error: RiskError | None) -> dict[str, Any]:
    faults = error.faults if isinstance(error, FaultsError) else ((error.fault(),) if error else ())
    return {
        "file": name,
        "valid": error is None,
        "policy": policy.name if policy else None,
        "version": policy.version if policy else None,
        "hash": policy.hash if policy else None,
        "rules": len(policy.rules) if policy else 0,
        "features": len(policy.feature_names) if policy else 0,
        "examples": len(policy.examples) if policy else 0,
        "faults": [asdict(fault) for fault in faults],
    }


def list_shipped(*, as_json: bool) -> None:
    """Print the names of the shipped policies and mappings."""
    policies, mappings = shipped("policy"), shipped("mapping")
    rows = []
    for name in sorted({*policies, *mappings}):
        title = read_policy(name).title.of(current_language()) if name in policies else ""
        rows.append({"name": name, "policy": name in policies, "mapping": name in mappings})
        rows[-1]["title"] = title
    if as_json:
        show_json(rows)
        return
    yes, no = text("yes"), "–"
    show_table(
        text("policy.list.title"),
        [text("column.name"), text("column.title"), text("column.policy"), text("column.mapping")],
        [
            [row["name"], row["title"], yes if row["policy"] else no, yes if row["mapping"] else no]
            for row in rows
        ],
        left=4,
    )
