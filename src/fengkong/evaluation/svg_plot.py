"""Plots as SVG text: lines over two axes, no script, readable in black and white."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

_WIDTH, _HEIGHT = 460, 300
_LEFT, _RIGHT, _TOP, _BOTTOM = 62, 14, 30, 46
_COLOURS: Final = ("#1f5fa8", "#b3541e", "#3d7d3d", "#7a4f9a")
_DASHES: Final = ("", "6 3", "2 3", "8 3 2 3")
_TICKS: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a plot, by its name; as many xs as ys."""

    name: str
    xs: Sequence[float]
    ys: Sequence[float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """Lines over two axes; `x_log` draws x by its logarithm, leaving out what is not above 0."""

    title: str
    x: str
    y: str
    lines: tuple[Line, ...]
    x_log: bool = False
    x_range: tuple[float, float] | None = None
    y_range: tuple[float, float] | None = None


def svg(plot: Plot) -> str:
    """The plot as one ``<svg>`` element."""
    lines = [_kept(line, plot) for line in plot.lines]
    xs = [x for line in lines for x in line.xs]
    ys = [y for line in lines for y in line.ys]
    x_low, x_high = _range(xs, plot.x_range, log=plot.x_log)
    y_low, y_high = _range(ys, plot.y_range, log=False)
    inner = (_WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _BOTTOM)

    def at(x: float, y: float) -> tuple[float, float]:
        across = (_scaled(x, log=plot.x_log) - x_low) / (x_high - x_low)
        up = (y - y_low) / (y_high - y_low)
        return _LEFT + across * inner[0], _TOP + (1.0 - up) * inner[1]

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
        f'width="{_WIDTH}" height="{_HEIGHT}" role="img" font-family="sans-serif" font-size="11">',
        f"<title>{escape(plot.title)}</title>",
        f'<text x="{_LEFT}" y="16" font-size="13">{escape(plot.title)}</text>',
        f'<rect x="{_LEFT}" y="{_TOP}" width="{inner[0]}" height="{inner[1]}" fill="none" '
        'stroke="#999"/>',
    ]
    parts += _axes(plot, (x_low, x_high), (y_low, y_high), inner)
    for number, line in enumerate(lines):
        points = " ".join(f"{px:.1f},{py:.1f}" for px, py in map(at, line.xs, line.ys))
        colour, dash = _COLOURS[number % 4], _DASHES[number % 4]
        parts.append(
            f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.6" '
            f'stroke-dasharray="{dash}"/>'
        )
        y = _TOP + 14 + 14 * number
        parts.append(
            f'<line x1="{_WIDTH - 150}" x2="{_WIDTH - 126}" y1="{y - 4}" y2="{y - 4}" '
            f'stroke="{colour}" stroke-width="1.6" stroke-dasharray="{dash}"/>'
            f'<text x="{_WIDTH - 120}" y="{y}">{escape(line.name)}</text>'
        )
    return "".join([*parts, "</svg>"])


def _scaled(x: float, *, log: bool) -> float:
    return math.log10(x) if log else x


def _kept(line: Line, plot: Plot) -> Line:
    pairs = [
        (x, y)
        for x, y in zip(line.xs, line.ys, strict=True)
        if math.isfinite(x) and math.isfinite(y) and (x > 0 or not plot.x_log)
    ]
    return Line(name=line.name, xs=[x for x, _ in pairs], ys=[y for _, y in pairs])


def _range(
    values: Sequence[float], given: tuple[float, float] | None, *, log: bool
) -> tuple[float, float]:
    if given is None:
        given = (min(values, default=0.0), max(values, default=1.0))
    low, high = (_scaled(one, log=log) for one in given)
    return (low, high) if high > low else (low - 0.5, low + 0.5)


def _axes(
    plot: Plot, xs: tuple[float, float], ys: tuple[float, float], inner: tuple[int, int]
) -> list[str]:
    parts = []
    for step in range(_TICKS + 1):
        share = step / _TICKS
        x, y = xs[0] + share * (xs[1] - xs[0]), ys[0] + share * (ys[1] - ys[0])
        px, py = _LEFT + share * inner[0], _TOP + (1.0 - share) * inner[1]
        told = 10.0**x if plot.x_log else x
        bottom = _TOP + inner[1]
        parts.append(
            f'<line x1="{px:.1f}" x2="{px:.1f}" y1="{_TOP}" y2="{bottom}" stroke="#eee"/>'
            f'<text x="{px:.1f}" y="{bottom + 15}" text-anchor="middle">{told:.3g}</text>'
            f'<line x1="{_LEFT}" x2="{_LEFT + inner[0]}" y1="{py:.1f}" y2="{py:.1f}" '
            'stroke="#eee"/>'
            f'<text x="{_LEFT - 6}" y="{py + 4:.1f}" text-anchor="end">{_number(y)}</text>'
        )
    parts.append(
        f'<text x="{_LEFT + inner[0] / 2:.0f}" y="{_HEIGHT - 8}" text-anchor="middle">'
        f"{escape(plot.x)}</text>"
        f'<text x="14" y="{_TOP + inner[1] / 2:.0f}" text-anchor="middle" '
        f'transform="rotate(-90 14 {_TOP + inner[1] / 2:.0f})">{escape(plot.y)}</text>'
    )
    return parts


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
