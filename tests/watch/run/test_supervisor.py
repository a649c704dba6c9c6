"""A watch as its users run it: what it receives is stored, judged and vouched for; what ends is started again; nothing outlives it."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest
from tests.watch.run.watching import children, free_port, garrison, line, until, watching

from garrison.watch.alerts.store import Alerts
from garrison.watch.run.status import as_text

pytest.importorskip("chdb")
pytestmark = pytest.mark.slow


def test_what_is_received_is_stored_judged_and_vouched_for(tmp_path: Path) -> None:
    with watching(tmp_path) as watch:
        assert watch.send([line(n) for n in range(2_000)] + [b"no line"]) == {"events": 2_000, "quarantined": 1}
        found = until(lambda: (said := watch.status()).judged == said.stored == 2_000 and said)
        assert found.inputs["web"].counts["quarantined"] == 1
        assert found.spools["standard"].events == found.behind_s == 0
        assert all(process.running for process in found.processes.values())
        assert list(found.processes) == ["receive", "store", "judge", "tell"]
        assert found.processes["store"].pid == watch.pid("store.node")
        assert garrison("watch", "status", str(watch.file)).returncode == 0
        pids = children(watch.process.pid)
        assert len(pids) == 4
        assert watch.send([line(n) for n in range(3_000)]) == {"events": 3_000, "quarantined": 0}
        assert watch.end().endswith("ended\n")
        assert not any(Path(f"/proc/{pid}").exists() for pid in pids)
    assert garrison("watch", "status", str(watch.file)).returncode == 1
    told = garrison("logs", "verify", "--store", str(tmp_path / "watch"), "--ledger", str(tmp_path / "ledger"))
    # What was received last is stored before the end, and what was sent twice is there once.
    assert told.stdout.startswith("3,000 events in 2 batches looked at: all as stored"), told.stderr


def test_a_file_that_changes_is_read_again_and_a_broken_one_changes_nothing(tmp_path: Path) -> None:
    with watching(tmp_path, ledger=False) as watch:
        right = watch.file.read_text()
        receiver, judge = watch.pid("receive"), watch.pid("judge")
        watch.file.write_text(right.replace("garrison-gateway", "garrison-gatewya"))
        until(lambda: "nothing has been changed" in watch.said())
        assert f"{watch.file}:7  input[0].log: there is no log format garrison-gatewya" in watch.said()
        os.kill(receiver, signal.SIGKILL)  # what is started again reads what was right
        until(lambda: watch.send([line(1)]))
        receiver = watch.pid("receive")
        watch.file.write_text(right.replace('state = "watch"', 'state = "elsewhere"'))
        until(lambda: "it cannot change while the watch runs" in watch.said())
        watch.file.write_text(
            right
            + 'quiet-after = "1h"\n[[input]]\ntype = "http"\nname = "more"\nlog = "syslog"\naddress = "127.0.0.1:0"\n'
        )
        until(lambda: "more listens" in watch.said())
        until(lambda: watch.send([line(2)]))
        assert watch.pid("receive") not in (0, receiver)
        until(lambda: watch.pid("judge") not in (0, judge))
        until(lambda: watch.sql("SELECT count() FROM garrison.events") == [2])
        assert watch.said().count("[watch] ledger is not set") == 1  # what was warned of is not said each time


def test_classes_of_retention_are_in_force_before_anything_of_them_is_stored(tmp_path: Path) -> None:
    with watching(tmp_path, 'retention = "short"\n[[retention]]\nname = "short"\ndays = 7\n') as watch:
        watch.send([line(1)])
        until(lambda: watch.sql("SELECT retention FROM garrison.events") == ["short"])
        (made,) = watch.sql("SHOW CREATE TABLE garrison.events")
        assert "stored + toIntervalDay(7)" in made
    told = garrison("ledger", "search", "--ledger", str(tmp_path / "ledger"), "--kind", "retention.change")
    assert "as the watch file says" in told.stdout + told.stderr


def test_a_rule_that_cannot_be_judged_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "rules").mkdir()
    rule = "logsource: {product: garrison, service: gateway}\ndetection: {s: {client: %s}, condition: s}\nlevel: high\n"
    quiet = "title: Quiet\ncorrelation: {type: event_count, rules: [ada], timespan: 1d, condition: {lt: 3}}\n"
    (tmp_path / "rules/ada.yml").write_text("title: Ada\nname: ada\n" + rule % "ada" + "---\n" + quiet)
    with watching(tmp_path, '[rules]\nfolders = ["rules"]\n') as watch:
        judge = until(lambda: watch.pid("judge"))
        until(lambda: watch.status().broken_rules == 1)
        (tmp_path / "rules/bob.yml").write_text(
            "title: Bob\n" + rule % "bob" + "---\n" + quiet.replace("Quiet", "Quieter")
        )
        until(lambda: watch.status().broken_rules == 2)
        watch.send([line(1, client="bob")])
        watch.send([line(2, client="ada")])
        with Alerts.open(tmp_path / "watch/alerts.db") as alerts:
            found = until(lambda: len(found := [(a.title, a.asset) for a in alerts.alerts()]) >= 3 and found)
        until(lambda: watch.status().judged == 2)
        broken = "A rule cannot be used"
        assert found[:2] == [(broken, f"{tmp_path}/rules/ada.yml"), (broken, f"{tmp_path}/rules/bob.yml")]
        assert found[2][0] == "Bob"  # that of Ada is only there to be counted
        assert watch.pid("judge") == judge
    assert f"a rule cannot be used: {tmp_path}/rules/ada.yml:7  lt asks for what does not happen" in watch.said()


def test_a_judge_that_does_not_run_is_told_of(tmp_path: Path) -> None:
    asked = ("alerts", "--alerts", str(tmp_path / "watch/alerts.db"))
    with watching(tmp_path, ledger=False) as watch:
        judge = until(lambda: watch.pid("judge"))
        until(lambda: all(process.running for process in watch.status().processes.values()))
        said = garrison(*asked)
        assert (said.stdout, said.stderr) == (" ✓ nothing to see to\n", "")
        os.kill(judge, signal.SIGSTOP)
        until(lambda: not watch.status().processes["judge"].running)
        said = garrison(*asked)
        assert said.stdout == " nothing has been noticed\n"
        assert said.stderr == "warning: the judge does not run: what is stored is not judged\n"
        assert garrison("watch", "status", str(watch.file)).returncode == 1
        os.kill(judge, signal.SIGCONT)
        until(lambda: watch.status().processes["judge"].running)
    until(lambda: "warning: the watch does not run" in garrison(*asked).stderr)


def test_what_was_never_judged_is_not_told_to_be(tmp_path: Path) -> None:
    with watching(tmp_path, ledger=False) as watch:
        watch.send([line(1)])
        until(lambda: watch.status().judged == 1)
    (tmp_path / "watch/run/judge.json").unlink()
    found = watch.status()
    assert (found.has_judged, 0 < found.behind_s < 3_600) == (False, True)
    assert "judge: not judged yet" in list(as_text(found))


def test_two_watches_do_not_share_a_folder_and_none_leaves_orphans(tmp_path: Path) -> None:
    with watching(tmp_path, ledger=False) as watch:
        other = garrison("watch", "run", str(watch.file))
        assert (other.returncode, "another watch runs on" in other.stderr) == (2, True)
        pids = until(lambda: len(found := children(watch.process.pid)) == 4 and found)
        watch.process.kill()
        watch.process.wait()
        until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids))
    with watching(tmp_path, ledger=False) as watch:
        assert watch.send([line(1)])["events"] == 1


def test_while_the_store_or_the_ledger_is_away_the_spool_takes_on(tmp_path: Path) -> None:
    with watching(tmp_path) as watch:
        until(lambda: watch.send([line(1)]) and watch.sql("SELECT count() FROM garrison.events") == [1])
        time.sleep(3)  # whoever stores keeps the ledger open for two seconds at most
        ledger = (tmp_path / "ledger").rename(tmp_path / "away")
        for n in range(2, 12):
            assert watch.send([line(n)])["events"] == 1
        until(lambda: watch.status().waits)
        assert watch.status().spools["standard"].events == 10
        ledger.rename(tmp_path / "ledger")
        until(lambda: watch.sql("SELECT count() FROM garrison.events") == [11])
        (tmp_path / "watch/store/data").chmod(0o700)
        os.kill(watch.pid("store.node"), signal.SIGSTOP)
        began = time.monotonic()
        assert watch.send([line(n) for n in range(20, 40)])["events"] == 20
        assert time.monotonic() - began < 5
        os.kill(watch.pid("store.node"), signal.SIGKILL)
        until(lambda: watch.sql("SELECT count() FROM garrison.events") == [31])
        assert watch.send([line(1)])["events"] == 1
        watch.end()
    told = garrison("logs", "verify", "--store", str(tmp_path / "watch"), "--ledger", str(tmp_path / "ledger"))
    assert "31 events" in told.stdout
    assert told.returncode == 0


def test_what_is_stored_is_carried_on(tmp_path: Path) -> None:
    def carried() -> set[
        bytes
    ]:  # a batch comes again where the exporter is killed before it has noted that it was taken
        return set((tmp_path / "siem.jsonl").read_bytes().splitlines())

    with watching(tmp_path, '[[export]]\ntype = "file"\nname = "siem"\npath = "siem.jsonl"\n', ledger=False) as watch:
        watch.send([line(n) for n in range(20)])
        until(lambda: len(carried()) == 20)
        os.kill(watch.pid("tell"), signal.SIGKILL)
        watch.send([line(20)])
        until(lambda: len(carried()) == 21)
    assert all(b"6003" in event for event in carried())


def test_metrics_are_served(tmp_path: Path) -> None:
    import urllib.request

    port = free_port()
    with watching(tmp_path, ledger=False) as watch:
        text = watch.file.read_text()
        watch.file.write_text(text.replace("[watch]", f'[watch]\nmetrics = "127.0.0.1:{port}"'))
        watch.send([line(1)])

        def asked() -> bool:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
                said = answer.read().decode()
            return 'garrison_watch_input_total{input="web",what="events"} 1' in said

        until(asked)
        with pytest.raises(urllib.error.HTTPError):
            urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5)
