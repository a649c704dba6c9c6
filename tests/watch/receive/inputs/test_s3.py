"""Buckets as AWS fills them (moto's, in this process)."""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.watch.receive.conftest import Kept, failing, running, until

from garrison.errors import BusyError, ConfigError
from garrison.watch.receive import seen
from garrison.watch.receive.inputs import s3

pytest.importorskip("boto3")
moto = pytest.importorskip("moto")
pytestmark = pytest.mark.slow

TRAIL = {"eventTime": "2026-11-24T10:11:12Z", "eventSource": "s3.amazonaws.com", "eventName": "PutObject"}
ACCESS = '0a1b fraud [24/Nov/2026:10:11:12 +0000] 203.0.113.9 - {} REST.GET.OBJECT k "GET /fraud/k HTTP/1.1" 200 - 1 1 7 1 "-" "curl/8" -\n'
HEADER = "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status\n"
SOON: dict[str, Any] = {"every-s": 0.2}
FLOW = "2 123456789012 eni-1 10.0.0.9 10.0.1.5 50000 {} 6 10 840 1795515072 1795515132 ACCEPT OK\n"


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with moto.mock_aws():
        import boto3

        client = boto3.client("s3")
        client.create_bucket(Bucket="trails")
        yield client


def trail(*uids: str) -> bytes:
    return gzip.compress(json.dumps({"Records": [{**TRAIL, "eventID": uid} for uid in uids]}).encode())


def put(bucket: Any, key: str, data: bytes) -> None:
    bucket.put_object(Bucket="trails", Key=key, Body=data)


def uids(kept: Kept) -> list[str]:
    return sorted(event.uid for event in kept.events())


def test_trails_of_regions_as_they_come_and_late(bucket: Any, kept: Kept) -> None:
    top = "AWSLogs/123456789012/CloudTrail"
    put(bucket, f"{top}/eu-west-1/2026/11/24/b.json.gz", trail("e1", "e2"))
    put(bucket, "AWSLogs/123456789012/CloudTrail-Digest/eu-west-1/2026/11/24/d.json.gz", b"{}")
    put(bucket, "AWSLogs/elsewhere", b"nothing of it")
    said: dict[str, Any] = {"log": "aws-cloudtrail", "bucket": "trails", "prefix": f"{top}/", "every-s": 0.2}
    with running(s3, kept.around, **said):
        until(lambda: uids(kept) == ["e1", "e2"])
        put(bucket, f"{top}/us-east-1/2026/11/23/a.json.gz", trail("u1"))
        put(bucket, f"{top}/eu-west-1/2026/11/25/c.json.gz", trail("e3"))
        until(lambda: uids(kept) == ["e1", "e2", "e3", "u1"])
        put(bucket, f"{top}/eu-west-1/2026/11/24/a.json.gz", trail("e0"))  # before others, and later
        until(lambda: "e0" in uids(kept))
    put(bucket, f"{top}/eu-west-1/2026/11/25/d.json.gz", trail("e4"))
    with running(s3, kept.around, **said):
        until(lambda: "e4" in uids(kept))
    assert uids(kept) == ["e0", "e1", "e2", "e3", "e4", "u1"]
    assert not kept.strange


def test_access_logs_and_flow_logs(bucket: Any, kept: Kept) -> None:
    put(bucket, "access/2026-11-24-10-11-12-AAAA", (ACCESS.format("R1") + ACCESS.format("R2")).encode())
    put(
        bucket,
        "flow/AWSLogs/1/vpcflowlogs/eu-west-1/2026/11/24/x.log.gz",
        gzip.compress((HEADER + FLOW.format(1)).encode()),
    )
    with running(s3, kept.around, log="aws-s3-access", bucket="trails", prefix="access/"):
        until(lambda: [event.request_uid for event in kept.events()] == ["R1", "R2"])
    (kept.around.state / "objects.db").unlink()
    with running(s3, kept.around, log="aws-vpc-flow", bucket="trails", prefix=["flow/"]):
        until(lambda: len(kept.events()) == 3)
    assert kept.events()[-1].dst_port == 1
    assert not kept.strange


def test_objects_that_cannot_be_read_are_in_the_quarantine(
    bucket: Any, kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(s3, "DOCUMENT_BYTES", 10_000)
    put(bucket, "2026/1.json.gz", trail("e1")[:-10])
    put(bucket, "2026/2.json.gz", gzip.compress(b'{"Records":[' + b"x" * 100_000))
    put(bucket, "2026/3.json", b'{"Records":[{]}')
    put(bucket, "2026/4.json", b"x" * 10_001)
    put(bucket, "2026/5.json.gz", trail("e5"))
    put(bucket, "2026/", b"")
    with running(s3, kept.around, log="aws-cloudtrail", bucket="trails"):
        until(lambda: uids(kept) == ["e5"])
    assert sorted(one.line[:14] for one in kept.strange) == [
        b"2026/1.json.gz",
        b"2026/2.json.gz",
        b"2026/4.json",
        b'{"Records":[{]',
    ]


def test_read_again_it_is_the_same(bucket: Any, kept: Kept) -> None:
    put(bucket, "2026/1.log", FLOW.format(1).encode() * 2)
    for _ in range(2):
        with running(s3, kept.around, log="aws-vpc-flow", bucket="trails"):
            count = len(kept.events())
            until(lambda count=count: len(kept.events()) == count + 2)  # type: ignore[misc]
        (kept.around.state / "objects.db").unlink()  # as if it had been killed before it was noted
    assert len(uids(kept)) == 4
    assert len(set(uids(kept))) == 2


def test_an_object_that_may_not_be_read_stops_no_other(
    bucket: Any, kept: Kept, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    put(bucket, "2026/1.json", trail("e1"))
    put(bucket, "2026/2.json", trail("e2"))
    allowed = s3._Bucket.read

    def read(self: s3._Bucket, key: str) -> bytes:
        if key == "2026/1.json":
            raise BusyError("AccessDenied: it cannot be read")
        return allowed(self, key)

    with monkeypatch.context() as patched, running(s3, kept.around, log="aws-cloudtrail", bucket="trails"):
        patched.setattr(s3._Bucket, "read", read)
        until(lambda: uids(kept) == ["e2"])
    assert "2026/1.json: AccessDenied" in caplog.text
    with running(s3, kept.around, log="aws-cloudtrail", bucket="trails"):
        until(lambda: uids(kept) == ["e1", "e2"])


def test_begin_at_the_end(bucket: Any, kept: Kept) -> None:
    put(bucket, "2026/1.json", trail("e1"))
    with running(s3, kept.around, log="aws-cloudtrail", bucket="trails", begin="end", **SOON):
        time.sleep(1)
        put(bucket, "2026/2.json", trail("e2"))
        until(lambda: uids(kept) == ["e2"])


def test_what_is_old_is_listed_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept, now = seen.Seen.open(tmp_path), time.time()
    assert kept.floor("a/") is None
    kept.rise("a/")
    assert kept.floor("a/") == ""
    kept.add("a/", ["a/1", "a/3"])
    monkeypatch.setattr(time, "time", lambda: now + seen.LATE_S + 10)
    kept.add("a/", ["a/2", "a/4"])  # a/2 came late
    kept.rise("a/")
    assert kept.floor("a/") == "a/1"
    assert kept.new("a/", ["a/2", "a/3", "a/4", "a/5"]) == ["a/5"]
    monkeypatch.setattr(time, "time", lambda: now + 3 * seen.LATE_S)
    kept.rise("a/", ["a/3a"])  # it could not be read yet
    assert kept.floor("a/") == "a/3"
    kept.rise("a/")
    assert kept.floor("a/") == "a/4"
    kept.close()


def test_a_missing_bucket(bucket: Any, kept: Kept) -> None:
    with pytest.raises(ConfigError, match="no bucket absent"):
        failing(s3, kept.around, log="aws-cloudtrail", bucket="absent")


def test_no_credentials(kept: Kept, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(ConfigError, match="no credentials"):
        failing(s3, kept.around, log="aws-cloudtrail", bucket="trails")


def test_denied_and_down(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store of S3 that refuses, at an endpoint of its own."""
    from http.server import BaseHTTPRequestHandler, HTTPServer
    from threading import Thread

    class Denies(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(403)
            self.end_headers()
            self.wfile.write(b"<Error><Code>AccessDenied</Code><Message>no</Message></Error>")

        def log_message(self, *_: object) -> None:
            pass

    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    server = HTTPServer(("127.0.0.1", 0), Denies)
    thread = Thread(target=server.serve_forever)
    thread.start()
    said: dict[str, Any] = {
        "log": "aws-cloudtrail",
        "bucket": "trails",
        "region": "eu-west-1",
        "endpoint": f"http://127.0.0.1:{server.server_port}",
    }
    try:
        with pytest.raises(ConfigError, match="listing trails is denied") as raised:
            failing(s3, kept.around, **said)
        assert "s3:ListBucket" in raised.value.hint
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
