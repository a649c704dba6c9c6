"""`--diff`: what a change brings is told, what was there before is known; real repositories, and hostile ones."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from garrison.errors import UsageError
from garrison.findings.result import Result
from garrison.scan.config import Settings, load
from garrison.scan.diff import against
from garrison.scan.revision import revision_of, write
from garrison.scan.scan import scan

BUCKET = 'resource "aws_s3_bucket" "{0}" {{\n  bucket = "{0}"\n  acl    = "public-read"\n}}\n'
STACK = "Resources:\n  B:\n    Type: AWS::S3::Bucket\n    Properties: {AccessControl: PublicRead}\n"
BROKEN = "Resources:\n  B:\n    Type: AWS::S3::Bucket\n    Properties: [\n"
NOBODY = {
    "GIT_AUTHOR_NAME": "a",
    "GIT_AUTHOR_EMAIL": "a@example",
    "GIT_COMMITTER_NAME": "a",
    "GIT_COMMITTER_EMAIL": "a@example",
}
ENVIRONMENT = {
    **{k: v for k, v in os.environ.items() if not k.startswith("GIT_")},
    **NOBODY,
    "GIT_CONFIG_GLOBAL": os.devnull,
}
CHECKS = frozenset({"bucket-public", "bucket-block-missing"})
Git = Callable[..., str]


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    top = tmp_path / "platform"
    (top / "infra").mkdir(parents=True)
    (top / "infra/main.tf").write_text(BUCKET.format("one") + BUCKET.format("two"))
    (top / "stack.yaml").write_text(STACK)
    monkeypatch.chdir(top)
    git("init", "-q", "-b", "main")
    commit()
    return top


def git(*arguments: str, data: bytes = b"") -> str:
    done = subprocess.run(["git", *arguments], capture_output=True, check=True, env=ENVIRONMENT, input=data, timeout=60)
    return done.stdout.decode().strip()


def commit() -> None:
    git("add", "-A")
    git("commit", "-q", "-m", "more")


def since(revision: str, *paths: str, settings: Settings | None = None) -> Result:
    named = [Path(path) for path in paths or (".",)]
    return scan(named, against(revision, named, settings or Settings(checks=frozenset({"bucket-public"}))))


def labels(result: Result) -> set[str]:
    return {f.asset.label for f in result.findings}


def test_new_known_moved_and_mended(repository: Path) -> None:
    assert since("main").findings == []
    (repository / "infra/main.tf").write_text("\n\n\n" + BUCKET.format("two") + BUCKET.format("three"))
    result = since("main")
    assert labels(result) == {"three"}
    assert {f.asset.label for f in result.baselined} == {"two", "B"}
    assert [e.asset for e in result.mended] == ["infra:aws_s3_bucket.one"]
    assert (result.since, result.exit_code, result.notes) == ("main", 1, [])


def test_what_is_not_committed_counts(repository: Path) -> None:
    (repository / "new").mkdir()
    (repository / "new/a.tf").write_text(BUCKET.format("untracked"))
    assert labels(since("HEAD")) == {"untracked"}
    commit()
    assert labels(since("HEAD")) == set()
    assert labels(since("HEAD~1")) == {"untracked"}


@pytest.mark.parametrize("revision", ["main", "v1", "HEAD", "main@{0}"])
def test_names_of_revisions(repository: Path, revision: str) -> None:
    git("tag", "-a", "v1", "-m", "one")
    assert since(revision).findings == []


@pytest.mark.parametrize(
    "paths", [("infra",), ("infra/main.tf",), ("infra", "stack.yaml"), ("stack.yaml",), ("infra/../infra",)]
)
def test_parts_of_a_repository(repository: Path, paths: tuple[str, ...]) -> None:
    assert since("main", *paths).findings == []
    (repository / "infra/new.tf").write_text(BUCKET.format("three"))
    (repository / "later").mkdir()
    (repository / "later/new.tf").write_text(BUCKET.format("four"))
    assert labels(since("main", *paths, "infra/new.tf", "later")) == {"three", "four"}
    assert labels(since("main", "later")) == {"four"}


def test_errors(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match="no revision is called nowhere"):
        since("nowhere")
    with pytest.raises(UsageError, match="no revision is called --help"):
        since("--help")
    with pytest.raises(UsageError, match="does not exist"):
        since("main", "nowhere")
    (tmp_path / "outside").mkdir()
    with pytest.raises(UsageError, match="no Git repository can be read at"):
        since("main", str(tmp_path / "outside"))
    with pytest.raises(UsageError, match="no Git repository can be read at"):
        since("main", ".", str(tmp_path / "outside"))
    monkeypatch.setenv("PATH", "")
    with pytest.raises(UsageError, match="git is not installed"):
        since("main")


def test_a_repository_without_a_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    git("init", "-q", "-b", "main")
    with pytest.raises(UsageError, match="no revision is called HEAD"):
        since("HEAD")


# What was renamed.


def test_a_file_within_a_folder(repository: Path) -> None:
    (repository / "infra/main.tf").rename(repository / "infra/buckets.tf")
    assert since("main").findings == []


@pytest.mark.parametrize(
    "old_new", [("infra", "infrastructure"), ("infra", "aws/prod"), ("stack.yaml", "serving.yaml")]
)
@pytest.mark.parametrize("committed", [True, False])
def test_what_git_knows_to_be_renamed(repository: Path, old_new: tuple[str, str], committed: bool) -> None:
    old, new = old_new
    (repository / new).parent.mkdir(exist_ok=True)
    git("mv", old, new)
    if committed:
        git("commit", "-q", "-m", "rename")
        (repository / "infra2.tf").write_text(BUCKET.format("three"))
    result = since("main~1" if committed else "main")
    assert labels(result) == ({"three"} if committed else set())
    assert result.mended == []
    assert len(result.baselined) == 3


def test_a_rename_below_what_is_scanned(repository: Path) -> None:
    (repository / "infra/aws").mkdir()
    git("mv", "infra/main.tf", "infra/aws/main.tf")
    commit()
    git("mv", "infra/aws", "infra/cloud")
    assert since("main", "infra").findings == []


def test_a_rename_git_does_not_know_of_is_new(repository: Path) -> None:
    (repository / "infra").rename(repository / "infrastructure")
    assert labels(since("main")) == {"one", "two"}


def test_a_move_that_opens_something_is_told(repository: Path) -> None:
    block = 'resource "aws_s3_bucket_public_access_block" "two" {\n  bucket = aws_s3_bucket.two.id\n}\n'
    (repository / "infra/block.tf").write_text(block)
    commit()
    git("mv", "infra/main.tf", "moved.tf")
    (repository / "infra/block.tf").unlink()
    result = since("main", settings=Settings(checks=CHECKS))
    assert ("bucket-block-missing", "two") in {(f.check.id, f.asset.label) for f in result.findings}


# What is and is not mended.


def test_what_cannot_be_decided_or_read_any_more_is_not_mended(repository: Path) -> None:
    text = 'variable "acl" {}\n' + BUCKET.format("one").replace('"public-read"', "var.acl")
    (repository / "infra/main.tf").write_text(
        f"{text}# garrison: ignore[bucket-public] it is public\n{BUCKET.format('two')}"
    )
    (repository / "stack.yaml").write_text(BROKEN)
    result = since("main")
    assert (result.findings, result.baselined, result.mended) == ([], [], [])
    assert len(result.undecided) == len(result.ignored) == len(result.problems) == 1


def test_an_ignore_that_is_taken_away_brings_its_finding(repository: Path) -> None:
    (repository / "infra/main.tf").write_text(f"# garrison: ignore[bucket-public] it is public\n{BUCKET.format('one')}")
    commit()
    (repository / "infra/main.tf").write_text(BUCKET.format("one"))
    assert labels(since("HEAD")) == {"one"}


# With the same settings.


def test_the_configuration_is_heard_in_both(repository: Path) -> None:
    (repository / "old").mkdir()
    (repository / "old/a.tf").write_text(BUCKET.format("old"))
    (repository / "garrison.toml").write_text(
        '[scan]\nexclude = ["old/"]\n[[ignore]]\ncheck = "bucket-public"\npath = "infra/*"\nreason = "public"\n'
        '[[asset]]\npath = "stack.yaml"\nholds = ["training data"]\n'
    )
    commit()
    loaded = load(repository / "garrison.toml")
    settings = Settings(loaded=loaded, exclude=loaded.config.scan.exclude)
    for paths in ((".",), ("infra", "stack.yaml")):
        result = since("HEAD", *paths, settings=settings)
        assert (result.findings, result.mended) == ([], [])
        assert {i.finding.asset.label for i in result.ignored} == {"one", "two"}


def test_what_is_ignored_by_git_is_ignored_in_both(repository: Path) -> None:
    (repository / ".gitignore").write_text("infra/made.tf\n")
    (repository / "infra/made.tf").write_text(BUCKET.format("made"))
    git("add", "-Af", ".")
    commit()
    (repository / ".git/info/exclude").write_text("infra/main.tf\n")
    result = since("HEAD", "infra")
    assert (result.findings, result.baselined, result.mended) == ([], [], [])


def test_links_are_followed_within(repository: Path) -> None:
    (repository / "shared").mkdir()
    (repository / "shared/a.tf").write_text(BUCKET.format("shared"))
    (repository / "infra/linked.tf").symlink_to("../shared/a.tf")
    commit()
    assert since("HEAD").findings == []


def test_a_hook_names_its_own_repository(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    git("init", "-q", str(tmp_path / "other"))
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "other/.git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "other/index"))
    assert since("main").findings == []


# Nothing of the repository is run, and nothing is written but where it belongs.


def test_no_filter_hook_or_attribute_is_heard(repository: Path, tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    for name in (
        "filter.x.clean",
        "filter.x.smudge",
        "filter.x.process",
        "diff.x.textconv",
        "diff.external",
        "core.fsmonitor",
    ):
        git("config", name, f"touch {ran}; cat")
    for hook in ("post-checkout", "post-index-change", "reference-transaction"):
        (repository / ".git/hooks" / hook).write_text(f"#!/bin/sh\ntouch {ran}\n")
        (repository / ".git/hooks" / hook).chmod(0o755)
    (repository / ".gitattributes").write_text("* filter=x diff=x export-ignore export-subst ident\n")
    off = (
        "core.hooksPath=/dev/null",
        "core.fsmonitor=false",
        "filter.x.clean=cat",
        "filter.x.smudge=cat",
        "filter.x.process=",
    )
    plain = [word for setting in off for word in ("-c", setting)]
    git(*plain, "add", "-A")
    git(*plain, "commit", "-q", "-m", "attributes")
    git(*plain, "mv", "infra/main.tf", "infra/other.tf")
    (repository / "infra/other.tf").write_text(BUCKET.format("one") + BUCKET.format("two") + BUCKET.format("three"))
    git(*plain, "add", "-A")
    ran.unlink(missing_ok=True)
    before = {p: p.stat().st_mtime_ns for p in (repository / ".git").rglob("*")}
    result = since("HEAD")
    assert not ran.exists()
    assert {p: p.stat().st_mtime_ns for p in (repository / ".git").rglob("*")} == before
    assert labels(result) == {"three"}
    assert len(result.baselined) == 3
    subprocess.run(["git", "diff", "HEAD"], capture_output=True, env=ENVIRONMENT, timeout=60, check=False)
    assert ran.exists(), "what would have been run is run by others"


def test_nothing_is_fetched(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    git("config", "uploadpack.allowFilter", "true")
    partial = tmp_path / "partial"
    git("clone", "-q", "--filter=blob:none", "--no-checkout", repository.as_uri(), str(partial))
    monkeypatch.chdir(partial)
    missing = git("rev-list", "--objects", "--missing=print", "HEAD").count("?")
    with pytest.raises(UsageError, match="HEAD is not all here") as raised:
        since("HEAD")
    assert "partial" in raised.value.hint
    assert git("rev-list", "--objects", "--missing=print", "HEAD").count("?") == missing == 2


def test_large_files_and_submodules_are_named(repository: Path) -> None:
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:0000\nsize 100\n"
    (repository / "large.yaml").write_text(pointer)
    git("add", "-A")
    git("update-index", "--add", "--cacheinfo", f"160000,{git('rev-parse', 'HEAD')},modules")
    git("commit", "-q", "-m", "large")
    (repository / "large.yaml").write_text(STACK)
    (repository / "modules").mkdir()
    (repository / "modules/a.tf").write_text(BUCKET.format("module"))
    result = since("HEAD")
    assert {f.place.source.path for f in result.findings} == {"large.yaml", "modules/a.tf"}
    assert {(n.path, n.message) for n in result.notes} == {
        ("large.yaml", "kept by Git LFS in HEAD, so all in it counts as new"),
        ("modules", "a submodule, which is not read in HEAD, so all in it counts as new"),
    }


def test_what_could_not_be_read_then_is_named(repository: Path) -> None:
    (repository / "stack.yaml").write_text(BROKEN)
    commit()
    (repository / "stack.yaml").write_text(STACK)
    result = since("HEAD")
    assert labels(result) == {"B"}
    assert [(n.path, n.message) for n in result.notes] == [
        ("stack.yaml", "could not be read in HEAD, so all in it counts as new")
    ]
    (repository / "stack.yaml").write_text(BROKEN + "# still\n")
    again = since("HEAD")
    assert (len(again.problems), again.notes) == (1, []), "what cannot be read now either is said once"


def test_a_blob_that_is_not_here(repository: Path) -> None:
    blob = git("rev-parse", "HEAD:stack.yaml")
    (repository / ".git/objects" / blob[:2] / blob[2:]).unlink()
    with pytest.raises(UsageError, match="HEAD is not all here"):
        since("HEAD")


def tree_of(*entries: tuple[str, str, str]) -> str:
    """A tree that no Git would make: entries of mode, name and object as they are given."""
    data = b"".join(f"{mode} {name}\0".encode() + bytes.fromhex(object_) for mode, name, object_ in entries)
    return git("hash-object", "-t", "tree", "-w", "--literally", "--stdin", data=data)


def test_hostile_names_lead_nowhere(repository: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    blob = git("hash-object", "-w", "--stdin", data=b"owned")
    link = git("hash-object", "-w", "--stdin", data=str(outside).encode())
    inner = tree_of(("100644", "owned.tf", blob), ("120000", "link.tf", link))
    tree = tree_of(
        ("100644", "../owned.tf", blob),
        ("40000", "..", inner),
        ("40000", ".git", inner),
        ("120000", "a", link),
        ("40000", "a", inner),
        ("40000", "b", tree_of(("120000", "c", link), ("40000", "c", inner))),
        ("120000", "d", link),
        ("100644", "d/owned.tf", blob),
        ("100644", "e" * 300, blob),
    )
    revision = revision_of(git("commit-tree", tree, "-m", "hostile"), repository)
    into = tmp_path / "into/top"
    into.mkdir(parents=True)
    notes = write(revision, repository, into)
    assert list(outside.iterdir()) == []
    assert [p.name for p in into.parent.iterdir()] == ["top"]
    assert {p.relative_to(into).as_posix() for p in into.rglob("*") if p.is_file()} >= {"a/owned.tf", "b/c/owned.tf"}
    assert not (into / ".git").exists()
    assert {n.message.partition(" in ")[0] for n in notes} >= {"a name that is none"}
