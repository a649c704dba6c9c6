"""Files and folders are read whole, in order, or refused; nothing is skipped without a word."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from garrison.checks.check import all_checks, catalogue
from garrison.checks.own.load import MAX_BYTES, MAX_CHECKS, load_checks
from garrison.errors import ConfigError

from .conftest import YAML


def wrong(*files: Path, python: tuple[Path, ...] = ()) -> ConfigError:
    with pytest.raises(ConfigError) as raised:
        load_checks(files, python)
    return raised.value


def test_a_folder_stands_for_all_below_it(folder: Path) -> None:
    (folder / "inner").mkdir()
    (folder / "inner/crew.yml").write_text(YAML.replace("-team", "-crew"))
    (folder / "inner/.hidden.yaml").write_text("not looked at")
    (folder / "examples/fail.kubernetes.yaml").write_text("not looked at")
    assert [c.id for c in load_checks([folder])] == ["acme-bucket-team", "acme-bucket-crew"]
    assert [c.id for c in load_checks([folder / "team.yaml"], [folder])] == ["acme-bucket-team", "acme-bucket-owner"]
    assert load_checks([]) == ()


def test_a_file_that_is_named_twice_is_read_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    assert len(load_checks([folder, Path("team.yaml"), Path()])) == 1


def test_the_catalogue_is_that_of_one_scan(folder: Path) -> None:
    own = load_checks([folder], [folder])
    assert {c.id for c in catalogue(own)} - {c.id for c in all_checks()} == {"acme-bucket-team", "acme-bucket-owner"}
    assert [c.id for c in catalogue(own)] == sorted(c.id for c in catalogue(own))
    assert catalogue() == all_checks()


def test_a_shipped_check_cannot_be_replaced(folder: Path) -> None:
    (folder / "team.yaml").write_text(YAML.replace("acme-bucket-team", "bucket-public"))
    error = wrong(folder)
    assert error.message == "bucket-public is the id of a check that is shipped"
    assert error.where == f"{folder}/team.yaml:1"
    (folder / "owner.py").write_text((folder / "owner.py").read_text().replace("acme-bucket-owner", "bucket-public"))
    (folder / "examples/acme-bucket-owner").rename(folder / "examples/bucket-public")
    assert "shipped" in wrong(python=(folder,)).message


def test_two_of_one_id_are_refused(folder: Path) -> None:
    (folder / "zz.yaml").write_text(YAML)
    error = wrong(folder)
    assert (error.message, error.hint) == (
        "acme-bucket-team is the id of another check",
        f"that is {folder}/team.yaml:1",
    )
    assert error.where == f"{folder}/zz.yaml:1"


def test_what_cannot_be_read_is_named(folder: Path) -> None:
    empty = folder / "empty"
    empty.mkdir()
    (folder / "nothing.yaml").write_text("# only a comment\n")
    (folder / "large.yaml").write_bytes(b"#" * (MAX_BYTES + 1))
    os.mkfifo(folder / "pipe.yaml")
    assert "cannot be read" in wrong(folder / "missing.yaml").message
    assert "no file in it ends with" in wrong(empty).message
    assert "there is no check in it" in wrong(folder / "nothing.yaml").message
    assert "larger than 1 MB" in wrong(folder / "large.yaml").message
    assert "it is no file" in wrong(folder / "pipe.yaml").message
    assert wrong(folder / "owner.py").hint == "--checks reads YAML, --checks-python runs Python"
    assert "does not end with .py" in wrong(python=(folder / "team.yaml",)).message


def test_a_folder_is_not_read_in_part(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "linked").symlink_to(folder / "examples")
    error = wrong(folder)
    assert (error.message, error.path) == ("a link to a folder is not followed", f"{folder}/linked")
    (folder / "linked").unlink()

    def denied(path: str) -> None:
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr(os, "scandir", denied)
    assert wrong(folder).message == "it cannot be read: Permission denied"


def test_too_many_are_refused(folder: Path) -> None:
    (folder / "team.yaml").write_text("---\n".join(YAML.replace("-team", f"-team-{n}") for n in range(MAX_CHECKS + 1)))
    assert wrong(folder).message == "more than 1,000 checks"


def test_loading_costs_little(folder: Path) -> None:
    code = (
        "import sys\nfrom pathlib import Path\nfrom garrison.checks.own.load import load_checks\n"
        f"load_checks([Path({str(folder)!r})])\nprint('\\n'.join(sys.modules))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    modules = set(done.stdout.split())
    assert not modules & {"re2", "cel_expr_python", "lark", "google", "tree_sitter", "click", "rich"}
