"""Files go past a virus scanner that speaks clamd's protocol; EICAR's test file is refused."""

import socketserver
import struct
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from tests.console.operators import browser_of

from fengkong.console.accounts.models import Operator
from fengkong.console.audit.models import AuditEntry
from fengkong.console.cases.errors import InfectedFileError, UnscannedFileError
from fengkong.console.cases.files import PREFIX, add_file
from fengkong.console.cases.models import Case, CaseFile
from fengkong.console.cases.scanning import CHUNK_BYTES

pytestmark = pytest.mark.django_db
EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
LIMIT = 1_000_000


class Clamd(socketserver.StreamRequestHandler):
    """As much of clamd as INSTREAM asks: reads chunks, knows one signature, has a limit."""

    def handle(self) -> None:
        if self.rfile.read(10) != b"zINSTREAM\0":
            self.wfile.write(b"UNKNOWN COMMAND\0")
            return
        content, sizes = b"", []
        while size := struct.unpack("!I", self.rfile.read(4))[0]:
            sizes.append(size)
            content += self.rfile.read(size)
        assert all(size <= CHUNK_BYTES for size in sizes)
        if len(content) > LIMIT:
            self.wfile.write(b"INSTREAM size limit exceeded. ERROR\0")
        elif EICAR in content:
            self.wfile.write(b"stream: Eicar-Test-Signature FOUND\0")
        else:
            self.wfile.write(b"stream: OK\0")


@pytest.fixture(params=["tcp", "unix"])
def scanner(request: pytest.FixtureRequest, settings: Any, tmp_path: Path) -> Iterator[None]:
    """A scanner that listens, and the console that knows of it."""
    server: socketserver.BaseServer
    if request.param == "tcp":
        server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Clamd)
        address = f"tcp://127.0.0.1:{server.server_address[1]}"
    else:
        place = tmp_path / "clamd.ctl"
        server = socketserver.ThreadingUnixStreamServer(str(place), Clamd)
        address = f"unix://{place}"
    settings.CONSOLE = replace(settings.CONSOLE, virus_scanner=address)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.usefixtures("scanner")
def test_what_the_scanner_knows_is_refused_and_recorded(
    case: Case, ann: Operator, folder: Path
) -> None:
    kept = add_file(ann, case.pk, name="a.txt", content=b"harmless " * 20_000)
    with pytest.raises(InfectedFileError, match="Eicar-Test-Signature"):
        add_file(ann, case.pk, name="b.txt", content=EICAR)
    with pytest.raises(UnscannedFileError, match="size limit"):
        add_file(ann, case.pk, name="c.txt", content=b"x" * (LIMIT + 1))
    assert list(CaseFile.objects.values_list("pk", flat=True)) == [kept.pk]
    assert len(list(folder.rglob(f"{PREFIX}*.sealed"))) == 1
    refused = AuditEntry.objects.get(action="refuse_case_file")
    assert "Eicar" in refused.detail["found"]


@pytest.mark.usefixtures("scanner")
def test_the_screen_says_what_was_found(case: Case, ann: Operator) -> None:
    desk = browser_of(ann, HTTP_ACCEPT_LANGUAGE="en")
    where = f"/cases/{case.pk}/papers/"
    assert "scanner looks at every file" in desk.get(where).content.decode()
    answer = desk.post(where, {"file": SimpleUploadedFile("e.txt", EICAR)})
    assert answer.status_code == 422
    assert AuditEntry.objects.filter(action="refuse_case_file").exists()
    assert not CaseFile.objects.exists()


def test_a_scanner_that_is_away_keeps_files_out(
    case: Case, ann: Operator, settings: Any, tmp_path: Path
) -> None:
    settings.CONSOLE = replace(settings.CONSOLE, virus_scanner=f"unix://{tmp_path}/none.ctl")
    with pytest.raises(UnscannedFileError):
        add_file(ann, case.pk, name="a.txt", content=b"harmless")
    assert not CaseFile.objects.exists()


def test_without_a_scanner_the_screen_says_so(case: Case, ann: Operator) -> None:
    desk = browser_of(ann, HTTP_ACCEPT_LANGUAGE="en")
    assert "No virus scanner" in desk.get(f"/cases/{case.pk}/papers/").content.decode()
    assert add_file(ann, case.pk, name="a.txt", content=EICAR).size == len(EICAR)
