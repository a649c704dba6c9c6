"""A Code Quality report as GitLab's parser takes it."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
from inline_snapshot import snapshot

from garrison.findings.result import Result
from garrison.report import View, form

# What GitLab's documentation asks of an item; its parser drops all that follows one it does not take.
SCHEMA = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["description", "check_name", "fingerprint", "severity", "location"],
        "additionalProperties": False,
        "properties": {
            "description": {"type": "string", "minLength": 1},
            "check_name": {"type": "string", "pattern": "^[a-z0-9-]+$"},
            "fingerprint": {"type": "string", "pattern": "^[0-9a-f]{16}$"},
            "severity": {"enum": ["info", "minor", "major", "critical", "blocker"]},
            "location": {
                "type": "object",
                "required": ["path", "lines"],
                "properties": {
                    "path": {"type": "string", "pattern": "^(?!\\./|/)"},
                    "lines": {
                        "type": "object",
                        "required": ["begin"],
                        "properties": {"begin": {"type": "integer", "minimum": 1}},
                    },
                },
            },
        },
    },
}


def items(result: Result) -> list[dict[str, Any]]:
    text = "".join(form("gitlab").render(result, View()))
    assert text.isascii() or not text.startswith("\ufeff"), "GitLab takes no byte order mark"
    said: list[dict[str, Any]] = json.loads(text)
    jsonschema.Draft202012Validator(SCHEMA).validate(said)
    return said


def test_items(few: Result) -> None:
    assert items(few) == snapshot(
        [
            {
                "description": 'Anybody on the internet can read the bucket: fraud-training-data, anybody can read its objects (reachable from the internet, holds training data (its name says "fraud-training-data")). Fix: grant access to named roles only, and block public access.',
                "check_name": "bucket-public",
                "fingerprint": "3091d4c86ad610bb",
                "severity": "blocker",
                "location": {"path": "infra/main.tf", "lines": {"begin": 11}},
            },
            {
                "description": "Container is privileged: server, it runs privileged. Fix: remove `privileged: true`; ask for single capabilities or a device plug-in instead.",
                "check_name": "container-privileged",
                "fingerprint": "9477ec7ed84722b4",
                "severity": "critical",
                "location": {"path": "k8s/scorer.yaml", "lines": {"begin": 20}},
            },
            {
                "description": "Not read: not valid YAML: did not find expected node content (while parsing a flow node). run it through a YAML linter",
                "check_name": "not-read",
                "fingerprint": "d21cd361980e586c",
                "severity": "major",
                "location": {"path": "k8s/broken.yaml", "lines": {"begin": 3}},
            },
        ]
    )


def test_fingerprints_are_unique(result: Result, hostile: Result) -> None:
    for found in (result, hostile):
        told = [item["fingerprint"] for item in items(found)]
        assert len(told) == len(set(told)) == len(found.findings) + len(found.problems)


def test_nothing_found_is_an_empty_list(few: Result) -> None:
    few.findings, few.problems = [], []
    assert items(few) == []
