"""What a person sees on the terminal: agreement first, then times, then what was asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.report import Agreement, Comparison, Figure, Goal


class Screen:
    """Tables on stdout."""

    def __init__(self, console: Console) -> None:
        self.console = console

    def show_about(self, about: Mapping[str, Any]) -> None:
        """Machine and versions."""
        table = Table(show_header=False, box=None)
        for name, value in {**about["machine"], **about["peers"]}.items():
            table.add_row(name, value)
        self.console.print(table)

    def show(self, comparison: Comparison) -> None:
        """One comparison; no time of results that disagree."""
        self.console.rule(f"[bold]{comparison.title}")
        self.console.print(comparison.data, highlight=False)
        for name, reason in comparison.absent.items():
            self.console.print(f"[yellow]{name} did not take part: {reason}", highlight=False)
        if comparison.agreements:
            self.console.print(_agreements(comparison))
        if not comparison.agrees:
            self.console.print(
                "[bold white on red] RESULTS DISAGREE [/] No times are shown.", highlight=False
            )
            return
        if comparison.figures:
            self.console.print(_figures(comparison))
        if comparison.goals:
            self.console.print(_goals(comparison))
        for note in comparison.notes:
            self.console.print(f"[dim]{note}[/dim]", highlight=False)


def number(value: float) -> str:
    """Three significant places, thousands apart."""
    if value == 0 or abs(value) >= 1_000:
        return f"{value:,.0f}"
    places = 2 if abs(value) >= 1 else 3
    if abs(value) >= 100:
        places = 0
    return f"{value:,.{places}f}"


def sentence(agreement: Agreement) -> str:
    """Agreement in words."""
    if agreement.agrees:
        exactly = agreement.largest_difference == 0
        how = "equal" if exactly else f"within {agreement.largest_difference:.1e}"
        return f"{how} (allowed {agreement.tolerance:g})"
    many = f"{agreement.differing:,} of {agreement.compared:,} differ"
    return f"DISAGREES: {many}; {agreement.example}"


def _agreements(comparison: Comparison) -> Table:
    table = Table("results of", "values compared", "against Fengkong", title="1. Agreement")
    for each in comparison.agreements:
        style = "green" if each.agrees else "bold red"
        table.add_row(each.contestant, f"{each.compared:,}", f"[{style}]{sentence(each)}")
    return table


def _figures(comparison: Comparison) -> Table:
    table = Table(title="2. Figures (median of the rounds)")
    for heading in ("what", "threads"):
        table.add_column(heading)
    for heading in ("median", "min", "max", "rounds"):
        table.add_column(heading, justify="right")
    table.add_column("unit")
    table.add_column("note")
    for figure in comparison.figures:
        table.add_row(*_cells(figure))
    return table


def _cells(figure: Figure) -> tuple[str, ...]:
    spread = (figure.median, min(figure.samples), max(figure.samples))
    threads = str(figure.threads or "")
    rounds = str(len(figure.samples))
    return (figure.name, threads, *map(number, spread), rounds, figure.unit, figure.note)


def _goals(comparison: Comparison) -> Table:
    table = Table("goal", "asked", "measured", "", title="3. What was asked")
    for goal in comparison.goals:
        style, verdict = ("green", "reached") if goal.reached else ("bold yellow", "SHORT OF IT")
        table.add_row(goal.name, *goal_cells(goal), f"[{style}]{verdict}")
    return table


def goal_cells(goal: Goal) -> tuple[str, str]:
    """What was asked and what was measured."""
    sign = "≤" if goal.at_most else "≥"
    return f"{sign} {number(goal.limit)} {goal.unit}", f"{number(goal.value)} {goal.unit}"
