"""A small simulated history and a small policy to run the commands on."""

import sys
from pathlib import Path

import pytest

from fengkong.cli.main import main

sys.path.insert(0, str(Path(__file__).parent))

POLICY = """
policy: small
version: 1
title: {zh: 小策略, en: Small policy}
events: [payment.initiated]
unknown: record
features:
  card_payment_count_1h: count() over card last 1h
  device_card_distinct_1d: distinct(card) over device last 1d
parameters:
  limits.cards_per_device:
    2026-01-01: {value: 3, reference: TEST-1}
rules:
  - id: velocity.cards_per_device
    when: device_card_distinct_1d > limits.cards_per_device
    outcome: review
    points: 40
    reason:
      zh: 一天内 {device_card_distinct_1d} 张卡
      en: "{device_card_distinct_1d} cards in a day"
examples:
  - name: {zh: 第四张卡送审, en: a fourth card is reviewed}
    given:
      - {type: payment.initiated, amount: "10.00", currency: CNY, card: "card-{n}", device: d1,
         occurred_at: "+0s", times: 4, every: 10s}
    expect: {outcome: review, reasons: [velocity.cards_per_device], points: 40}
"""


@pytest.fixture
def run(monkeypatch, capsys):
    """Runs the command in this process; gives exit code, stdout and stderr."""

    def command(*arguments: str, language: str = "en") -> tuple[int, str, str]:
        monkeypatch.setenv("FENGKONG_LANGUAGE", language)
        monkeypatch.setenv("COLUMNS", "200")
        monkeypatch.setattr(sys, "argv", ["fengkong", *arguments])
        code = 0
        try:
            main()
        except SystemExit as stop:
            code = int(stop.code or 0)
        out, err = capsys.readouterr()
        return code, out, err

    return command


@pytest.fixture(scope="session")
def history(tmp_path_factory):
    """events.jsonl, truth.parquet and small.yaml in one folder."""
    from fengkong.simulation.platform import Simulation
    from fengkong.simulation.writer import write

    folder = tmp_path_factory.mktemp("history") / "sim"
    write(simulation=Simulation(seed=5, days=2, customers=60), directory=folder)
    (folder / "small.yaml").write_text(POLICY, encoding="utf-8")
    return folder
