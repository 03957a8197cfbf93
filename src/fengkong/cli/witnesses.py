"""`fengkong ledger witness` and `cosign`: a witness over HTTP, and over an exported ledger."""

from __future__ import annotations

import signal
import threading
from pathlib import Path
from types import FrameType

from fengkong.cli.language import text
from fengkong.cli.screen import ERRORS, OUTPUT
from fengkong.cli.sources import MissingFileError
from fengkong.ledger.export_layout import CHECKPOINT
from fengkong.ledger.notes import Note, VerifierKey
from fengkong.ledger.witness import Refused
from fengkong.service.clock import wall_clock
from fengkong.service.refusals import CannotListenError
from fengkong.service.witnesses.asking import WitnessError
from fengkong.service.witnesses.exports import submission_of
from fengkong.service.witnesses.folder import WitnessFolder
from fengkong.service.witnesses.listening import witness_server


def serve_witness(
    directory: Path, *, logs: list[str], name: str | None, host: str, port: int
) -> None:
    """Answer until a signal."""
    folder = _opened(directory, logs=logs, name=name)
    try:
        server = witness_server(folder, host=host, port=port)
    except (OSError, OverflowError) as error:
        raise CannotListenError(f"{host}:{port}: {error}") from error

    def stop(_number: int, _frame: FrameType | None) -> None:
        threading.Thread(target=server.shutdown).start()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    url = f"http://{host}:{server.server_address[1]}"
    ERRORS.print(text("ledger.witness.started", url=url), markup=False)
    setting = f"{folder.cosigner.verifier} {url}"
    ERRORS.print(text("ledger.witness.setting", setting=setting), markup=False)
    with server:
        server.serve_forever()


def cosign_export(directory: Path, witness: Path, *, logs: list[str], name: str | None) -> None:
    """Put a witness's signature under the checkpoint of an exported ledger."""
    if not (directory / CHECKPOINT).is_file():
        raise MissingFileError(f"{directory} holds no exported ledger")
    folder = _opened(witness, logs=logs, name=name)
    note = (directory / CHECKPOINT).read_bytes()
    submission = submission_of(directory, note=note, known=folder.known_size)
    found = folder.answer(submission, at_s=wall_clock() // 1_000_000)
    if isinstance(found, Refused):
        raise WitnessError(f"{folder.cosigner.verifier.name} does not cosign: {found.message}")
    cosigned = Note.parse(note).with_signatures([found.signature]).render()
    new = directory / f"{CHECKPOINT}.new"
    new.write_bytes(cosigned)
    new.replace(directory / CHECKPOINT)
    size = f"{found.checkpoint.size:,}"
    OUTPUT.print(
        text("ledger.cosign.done", size=size, name=folder.cosigner.verifier.name), markup=False
    )
    OUTPUT.print(str(folder.cosigner.verifier), markup=False, soft_wrap=True)


def _opened(directory: Path, *, logs: list[str], name: str | None) -> WitnessFolder:
    keys = [VerifierKey.parse(log) for log in logs]
    return WitnessFolder.open(directory, name=name, log_keys=keys)
