"""The configuration: what it says is heard; what is wrong in it is named with file, line and key."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from garrison.errors import ConfigError
from garrison.scan.config import Settings, find_config, load
from garrison.scan.scan import scan

BUCKET = 'resource "aws_s3_bucket" "b" {\n  bucket = "b"\n  acl = "public-read"\n}\n'
IGNORE = '[[ignore]]\ncheck = "bucket-public"\n{}\nreason = "the site is public"\n'


@pytest.mark.parametrize(
    ("text", "line", "words", "hint"),
    [
        ("[scan]\nfail-on = 'hihg'\n", 2, "fail-on is 'hihg'", "critical, high"),
        ("[scan]\npillars = ['clouds']\n", 2, "scan.pillars", "cloud, containers"),
        ("# x\n\n[scan]\nfail_on = 'high'\n", 4, "scan.fail_on: unknown key", "fail-on"),
        ("[scna]\n", 1, "scna: unknown key", "scan, ignore"),
        ("[scan]\nexclude = 'a'\n", 2, "scan.exclude: expected array", ""),
        ("[[ignore]]\ncheck = 'a'\npath = 'b'\n", 1, "reason is missing", "reason"),
        ("[[ignore]]\ncheck = 'a'\npath = 'b'\nreason = 'c'\n\n[[ignore]]\ncheck = 'a'\nreason = 'c'\n", 6, "without a path", "path ="),
        ("[[ignore]]\ncheck = 'a'\npath = 'b'\nreason = ' '\n", 1, "without a reason", "reason ="),
        ("[[ignore]]\ncheck = 'a'\npath = 'b'\nreason = 'c'\nuntil = 'soon'\n", 5, "ignore.until", ""),
        ("[scan\n", 1, "not TOML", ""),
        ("[[asset]]\nholds = ['models']\n", 1, "without a path", "path ="),
        ("[[asset]]\npath = 'b'\nholds = ['gold']\n", 3, "asset.holds", "training data, features"),
        ("[[asset]]\npath = 'b'\nenvironment = 'prod'\n", 3, "asset.environment", "production"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(tmp_path: Path, text: str, line: int, words: str, hint: str) -> None:
    path = tmp_path / "garrison.toml"
    path.write_text(text)
    with pytest.raises(ConfigError) as raised:
        load(path)
    assert words in raised.value.message
    assert hint in raised.value.hint
    assert (raised.value.path, raised.value.line) == (str(path), line)


def test_pyproject(tmp_path: Path) -> None:
    path = tmp_path / "pyproject.toml"
    path.write_text("[project]\nname = 'x'\n\n[tool.garrison.scan]\nfail-on = 'high'\n")
    assert load(path).config.scan.fail_on == "high"
    path.write_text("[project]\nname = 'x'\n\n[tool.garrison.scan]\nfail-on = 'hihg'\n")
    with pytest.raises(ConfigError) as raised:
        load(path)
    assert raised.value.line == 5


def test_it_is_found_up_to_the_repository(tmp_path: Path) -> None:
    (tmp_path / "garrison.toml").write_text("")
    (tmp_path / "repo/infra/aws").mkdir(parents=True)
    assert find_config(tmp_path / "repo/infra") == tmp_path / "garrison.toml"
    (tmp_path / "repo/.git").mkdir()
    assert find_config(tmp_path / "repo/infra") is None
    (tmp_path / "repo/pyproject.toml").write_text("[tool.garrison]\n")
    assert find_config(tmp_path / "repo/infra/aws") == tmp_path / "repo/pyproject.toml"
    (tmp_path / "repo/infra/pyproject.toml").write_text("[project]\n")
    (tmp_path / "repo/infra/garrison.toml").write_text("")
    assert find_config(tmp_path / "repo/infra/aws") == tmp_path / "repo/infra/garrison.toml"


@pytest.mark.parametrize(
    ("said", "start", "heard"),
    [
        ('path = "web/**"', ".", True),
        ('path = "web/**"', "web", True),
        ('path = "*/a.tf"', ".", True),
        ('path = "web/b.tf"', ".", False),
        ('address = "web:aws_s3_bucket.b"', ".", True),
        ('address = "*:aws_s3_bucket.b"', ".", True),
        ('path = "web/*"\naddress = "*:aws_s3_bucket.c"', ".", False),
        ('path = "web/*"\nuntil = 2026-11-23', ".", True),
        ('path = "web/*"\nuntil = 2026-11-22', ".", False),
    ],
)
def test_ignores(tmp_path: Path, said: str, start: str, heard: bool) -> None:
    (tmp_path / "web").mkdir()
    (tmp_path / "web/a.tf").write_text(BUCKET)
    (tmp_path / "garrison.toml").write_text(IGNORE.format(said))
    settings = Settings(loaded=load(tmp_path / "garrison.toml"), today=dt.date(2026, 11, 23))
    result = scan([tmp_path / start], settings)
    assert [i.ignore.reason for i in result.ignored] == (["the site is public"] if heard else [])
    assert ("ignore-expired" in {f.check.id for f in result.findings}) == ("11-22" in said)


def test_exclude(tmp_path: Path) -> None:
    (tmp_path / "legacy").mkdir()
    (tmp_path / "legacy/a.tf").write_text(BUCKET)
    result = scan([tmp_path], Settings(exclude=("legacy/",)))
    assert result.files == 0
    assert result.skipped == {"excluded in the configuration": 1}


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ('address = "*:aws_s3_bucket.b"\nholds = ["models"]', "holds models (the configuration says so)"),
        ('path = "*.tf"\nenvironment = "production"', "production"),
    ],
)
def test_what_people_state_of_an_asset_counts(tmp_path: Path, said: str, reason: str) -> None:
    (tmp_path / "main.tf").write_text(BUCKET)
    config = tmp_path / "garrison.toml"
    before = scan([tmp_path]).findings[0].risk
    config.write_text(f"[[asset]]\n{said}\n")
    after = scan([tmp_path], Settings(loaded=load(config))).findings[0].risk
    assert reason in after.reasons
    assert reason not in before.reasons
    assert after.score > before.score


def test_people_can_say_that_it_holds_nothing(tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text(BUCKET.replace('"b"\n', '"fraud-training-data"\n'))
    config = tmp_path / "garrison.toml"
    config.write_text('[[asset]]\npath = "*"\nholds = []\n')
    assert any("holds" in r for r in scan([tmp_path]).findings[0].risk.reasons)
    quiet = scan([tmp_path], Settings(loaded=load(config))).findings[0].risk
    assert not any("holds" in r for r in quiet.reasons)
