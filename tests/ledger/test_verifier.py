"""The offline verifier: what is intact passes, and each kind of damage is named where it is."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from ledger_export import SIGNER, Export, leaves_of, payloads_of, write_export

from fengkong.ledger import verifier
from fengkong.ledger.hashes import HASHES, SHA256, SM3
from fengkong.ledger.notes import Cosigner, Note, Signer

COUNT = 1000
LAST = "003.p/232"  # the last bundle of a thousand entries
WYCHEPROOF = Path(__file__).parents[3] / "shared/data/vectors/wycheproof/testvectors_v1"
OTHER = Signer.of_seed(name="fengkong/" + "99" * 16, seed=b"o" * 32)


@pytest.fixture(autouse=True)
def in_english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FENGKONG_LANGUAGE", "en")


@pytest.fixture(scope="module")
def intact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_export(tmp_path_factory.mktemp("exports") / "intact", count=COUNT).folder


@pytest.fixture
def export(intact: Path, tmp_path: Path) -> Export:
    """A copy to damage."""
    shutil.copytree(intact, tmp_path / "export")
    return Export(tmp_path / "export")


def verdict(folder: Path, *keys: str) -> str:
    """The first line of the answer."""
    try:
        return verifier.verify(folder, list(keys))[0]
    except verifier.BrokenLedgerError as error:
        return str(error)


@pytest.mark.parametrize("count", [0, 1, 2, 255, 256, 257, 512, 3000, 66_000])
def test_intact_exports_pass(tmp_path: Path, count: int) -> None:
    write_export(tmp_path, count=count)
    assert verdict(tmp_path) == f"INTACT: {count} entries of {SIGNER.verifier.name}"


@pytest.mark.parametrize("slow", [False, True], ids=["of-hashlib", "plain-python"])
def test_intact_sm3_exports_pass(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, slow: bool
) -> None:
    if slow:
        monkeypatch.setattr(verifier, "digest_named", lambda _name: verifier.sm3)
    export = write_export(tmp_path, count=300, hashing=SM3)
    assert verdict(tmp_path).startswith("INTACT")
    assert b"\nhash sm3\n" in export.read("checkpoint")
    assert json.loads(export.read("log.json"))["hash"] == "sm3"


def damaged_leaf(number: int, old: bytes, new: bytes) -> Callable[[Export], None]:
    """Changes a word of one entry, nothing else."""

    def damage(export: Export) -> None:
        leaves = leaves_of(payloads_of(COUNT))
        assert old in leaves[number - 1]
        leaves[number - 1] = leaves[number - 1].replace(old, new)
        export.write_leaves(leaves)

    return damage


def rewritten(change: Callable[[list[bytes]], Sequence[bytes]]) -> Callable[[Export], None]:
    """Other leaves in the bundles."""

    def damage(export: Export) -> None:
        shutil.rmtree(export.folder / "tile" / "entries")
        export.write_leaves(change(leaves_of(payloads_of(COUNT))))

    return damage


def flipped(place: str, at: int, bits: int = 1) -> Callable[[Export], None]:
    return lambda export: export.flip(place, at, bits)


def removed(place: str) -> Callable[[Export], None]:
    return lambda export: (export.folder / place).unlink()


def cut(place: str, count: int) -> Callable[[Export], None]:
    return lambda export: export.write(place, export.read(place)[:-count])


def lengthened(place: str) -> Callable[[Export], None]:
    return lambda export: export.write(place, export.read(place) + b"x")


def swapped_leaves(leaves: list[bytes]) -> list[bytes]:
    leaves[699], leaves[700] = leaves[700], leaves[699]
    return leaves


def swapped_payloads(export: Export) -> None:
    payloads = payloads_of(COUNT)
    payloads[499], payloads[501] = payloads[501], payloads[499]
    export.write_payloads(payloads)


def whole_history_rewritten(export: Export) -> None:
    """Another chain and its tiles, all consistent, under the old checkpoint."""
    payloads = payloads_of(COUNT)
    payloads[41] = b"never happened"
    leaves = leaves_of(payloads)
    export.write_leaves(leaves)
    export.write_payloads(payloads)
    export.write_tiles(leaves)


def last_entry_and_its_tile_rewritten(export: Export) -> None:
    damaged_leaf(COUNT, b'"late":false', b'"late":true')(export)
    leaves = leaves_of(payloads_of(COUNT))
    leaves[-1] = leaves[-1].replace(b'"late":false', b'"late":true')
    row = b"".join(map(SHA256.leaf_hash, leaves[768:]))
    export.write(f"tile/0/{LAST}", row)


def entry_and_its_tile_rewritten(export: Export) -> None:
    leaves = leaves_of(payloads_of(COUNT))
    leaves[299] = leaves[299].replace(b'"late":false', b'"late":true')
    export.write_leaves(leaves)
    export.write_tiles(leaves)


def foreign_checkpoint(export: Export) -> None:
    other = write_export(export.folder.parent / "other", count=COUNT, signer=OTHER)
    export.write("checkpoint", other.read("checkpoint"))


def foreign_head(export: Export) -> None:
    other = write_export(export.folder.parent / "other", count=COUNT, signer=OTHER)
    for place in ("checkpoint", "verifier-key"):
        export.write(place, other.read(place))


def older_checkpoint(export: Export) -> None:
    older = write_export(export.folder.parent / "older", count=900)
    export.write("checkpoint", older.read("checkpoint"))


def forged_checkpoint(export: Export) -> None:
    """Signed by another key that bears the log's name."""
    thief = Signer.of_seed(name=SIGNER.verifier.name, seed=b"t" * 32)
    note = Note.parse(export.read("checkpoint"))
    export.write("checkpoint", Note(note.text, (thief.sign(note.text),)).render())


def other_description(**changes: object) -> Callable[[Export], None]:
    def damage(export: Export) -> None:
        facts = json.loads(export.read("log.json")) | changes
        export.write("log.json", json.dumps(facts).encode())

    return damage


def name_twice(export: Export) -> None:
    """An entry that two readers could read differently."""
    number = b'"sequence":40,'
    damaged_leaf(40, number, number + number)(export)


DAMAGES = [
    (
        "a word of an entry",
        damaged_leaf(300, b"false", b"true"),
        "tile/entries/001, entry 300: not what was recorded",
    ),
    ("a word of the first", damaged_leaf(1, b"false", b"true"), "entry 1:"),
    ("a word of a bundle's last", damaged_leaf(256, b"false", b"true"), "entry 256:"),
    ("a word of the last", damaged_leaf(COUNT, b"false", b"true"), f"entry {COUNT}:"),
    ("its predecessor", damaged_leaf(40, b'"previous":"', b'"previous":"0'), "entry 40:"),
    ("its payload's digest", damaged_leaf(40, b'"payload":"', b'"payload":"0'), "entry 40:"),
    ("its number", damaged_leaf(40, b'"sequence":40', b'"sequence":41'), "entry 40: it carries"),
    ("a name twice", name_twice, "entry 40: not a ledger entry"),
    ("not JSON", damaged_leaf(40, b"{", b"["), "entry 40: not a ledger entry"),
    ("an entry dropped", rewritten(lambda leaves: [*leaves[:499], *leaves[500:]]), "entry 500: it"),
    ("the first dropped", rewritten(lambda leaves: leaves[1:]), "entry 1: it carries"),
    (
        "the last dropped",
        rewritten(lambda leaves: leaves[:-1]),
        f"tile/entries/{LAST}: the file is",
    ),
    ("two swapped", rewritten(swapped_leaves), "entry 700: it carries the number 701"),
    ("one twice", rewritten(lambda leaves: [*leaves[:9], *leaves[8:]]), "entry 10: it carries"),
    ("a bundle cut", cut("tile/entries/001", 7), "tile/entries/001, entry 512: the file ends"),
    ("a bundle longer", lengthened("tile/entries/001"), "tile/entries/001: more bytes"),
    ("a bundle missing", removed("tile/entries/002"), "tile/entries/002: the file is missing"),
    ("a tile's byte", flipped("tile/0/001", 32 * 43), "tile/0/001: hash 44"),
    ("a tile's first", flipped("tile/0/000", 0), "tile/0/000: hash 1"),
    ("the last tile's last", flipped(f"tile/0/{LAST}", -1), f"tile/0/{LAST}: hash 232"),
    ("an upper tile's byte", flipped("tile/1/000.p/3", 40), "tile/1/000.p/3: hash 2"),
    ("a tile cut", cut("tile/0/001", 32), "tile/0/001: 8160 bytes, expected 8192"),
    ("a tile longer", lengthened("tile/0/001"), "tile/0/001: the file is longer"),
    ("a tile missing", removed("tile/0/002"), "tile/0/002: the file is missing"),
    ("an upper tile missing", removed("tile/1/000.p/3"), "tile/1/000.p/3: the file is missing"),
    ("a payload's byte", flipped("payloads/000", -1), "payloads/000, entry 256: the payload"),
    ("a payload's length", flipped("payloads/000", 3), "payloads/000, entry 1: the payload"),
    ("payloads swapped", swapped_payloads, "payloads/001, entry 500: the payload"),
    ("payloads cut", cut("payloads/001", 1), "payloads/001, entry 51"),
    ("payloads longer", lengthened("payloads/001"), "payloads/001: more bytes"),
    ("payloads missing", removed("payloads/001"), "payloads/001: the file is missing"),
    ("history rewritten", whole_history_rewritten, "checkpoint: the entries have the root"),
    ("an entry and its tile", entry_and_its_tile_rewritten, "entry 301: it does not follow"),
    ("the last and its tile", last_entry_and_its_tile_rewritten, "checkpoint: the entries have"),
    ("the checkpoint's size", flipped("checkpoint", len(SIGNER.verifier.name) + 1), "checkpoint:"),
    ("the checkpoint's origin", flipped("checkpoint", 0), "checkpoint:"),
    ("the signature", flipped("checkpoint", -20), "checkpoint: the signature of"),
    ("the signature's key", flipped("checkpoint", -90, 2), "checkpoint:"),
    ("not a note", cut("checkpoint", 1), "checkpoint: not a signed note"),
    ("another log's checkpoint", foreign_checkpoint, "checkpoint: not signed by"),
    ("another log's head", foreign_head, "log.json: says"),
    ("an older checkpoint", older_checkpoint, "tile/entries/003.p/132: the file is missing"),
    ("a forged checkpoint", forged_checkpoint, "checkpoint: not signed by"),
    ("no checkpoint", removed("checkpoint"), "checkpoint: the file is missing"),
    ("no key", removed("verifier-key"), "verifier-key: the file is missing"),
    ("the key", flipped("verifier-key", 3), "verifier-key: not a list"),
    ("the key's material", flipped("verifier-key", -10), "verifier-key: not a list"),
    ("the description", flipped("log.json", 0), "log.json: not a description"),
    ("no description", removed("log.json"), "log.json: the file is missing"),
    ("another hash", other_description(hash="sm3"), "log.json: says"),
    ("another origin", other_description(origin="elsewhere"), "log.json: says elsewhere"),
    ("another format", other_description(format=2), "log.json: not a description"),
]


@pytest.mark.parametrize(
    ("damage", "place"), [d[1:] for d in DAMAGES], ids=[d[0].replace(" ", "-") for d in DAMAGES]
)
def test_damage_is_named(export: Export, damage: Callable[[Export], None], place: str) -> None:
    damage(export)
    assert place in verdict(export.folder)


@pytest.mark.parametrize("at", range(-1, -90, -11))
def test_any_byte_of_the_small_files_counts(export: Export, at: int) -> None:
    for place in ("checkpoint", "log.json", "verifier-key"):
        if -at > len(export.read(place)):
            continue
        export.flip(place, at)
        assert place in verdict(export.folder)
        export.flip(place, at)
    assert verdict(export.folder).startswith("INTACT")


def test_the_first_of_several_faults_is_named(export: Export) -> None:
    export.flip("tile/0/002", 0)
    export.flip("payloads/001", -1)
    assert verdict(export.folder).startswith("payloads/001, entry 512")
    export.flip("tile/0/000", 64)
    assert verdict(export.folder).startswith("tile/0/000: hash 3")


def test_an_export_without_payloads_passes_and_says_so(export: Export) -> None:
    shutil.rmtree(export.folder / "payloads")
    assert any("no payloads" in line for line in verifier.verify(export.folder, []))


def test_files_that_the_checkpoint_does_not_cover_are_mentioned(export: Export) -> None:
    export.write("tile/0/009", b"x" * 8192)
    export.write("tile/entries/001.p/7", b"x")
    lines = verifier.verify(export.folder, [])
    assert any(line.startswith("note: 2 files more") for line in lines), lines


def test_keys_from_elsewhere(export: Export, tmp_path: Path) -> None:
    own, wrong = str(SIGNER.verifier), str(OTHER.verifier)
    lines = verifier.verify(export.folder, [own])
    assert not any("came with the export" in line for line in lines)
    in_file = tmp_path / "keys"
    in_file.write_text(f"{own}\n\n", encoding="utf-8")
    assert verdict(export.folder, str(in_file)).startswith("INTACT")
    assert verdict(export.folder, wrong).startswith("checkpoint: not signed by fengkong/99")
    thief = Signer.of_seed(name=SIGNER.verifier.name, seed=b"t" * 32)
    assert verdict(export.folder, str(thief.verifier)).startswith("checkpoint: not signed by")
    with pytest.raises(verifier.UnusableError, match="not a verifier key"):
        verifier.verify(export.folder, ["nonsense"])
    export.write("verifier-key", f"{thief.verifier}\n".encode())
    assert verdict(export.folder, own).startswith("verifier-key: the key given")


def test_a_whole_forgery_is_seen_only_with_a_key_from_elsewhere(tmp_path: Path) -> None:
    thief = Signer.of_seed(name=SIGNER.verifier.name, seed=b"t" * 32)
    write_export(tmp_path, count=20, signer=thief)
    assert verdict(tmp_path).startswith("INTACT")
    assert verdict(tmp_path, str(SIGNER.verifier)).startswith("checkpoint: not signed by")


def test_witnesses_can_be_asked_for(export: Export) -> None:
    witness = Cosigner.of_seed(name="witness.example/1", seed=b"w" * 32)
    keys = [str(SIGNER.verifier), str(witness.verifier)]
    assert "not signed by witness.example/1" in verdict(export.folder, *keys)
    note = Note.parse(export.read("checkpoint"))
    signed = note.with_signatures([witness.cosign(note.text, at_s=1_700_000_000)])
    export.write("checkpoint", signed.render())
    assert verdict(export.folder, *keys).startswith("INTACT")
    assert verdict(export.folder, keys[1]).startswith("checkpoint: no key of the log")
    export.flip("checkpoint", -20)
    assert "the signature of witness.example/1" in verdict(export.folder, *keys)


def run(folder: Path, *arguments: str, language: str) -> subprocess.CompletedProcess[str]:
    """The file alone, without the product and its packages."""
    return subprocess.run(
        [sys.executable, "-I", "-S", folder / "verifier.py", *arguments],
        env={"FENGKONG_LANGUAGE": language, "PYTHONIOENCODING": "utf-8", "PYTHONUTF8": "1"},
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )


def test_it_runs_alone_in_both_languages(export: Export) -> None:
    shutil.copy(verifier.__file__, export.folder.parent / "verifier.py")
    place = str(export.folder)
    fine = run(export.folder.parent, place, language="en")
    assert (fine.returncode, fine.stderr) == (0, "")
    assert fine.stdout.startswith("INTACT: 1000 entries")
    assert run(export.folder.parent, place, language="zh_CN").stdout.startswith("完好：")
    export.flip("tile/0/001", 0)
    bad = run(export.folder.parent, place, language="zh")
    assert (bad.returncode, bad.stdout) == (1, "有误：tile/0/001：第 1 个哈希与记录不符\n")
    none = run(export.folder.parent, place + "-none", language="en")
    assert (none.returncode, none.stdout[:12]) == (2, "CANNOT CHECK")


def test_every_text_is_in_both_languages_and_used() -> None:
    source = Path(verifier.__file__).read_text(encoding="utf-8")
    said = set(re.findall(r'(?:say|broken|at_entry)\([^"\n]*(?:"[^"\n]*", )?"([a-z_]+)"', source))
    assert said <= set(verifier.TEXTS)
    assert all(re.search(f"""['"]{key}['"]""", source) for key in verifier.TEXTS)
    for key, pair in verifier.TEXTS.items():
        assert len(pair) == 2, key
        assert pair[0].count("{") == pair[1].count("{"), key


def test_ed25519_agrees_with_another_implementation() -> None:
    for number in range(12):
        key = Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32)
        public, message = key.public_key().public_bytes_raw(), b"message" * number
        signature = key.sign(message)
        assert verifier.ed25519_verify(public, message, signature)
        assert not verifier.ed25519_verify(public, message + b".", signature)
        for at in (0, 31, 32, 63):
            other = bytearray(signature)
            other[at] ^= 1
            assert not verifier.ed25519_verify(public, message, bytes(other))


def test_ed25519_published_answers() -> None:
    path = WYCHEPROOF / "ed25519_test.json"
    if not path.exists():
        pytest.skip("the Wycheproof vectors are not beside this checkout")
    wrong, seen = [], 0
    for group in json.loads(path.read_text(encoding="utf-8"))["testGroups"]:
        public = bytes.fromhex(group["publicKey"]["pk"])
        for case in group["tests"]:
            message, signature = bytes.fromhex(case["msg"]), bytes.fromhex(case["sig"])
            seen += 1
            if verifier.ed25519_verify(public, message, signature) != (case["result"] == "valid"):
                wrong.append((case["tcId"], case["comment"]))
    assert (wrong, seen) == ([], 151)


def test_plain_sm3_agrees_with_the_other() -> None:
    for length in (0, 1, 3, 55, 56, 63, 64, 65, 119, 120, 200):
        data = bytes(range(256))[:length]
        assert verifier.sm3(data) == HASHES["sm3"].digest(data)
