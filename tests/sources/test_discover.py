"""Which files are read, which are passed over, and what is said of that."""

from __future__ import annotations

import os
import socket
import time
from pathlib import Path

import pytest

from garrison.errors import UsageError
from garrison.sources.discover import discover, shown_prefix


def write(top: Path, *paths: str, text: str = "") -> None:
    for path in paths:
        (top / path).parent.mkdir(parents=True, exist_ok=True)
        (top / path).write_text(text)


def test_rules_skip_and_count(tmp_path: Path) -> None:
    write(
        tmp_path, "main.tf", "node_modules/a/b.yaml", "vendor/x.tf", ".terraform/modules/m/main.tf", ".hidden.yaml",
        "model.safetensors", "package-lock.json", "env/pyvenv.cfg", "env/lib/x.yaml", "third_party/a.tf",
    )  # fmt: skip
    tree = discover(tmp_path)
    assert list(tree.files) == ["main.tf"]
    assert tree.skipped == {"vendored": 4, "hidden": 2, "binary": 1, "generated": 1}


def test_order_is_fixed(tmp_path: Path) -> None:
    write(tmp_path, "b.tf", "a/z.tf", "a.tf", "a/b/c.tf")
    assert list(discover(tmp_path).files) == ["a.tf", "a/b/c.tf", "a/z.tf", "b.tf"]


def test_nested_gitignore_info_exclude_and_garrisonignore(tmp_path: Path) -> None:
    write(tmp_path, "keep.tf", "out/x.tf", "a/local.tf", "a/keep.tf", "b/local.tf", "c.tf", "legacy/x.tf")
    (tmp_path / ".git/info").mkdir(parents=True)
    (tmp_path / ".git/info/exclude").write_text("c.tf\n")
    (tmp_path / ".gitignore").write_text("out/\nlocal.tf\n")
    (tmp_path / "b/.gitignore").write_text("!local.tf\n")
    (tmp_path / ".garrisonignore").write_text("legacy/\n")
    tree = discover(tmp_path)
    assert list(tree.files) == ["a/keep.tf", "b/local.tf", "keep.tf"]
    assert tree.skipped["ignored by .gitignore"] == 4


def test_rules_of_the_repository_hold_below_it(tmp_path: Path) -> None:
    write(tmp_path, "infra/a.tf", "infra/b.tf", "out/x.tf")
    (tmp_path / ".git").mkdir()
    (tmp_path / ".gitignore").write_text("infra/b.tf\nout/\n")
    assert list(discover(tmp_path / "infra").files) == ["a.tf"]
    assert list(discover(tmp_path / "out").files) == ["x.tf"], "a folder that is named is scanned, ignored or not"
    assert list(discover(tmp_path / "infra/b.tf").files) == ["b.tf"]


def test_excluded_in_the_configuration(tmp_path: Path) -> None:
    write(tmp_path, "a.tf", "old/a.tf", "x/old/a.tf")
    assert list(discover(tmp_path, exclude=["/old/"]).files) == ["a.tf", "x/old/a.tf"]


def test_links(tmp_path: Path) -> None:
    write(tmp_path, "outside/secret.tf", "top/real/common.tf", "top/a/main.tf")
    top = tmp_path / "top"
    (top / "a/common.tf").symlink_to("../real/common.tf")
    (top / "a/loop").symlink_to("..")
    (top / "out").symlink_to(tmp_path / "outside")
    (top / "out.tf").symlink_to(tmp_path / "outside/secret.tf")
    (top / "self").symlink_to("self")
    (top / "gone.tf").symlink_to("nowhere.tf")
    tree = discover(top)
    assert list(tree.files) == ["a/common.tf", "a/main.tf", "real/common.tf"]
    assert [n.path for n in tree.notes] == ["out", "out.tf"]
    assert tree.skipped == {"broken link": 2, "link out of the tree": 2, "linked folder": 1}


def test_what_is_no_file_is_never_opened(tmp_path: Path) -> None:
    write(tmp_path, "a.tf")
    os.mkfifo(tmp_path / "pipe.tf")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "socket.yaml"))
        tree = discover(tmp_path)
    assert list(tree.files) == ["a.tf"]
    assert tree.skipped == {"pipe, socket or device": 2}
    with pytest.raises(UsageError, match="neither a file nor a folder"):
        discover(tmp_path / "pipe.tf")


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_unreadable_folder_is_a_problem(tmp_path: Path) -> None:
    write(tmp_path, "a.tf", "shut/b.tf")
    (tmp_path / "shut").chmod(0)
    try:
        tree = discover(tmp_path)
    finally:
        (tmp_path / "shut").chmod(0o700)
    assert list(tree.files) == ["a.tf"]
    assert tree.problems[0].path == "shut"


def test_a_folder_that_vanishes_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, "a.tf", "shut/b.tf")
    real = os.scandir

    def scandir(path: str) -> object:
        if path.endswith("shut"):
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    tree = discover(tmp_path)
    assert list(tree.files) == ["a.tf"]
    assert tree.problems[0].message == "the folder cannot be read: Permission denied"


def test_names_that_are_not_utf8(tmp_path: Path) -> None:
    name = os.fsencode(tmp_path) + b"/bad\xff.tf"
    with open(name, "wb") as file:  # noqa: PTH123 - a name of bytes
        file.write(b"x")
    tree = discover(tmp_path)
    assert list(tree.files) == ["bad\\xff.tf"]
    assert tree.files["bad\\xff.tf"].data == b"x"


def test_several_paths_are_relative_to_what_holds_them_all(tmp_path: Path) -> None:
    write(tmp_path, "x/infra/a.tf", "x/k8s/b.yaml", "x/other/c.tf")
    tree = discover(tmp_path / "x/infra", tmp_path / "x/k8s/b.yaml", tmp_path / "x/infra/a.tf")
    assert list(tree.files) == ["infra/a.tf", "k8s/b.yaml"]
    assert tree.top == tmp_path / "x"


def test_paths_are_shown_as_they_were_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, "infra/a/x.tf")
    monkeypatch.chdir(tmp_path)
    assert shown_prefix([Path()], tmp_path) == ""
    assert shown_prefix([Path("infra")], tmp_path / "infra") == "infra/"
    assert shown_prefix([tmp_path], tmp_path) == f"{tmp_path}/"
    monkeypatch.chdir(tmp_path / "infra")
    assert shown_prefix([Path("..")], tmp_path) == "../"


def test_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="does not exist"):
        discover(tmp_path / "nowhere")
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(UsageError, match="does not exist"):
        discover(tmp_path / "loop")


def test_many_files_cost_little(tmp_path: Path) -> None:
    for folder in range(20):
        (tmp_path / str(folder)).mkdir()
        for number in range(100):
            (tmp_path / str(folder) / f"{number}.yaml").touch()
    (tmp_path / ".gitignore").write_text("*.log\nbuild/\n!keep.log\n*.tmp\n/dist\n**/cache/\n")
    start = time.process_time()
    assert len(discover(tmp_path).files) == 2000
    assert time.process_time() - start < 0.3
