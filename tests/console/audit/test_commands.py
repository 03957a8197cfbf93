"""`fengkong audit` in a process of its own, on a console's database."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from fengkong.ledger import verifier

GROW = """
from pathlib import Path
import sys
from fengkong.console.project.setup import bring_schema_up_to_date, start_django
start_django(Path(sys.argv[1]))
bring_schema_up_to_date()
from django.db import connection, transaction
from fengkong.console.audit.guarded_tables import unguard_statements
from fengkong.console.audit.recording import record
if sys.argv[2] == "grow":
    with transaction.atomic():
        for number in range(20):
            record("ann", "try_it", target_kind="test", target=str(number))
else:
    with connection.cursor() as cursor:
        for statement in unguard_statements(connection.vendor):
            cursor.execute(statement)
        cursor.execute("DELETE FROM audit_auditentry WHERE sequence = 7")
"""


def run(*arguments: object, language: str = "en") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "FENGKONG_LANGUAGE": language},
    )


def fengkong(*arguments: object, language: str = "en") -> subprocess.CompletedProcess[str]:
    code = "from fengkong.cli.main import main; main()"
    return run("-c", code, *arguments, language=language)


@pytest.fixture
def grown(data: Path) -> Path:
    done = run("-c", GROW, data, "grow")
    assert done.returncode == 0, done.stderr
    return data


def test_verify_export_and_tamper(grown: Path, tmp_path: Path) -> None:
    good = fengkong("audit", "verify", "--data", grown)
    assert good.returncode == 0, good.stderr
    assert "20 entries are intact" in good.stdout
    out = tmp_path / "ledger.zip"
    assert fengkong("audit", "export", "--data", grown, "--out", out).returncode == 0
    with zipfile.ZipFile(out) as packed:
        packed.extractall(tmp_path / "export")
    assert verifier.main([str(tmp_path / "export")]) == 0
    assert run("-c", GROW, grown, "remove").returncode == 0
    bad = fengkong("audit", "verify", "--data", grown, language="zh")
    assert bad.returncode == 1
    assert "第 7 条记录缺失" in bad.stderr
    assert "Traceback" not in bad.stderr


def test_no_console_is_said(tmp_path: Path) -> None:
    done = fengkong("audit", "verify", "--data", tmp_path)
    assert done.returncode == 2
    assert "console.db" in done.stderr
