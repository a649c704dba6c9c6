"""Witnesses: what continues is cosigned and remembered; what does not is refused, kept and named."""

from __future__ import annotations

import errno
import hashlib
import http.client
import multiprocessing
import os
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from garrison.errors import LedgerError, TamperedError, UnreachedError
from garrison.ledger import split, witness_server
from garrison.ledger.checkpoint import SignedCheckpoint, open_checkpoint, parse_checkpoint
from garrison.ledger.cosignature import CosignatureVerifier, Cosigner
from garrison.ledger.note import Ed25519Signer
from garrison.ledger.split import SplitViewError
from garrison.ledger.witness import Answer, RefusedError, Request, Witness, parse_request
from garrison.ledger.witness_client import Asked, Asking, HttpWitness, LocalWitness, cosignature_of, with_cosignatures
from garrison.ledger.witness_server import WitnessServer

from .logs import MemoryLog

COSIGNER = Cosigner(Ed25519Signer.generate("witness.example/w1"))


def witness_of(state: Path, *logs: MemoryLog) -> Witness:
    return Witness(state, COSIGNER, {log.origin: log.verifiers for log in logs})


def asking(log: MemoryLog, evidence: Path) -> Asking:
    return Asking(parse_checkpoint(log.checkpoint()), log.verifiers, log.prove, evidence)


def ask(witness: Witness, log: MemoryLog, old: int, size: int | None = None) -> None:
    new = len(log.leaves) if size is None else size
    proof = tuple(log.prove(old, new)) if 0 < old < new else ()
    witness.add_checkpoint(bytes(Request(old, proof, log.checkpoint(new))))


def refused(witness: Witness, body: bytes) -> RefusedError:
    with pytest.raises(RefusedError) as raised:
        witness.add_checkpoint(body)
    return raised.value


def test_what_continues_is_cosigned_and_remembered(tmp_path: Path) -> None:
    log = MemoryLog()
    for count in (0, 1, 1, 5, 100):
        known = len(log.leaves)
        ask(witness_of(tmp_path, log), log.grow(count), known)  # a new one each time: all it knows is on the disk
        held = witness_of(tmp_path, log).checkpoint(hashlib.sha256(log.origin.encode()).hexdigest())
        assert held is not None
        verifier = CosignatureVerifier.parse(COSIGNER.vkey)
        found = open_checkpoint(held, [*log.verifiers, verifier])
        assert found.checkpoint.size == len(log.leaves)
        assert len(found.note.verified) == 2


def test_the_same_checkpoint_again(tmp_path: Path) -> None:
    log = MemoryLog().grow(3)
    witness = witness_of(tmp_path, log)
    ask(witness, log, 0)
    ask(witness, log, 3)


def test_another_old_size(tmp_path: Path) -> None:
    log = MemoryLog().grow(5)
    witness = witness_of(tmp_path, log)
    ask(witness, log, 0)
    log.grow(2)
    for old in (0, 3, 6):
        error = refused(witness, bytes(Request(old, tuple(log.prove(old, 7)) if old else (), log.checkpoint())))
        assert (error.answer, error.size) == (Answer.OTHER_SIZE, 5)
    assert refused(witness, bytes(Request(4, (), log.checkpoint(4)))).answer is Answer.OTHER_SIZE


def test_an_old_size_above_the_new_one(tmp_path: Path) -> None:
    log = MemoryLog().grow(5)
    assert refused(witness_of(tmp_path, log), bytes(Request(6, (), log.checkpoint()))).answer is Answer.MALFORMED


def test_a_log_that_is_not_known(tmp_path: Path) -> None:
    known, other = MemoryLog().grow(1), MemoryLog("example.com/other").grow(1)
    assert refused(witness_of(tmp_path, known), bytes(Request(0, (), other.checkpoint()))).answer is Answer.UNKNOWN_LOG
    assert not list(tmp_path.iterdir())


def test_a_log_that_did_not_sign(tmp_path: Path) -> None:
    log = MemoryLog().grow(1)
    double = MemoryLog().grow(1)
    changed = log.checkpoint().replace(b"\n1\n", b"\n2\n")
    for note in (double.checkpoint(), changed):
        assert refused(witness_of(tmp_path, log), bytes(Request(0, (), note))).answer is Answer.NOT_SIGNED
    assert not list(tmp_path.iterdir())


def test_a_rewritten_history(tmp_path: Path) -> None:
    log = MemoryLog().grow(5)
    witness = witness_of(tmp_path, log)
    ask(witness, log, 0)
    forged = log.fork(4).grow(6, "forged")
    error = refused(witness, bytes(Request(5, tuple(forged.prove(5, 10)), forged.checkpoint())))
    assert error.answer is Answer.INCONSISTENT
    assert "10 entries of example.com/ledger do not continue the 5" in error.message
    kept = list((witness.folder(log.origin) / "evidence").iterdir())
    assert [p.read_bytes() for p in kept] == [forged.checkpoint()]
    ask(witness, log.grow(1), 5)  # the true one goes on


@pytest.mark.parametrize("change", ["proof", "missing", "more"])
def test_a_false_proof(tmp_path: Path, change: str) -> None:
    log = MemoryLog().grow(5)
    witness = witness_of(tmp_path, log)
    ask(witness, log, 0)
    proof = tuple(log.grow(6).prove(5, 11))
    false = {"proof": (bytes(32), *proof[1:]), "missing": proof[:-1], "more": (*proof, bytes(32))}[change]
    assert refused(witness, bytes(Request(5, false, log.checkpoint()))).answer is Answer.INCONSISTENT


def test_a_proof_where_none_belongs(tmp_path: Path) -> None:
    log = MemoryLog().grow(5)
    assert (
        refused(witness_of(tmp_path, log), bytes(Request(0, (bytes(32),), log.checkpoint()))).answer
        is Answer.INCONSISTENT
    )


def test_a_split_view_is_named_and_kept(tmp_path: Path) -> None:
    log = MemoryLog().grow(5)
    witness = witness_of(tmp_path, log)
    ask(witness, log, 0)
    forged = log.fork(4).grow(1, "forged")
    for old, answer in ((5, Answer.INCONSISTENT), (0, Answer.OTHER_SIZE)):
        error = refused(witness, bytes(Request(old, (), forged.checkpoint())))
        assert error.answer is answer
        assert "split view: example.com/ledger signed two histories of 5 entries" in error.message
    kept = [parse_checkpoint(p.read_bytes()).checkpoint for p in (witness.folder(log.origin) / "evidence").iterdir()]
    assert {c.size for c in kept} == {5}
    assert len({c.root for c in kept}) == 2


def test_evidence_does_not_fill_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(split, "_MOST", 5)
    log = MemoryLog().grow(5)
    witness = witness_of(tmp_path, log)
    ask(witness, log, 0)
    for number in range(8):
        forged = log.fork(4).grow(1, f"forged {number}")
        assert refused(witness, bytes(Request(5, (), forged.checkpoint()))).answer is Answer.INCONSISTENT
    assert sum(1 for _ in (witness.folder(log.origin) / "evidence").iterdir()) == 5


def test_damaged_state_is_not_taken_for_none(tmp_path: Path) -> None:
    log = MemoryLog().grow(5)
    witness = witness_of(tmp_path, log)
    ask(witness, log, 0)
    path = witness.folder(log.origin) / "checkpoint"
    whole = path.read_bytes()
    for damaged in (b"", whole[:-1], whole.replace(b"\n5\n", b"\n4\n")):
        path.write_bytes(damaged)
        with pytest.raises(LedgerError, match="what was remembered is damaged"):
            ask(witness, log, 0)


def test_nothing_is_cosigned_that_is_not_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = MemoryLog().grow(5)
    witness = witness_of(tmp_path, log)
    ask(witness, log, 0)
    before = (witness.folder(log.origin) / "checkpoint").read_bytes()

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as disk:
        disk.setattr(os, "fsync", full)
        with pytest.raises(UnreachedError, match="No space left"):
            ask(witness, log.grow(1), 5)
        forged = log.fork(4).grow(1, "forged")
        assert "split view" in refused(witness, bytes(Request(5, (), forged.checkpoint()))).message
    assert (witness.folder(log.origin) / "checkpoint").read_bytes() == before
    ask(witness, log, 5)


def test_what_is_no_state(tmp_path: Path) -> None:
    log = MemoryLog().grow(5)
    witness = witness_of(tmp_path, log)
    (witness.folder(log.origin) / "checkpoint").mkdir(parents=True)
    with pytest.raises(UnreachedError, match="cannot be read"):
        ask(witness, log, 0)
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(LedgerError, match="the state cannot be used"):
        ask(witness_of(tmp_path / "file", log), log, 0)


@pytest.mark.parametrize(
    "body",
    [b"", b"old 0\n", b"old 01\n\na", b"old -1\n\na", b"old 0\nx\n\na", b"old 0\r\n\n", b"new 0\n\na", b"old 0\n" + b"A" * 43 + b"=\n" * 64 + b"\na", b"old 0\n\nno checkpoint"],
)  # fmt: skip
def test_malformed_requests(tmp_path: Path, body: bytes) -> None:
    assert refused(witness_of(tmp_path), body).answer is Answer.MALFORMED


@given(st.binary(max_size=200) | st.binary(max_size=80).map(lambda b: b"old 1\n" + b))
def test_any_request_is_read_or_refused(body: bytes) -> None:
    try:
        request = parse_request(body)
    except RefusedError:
        return
    assert bytes(request) == body


def _race(state: Path, log: MemoryLog, size: int, start: threading.Barrier) -> None:
    start.wait()
    witness = LocalWitness(witness_of(state, log))
    cosignature_of(witness, asking(log.fork(size), state))


@pytest.mark.slow
def test_several_processes_take_turns(tmp_path: Path) -> None:
    """Of many at once, none makes the witness go back: what is held in the end is the largest."""
    log = MemoryLog().grow(40)
    fork = multiprocessing.get_context("fork")
    start = fork.Barrier(4)
    crowd = [fork.Process(target=_race, args=(tmp_path, log, size, start)) for size in (10, 20, 30, 40)]
    for process in crowd:
        process.start()
    for process in crowd:
        process.join(30)
    held = parse_checkpoint((witness_of(tmp_path, log).folder(log.origin) / "checkpoint").read_bytes())
    assert held.checkpoint.size == 40


# Over HTTP


@pytest.fixture
def log() -> MemoryLog:
    return MemoryLog().grow(5)


@pytest.fixture
def server(tmp_path: Path, log: MemoryLog) -> Iterator[WitnessServer]:
    made = WitnessServer(witness_of(tmp_path / "state", log))
    thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield made
    made.shutdown()
    made.server_close()
    thread.join()


def client(server: WitnessServer) -> HttpWitness:
    return HttpWitness(CosignatureVerifier.parse(COSIGNER.vkey), server.url, 5)


def test_over_http(server: WitnessServer, log: MemoryLog, tmp_path: Path) -> None:
    """From nothing, with the right size remembered, with a wrong one: the witness tells its own."""
    witness = client(server)
    for known in (0, 5, 3, 0):
        signature = cosignature_of(witness, asking(log, tmp_path), known)
        assert signature.name == "witness.example/w1"
        log.grow(4)
    held = witness.held(log.origin)
    assert held is not None
    assert parse_checkpoint(held).checkpoint.size == 17
    assert witness.held("example.com/other") is None


def test_a_ledger_that_was_cut_off(server: WitnessServer, log: MemoryLog, tmp_path: Path) -> None:
    cosignature_of(client(server), asking(log, tmp_path))
    with pytest.raises(TamperedError, match=r"knows 5 entries of example\.com/ledger, here are 3"):
        cosignature_of(client(server), asking(log.fork(3), tmp_path))


def test_a_split_view_over_http(server: WitnessServer, log: MemoryLog, tmp_path: Path) -> None:
    """The ledger fetches what the witness holds, and has the evidence too."""
    cosignature_of(client(server), asking(log, tmp_path))
    forged = log.fork(4).grow(1, "forged")
    with pytest.raises(SplitViewError, match="signed two histories of 5 entries") as raised:
        cosignature_of(client(server), asking(forged, tmp_path / "evidence"))
    kept = [parse_checkpoint(p.read_bytes()) for p in (tmp_path / "evidence").iterdir()]
    assert {c.checkpoint.root for c in kept} == {
        parse_checkpoint(x.checkpoint()).checkpoint.root for x in (log, forged)
    }
    assert "both are kept" in raised.value.hint


def test_a_rewritten_history_over_http(server: WitnessServer, log: MemoryLog, tmp_path: Path) -> None:
    cosignature_of(client(server), asking(log, tmp_path))
    with pytest.raises(TamperedError, match="refuses with 422"):
        cosignature_of(client(server), asking(log.fork(2).grow(9, "forged"), tmp_path))


def test_refusals_are_told_apart(server: WitnessServer, log: MemoryLog, tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match="refuses with 404"):
        cosignature_of(client(server), asking(MemoryLog("example.com/other").grow(1), tmp_path))
    with pytest.raises(LedgerError, match="refuses with 403") as raised:
        cosignature_of(client(server), asking(MemoryLog().grow(1), tmp_path))
    assert not isinstance(raised.value, TamperedError)


def test_a_witness_with_another_key(server: WitnessServer, log: MemoryLog, tmp_path: Path) -> None:
    other = Cosigner(Ed25519Signer.generate("witness.example/w1"))
    witness = HttpWitness(CosignatureVerifier.parse(other.vkey), server.url, 5)
    with pytest.raises(LedgerError, match="did not answer with its cosignature"):
        cosignature_of(witness, asking(log, tmp_path))


def test_the_answer_to_another_size(server: WitnessServer, log: MemoryLog) -> None:
    connection = http.client.HTTPConnection(*server.address, timeout=5)
    for _ in range(2):  # one connection, as the specification asks for
        connection.request("POST", "/add-checkpoint", bytes(Request(3, (), log.checkpoint())))
        answer = connection.getresponse()
        assert (answer.status, answer.headers["Content-Type"], answer.read()) == (409, "text/x.tlog.size", b"0\n")
    connection.close()


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("GET", "/", {}, 404),
        ("GET", "/../../etc/passwd", {}, 404),
        ("GET", f"/{'a' * 64}/checkpoint", {}, 404),
        ("POST", "/other", {"Content-Length": "0"}, 404),
        ("POST", "/add-checkpoint", {}, 411),
        ("POST", "/add-checkpoint", {"Transfer-Encoding": "chunked"}, 411),
        ("POST", "/add-checkpoint", {"Content-Length": "x"}, 413),
        ("POST", "/add-checkpoint", {"Content-Length": "99999999"}, 413),
        ("POST", "/add-checkpoint", {"Content-Length": "0"}, 400),
        ("PUT", "/add-checkpoint", {}, 501),
    ],
)
def test_other_requests(server: WitnessServer, method: str, path: str, headers: dict[str, str], status: int) -> None:
    lines = "".join(f"{k}: {v}\r\n" for k, v in headers.items())
    with socket.create_connection(server.address, timeout=5) as connection:
        connection.sendall(f"{method} {path} HTTP/1.1\r\nHost: a\r\n{lines}\r\n".encode())
        assert connection.recv(1000).split(b" ")[1] == str(status).encode()


def test_more_than_there_is_room_for_are_turned_away(server: WitnessServer, log: MemoryLog, tmp_path: Path) -> None:
    silent = [socket.create_connection(server.address, timeout=5) for _ in range(64)]
    with pytest.raises(UnreachedError):
        cosignature_of(client(server), asking(log, tmp_path))
    for connection in silent:
        connection.close()
    for _ in range(200):  # until the server has seen that they are gone
        try:
            assert cosignature_of(client(server), asking(log, tmp_path))
        except UnreachedError:
            time.sleep(0.02)
        else:
            return
    pytest.fail("no room again")


def test_a_connection_ends(server: WitnessServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(witness_server, "_LIFE_S", 0.2)
    with socket.create_connection(server.address, timeout=5) as connection:
        connection.sendall(b"POST /add-checkpoint HTTP/1.1\r\n")
        assert connection.recv(1000) == b""


def test_nobody_there(log: MemoryLog, tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/"
    with pytest.raises(UnreachedError, match="was not reached"):
        cosignature_of(HttpWitness(CosignatureVerifier.parse(COSIGNER.vkey), url, 1), asking(log, tmp_path))


def test_a_server_that_cannot_remember_says_so(server: WitnessServer, log: MemoryLog, tmp_path: Path) -> None:
    (tmp_path / "state" / hashlib.sha256(log.origin.encode()).hexdigest() / "checkpoint").mkdir(parents=True)
    with pytest.raises(UnreachedError, match="answers 503"):
        cosignature_of(client(server), asking(log, tmp_path))


def test_two_logs_witness_each_other(tmp_path: Path) -> None:
    """Each remembers the other's checkpoints as entries of its own before it cosigns."""
    first, second = MemoryLog("example.com/first").grow(1), MemoryLog("example.com/second").grow(1)

    def witness(state: str, seen: MemoryLog, recorder: MemoryLog) -> LocalWitness:
        def record(signed: SignedCheckpoint) -> None:
            recorder.grow(1, str(signed.checkpoint.size))

        cosigner = Cosigner(Ed25519Signer.generate(f"witness.example/{state}"))
        return LocalWitness(Witness(tmp_path / state, cosigner, {seen.origin: seen.verifiers}, record=record))

    by_first, by_second = witness("first", second, first), witness("second", first, second)
    pairs: list[tuple[Asked, MemoryLog]] = [(by_second, first), (by_first, second)]
    for _ in range(3):
        for asked, log in pairs:
            made = asking(log, tmp_path)
            cosigned = with_cosignatures(made.signed.note, [cosignature_of(asked, made)])
            assert len(open_checkpoint(bytes(cosigned), [*log.verifiers, asked.verifier]).note.verified) == 2
    assert (len(first.leaves), len(second.leaves)) == (4, 4)
    with pytest.raises(TamperedError):
        cosignature_of(by_second, asking(first.fork(2).grow(9, "forged"), tmp_path))
