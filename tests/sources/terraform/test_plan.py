"""Plans: what will be, what is not known before it is applied, and what that refers to."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

Read = Callable[..., Any]


def resource(address: str, values: dict[str, Any], mode: str = "managed") -> dict[str, Any]:
    *_, kind, name = re.sub(r"\[.*?\]", "", address).split(".")
    return {"address": address, "mode": mode, "type": kind, "name": name, "values": values}


def change(address: str, unknown: dict[str, Any]) -> dict[str, Any]:
    return {"address": address, "change": {"after_unknown": unknown}}


def refers(*names: str) -> dict[str, Any]:
    return {"references": list(names)}


PLAN: dict[str, Any] = {
    "format_version": "1.2",
    "terraform_version": "1.9.0",
    "planned_values": {
        "root_module": {
            "resources": [
                resource(
                    "aws_s3_bucket.b",
                    {"bucket": "logs", "tags": None, "rule": [{"n": 1, "key": None}, {"n": 2}], "names": ["a"]},
                ),
                resource("data.aws_vpc.v", {"id": "vpc"}, "data"),
            ],
            "child_modules": [
                {
                    "address": 'module.m["x"]',
                    "resources": [resource('module.m["x"].aws_policy.p[0]', {"bucket": "logs"})],
                    "child_modules": [
                        {"resources": [resource('module.m["x"].module.n.aws_policy.q', {})]},
                    ],
                }
            ],
        }
    },
    "resource_changes": [
        change("aws_s3_bucket.b", {"arn": True, "rule": [{"key": True}, {}], "names": [False, True], "tags": {}}),
        change('module.m["x"].aws_policy.p[0]', {"role": True, "far": True}),
        change('module.m["x"].module.n.aws_policy.q', {"key": True}),
    ],
    "configuration": {
        "root_module": {
            "resources": [
                {
                    "address": "aws_s3_bucket.b",
                    "expressions": {"rule": [{"key": refers("aws_kms_key.k.arn", "aws_kms_key.k")}, {}]},
                }
            ],
            "module_calls": {
                "m": {
                    "expressions": {
                        "bucket": refers("aws_s3_bucket.b.id", "aws_s3_bucket.b"),
                        "key": refers('aws_kms_key.all["k"].arn', "aws_kms_key.all"),
                    },
                    "module": {
                        "outputs": {"unused": {"expression": refers("var.bucket")}},
                        "resources": [
                            {
                                "address": "aws_policy.p",
                                "expressions": {
                                    "bucket": refers("var.bucket"),
                                    "role": refers("aws_iam_role.r.arn", "aws_iam_role.r"),
                                    "far": refers("module.n.role", "module.n"),
                                },
                            }
                        ],
                        "module_calls": {
                            "n": {
                                "expressions": {"key": refers("var.key")},
                                "module": {
                                    "outputs": {"role": {"expression": refers("aws_iam_role.inner.arn")}},
                                    "resources": [
                                        {"address": "aws_policy.q", "expressions": {"key": refers("var.key")}}
                                    ],
                                },
                            }
                        },
                    },
                }
            },
        }
    },
}


def test_a_plan(read: Read, unknown_of: Callable[..., Any]) -> None:
    reading = read({"p/plan.json": json.dumps(PLAN, indent=1)})
    root = "p/plan.json"
    assert not reading.problems
    assert list(reading.resources) == [
        f"{root}:aws_s3_bucket.b",
        f'{root}:module.m["x"].aws_policy.p[0]',
        f'{root}:module.m["x"].module.n.aws_policy.q',
    ]
    bucket = reading.resources[f"{root}:aws_s3_bucket.b"]
    assert (bucket.type, bucket.root, bucket.exists.answer, bucket.condition) == ("aws_s3_bucket", root, True, "")
    assert reading.said(f"{root}:aws_s3_bucket.b", "bucket") == "logs"
    assert reading.said(f"{root}:aws_s3_bucket.b", "tags") is None
    assert reading.said(f"{root}:aws_s3_bucket.b", "nothing") is None
    assert reading.value(f"{root}:aws_s3_bucket.b", "arn").state.name == "UNKNOWN"
    key = unknown_of("aws_kms_key.k.arn", f"{root}:aws_kms_key.k.arn")
    assert reading.said(f"{root}:aws_s3_bucket.b", "rule") == [{"n": 1, "key": key}, {"n": 2}]
    assert reading.said(f"{root}:aws_s3_bucket.b", "names") == ["a", unknown_of("it")]


@pytest.mark.parametrize(
    ("address", "attribute", "ref"),
    [
        ('module.m["x"].aws_policy.p[0]', "bucket", "aws_s3_bucket.b.id"),
        ('module.m["x"].aws_policy.p[0]', "role", 'module.m["x"].aws_iam_role.r.arn'),
        ('module.m["x"].aws_policy.p[0]', "far", 'module.m["x"].module.n.aws_iam_role.inner.arn'),
        ('module.m["x"].module.n.aws_policy.q', "key", 'aws_kms_key.all["k"].arn'),
    ],
)
def test_references_go_through_modules(address: str, attribute: str, ref: str, read: Read) -> None:
    value = read({"plan.json": json.dumps(PLAN)}).value(f"plan.json:{address}", attribute)
    assert f"{value.ref.address}.{value.ref.attribute}" == f"plan.json:{ref}"


def test_places_are_lines_of_the_plan(read: Read) -> None:
    text = json.dumps(PLAN, indent=1)
    reading = read({"plan.json": text})
    for address, found in reading.resources.items():
        quoted = json.dumps(address.partition(":")[2])
        assert quoted in text.splitlines()[found.place.line - 1]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"format_version": "1.0", "planned_values": {', "the plan is no JSON"),
        ('{"format_version": "9.0", "planned_values": {}}', "plans of format 9.0 are not known"),
        ('["format_version", "planned_values"]', "plans of format None are not known"),
        ('{"format_version": "1.0", "planned_values": ' + "[" * 100_000 + "]" * 100_000 + "}", "the plan is no JSON"),
    ],
)
def test_broken_plans_are_problems(text: str, message: str, read: Read) -> None:
    reading = read({"plan.json": text})
    assert [(p.path, p.message.partition(":")[0]) for p in reading.problems] == [("plan.json", message)]


@pytest.mark.parametrize(
    "change_",
    [
        {"planned_values": None},
        {"planned_values": {"root_module": {"resources": [1, {}, {"mode": "managed", "address": 3}]}}},
        {"resource_changes": [{"address": "aws_s3_bucket.b", "change": {"after_unknown": [1]}}]},
        {"configuration": {"root_module": {"resources": "x", "module_calls": [1]}}},
        {"configuration": None},
    ],
)
def test_odd_plans_do_not_crash(change_: dict[str, Any], read: Read) -> None:
    reading = read({"plan.json": json.dumps(PLAN | change_)})
    for address in reading.resources:
        reading.said(address)
        reading.value(address, "rule", "*", "key")


def test_other_json_is_not_claimed(read: Read) -> None:
    assert read({"package.json": '{"name": "x"}', "tsconfig.json": "{"}).problems == []
