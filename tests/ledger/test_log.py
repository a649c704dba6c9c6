"""A ledger as its users see it."""

from __future__ import annotations

import asyncio
import datetime as dt
import errno
import os
import resource
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from garrison.errors import LedgerError, TamperedError, UnreachedError
from garrison.ledger import Ledger, durable, journal, log, reader, verify, writer
from garrison.ledger.entry import Fields, parse
from garrison.ledger.merkle import leaf_hash, verify_consistency, verify_inclusion
from garrison.ledger.note import Ed25519Signer, Ed25519Verifier
from garrison.ledger.proof import Proof, verify_proof
from garrison.ledger.trust import trusting

SIGNER = Ed25519Signer.generate("example.com/ledger")
OTHER = Ed25519Signer.generate("example.com/ledger")
VERIFIERS = [Ed25519Verifier.parse(SIGNER.vkey)]
NOTE = Fields(actor="service:ci", reason="a note")


def reasons(ledger: Ledger) -> list[str]:
    ledger.checkpoint()
    return [parse(entry).reason for entry in ledger.entries()]


def failing(code: int) -> Callable[..., Any]:
    def fail(*_: Any) -> None:
        raise OSError(code, os.strerror(code))

    return fail


def soon(what: Callable[[], Any]) -> Any:
    """What it gives as soon as that is something."""
    pause = threading.Event()
    for _ in range(1000):
        if found := what():
            return found
        pause.wait(0.01)
    return what()


def test_what_is_appended_can_be_read_proved_and_verified(tmp_path: Path) -> None:
    with Ledger.create(tmp_path / "ledger", SIGNER) as ledger:
        assert [ledger.append("note", **NOTE) for _ in range(300)] == list(range(300))
        newest = ledger.checkpoint().checkpoint
        assert (newest.origin, newest.size) == ("example.com/ledger", 300)
        assert journal.segments(ledger.path / "journal") == []
        for index in (0, 255, 256, 299):
            entry, proof = ledger.entry(index), ledger.prove(index)
            assert verify_inclusion(leaf_hash(entry), index, 300, proof.hashes, newest.root)
            assert verify_proof(entry, Proof.parse(bytes(proof)), trusting([SIGNER.vkey])).checkpoint == newest
        for old in (1, 255, 256, 300):
            assert verify_consistency(old, 300, ledger.consistency(old), ledger.root(old), newest.root)
    reader = Ledger.open(tmp_path / "ledger", verifiers=VERIFIERS)
    assert parse(reader.entry(7)).reason == "a note"
    assert len(list(reader.entries())) == 300
    assert len(list(reader.entries(250, 260))) == 10
    assert reader.verify() == []


def test_proofs_and_roots_of_every_size_that_ever_was(tmp_path: Path) -> None:
    with Ledger.create(tmp_path, SIGNER) as ledger:
        ledger.append_many(("note", NOTE) for _ in range(600))
        for old in (1, 2, 255, 256, 257, 511, 512, 599):
            for new in (old, old + 1, 600):
                proof = ledger.consistency(old, new)
                assert verify_consistency(old, new, proof, ledger.root(old), ledger.root(new))


def test_an_entry_can_be_proved_by_an_older_checkpoint(tmp_path: Path) -> None:
    with Ledger.create(tmp_path, SIGNER) as ledger:
        ledger.append_many(("note", NOTE) for _ in range(300))
        old = ledger.checkpoint()
        ledger.append_many(("note", NOTE) for _ in range(300))
        ledger.checkpoint()
        proof = ledger.prove(299, old)
        assert verify_proof(ledger.entry(299), proof, trusting([SIGNER.vkey])) == old
        with pytest.raises(LedgerError, match="there is no entry 300"):
            ledger.prove(300, old)


def test_a_reader_follows_a_ledger_that_grows(tmp_path: Path) -> None:
    with Ledger.create(tmp_path, SIGNER) as ledger:
        reader = Ledger.open(tmp_path, verifiers=VERIFIERS)
        assert list(reader.entries()) == []
        for size in (1, 2, 300):
            while ledger.append("note", **NOTE) < size - 1:
                pass
            newest = ledger.checkpoint()
            assert len(list(reader.entries())) == size
            assert reader.prove(size - 1) == ledger.prove(size - 1) == reader.prove(size - 1, newest)
            assert reader.consistency(1) == ledger.consistency(1)


def test_a_journal_that_cannot_be_emptied_is_told_and_emptied_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unlink = os.unlink

    def broken_there(path: Path) -> None:
        (failing(errno.EIO) if Path(path).parent.name == "journal" else unlink)(path)

    with Ledger.create(tmp_path, SIGNER) as ledger:
        ledger.append("note", **NOTE)
        with monkeypatch.context() as broken:
            broken.setattr(os, "unlink", broken_there)
            with pytest.raises(UnreachedError, match="cannot be emptied: Input/output error"):
                ledger.checkpoint()
        ledger.append("note", **NOTE)
        assert len(reasons(ledger)) == 2
        assert journal.segments(tmp_path / "journal") == []
        assert ledger.verify() == []


def test_what_is_not_there_is_not_found(tmp_path: Path) -> None:
    with Ledger.create(tmp_path, SIGNER) as ledger:
        ledger.append("note", **NOTE)
        for ask in (
            lambda: ledger.entry(1),
            lambda: ledger.entry(-1),
            lambda: ledger.prove(-1),
            lambda: ledger.prove(1),
        ):
            with pytest.raises(LedgerError, match="there is no entry"):
                ask()
        for sizes in ((0, 1), (2, 1), (1, 2)):
            with pytest.raises(LedgerError):
                ledger.consistency(*sizes)
    with pytest.raises(LedgerError, match="there is no ledger here") as caught:
        Ledger.open(tmp_path / "elsewhere", SIGNER)
    assert "garrison ledger init" in caught.value.hint
    assert not (tmp_path / "elsewhere").exists()


def test_a_folder_has_one_ledger(tmp_path: Path) -> None:
    Ledger.create(tmp_path, SIGNER).close()
    with pytest.raises(LedgerError, match="there is a ledger already"):
        Ledger.create(tmp_path, OTHER)


def test_a_refused_entry_leaves_no_trace(tmp_path: Path) -> None:
    with Ledger.create(tmp_path, SIGNER) as ledger:
        with pytest.raises(LedgerError, match="no registered kind"):
            ledger.append("novel", **NOTE)
        with pytest.raises(LedgerError, match="no entry of kind note"):
            ledger.append_many([("note", NOTE), ("note", {"actor": "alice"})])
        assert ledger.append("note", **NOTE) == 0
        assert ledger.checkpoint().checkpoint.size == 1


def test_there_is_one_writer_and_readers_as_many_as_come(tmp_path: Path) -> None:
    with Ledger.create(tmp_path, SIGNER) as ledger:
        ledger.append("note", **NOTE)
        ledger.checkpoint()
        with pytest.raises(LedgerError, match=f"process {os.getpid()} appends to this ledger"):
            Ledger.open(tmp_path, SIGNER)
        code = (
            "import sys; from pathlib import Path; from garrison.ledger import Ledger\n"
            "ledger = Ledger.open(Path(sys.argv[1])); print(len(list(ledger.entries())))"
        )
        done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True)
        assert done.stdout == "1\n"
    Ledger.open(tmp_path, SIGNER).close()


def test_a_reader_cannot_append_and_a_closed_ledger_neither(tmp_path: Path) -> None:
    ledger = Ledger.create(tmp_path, SIGNER)
    ledger.close()
    ledger.close()
    with pytest.raises(LedgerError, match="closed"):
        ledger.append("note", **NOTE)
    with pytest.raises(LedgerError, match="opened for reading"):
        Ledger.open(tmp_path).append("note", **NOTE)


def test_a_forked_process_cannot_append(tmp_path: Path) -> None:
    code = (
        "import os, sys; from pathlib import Path; from garrison.errors import LedgerError\n"
        "from garrison.ledger import Ledger; from garrison.ledger.note import Ed25519Signer\n"
        "with Ledger.create(Path(sys.argv[1]), Ed25519Signer.generate('example.com/ledger')) as ledger:\n"
        "    if os.fork() == 0:\n"
        "        try: ledger.append('note', actor='service:ci', reason='r')\n"
        "        except LedgerError as error: os.write(1, error.message.encode())\n"
        "        os._exit(0)\n"
        "    os.wait()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "ledger")], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout == "this ledger was opened by another process"


def test_readers_see_a_consistent_ledger_while_it_grows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "INTERVAL_S", 0.001)
    stop = threading.Event()
    with Ledger.create(tmp_path, SIGNER) as ledger:

        def append() -> None:
            while not stop.is_set():
                ledger.append_many(("note", NOTE) for _ in range(50))

        thread = threading.Thread(target=append)
        thread.start()
        try:
            reader = Ledger.open(tmp_path, verifiers=VERIFIERS)
            seen = reader.checkpoint().checkpoint
            while seen.size < 5000:
                now = reader.checkpoint().checkpoint
                assert now.size >= seen.size
                if now.size > seen.size > 0:
                    proof = reader.consistency(seen.size, now.size)
                    assert verify_consistency(seen.size, now.size, proof, seen.root, now.root)
                    assert len(list(reader.entries(seen.size, now.size))) == now.size - seen.size
                assert reader.verify() == []
                seen = now
        finally:
            stop.set()
            thread.join()


def test_threads_share_a_ledger(tmp_path: Path) -> None:
    told = dict[int, str]()
    with Ledger.create(tmp_path, SIGNER) as ledger:

        def append(name: int) -> None:
            for n in range(50):
                reason = f"{name}-{n}"
                told[ledger.append("note", actor="service:ci", reason=reason)] = reason

        threads = [threading.Thread(target=append, args=(name,)) for name in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert reasons(ledger) == [told[index] for index in range(1000)]


def test_tasks_share_a_ledger(tmp_path: Path) -> None:
    with Ledger.create(tmp_path, SIGNER) as ledger:

        async def append(name: int) -> dict[int, str]:
            return {
                await ledger.append_async("note", actor="service:ci", reason=f"{name}-{n}"): f"{name}-{n}"
                for n in range(20)
            }

        async def all_of_them() -> list[dict[int, str]]:
            return await asyncio.gather(*(append(name) for name in range(50)))

        told = {index: reason for some in asyncio.run(all_of_them()) for index, reason in some.items()}
        assert reasons(ledger) == [told[index] for index in range(1000)]


def test_a_cancelled_task_does_not_take_others_along(tmp_path: Path) -> None:
    with Ledger.create(tmp_path, SIGNER) as ledger:

        async def two() -> int:
            one = asyncio.ensure_future(ledger.append_async("note", **NOTE))
            other = asyncio.ensure_future(ledger.append_async("note", **NOTE))
            await asyncio.sleep(0)
            one.cancel()
            return await other

        assert asyncio.run(two()) == 1


def test_time_may_go_backwards(tmp_path: Path) -> None:
    times = [dt.datetime(2026, 1, 2, tzinfo=dt.UTC), dt.datetime(2025, 1, 1, tzinfo=dt.UTC)]
    with Ledger.create(tmp_path, SIGNER) as ledger:
        for time in times:
            ledger.append("note", actor="service:ci", reason="r", time=time)
        ledger.checkpoint()
        assert [parse(entry).time for entry in ledger.entries()] == times
        assert ledger.verify() == []


def test_entries_are_published_by_themselves_before_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "INTERVAL_S", 0.01)
    with Ledger.create(tmp_path, SIGNER) as ledger:
        ledger.append("note", **NOTE)
        reader = Ledger.open(tmp_path)
        assert soon(lambda: reader.checkpoint().checkpoint.size)
        assert reader.verify()[0].part == "signature"  # nobody was named whose signature counts


def test_a_full_disk_fails_the_append_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Ledger.create(tmp_path, SIGNER) as ledger:
        ledger.append("note", actor="service:ci", reason="before")
        with monkeypatch.context() as full:
            full.setattr(os, "pwrite", failing(errno.ENOSPC))
            with pytest.raises(UnreachedError, match="the journal cannot be written: No space left") as caught:
                ledger.append("note", actor="service:ci", reason="during")
            assert "nothing was appended" in caught.value.hint
            with pytest.raises(UnreachedError, match="no checkpoint can be written: No space left"):
                ledger.checkpoint()
        assert ledger.append("note", actor="service:ci", reason="after") == 1
        assert reasons(ledger) == ["before", "after"]
        assert ledger.verify() == []


def test_a_limit_of_the_system_fails_the_append_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A real short write, and a real error behind it: no file may grow beyond 8 KiB for a while."""
    monkeypatch.setattr(writer, "INTERVAL_S", 3600)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    told = list[str]()
    with Ledger.create(tmp_path, SIGNER) as ledger:

        def fill() -> None:
            for n in range(1000):
                ledger.append("note", actor="service:ci", reason=f"{n}")
                told.append(f"{n}")

        resource.setrlimit(resource.RLIMIT_FSIZE, (8192, hard))
        try:
            with pytest.raises(UnreachedError, match="the journal cannot be written: File too large"):
                fill()
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert ledger.append("note", actor="service:ci", reason="after") == len(told) > 20
        assert reasons(ledger) == [*told, "after"]
        assert ledger.verify() == []


def test_a_full_disk_is_told_where_only_checkpoints_fail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "INTERVAL_S", 0.01)
    with Ledger.create(tmp_path, SIGNER) as ledger:
        with monkeypatch.context() as full:
            full.setattr(durable, "replace_all", failing(errno.ENOSPC))
            ledger.append("note", **NOTE)
            assert "No space left" in str(soon(lambda: ledger.trouble))
        ledger.append("note", **NOTE)
        assert soon(lambda: ledger.trouble is None)
    assert len(list(Ledger.open(tmp_path).entries())) == 2


def test_a_folder_that_is_taken_away_is_not_begun_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is then at its place would keep the real one from coming back."""
    monkeypatch.setattr(writer, "INTERVAL_S", 0.01)
    here, away = tmp_path / "ledger", tmp_path / "away"
    here.mkdir()
    with Ledger.create(here, SIGNER) as ledger:
        ledger.append("note", **NOTE)
        here.rename(away)
        ledger.append("note", **NOTE)  # the journal is open
        assert "No such file" in str(soon(lambda: ledger.trouble))
        assert not here.exists()
        away.rename(here)
        assert soon(lambda: ledger.trouble is None)
    assert len(list(Ledger.open(here).entries())) == 2


def test_what_waits_for_a_checkpoint_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "INTERVAL_S", 3600)
    monkeypatch.setattr(writer, "_BACKLOG_BYTES", 1000)
    with Ledger.create(tmp_path, SIGNER) as ledger:
        with monkeypatch.context() as full:
            full.setattr(durable, "replace_all", failing(errno.ENOSPC))
            for _ in range(20):
                if ledger._writer and ledger._writer._backlog_bytes >= 1000:
                    break
                ledger.append("note", **NOTE)
            with pytest.raises(UnreachedError, match="no checkpoint"):
                ledger.append("note", **NOTE)
            with pytest.raises(UnreachedError, match="no checkpoint"):
                asyncio.run(ledger.append_async("note", **NOTE))
        count = ledger.append("note", **NOTE) + 1
        assert len(reasons(ledger)) == count < 20


def test_after_a_failed_sync_nothing_is_believed_until_it_is_read_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = Ledger.create(tmp_path, SIGNER)
    ledger.append("note", actor="service:ci", reason="before")
    with monkeypatch.context() as broken:
        broken.setattr(os, "fdatasync", failing(errno.EIO))
        with pytest.raises(UnreachedError, match="Input/output error") as caught:
            ledger.append("note", actor="service:ci", reason="unknown")
        assert "not known" in caught.value.hint
    with pytest.raises(UnreachedError, match="Input/output error"):
        ledger.append("note", actor="service:ci", reason="refused")
    ledger.close()
    with Ledger.open(tmp_path, SIGNER) as again:
        assert again.append("note", actor="service:ci", reason="after") == len(again.replay.framed) + 1
        assert reasons(again) == ["before", *["unknown"] * len(again.replay.framed), "after"]
        assert again.verify() == []


def test_a_key_that_fails_keeps_entries_in_the_journal(tmp_path: Path) -> None:
    class Failing:
        name, vkey = SIGNER.name, SIGNER.vkey
        works = True

        def sign(self, text: bytes) -> bytes:
            if not self.works:
                raise UnreachedError("the key service does not answer", hint="wait")
            return SIGNER.sign(text)

    signer = Failing()
    ledger = Ledger.create(tmp_path, signer)
    signer.works = False
    ledger.append("note", **NOTE)
    with pytest.raises(UnreachedError, match="does not answer"):
        ledger.close()
    with Ledger.open(tmp_path, SIGNER) as again:
        assert len(again.replay.framed) == 1
        assert len(reasons(again)) == 1


def test_another_key_opens_nothing(tmp_path: Path) -> None:
    Ledger.create(tmp_path, SIGNER).close()
    for signer, verifiers in ((OTHER, []), (None, [Ed25519Verifier.parse(OTHER.vkey)])):
        with pytest.raises(TamperedError, match="no known key signed it") as caught:
            Ledger.open(tmp_path, signer, verifiers=verifiers)
        assert caught.value.path == str(tmp_path / "checkpoint")


def test_a_changed_edge_is_not_built_upon(tmp_path: Path) -> None:
    with Ledger.create(tmp_path, SIGNER) as ledger:
        ledger.append("note", **NOTE)
    for name in ("tile/0/000.p/1", "tile/entries/000.p/1"):
        path = tmp_path / name
        data = path.read_bytes()
        path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
        with pytest.raises(TamperedError):
            Ledger.open(tmp_path, SIGNER)
        path.write_bytes(data)
    Ledger.open(tmp_path, SIGNER).close()


def test_a_ledger_goes_on_under_another_key(tmp_path: Path) -> None:
    with Ledger.create(tmp_path, SIGNER) as ledger:
        ledger.append("note", **NOTE)
        index = ledger.hand_over(OTHER, actor="service:admin", reason="yearly")
        assert parse(ledger.entry(index)).details["vkey"] == OTHER.vkey
        both = (tmp_path / "checkpoint").read_text()
        assert both.count("example.com/ledger ") == 2
        assert verify(tmp_path, VERIFIERS) == []
        ledger.append("note", **NOTE)
    with Ledger.open(tmp_path, OTHER) as ledger:
        ledger.append("note", **NOTE)
        assert ledger.verify() == []
    assert verify(tmp_path, VERIFIERS) == []
    with pytest.raises(TamperedError):
        Ledger.open(tmp_path, SIGNER)


def test_the_old_key_is_worth_nothing_after_the_hand_over(tmp_path: Path) -> None:
    with Ledger.create(tmp_path, SIGNER) as ledger:
        ledger.hand_over(OTHER, actor="service:admin", reason="yearly")
    with Ledger.open(tmp_path, SIGNER) as stolen:  # the last checkpoint is signed by both
        stolen.append("note", **NOTE)
    assert [fault.part for fault in verify(tmp_path, VERIFIERS)] == ["signature"]


def test_a_hand_over_that_the_old_key_did_not_sign_changes_nothing(tmp_path: Path) -> None:
    from garrison.ledger.handover import HAND_OVER, hand_over_note

    with Ledger.create(tmp_path, SIGNER) as ledger:
        for note in (hand_over_note("example.com/ledger", OTHER.vkey, OTHER), b"nonsense"):
            ledger.append(
                HAND_OVER,
                actor="service:mallory",
                object={"type": "key", "name": "other"},
                reason="yearly",
                details={"vkey": OTHER.vkey, "note": note.decode()},
            )
    assert verify(tmp_path, VERIFIERS) == []
    assert [fault.part for fault in verify(tmp_path, [Ed25519Verifier.parse(OTHER.vkey)])] == ["signature"]


def test_opening_reads_the_growing_side_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`make bench-ledger` shows the same at one and at ten million entries."""
    read: list[str] = []

    def counted(path: Path, most: int) -> bytes:
        read.append(str(path.relative_to(tmp_path)))
        return durable.read_bounded(path, most)

    with Ledger.create(tmp_path, SIGNER) as ledger:
        ledger.append_many(("note", NOTE) for _ in range(1000))
    for module in (log, reader, journal):
        monkeypatch.setattr(module, "read_bounded", counted)
    with Ledger.open(tmp_path, SIGNER):
        assert sorted(set(read)) == ["checkpoint", "tile/0/003.p/232", "tile/1/000.p/3", "tile/entries/003.p/232"]


def test_a_batch_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log, "_BATCH_BYTES", 500)
    with Ledger.create(tmp_path, SIGNER) as ledger:
        assert ledger.append_many([("note", NOTE)] * 2) == 0
        with pytest.raises(LedgerError, match="9 entries are too much at once"):
            ledger.append_many([("note", NOTE)] * 9)
        assert ledger.append_many([("note", NOTE)]) == 2


def test_an_interrupted_publication_is_no_loss(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Ledger.create(tmp_path, SIGNER) as ledger:
        for place in ("replace_all", "replace", "sync_folder"):
            ledger.append("note", actor="service:ci", reason=f"before {place}")
            with monkeypatch.context() as interrupted:

                def interrupt(*_: object) -> None:
                    raise KeyboardInterrupt

                interrupted.setattr(durable, place, interrupt)
                with pytest.raises(KeyboardInterrupt):
                    ledger.checkpoint()
            ledger.append("note", actor="service:ci", reason=f"after {place}")
        assert reasons(ledger) == [
            f"{when} {place}" for place in ("replace_all", "replace", "sync_folder") for when in ("before", "after")
        ]
        assert ledger.verify() == []


def test_an_interrupted_append_stops_the_ledger_until_it_is_opened_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = Ledger.create(tmp_path, SIGNER)
    ledger.append("note", actor="service:ci", reason="before")
    with monkeypatch.context() as interrupted:

        def interrupt(descriptor: int) -> None:
            raise KeyboardInterrupt

        interrupted.setattr(os, "fdatasync", interrupt)
        with pytest.raises(KeyboardInterrupt):
            ledger.append("note", actor="service:ci", reason="unknown")
    with pytest.raises(UnreachedError, match="interrupted"):
        ledger.append("note", actor="service:ci", reason="refused")
    ledger.close()
    with Ledger.open(tmp_path, SIGNER) as again:
        assert reasons(again) == ["before", "unknown"]
