"""Sinks, and the outbox before them: none is lost, none can be taken back, and no history takes the place of another."""

from __future__ import annotations

import base64
import hmac
import os
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import ClassVar

import pytest

from garrison.errors import ExitCode, LedgerError, TamperedError, UnreachedError
from garrison.ledger import outbox
from garrison.ledger.checkpoint import SignedCheckpoint, open_checkpoint, parse_checkpoint
from garrison.ledger.keys.file import write_secret
from garrison.ledger.sinks import Sink, folder_of
from garrison.ledger.sinks.git import Git
from garrison.ledger.sinks.object_lock import ObjectLock
from garrison.ledger.sinks.webhook import Webhook
from garrison.ledger.split import SplitViewError

from .logs import MemoryLog

LOG = MemoryLog().grow(9)


def signed(log: MemoryLog = LOG, size: int | None = None) -> SignedCheckpoint:
    return parse_checkpoint(log.checkpoint(size))


@pytest.mark.parametrize(
    ("origin", "folder"),
    [
        ("example.com/ledger", "example.com/ledger"),
        ("../../etc", "_./_./etc"),
        ("/a//b", "a/b"),
        ("a/.git/hooks", "a/_git/hooks"),
        ("prüfung\x1b", "pr_fung_"),
    ],
)
def test_folders(origin: str, folder: str) -> None:
    assert folder_of(origin) == folder


# Object Lock


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    for name, value in (("ACCESS_KEY_ID", "a"), ("SECRET_ACCESS_KEY", "b"), ("DEFAULT_REGION", "us-east-1")):
        monkeypatch.setenv(f"AWS_{name}", value)
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    import boto3
    from moto import mock_aws

    with mock_aws():
        boto3.client("s3").create_bucket(Bucket="checkpoints", ObjectLockEnabledForBucket=True)
        boto3.client("s3").create_bucket(Bucket="open")
        yield "checkpoints"


@pytest.mark.slow
def test_a_locked_version_cannot_be_deleted(bucket: str) -> None:
    import boto3
    from botocore.exceptions import ClientError

    place = ObjectLock("archive", bucket, 30, prefix="audit/").publish(signed())
    key, _, version = place.removeprefix(f"s3://{bucket}/").partition("?versionId=")
    assert key.startswith("audit/example.com/ledger/000000000009-")
    client = boto3.client("s3")
    with pytest.raises(ClientError, match="AccessDenied"):
        client.delete_object(Bucket=bucket, Key=key, VersionId=version)
    kept = client.get_object(Bucket=bucket, Key=key, VersionId=version)
    assert open_checkpoint(kept["Body"].read(), LOG.verifiers).checkpoint.size == 9
    assert kept["ObjectLockMode"] == "COMPLIANCE"
    assert (kept["ObjectLockRetainUntilDate"] - kept["LastModified"]).days in {29, 30}
    client.delete_object(Bucket=bucket, Key=key)  # only a marker: the version stays
    assert client.get_object(Bucket=bucket, Key=key, VersionId=version)["Body"].read() == bytes(signed())


@pytest.mark.slow
def test_a_bucket_that_does_not_lock(bucket: str) -> None:
    for name in ("open", "none"):
        with pytest.raises(LedgerError, match=f"s3://{name} answers") as raised:
            ObjectLock("archive", name, 30).publish(signed())
        assert not isinstance(raised.value, UnreachedError)
        assert "Object Lock" in raised.value.hint


@pytest.mark.slow
def test_a_store_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "b")
    sink = ObjectLock("archive", "b", 30, region="us-east-1", endpoint="http://127.0.0.1:1", timeout_s=1)
    with pytest.raises(UnreachedError, match="is not reached"):
        sink.publish(signed())


# git


def git(folder: Path, *arguments: str) -> str:
    names = ["-c", "user.name=a", "-c", "user.email=a@example"]
    done = subprocess.run(
        ["git", *names, *arguments], cwd=folder, check=True, capture_output=True, text=True, timeout=60
    )
    return done.stdout


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Somebody's repository, with a file that is staged and hooks that would be noticed."""
    path = tmp_path / "repository"
    path.mkdir()
    git(path, "init", "-q", "-b", "main")
    (path / "theirs").write_text("theirs")
    git(path, "add", "theirs")
    for hook in ("pre-commit", "post-commit", "reference-transaction", "pre-push", "post-index-change"):
        file = path / ".git/hooks" / hook
        file.write_text(f"#!/bin/sh\ntouch {tmp_path}/hooked\n")
        file.chmod(0o755)
    return path


def test_a_commit_for_each(repository: Path, tmp_path: Path) -> None:
    sink = Git("repo", str(repository))
    places = [sink.publish(signed(size=size)) for size in (3, 5, 5, 9)]
    assert places[1] == places[2]
    assert not (tmp_path / "hooked").exists()
    assert git(repository, "log", "--format=%s", "checkpoints").splitlines() == [
        f"example.com/ledger: {n} entries" for n in (9, 5, 3)
    ]
    kept = git(repository, "show", "checkpoints~1:example.com/ledger/checkpoint")
    assert open_checkpoint(kept.encode(), LOG.verifiers).checkpoint.size == 5
    assert git(repository, "status", "--porcelain") == "A  theirs\n"


def test_several_ledgers_share_a_branch(repository: Path) -> None:
    other = MemoryLog("example.com/other").grow(2)
    for one in (signed(), signed(other)):
        Git("repo", str(repository)).publish(one)
    names = git(repository, "ls-tree", "-r", "--name-only", "checkpoints").splitlines()
    assert names == ["example.com/ledger/checkpoint", "example.com/other/checkpoint"]


def test_pushed_to_a_bare_repository(repository: Path, tmp_path: Path) -> None:
    bare = tmp_path / "bare.git"
    git(tmp_path, "init", "-q", "--bare", str(bare))
    git(repository, "remote", "add", "origin", str(bare))
    sink = Git("repo", str(repository), remote="origin")
    sink.publish(signed(size=3))
    bare.rename(tmp_path / "away")
    with pytest.raises(UnreachedError, match="git push fails"):
        sink.publish(signed(size=5))
    (tmp_path / "away").rename(bare)
    sink.publish(signed(size=5))  # the commit is there already, and is pushed now
    assert git(bare, "log", "--format=%s", "checkpoints").splitlines() == [
        f"example.com/ledger: {n} entries" for n in (5, 3)
    ]
    assert not (tmp_path / "hooked").exists()


def test_a_remote_with_another_history_is_not_overwritten(repository: Path, tmp_path: Path) -> None:
    bare = tmp_path / "bare.git"
    git(tmp_path, "init", "-q", "--bare", str(bare))
    for folder in (repository, tmp_path / "second"):
        folder.mkdir(exist_ok=True)
        git(folder, "init", "-q")
        git(folder, "remote", "add", "origin", str(bare))
    Git("repo", str(repository), remote="origin").publish(signed(size=3))
    with pytest.raises(UnreachedError, match="git push fails"):
        Git("repo", str(tmp_path / "second"), remote="origin").publish(signed(size=5))
    assert git(bare, "log", "--format=%s", "checkpoints").splitlines() == ["example.com/ledger: 3 entries"]


def test_a_split_view_is_seen_in_the_repository(repository: Path) -> None:
    sink = Git("repo", str(repository))
    sink.publish(signed(size=5))
    with pytest.raises(SplitViewError):
        sink.publish(signed(LOG.fork(4).grow(1, "forged")))
    with pytest.raises(TamperedError, match=r"has 5 entries of .*, here are 4"):
        sink.publish(signed(size=4))


def test_what_is_no_repository(tmp_path: Path) -> None:
    with pytest.raises(UnreachedError, match="git hash-object fails"):
        Git("repo", str(tmp_path)).publish(signed())


def test_the_environment_of_git_is_clean(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY"):
        monkeypatch.setenv(name, str(tmp_path / "elsewhere"))
    (tmp_path / ".gitconfig").write_text("[user]\n\tname = Somebody\n[commit]\n\tgpgSign = true\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    Git("repo", str(repository), author="Ledger <l@example.com>").publish(signed())
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    assert git(repository, "log", "-1", "--format=%an %ae %cn", "checkpoints") == "Ledger l@example.com Ledger\n"


# Webhook


class _Receiver(BaseHTTPRequestHandler):
    status = 204
    received: ClassVar[list[tuple[dict[str, str], bytes]]] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.received.append((dict(self.headers), body))
        self.send_response(self.status)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the library's
        """Tests are quiet."""


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setattr(_Receiver, "received", [])
    server = HTTPServer(("127.0.0.1", 0), _Receiver)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/checkpoints"
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_webhook_posts_the_note(receiver: str, tmp_path: Path) -> None:
    """Signed by the ledger itself, and by the secret as Standard Webhooks says."""
    secret = b"0123456789abcdef01234567"
    write_secret(tmp_path / "secret", b"whsec_" + base64.b64encode(secret) + b"\n")
    for sink in (Webhook("hook", receiver, str(tmp_path / "secret")), Webhook("hook", receiver)):
        assert sink.publish(signed()) == receiver
    (headers, body), (plain, _) = _Receiver.received
    assert open_checkpoint(body, LOG.verifiers).checkpoint.size == 9
    said = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    digest = base64.b64encode(hmac.digest(secret, said, "sha256")).decode()
    assert headers["webhook-signature"] == f"v1,{digest}"
    assert headers["webhook-id"] == plain["webhook-id"]
    assert "webhook-signature" not in plain


def test_secrets_that_are_none(receiver: str, tmp_path: Path) -> None:
    for number, text in enumerate((b"", b"abc", b"whsec_AAAA", b"whsec_!")):
        path = tmp_path / str(number)
        write_secret(path, text)
        with pytest.raises(LedgerError, match="no secret of a webhook"):
            Webhook("hook", receiver, str(path)).publish(signed())
    (tmp_path / "0").chmod(0o644)
    with pytest.raises(LedgerError, match="mode 0644"):
        Webhook("hook", receiver, str(tmp_path / "0")).publish(signed())
    assert not _Receiver.received


# The outbox


def test_none_is_lost_while_a_sink_is_dead(receiver: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sink: Sink = Webhook("hook", receiver)
    monkeypatch.setattr(_Receiver, "status", 503)
    for size in (3, 5, 9):
        outbox.put(tmp_path, [sink], signed(size=size))
        lag = outbox.deliver(tmp_path, sink)
    assert (lag.waiting, lag.state.size, lag.exit_code) == (3, 0, ExitCode.INCOMPLETE)
    assert "answers 503" in lag.state.trouble
    assert outbox.lag(tmp_path, sink) == lag
    monkeypatch.setattr(_Receiver, "status", 200)
    _Receiver.received.clear()
    lag = outbox.deliver(tmp_path, sink)
    assert (lag.waiting, lag.state.size, lag.state.trouble, lag.exit_code) == (0, 9, "", ExitCode.CLEAN)
    assert [parse_checkpoint(body).checkpoint.size for _, body in _Receiver.received] == [3, 5, 9]


def test_what_a_sink_knows_better_is_told_as_tampering(repository: Path, tmp_path: Path) -> None:
    sink: Sink = Git("repo", str(repository))
    sink.publish(signed(size=5))
    outbox.put(tmp_path, [sink], signed(size=4))
    lag = outbox.deliver(tmp_path, sink)
    assert (lag.waiting, lag.exit_code) == (1, ExitCode.FINDINGS)


def test_a_damaged_state_hinders_nothing(receiver: str, tmp_path: Path) -> None:
    sink: Sink = Webhook("hook", receiver)
    outbox.put(tmp_path, [sink], signed())
    (tmp_path / "outbox/hook/state.json").write_bytes(b"{")
    assert outbox.deliver(tmp_path, sink).state.size == 9
