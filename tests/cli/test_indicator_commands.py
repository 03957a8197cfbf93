"""`fengkong indicators` on files and addresses: what is printed, and what is refused."""

import http.server
import json
import threading
from collections.abc import Iterator
from datetime import date

import polars as pl
import pytest

from fengkong.cli.pulls import pulled
from fengkong.credit.peers import PeerScore
from fengkong.indicators.errors import UnreadableSourceError
from fengkong.indicators.library_file import shipped_library

CUSTODY = "day,unexplained,customer_claims,bank_balance\n2026-11-22,0.01,100,100\n"


class Answers(http.server.BaseHTTPRequestHandler):
    """Answers by path."""

    def do_GET(self) -> None:
        bodies = {"/custody.csv": (200, CUSTODY), "/gone.csv": (404, ""), "/odd.csv": (200, "no")}
        if self.path == "/moved.csv":
            self.send_response(302)
            self.send_header("Location", "/custody.csv")
            self.end_headers()
            return
        status, body = bodies[self.path]
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture
def address() -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_source_is_pulled(address: str) -> None:
    table = pulled(shipped_library().source("custody"), f"{address}/custody.csv")
    assert table["unexplained"].to_list() == [1]


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/gone.csv", "answered 404"),
        ("/moved.csv", "answered 302"),
        ("/odd.csv", "neither a column day"),
        ("/custody", "ends with none of"),
    ],
)
def test_anything_else_is_no_data(address: str, path: str, message: str) -> None:
    with pytest.raises(UnreadableSourceError, match=message):
        pulled(shipped_library().source("custody"), f"{address}{path}")


def test_nobody_there_is_no_data() -> None:
    with pytest.raises(UnreadableSourceError, match="refused"):
        pulled(shipped_library().source("custody"), "http://127.0.0.1:9/custody.csv")


def test_the_library_is_listed(run) -> None:
    status, out, _ = run("indicators", "list", "--group", "funds", "--json")
    listed = json.loads(out)
    assert status == 0
    assert {one["group"] for one in listed} == {"funds"}
    assert "存管对账不明差异" in run("indicators", "list", language="zh")[1]
    status, _, err = run("indicators", "list", "--group", "fun")
    assert (status, "there is no group 'fun'" in err) == (1, True)


def test_a_standing_is_data(run, tmp_path) -> None:
    path = tmp_path / "custody.csv"
    path.write_text(CUSTODY)
    out_file = tmp_path / "values.parquet"
    table = f"custody={path}"
    arguments = ("--as-of", "2026-11-22", "--out", str(out_file), "--json")
    status, out, _ = run("indicators", "compute", "--table", table, *arguments)
    found = json.loads(out)
    assert status == 0
    assert found["sources"]["custody"]["state"] == "partial"
    assert found["indicators"]["funds.unexplained_difference"] == {"value": 1.0, "level": "yellow"}
    warning = next(one for one in found["warnings"] if one["level"] == "yellow")
    assert (warning["owner"], warning["impact_minor"]) == ("treasury", 1)
    assert pl.read_parquet(out_file).filter(pl.col("level") == "yellow").height >= 1
    late = run("indicators", "compute", "--table", table, "--as-of", "2026-11-30", "--json")[1]
    assert json.loads(late)["firm"]["level"] == "no_data"


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("custody", "is not SOURCE=FILE"),
        ("custudy=a.csv", "did you mean custody"),
        ("custody=none.csv", "No such file"),
    ],
)
def test_a_wrong_table_is_told(run, tmp_path, table, message) -> None:
    status, out, err = run("indicators", "compute", "--table", table, "--as-of", "2026-11-22")
    assert message in err
    assert status in (0, 1, 2)
    if status == 0:  # a source that cannot be read is no data, and the rest is computed
        assert "broken" in out


def test_a_backtest_is_data(run, tmp_path) -> None:
    path = tmp_path / "custody.csv"
    days = [f"2026-11-{day:02},{0.01 if day == 9 else 0},1,1" for day in range(1, 31)]
    path.write_text("\n".join(["day,unexplained,customer_claims,bank_balance", *days]))
    episodes = tmp_path / "episodes.csv"
    episodes.write_text("start,end,title\n2026-11-10,2026-11-11,a cent\n")
    name = "funds.unexplained_difference"
    arguments = ("--table", f"custody={path}", "--episodes", str(episodes), "--level", "yellow")
    status, out, _ = run("indicators", "backtest", name, *arguments, "--json")
    found = json.loads(out)
    assert status == 0
    assert found["episodes"] == [{"start": "2026-11-10", "title": "a cent", "lead_days": 1}]
    assert run("indicators", "backtest", "funds.nothing", *arguments)[0] == 1
    assert run("indicators", "backtest", name, *arguments[2:], "--table", "duties=x.csv")[0] == 2


def test_a_faulty_file_fails_the_check(run, tmp_path) -> None:
    path = tmp_path / "own.yaml"
    path.write_text("indicators: [{id: x}]\n")
    status, _, err = run("indicators", "check", str(path))
    assert status == 1
    assert "own.yaml" in err
    assert run("indicators", "check")[0] == 0


def test_peers_are_fitted_from_published_ratings(run, tmp_path) -> None:
    folder = tmp_path / "ratings"
    folder.mkdir()
    header = "序号,平台名称,得分,资金流入率,利率\n"
    for month in ("201501", "201502", "201503"):
        rows = "".join(f"{at},平台{at} ,{90 - at},{at},{at / 2}\n" for at in range(20))
        (folder / f"{month}.csv").write_text(header + rows, encoding="utf-8")
    failed = tmp_path / "failed.csv"
    failed.write_text("问题发生时间,平台名称\n2015-02-10,平台19\n", encoding="utf-8")
    out = tmp_path / "score.json"
    status, said, _ = run("indicators", "fit-peers", str(folder), str(failed), "--out", str(out))
    assert status == 0
    assert "fitted to 40 ratings, 1 of which failed" in " ".join(said.split())
    score = PeerScore.read(out.read_bytes())
    assert score.fitted_until == date(2015, 3, 31)
    assert score.weights["place_score"] < -1.0, "what failed had the lowest rating"
    assert run("indicators", "fit-peers", str(failed), str(failed), "--out", str(out))[0] == 1
    (folder / "march.csv").write_text(header, encoding="utf-8")
    refused = run("indicators", "fit-peers", str(folder), str(failed), "--out", str(out))
    assert refused[0] == 1
    assert "YYYYMM" in refused[2]
