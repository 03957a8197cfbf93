"""Fifty conditions by zen-engine (Rust).

`way` is `list`, one compiled list expression, which is its fastest way, or `graph`, a decision
graph with fifty expressions, which is how its documentation tells one to use it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import zen

from benchmarks.translation import ZEN, as_one_list, translate
from benchmarks.workers.conditions import take_part
from benchmarks.workers.conversation import arguments


def list_of(conditions: list[str]) -> Callable[[Any], Any]:
    """A function of one row: one expression."""
    source = as_one_list(conditions, dialect=ZEN)
    return zen.compile_expression(source).evaluate


def graph_of(conditions: list[str]) -> Callable[[Any], Any]:
    """A function of one row: a graph of an input, an expression node and an output."""
    keys = [f"r{number:02}" for number in range(len(conditions))]
    expressions = [
        {"id": key, "key": key, "value": translate(condition, dialect=ZEN)}
        for key, condition in zip(keys, conditions, strict=True)
    ]
    place = {"x": 0, "y": 0}
    nodes = [
        {"id": "in", "name": "in", "type": "inputNode", "position": place},
        {"id": "all", "name": "all", "type": "expressionNode", "position": place}
        | {"content": {"expressions": expressions}},
        {"id": "out", "name": "out", "type": "outputNode", "position": place},
    ]
    edges = [
        {"id": "1", "type": "edge", "sourceId": "in", "targetId": "all"},
        {"id": "2", "type": "edge", "sourceId": "all", "targetId": "out"},
    ]
    graph = zen.ZenDecisionContent(json.dumps({"nodes": nodes, "edges": edges}))
    decision = zen.ZenEngine().create_decision(graph)

    def judge(row: Any) -> list[bool]:
        result = decision.evaluate(row)["result"]
        return [result[key] for key in keys]

    return judge


if __name__ == "__main__":
    way = {"list": list_of, "graph": graph_of}[arguments()["way"]]
    take_part(package="zen-engine", judge_of=way)
