"""Samples in the embedded store: each batch once, and what hosts used, as SQL tells it."""

from __future__ import annotations

from pathlib import Path

import pytest

from garrison.errors import ConfigError
from garrison.watch.receive.input import Sample
from garrison.watch.spool import Spool
from garrison.watch.store import samples
from garrison.watch.store.client import connected
from garrison.watch.store.guard import Role
from garrison.watch.store.samples import Resource

pytest.importorskip("chdb")
pytestmark = pytest.mark.slow

HOUR_US = 3_600_000_000
START_US = 1_795_514_400_000_000 // HOUR_US * HOUR_US
GPU, CPU, NETWORK = "DCGM_FI_DEV_GPU_UTIL", "node_cpu_seconds_total", "node_network_receive_bytes_total"


def an_hour() -> list[Sample]:
    """A host of two processors, one of them busy; and two GPUs, of which one is."""
    found = []
    for minute in range(60):
        time_us, seconds = START_US + minute * 60_000_000, minute * 60
        for cpu, mode, share in (("0", "user", 1.0), ("0", "idle", 0.0), ("1", "user", 0.0), ("1", "idle", 1.0)):
            value = 1000 + share * seconds if minute < 30 else share * (seconds - 1800)  # it begins anew: a restart
            found.append(Sample(time_us, CPU, value, "gpu-1", {"cpu": cpu, "mode": mode}))
        found.append(Sample(time_us, NETWORK, 1_000.0 * seconds, "gpu-1", {"device": "eth0"}))
        found += [Sample(time_us, GPU, use, "gpu-1", {"gpu": gpu}) for gpu, use in (("0", 100.0), ("1", 0.0))]
    return found


def test_what_hosts_used(tmp_path: Path) -> None:
    with (
        Spool.open(tmp_path / "samples", samples.COLUMNS) as spool,
        connected(tmp_path / "store", Role.WRITER) as client,
    ):
        samples.keep(spool, "node", an_hour())
        samples.keep(spool, "node", [Sample(START_US + HOUR_US, GPU, 50.0, "gpu-2", {"gpu": "0"})])
        taken = spool.take(wait_s=0)
        assert taken is not None
        assert samples.store(client, taken) == 421
        samples.store(client, taken)  # as after a crash
        spool.done(taken)
        assert client.query(f"SELECT count() FROM {samples.TABLE}").result_rows == [(421,)]
        found = {
            (one.host, one.resource, one.start_us): one.value
            for one in samples.use(client, START_US, START_US + 2 * HOUR_US)
        }
        assert found.keys() == {
            ("gpu-1", Resource.CPU, START_US),
            ("gpu-1", Resource.GPU, START_US),
            ("gpu-1", Resource.NETWORK, START_US),
            ("gpu-2", Resource.GPU, START_US + HOUR_US),
        }
        assert found["gpu-1", Resource.CPU, START_US] == pytest.approx(0.5)
        assert found["gpu-1", Resource.GPU, START_US] == pytest.approx(0.5)
        assert found["gpu-1", Resource.NETWORK, START_US] == pytest.approx(1000)
        assert found["gpu-2", Resource.GPU, START_US + HOUR_US] == pytest.approx(0.5)
        assert not list(samples.use(client, START_US + 2 * HOUR_US, START_US + 3 * HOUR_US))
        for statement in samples.clustered("main"):
            assert client.query("SELECT formatQuerySingleLine({q:String})", parameters={"q": statement}).result_rows


def test_a_cluster_without_a_name() -> None:
    with pytest.raises(ConfigError, match="no name of a cluster"):
        samples.clustered("a'; DROP")
