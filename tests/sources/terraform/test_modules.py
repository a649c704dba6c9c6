"""Modules, variables, instances, references: what a name means, and whose attribute a value is."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

Read = Callable[..., Any]
BUCKET = 'resource "aws_s3_bucket" "b" { bucket = "logs" }\n'


def ref(value: Any) -> tuple[str, str]:
    return value.ref.address, value.ref.attribute


def test_addresses_and_roots(read: Read) -> None:
    reading = read(
        {
            "main.tf": BUCKET,
            "infra/aws/main.tf": BUCKET + 'module "m" { source = "../mod" }',
            "infra/mod/main.tf": BUCKET + 'module "n" { source = "./inner/" }',
            "infra/mod/inner/main.tf": BUCKET,
            "empty/values.tfvars": "a = 1",
        }
    )
    assert {a: r.root for a, r in reading.resources.items()} == {
        ".:aws_s3_bucket.b": ".",
        "infra/aws:aws_s3_bucket.b": "infra/aws",
        "infra/aws:module.m.aws_s3_bucket.b": "infra/aws",
        "infra/aws:module.m.module.n.aws_s3_bucket.b": "infra/aws",
    }
    assert {r.type for r in reading.resources.values()} == {"aws_s3_bucket"}
    assert {r.format for r in reading.resources.values()} == {"terraform"}


def test_folders_that_only_call_each_other(read: Read) -> None:
    reading = read(
        {
            "a/main.tf": BUCKET + 'module "b" { source = "../b" }',
            "b/main.tf": BUCKET + 'module "a" { source = "../a" }',
        }
    )
    assert sorted(reading.resources) == ["a:aws_s3_bucket.b", "a:module.b.aws_s3_bucket.b"]
    assert [p.message for p in reading.problems] == ["module a calls itself"]


def test_variables(read: Read, unknown_of: type) -> None:
    reading = read(
        {
            "main.tf": """
                variable "given" {}
                variable "auto" { default = 0 }
                variable "json" {}
                variable "none" {}
                variable "null" { default = "kept" }
                variable "not_null" {
                  default  = "kept"
                  nullable = false
                }
                module "m" {
                  source   = "./m"
                  null     = null
                  not_null = null
                }
                resource "t" "x" {
                  all = [var.given, var.auto, var.json, var.none]
                }
            """,
            "m/main.tf": """
                variable "null" { default = "d" }
                variable "not_null" {
                  default  = "d"
                  nullable = false
                }
                variable "none" {}
                resource "t" "x" {
                  null     = var.null
                  not_null = var.not_null
                  none     = var.none
                }
            """,
            "terraform.tfvars": 'given = "terraform"\nauto = "terraform"\n',
            "b.auto.tfvars": 'auto = "b"\n',
            "a.auto.tfvars": 'auto = "a"\n',
            "z.auto.tfvars.json": '{"json": [1, {"a": true}]}',
            "other.tfvars": 'none = "not read by itself"\n',
        }
    )
    assert reading.said(".:t.x", "all") == ["terraform", "b", [1, {"a": True}], unknown_of("var.none")]
    assert reading.said(".:module.m.t.x", "null") is None
    assert reading.said(".:module.m.t.x", "not_null") == "d"
    assert reading.value(".:module.m.t.x", "none").decided_by == "module.m.var.none"
    assert reading.value(".:module.m.t.x", "none").reason == "module.m.var.none has no default"


@pytest.mark.parametrize(
    ("type_", "default", "expected"),
    [
        ("string", "1", "1"),
        ("number", '"1"', 1),
        ("bool", '"true"', True),
        ("list(string)", "[1, true]", ["1", "true"]),
        ("map(number)", '{ a = "1" }', {"a": 1}),
        ("any", "{ a = 1 }", {"a": 1}),
        ("set(string)", '["a"]', ["a"]),
        ("object({ a = string, b = optional(bool, true), c = optional(number) })", "{ a = 1, z = 2 }",
         {"a": "1", "b": True, "c": None}),
        ("map(object({ k = optional(list(string), [1]) }))", "{ x = {}, y = { k = null } }",
         {"x": {"k": ["1"]}, "y": {"k": ["1"]}}),
        ("object({ o = optional(object({ p = optional(string, 5) }), {}) })", "{}", {"o": {"p": "5"}}),
    ],
)  # fmt: skip
def test_types_convert(type_: str, default: str, expected: Any, read: Read) -> None:
    text = f'variable "v" {{\n type = {type_}\n default = {default}\n}}\nresource "t" "x" {{\n v = var.v\n}}'
    assert read({"main.tf": text}).said(".:t.x", "v") == expected


def test_count_decides_whether_it_exists(read: Read) -> None:
    reading = read(
        {
            "main.tf": """
                variable "on" {}
                resource "t" "none" { count = 0 }
                resource "t" "one" {
                  count = 1
                  i     = count.index
                }
                resource "t" "same" { count = 2 }
                resource "t" "each" {
                  count = 2
                  name  = ["a", "b"][count.index]
                }
                resource "t" "maybe" {
                  count = var.on ? 1 : 0
                  i     = count.index
                }
                module "m" {
                  source = "./m"
                  count  = var.on ? 1 : 0
                }
            """,
            "m/main.tf": 'variable "x" { default = false }\nresource "t" "a" {}\nresource "t" "b" { count = var.y }\n'
            'variable "y" {}',
        }
    )
    assert list(reading.resources) == [
        ".:t.one", ".:t.same", ".:t.each[0]", ".:t.each[1]", ".:t.maybe", ".:module.m.t.a", ".:module.m.t.b",
    ]  # fmt: skip
    assert [r.exists.answer for r in reading.resources.values()] == [True, True, True, True, None, None, None]
    assert reading.said(".:t.one", "i") == 0
    assert reading.said(".:t.each[1]", "name") == "b"
    maybe, a, b = (reading.resources[k] for k in (".:t.maybe", ".:module.m.t.a", ".:module.m.t.b"))
    assert maybe.condition == a.condition == "var.on ? 1 : 0"
    assert b.condition == "var.on ? 1 : 0 and module.m: var.y"
    assert {v.decided_by for v in b.exists.because} == {"var.on", "module.m.var.y"}
    assert reading.value(".:t.maybe", "i").decided_by == "var.on"


def test_for_each_expands(read: Read) -> None:
    reading = read(
        {
            "main.tf": """
                variable "u" {}
                resource "t" "set" {
                  for_each = toset(["a", "b"])
                  kv       = "${each.key}${each.value}"
                }
                resource "t" "map" {
                  for_each = { x = { n = 1 } }
                  n        = each.value.n
                }
                resource "t" "unknown" {
                  for_each = var.u
                  k        = each.key
                  fixed    = 1
                }
                module "m" {
                  source   = "./m"
                  for_each = { one = 1, two = 2 }
                  v        = each.value
                }
                resource "t" "out" { v = [module.m["two"].v, values(module.m)[*].v] }
            """,
            "m/main.tf": 'variable "v" {}\nresource "t" "x" { v = var.v }\noutput "v" { value = var.v }',
        }
    )
    assert reading.said('.:t.set["b"]', "kv") == "bb"
    assert reading.said('.:t.map["x"]', "n") == 1
    assert reading.resources[".:t.unknown"].exists.answer is None
    assert reading.resources[".:t.unknown"].condition == "var.u"
    assert reading.said(".:t.unknown", "fixed") == 1
    assert reading.value(".:t.unknown", "k").decided_by == "var.u"
    assert reading.said('.:module.m["two"].t.x', "v") == 2
    assert reading.said(".:t.out", "v") == [2, [1, 2]]


REFERENCES = [
    ("aws_s3_bucket.one.arn", "aws_s3_bucket.one", "arn"),
    ("aws_s3_bucket.one.bucket", "aws_s3_bucket.one", "bucket"),
    ('aws_s3_bucket.keyed["k"].arn', 'aws_s3_bucket.keyed["k"]', "arn"),
    ("aws_s3_bucket.keyed[var.u].arn", "aws_s3_bucket.keyed", "arn"),
    ("aws_s3_bucket.maybe[0].arn", "aws_s3_bucket.maybe", "arn"),
    ("aws_s3_bucket.maybe[0].bucket", "aws_s3_bucket.maybe", "bucket"),
    ("aws_s3_bucket.maybe[*].arn", "aws_s3_bucket.maybe", "arn"),
    ("aws_s3_bucket.maybe.*.arn[0]", "aws_s3_bucket.maybe", "arn"),
    ("one(aws_s3_bucket.maybe[*].arn)", "aws_s3_bucket.maybe", "arn"),
    ('join("", aws_s3_bucket.maybe.*.arn)', "aws_s3_bucket.maybe", "arn"),
    ("element(aws_s3_bucket.maybe.*.arn, 0)", "aws_s3_bucket.maybe", "arn"),
    ('element(concat(aws_s3_bucket.maybe.*.arn, [""]), 0)', "aws_s3_bucket.maybe", "arn"),
    ('try(aws_s3_bucket.maybe[0].arn, "")', "aws_s3_bucket.maybe", "arn"),
    ("[for b in aws_s3_bucket.maybe : b.arn]", "aws_s3_bucket.maybe", "arn"),
    ("aws_s3_bucket.three[1].arn", "aws_s3_bucket.three", "arn"),
    ("aws_s3_bucket.three.*.arn[2]", "aws_s3_bucket.three", "arn"),
    ("element(values(aws_s3_bucket.keyed)[*].arn, 0)", 'aws_s3_bucket.keyed["k"]', "arn"),
    ("values(aws_s3_bucket.unkeyed)[*].arn", "aws_s3_bucket.unkeyed", "arn"),
    ("aws_s3_bucket.unkeyed[var.u].arn", "aws_s3_bucket.unkeyed", "arn"),
    ('aws_s3_bucket.unkeyed["x"].arn', "aws_s3_bucket.unkeyed", "arn"),
    ("coalesce(null, aws_s3_bucket.one.arn)", "aws_s3_bucket.one", "arn"),
    ("tostring(aws_s3_bucket.one.arn)", "aws_s3_bucket.one", "arn"),
    ('"${aws_s3_bucket.one.arn}"', "aws_s3_bucket.one", "arn"),
    ("local.arn", "aws_s3_bucket.one", "arn"),
    ("module.m.arn", "module.m.aws_s3_bucket.in", "arn"),
    ("module.m.passed", "aws_s3_bucket.one", "id"),
    ("module.far.vpc_id", "module.far", "vpc_id"),
    ("data.aws_vpc.v.id", "data.aws_vpc.v", "id"),
    ("aws_s3_bucket.one.logging[0].computed", "aws_s3_bucket.one", "logging.computed"),
    ("aws_nothing.here.arn", "aws_nothing.here", "arn"),
    ("resource.aws_s3_bucket.one.arn", "aws_s3_bucket.one", "arn"),
]


@pytest.mark.parametrize(("expression", "address", "attribute"), REFERENCES, ids=[r[0] for r in REFERENCES])
def test_references_survive_evaluation(expression: str, address: str, attribute: str, read: Read) -> None:
    reading = read(
        {
            "r/main.tf": f"""
                variable "u" {{}}
                locals {{ arn = aws_s3_bucket.one.arn }}
                data "aws_vpc" "v" {{}}
                resource "aws_s3_bucket" "one" {{
                  bucket = "logs"
                  logging {{
                    target = "x"
                  }}
                }}
                resource "aws_s3_bucket" "keyed" {{ for_each = {{ k = 1 }} }}
                resource "aws_s3_bucket" "unkeyed" {{ for_each = var.u }}
                resource "aws_s3_bucket" "maybe" {{
                  count  = var.u
                  bucket = "maybe"
                }}
                resource "aws_s3_bucket" "three" {{ count = 3 }}
                module "m" {{
                  source = "./m"
                  id     = aws_s3_bucket.one.id
                }}
                module "far" {{ source = "terraform-aws-modules/vpc/aws" }}
                resource "t" "x" {{ v = {expression} }}
            """,
            "r/m/main.tf": """
                variable "id" { type = string }
                resource "aws_s3_bucket" "in" {}
                output "arn" { value = aws_s3_bucket.in.arn }
                output "passed" { value = var.id }
            """,
        }
    )
    value = reading.value("r:t.x", "v")
    assert ref(value) == (f"r:{address}", attribute)
    assert value.given().answer is True
    assert (value.state.name == "KNOWN") is (attribute == "bucket")


def test_a_dangling_index_is_passed_over(read: Read) -> None:
    reading = read(
        {"main.tf": 'resource "a" "none" { count = 0 }\nresource "t" "x" { v = try(a.none[0].arn, "fallback") }'}
    )
    assert reading.said(".:t.x", "v") == "fallback"


def test_policy_documents_are_their_blocks(read: Read) -> None:
    reading = read(
        {
            "main.tf": """
                data "aws_iam_policy_document" "d" {
                  statement {
                    actions = ["s3:*"]
                    principals {
                      type        = "AWS"
                      identifiers = ["*"]
                    }
                  }
                }
                resource "t" "x" {
                  doc = data.aws_iam_policy_document.d.json
                  enc = jsonencode({ Statement = [{ Effect = "Allow", Resource = t.y.arn }] })
                }
            """
        }
    )
    said = {"statement": [{"actions": ["s3:*"], "principals": [{"type": "AWS", "identifiers": ["*"]}]}]}
    assert reading.said(".:t.x", "doc") == said
    assert ref(reading.value(".:t.x", "enc", "Statement", "Resource")) == (".:t.y", "arn")


def test_policy_documents_pass_through_variables_for_text(read: Read) -> None:
    reading = read(
        {
            "main.tf": """
                data "aws_iam_policy_document" "d" {
                  statement { actions = ["s3:*"] }
                }
                module "m" {
                  source = "./m"
                  one    = data.aws_iam_policy_document.d.json
                  more   = [data.aws_iam_policy_document.d.json]
                }
            """,
            "m/main.tf": """
                variable "one" { type = string }
                variable "more" { type = list(string) }
                resource "t" "x" {
                  one  = var.one
                  more = var.more
                }
            """,
        }
    )
    said = {"statement": [{"actions": ["s3:*"]}]}
    assert reading.said(".:module.m.t.x", "one") == said
    assert reading.said(".:module.m.t.x", "more") == [said]


def test_dynamic_blocks(read: Read) -> None:
    reading = read(
        {
            "main.tf": """
                variable "u" {}
                resource "t" "x" {
                  rule { n = 0 }
                  dynamic "rule" {
                    for_each = { b = 2, a = 1 }
                    content {
                      n = rule.value
                      k = rule.key
                      dynamic "inner" {
                        for_each = [rule.value]
                        iterator = it
                        content { v = "${rule.key}${it.value}${it.key}" }
                      }
                    }
                  }
                  dynamic "open" {
                    for_each = var.u
                    content { n = open.value }
                  }
                  dynamic "none" {
                    for_each = []
                    content {}
                  }
                  dynamic "mixed" {
                    for_each = [1]
                    content { n = mixed.value }
                  }
                  dynamic "mixed" {
                    for_each = var.u
                    content {}
                  }
                }
            """
        }
    )
    assert reading.said(".:t.x", "rule") == [
        {"n": 0},
        {"n": 1, "k": "a", "inner": [{"v": "a10"}]},
        {"n": 2, "k": "b", "inner": [{"v": "b20"}]},
    ]
    assert reading.said(".:t.x", "open") == ["..."]
    assert reading.value(".:t.x", "open", "n").decided_by == "var.u"
    assert reading.said(".:t.x", "none") is None
    assert reading.said(".:t.x", "mixed") == [{"n": 1}, "..."]


def test_default_tags(read: Read) -> None:
    reading = read(
        {
            "main.tf": """
                provider "aws" {
                  default_tags { tags = { Env = "prod", Team = "ml" } }
                }
                provider "aws" {
                  alias = "west"
                  default_tags { tags = { Env = "west" } }
                }
                provider "google" { default_labels = { env = "g" } }
                resource "aws_a" "x" { tags = { Team = "own" } }
                resource "aws_a" "none" {}
                resource "aws_a" "west" { provider = aws.west }
                resource "google_a" "x" { labels = { a = "b" } }
                module "inherits" { source = "./m" }
                module "handed" {
                  source    = "./m"
                  providers = { aws = aws.west }
                }
            """,
            "m/main.tf": 'resource "aws_a" "x" {}',
        }
    )
    assert reading.said(".:aws_a.x", "tags") == {"Env": "prod", "Team": "own"}
    assert reading.said(".:aws_a.none", "tags") == {"Env": "prod", "Team": "ml"}
    assert reading.said(".:aws_a.west", "tags") == {"Env": "west"}
    assert reading.said(".:google_a.x", "labels") == {"a": "b", "env": "g"}
    assert reading.said(".:module.inherits.aws_a.x", "tags") == {"Env": "prod", "Team": "ml"}
    assert reading.said(".:module.handed.aws_a.x", "tags") == {"Env": "west"}


def test_installed_modules(read: Read) -> None:
    manifest = {
        "Modules": [
            {"Key": "", "Dir": "."},
            {"Key": "far", "Source": "registry/far", "Dir": ".terraform/modules/far"},
            {"Key": "far.deeper", "Source": "registry/deeper", "Dir": ".terraform/modules/far.deeper"},
            {"Key": "out", "Source": "registry/out", "Dir": "../../../etc"},
        ]
    }
    reading = read(
        {
            "r/main.tf": """
                module "far" {
                  source = "registry/far"
                  n      = "x"
                }
                module "out" { source = "registry/out" }
                module "missing" { source = "registry/missing" }
                resource "t" "x" { v = module.far.name }
            """,
            "r/.terraform/modules/modules.json": json.dumps(manifest),
            "r/.terraform/modules/far/main.tf": """
                variable "n" {}
                module "deeper" { source = "registry/deeper" }
                module "beside" { source = "./sub" }
                output "name" { value = "${var.n}-${module.deeper.v}-${module.beside.v}" }
            """,
            "r/.terraform/modules/far/sub/main.tf": 'output "v" { value = "sub" }',
            "r/.terraform/modules/far.deeper/main.tf": 'resource "t" "y" {}\noutput "v" { value = 1 }',
        }
    )
    assert reading.said("r:t.x", "v") == "x-1-sub"
    assert "r:module.far.module.deeper.t.y" in reading.resources
    assert [n.message.partition(" is not read")[0] for n in reading.tree.notes] == ["module out", "module missing"]


def test_override_files_and_opentofu(read: Read) -> None:
    reading = read(
        {
            "main.tf": 'resource "t" "x" {\n a = 1\n b = 1\n blk { n = 1 }\n blk { n = 2 }\n}\nlocals { l = 1 }',
            "z_override.tf": 'resource "t" "x" {\n b = 2\n blk { n = 3 }\n}\nlocals { l = 2 }\n',
            "override.tf": 'resource "t" "x" { c = local.l }',
            "same.tf": 'resource "t" "terraform" {}',
            "same.tofu": 'resource "t" "tofu" {}',
            "t.tftest.hcl": 'run "x" {}',
        }
    )
    assert reading.said(".:t.x") == {"a": 1, "b": 2, "c": 2, "blk": [{"n": 3}]}
    assert sorted(reading.resources) == [".:t.tofu", ".:t.x"]
    assert not reading.problems


def test_json_configuration(read: Read, unknown_of: type) -> None:
    configuration = {
        "//": "a comment",
        "variable": {"u": {}, "names": {"type": "list(string)", "default": [1, "b"]}},
        "locals": [{"l": '${upper("x")}-${var.names[0]}'}],
        "provider": {"aws": [{"default_tags": {"tags": {"Env": "prod"}}}]},
        "resource": {
            "aws_a": {
                "x": {
                    "name": "${local.l}",
                    "plain": 'a "quoted" \\n $${x}',
                    "list": ["${var.u}", 1, None, True],
                    "block": {"n": "${1 + 1}"},
                    "count": "${var.u ? 1 : 0}",
                    "dynamic": {"rule": {"for_each": "${var.names}", "content": {"n": "${rule.value}"}}},
                }
            },
            "aws_b": [{"y": [{"arn": "${aws_a.x[0].arn}"}]}],
        },
        "data": {"aws_c": {"z": {}}},
    }
    reading = read({"main.tf.json": json.dumps(configuration, indent=1)})
    assert not reading.problems
    assert reading.said(".:aws_a.x", "name") == "X-1"
    assert reading.said(".:aws_a.x", "plain") == 'a "quoted" \\n ${x}'
    assert reading.said(".:aws_a.x", "list") == [unknown_of("var.u"), 1, None, True]
    assert reading.said(".:aws_a.x", "block", "n") == 2
    assert reading.said(".:aws_a.x", "rule", "*", "n") == ["1", "b"]
    assert reading.said(".:aws_a.x", "tags") == {"Env": "prod"}
    assert reading.resources[".:aws_a.x"].condition == "var.u ? 1 : 0"
    assert ref(reading.value(".:aws_b.y", "arn")) == (".:aws_a.x", "arn")
    assert reading.value(".:aws_a.x", "name").place.line > 1


def test_files_of_the_tree_are_read(read: Read, unknown_of: type) -> None:
    reading = read(
        {
            "r/main.tf": """
                module "m" { source = "../m" }
                resource "t" "x" {
                  text  = file("${path.module}/policy.json")
                  out   = file("../../../../etc/passwd")
                  gone  = fileexists("gone.txt")
                  there = fileexists("policy.json")
                  tpl   = templatefile("t.tpl", { names = ["a", "b"], who = var.u })
                  sha   = filesha256("policy.json")
                }
                variable "u" {}
            """,
            "r/policy.json": '{"a": 1}',
            "r/t.tpl": "%{ for n in names ~}\n- ${n}\n%{ endfor ~}\n${who}!",
            "m/main.tf": 'resource "t" "y" { text = file("${path.module}/own.txt") }',
            "m/own.txt": "own",
        }
    )
    assert reading.said("r:t.x", "text") == '{"a": 1}'
    assert reading.value("r:t.x", "out").reason == "file(): the file is not in this folder"
    assert reading.said("r:t.x", "gone") == unknown_of()
    assert reading.said("r:t.x", "there") is True
    assert reading.said("r:t.x", "tpl") == ["- a\n- b\n", unknown_of("var.u"), "!"]
    assert reading.said("r:t.x", "sha") == "f9d86028c6e0d64e225186f96acb69338b2c59764df79162107f5c4bb34d1310"
    assert reading.said("r:module.m.t.y", "text") == "own"


def test_blocks_without_resources_are_ignored(read: Read) -> None:
    reading = read(
        {
            "main.tf": """
                terraform {
                  required_version = ">= 1.5"
                }
                moved {
                  from = a.b
                  to   = a.c
                }
                import {
                  to = a.b
                  id = "x"
                }
                check "c" {}
                removed { from = a.z }
                resource "a" "b" {
                  lifecycle { prevent_destroy = true }
                  provisioner "local-exec" { command = "rm -rf /" }
                }
            """
        }
    )
    assert list(reading.resources) == [".:a.b"]
    assert not reading.problems


def test_template_files_are_rendered(read: Read, unknown_of: type) -> None:
    reading = read(
        {
            "main.tf": """
                variable "u" {}
                data "template_file" "t" {
                  template = file("t.tpl")
                  vars     = { a = 1, u = var.u }
                }
                resource "t" "x" { v = data.template_file.t.rendered }
            """,
            "t.tpl": "<${a}${u}>",
        }
    )
    assert reading.said(".:t.x", "v") == ["<1", unknown_of("var.u"), ">"]


def test_line_ends_of_windows(read: Read) -> None:
    text = 'resource "t" "x" {\r\n  a = "b"\r\n  h = <<-EOT\r\n    one\r\n      ${1}\r\n  EOT\r\n  l = [\r\n    1,\r\n  ]\r\n}\r\n'
    assert read({"main.tf": text}).said(".:t.x") == {"a": "b", "h": "one\r\n  1\r\n", "l": [1]}


def test_what_terraform_itself_calls_an_error_in_a_collection_is_passed_over(read: Read) -> None:
    text = """
        locals { l = [{ a = 1 }, {}] }
        resource "t" "x" {
          v = try([for i in local.l : i.a], "d")
          c = can({ k = local.l[1].a })
        }
    """
    reading = read({"main.tf": text})
    assert (reading.said(".:t.x", "v"), reading.said(".:t.x", "c")) == ("d", False)
