"""A git repository: a commit for each checkpoint on a branch of its own, pushed where a remote is named.

The commit is put together without a work tree, so that nobody's files or index are touched; hooks are off, and of the user's
configuration only the repository's own is read. What is pushed is never forced: where the remote has another history, that is told.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path
from typing import Annotated

import msgspec

from garrison.errors import LedgerError, TamperedError, UnreachedError
from garrison.ledger.checkpoint import SignedCheckpoint, parse_checkpoint
from garrison.ledger.sinks import folder_of
from garrison.ledger.split import check_split

_KEPT_VARIABLES = ("PATH", "HOME", "SSH_AUTH_SOCK", "LANG")
_SETTINGS = (
    "core.hooksPath=/dev/null",
    "commit.gpgSign=false",
    "core.fsmonitor=false",
    "gc.auto=0",
    "protocol.ext.allow=never",
)
_BRANCH = r"^[A-Za-z0-9][A-Za-z0-9._/-]*\Z"


class Git(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab", tag_field="kind", tag="git"):
    """`kind = "git"`."""

    name: str
    repository: str  # a folder, with a work tree or bare
    branch: Annotated[str, msgspec.Meta(pattern=_BRANCH)] = "checkpoints"
    remote: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*\Z")] | None = None
    author: str = "Garrison ledger <ledger@localhost>"
    timeout_s: Annotated[int, msgspec.Meta(ge=1, le=600)] = 30

    def publish(self, signed: SignedCheckpoint) -> str:
        ref, path = f"refs/heads/{self.branch}", f"{folder_of(signed.checkpoint.origin)}/checkpoint"
        before = self._git("rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}", may_fail=True).strip()
        held = self._git("cat-file", "blob", f"{before}:{path}", may_fail=True) if before else ""
        commit = before if held.encode() == bytes(signed) else self._commit(signed, ref, before, path, held)
        if self.remote is not None:
            self._git("push", "--quiet", "--no-verify", self.remote, f"{ref}:{ref}")
        return f"{self.repository}@{commit[:12]}"

    def _commit(self, signed: SignedCheckpoint, ref: str, before: str, path: str, held: str) -> str:
        checkpoint = signed.checkpoint
        if held:
            self._compare(parse_checkpoint(held.encode()), signed)
        blob = self._git("hash-object", "-w", "--stdin", given=bytes(signed)).strip()
        with tempfile.TemporaryDirectory() as folder:
            index = {"GIT_INDEX_FILE": str(Path(folder) / "index")}
            if before:
                self._git("read-tree", before, more=index)
            self._git("update-index", "--add", "--cacheinfo", f"100644,{blob},{path}", more=index)
            tree = self._git("write-tree", more=index).strip()
        message = f"{checkpoint.origin}: {checkpoint.size} entries\n"
        parents = ("-p", before) if before else ()
        commit = self._git("commit-tree", tree, *parents, given=message.encode()).strip()
        self._git("update-ref", ref, commit, before or "0" * len(commit))
        return commit

    def _compare(self, held: SignedCheckpoint, signed: SignedCheckpoint) -> None:
        """What is published may only grow. Nobody verified it: that it is wrong is told, and what it says is not relied on."""
        check_split(held, signed)
        if held.checkpoint.origin != signed.checkpoint.origin or held.checkpoint.size > signed.checkpoint.size:
            raise TamperedError(
                f"{self.repository} has {held.checkpoint.size:,} entries of {held.checkpoint.origin}, "
                f"here are {signed.checkpoint.size:,} of {signed.checkpoint.origin}",
                hint="this ledger was cut off, or is an old copy; or the repository was changed by somebody",
            )

    def _git(
        self, *arguments: str, given: bytes = b"", more: dict[str, str] | None = None, may_fail: bool = False
    ) -> str:
        settings = [word for setting in _SETTINGS for word in ("-c", setting)]
        try:
            done = subprocess.run(  # noqa: S603 - no shell; branch and remote are held to their form
                ["git", *settings, "-C", self.repository, *arguments],  # noqa: S607 - the git of the user
                input=given, capture_output=True, timeout=self.timeout_s, check=False, env=self._environment() | (more or {}),
            )  # fmt: skip
        except FileNotFoundError as error:
            raise LedgerError(
                "git is not installed", hint="install git, or take the sink out of ledger.toml"
            ) from error
        except subprocess.TimeoutExpired as error:
            raise UnreachedError(
                f"git {arguments[0]} takes more than {self.timeout_s} s", hint="is the remote there?"
            ) from error
        if done.returncode and not may_fail:
            said = " ".join(done.stderr.decode("utf8", "replace").split())[:300]
            raise UnreachedError(
                f"git {arguments[0]} fails in {self.repository}: {said}", hint="mend the repository or its remote"
            )
        return "" if done.returncode else done.stdout.decode("utf8", "replace")

    def _environment(self) -> dict[str, str]:
        name, _, address = self.author.rpartition(" <")
        who = {"NAME": name or self.author, "EMAIL": address.rstrip(">") or "ledger@localhost"}
        people = {f"GIT_{role}_{what}": value for role in ("AUTHOR", "COMMITTER") for what, value in who.items()}
        kept = {key: os.environ[key] for key in _KEPT_VARIABLES if key in os.environ}
        return {
            **kept,
            **people,
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_SSH_COMMAND": "ssh -oBatchMode=yes",
        }
