"""Lines by HTTP, from curl and from senders that mean harm."""

from __future__ import annotations

import gzip
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from tests.watch.receive.conftest import Kept, serving

from garrison.errors import ConfigError
from garrison.watch.receive.input import Count
from garrison.watch.receive.inputs import http

GOOD = {"time": "2026-11-25T10:11:12.345Z", "client": "scoring-job", "decision": "allow"}
SYSLOG = b"<13>Nov 24 10:11:12 gpu-1 kernel: NVRM: Xid 79"


def lines(count: int, first: int = 0) -> bytes:
    return b"".join(json.dumps({**GOOD, "request_id": f"r{first + n}"}).encode() + b"\n" for n in range(count))


def curl(port: int, data: bytes, *more: str, path: str = "/", scheme: str = "http") -> tuple[int, Any]:
    """The status and what the answer says."""
    done = subprocess.run(
        ["curl", "-sS", "-m", "30", "-w", "\n%{http_code}", "--data-binary", "@-", *more, f"{scheme}://127.0.0.1:{port}{path}"],
        input=data, capture_output=True, check=True,
    )  # fmt: skip
    said, _, status = done.stdout.rpartition(b"\n")
    return int(status), json.loads(said)


def uids(kept: Kept) -> list[str]:
    return [event.uid for event in kept.events()]


def test_lines_are_on_the_disk_when_they_are_acknowledged(kept: Kept) -> None:
    with serving(http, kept.around, log="garrison-gateway") as port:
        assert curl(port, lines(2500) + b"\n\r\nno line\r\n") == (200, {"events": 2500, "quarantined": 1})
        assert uids(kept) == [f"r{n}" for n in range(2500)]
    assert kept.strange[0][2] == b"no line"


def test_one_line_without_an_end(kept: Kept) -> None:
    with serving(http, kept.around, log="garrison-gateway") as port:
        assert curl(port, lines(1).strip()) == (200, {"events": 1, "quarantined": 0})
        assert curl(port, b"") == (200, {"events": 0, "quarantined": 0})


@pytest.mark.parametrize("coding", ["gzip", "gzip twice", "deflate", "zstd"])
def test_packed_bodies(kept: Kept, coding: str) -> None:
    import zlib

    data = lines(30_000)
    if coding == "zstd":
        zstd = pytest.importorskip("backports.zstd")
        packed = zstd.compress(data)
    elif coding == "gzip twice":
        packed = gzip.compress(data[:5000]) + gzip.compress(data[5000:])
    else:
        packed = gzip.compress(data) if coding == "gzip" else zlib.compress(data)
    with serving(http, kept.around, log="garrison-gateway") as port:
        said = curl(port, packed, "-H", f"Content-Encoding: {coding.split(maxsplit=1)[0]}")
        assert said == (200, {"events": 30_000, "quarantined": 0})
        assert set(uids(kept)) == {f"r{n}" for n in range(30_000)}


def test_an_array_of_objects_or_of_texts(kept: Kept) -> None:
    with serving(http, kept.around, log="garrison-gateway") as port:
        array = b" \n[" + b",".join(lines(1100).splitlines()) + b"]"
        assert curl(port, array) == (200, {"events": 1100, "quarantined": 0})
        status, said = curl(port, b'[{"a":1},')
        assert (status, list(said)) == (400, ["error"])
    with serving(http, kept.around, log="syslog") as port:
        assert curl(port, json.dumps([SYSLOG.decode()] * 2).encode()) == (200, {"events": 2, "quarantined": 0})


def test_the_document_of_a_cloud(kept: Kept) -> None:
    record = {"eventTime": "2026-11-25T10:11:12Z", "eventSource": "s3.amazonaws.com", "eventName": "GetObject"}
    document = {"Records": [{**record, "eventID": f"e{n}"} for n in range(3)]}
    with serving(http, kept.around, log="aws-cloudtrail") as port:
        assert curl(port, json.dumps(document, indent=1).encode()) == (200, {"events": 3, "quarantined": 0})
        assert curl(port, json.dumps(record).encode() + b"\n") == (200, {"events": 1, "quarantined": 0})
    assert uids(kept)[:3] == ["e0", "e1", "e2"]


def test_what_is_sent_again_doubles_nothing(kept: Kept) -> None:
    with serving(http, kept.around, log="syslog") as port:
        for key in ("a", "a", "b"):
            curl(port, SYSLOG + b"\n" + SYSLOG, "-H", f"Idempotency-Key: {key}")
        curl(port, SYSLOG)
        curl(port, SYSLOG)
    found = uids(kept)
    assert found[0:2] == found[2:4]  # one request, twice
    assert len(set(found)) == 5  # two events of each key, and one without


def test_what_is_not_taken_is_not_acknowledged(tmp_path: Path) -> None:
    kept = Kept(tmp_path, max_bytes=500_000)
    with serving(http, kept.around, log="garrison-gateway") as port:
        done = subprocess.run(
            ["curl", "-sS", "-i", "--data-binary", "@-", f"http://127.0.0.1:{port}/"],
            input=lines(5000), capture_output=True, check=True,
        )  # fmt: skip
    head, _, body = done.stdout.replace(b"\r", b"").partition(b"\n\n")
    assert b"503" in head.splitlines()[-6] or b" 503 " in head
    assert b"Retry-After: 5" in head
    assert b"full" in body
    assert kept.intake.counts["here", Count.REFUSED] > 0
    kept.intake.close()
    kept.spool.close()


def test_what_else_is_asked_is_refused(kept: Kept) -> None:
    with serving(http, kept.around, log="garrison-gateway", path="/in", **{"most-mb": 1}) as port:
        assert curl(port, b"", path="/")[0] == 404
        assert curl(port, b"", "-X", "PUT", path="/in")[0] == 405
        assert curl(port, b"x" * (1 << 20) + b"x", path="/in")[0] == 413
        assert curl(port, b"", "-H", "Content-Encoding: br", path="/in")[0] == 415
        assert curl(port, b"no gzip", "-H", "Content-Encoding: gzip", path="/in")[0] == 400
        assert curl(port, gzip.compress(lines(500))[:-9], "-H", "Content-Encoding: gzip", path="/in")[0] == 400


def test_a_format_that_is_none(kept: Kept) -> None:
    with pytest.raises(ConfigError, match="no log format"), serving(http, kept.around, log="sislog"):
        pass
