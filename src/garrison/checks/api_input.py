"""What an interface takes, as its description says it."""

from __future__ import annotations

from garrison.checks.check import Confidence, Pillar, Severity, Verdict, check, fail_if
from garrison.estate.assets.api_description import ApiDescription, ApiOperation
from garrison.estate.endpoints import Purpose, Telling, tells


@check(
    id="model-api-unlimited",
    severity=Severity.LOW,
    pillar=Pillar.API,
    maps=("ATLAS:AML.T0029", "ATLAS:AML.T0034", "NIST-800-53:SC-5", "OWASP-API:API4", "OWASP-LLM:LLM10"),
    confidence=Confidence.MEDIUM,
    about_ml=True,
)
def model_api_unlimited(api: ApiDescription) -> Verdict:
    """An operation that asks a model knows no limit of calls.

    Why: copying a model and searching for inputs that fool it both take many queries; without a limit they also take
    your budget.
    Fix: limit calls per client, and describe 429 with `Retry-After`.
    """
    return fail_if(api.unlimited, "neither 429 nor a header of a limit is described")


@check(
    id="model-input-unbounded",
    severity=Severity.LOW,
    pillar=Pillar.API,
    maps=("ATLAS:AML.T0029", "ATLAS:AML.T0034", "NIST-800-53:SI-10", "OWASP-API:API4", "OWASP-LLM:LLM10"),
    about_ml=True,
)
def model_input_unbounded(operation: ApiOperation) -> Verdict:
    """A model takes texts or lists of any length.

    Why: one request with a million tokens or rows holds an accelerator for minutes and is paid for by you.
    Fix: give every text a `maxLength` or a pattern, and every list a `maxItems`.
    """
    return fail_if(operation.takes(lambda m: m.unbounded, Purpose.INFERENCE), "a text or a list has no limit")


@check(
    id="model-input-number-range",
    severity=Severity.LOW,
    pillar=Pillar.API,
    maps=("ATLAS:AML.T0043", "NIST-800-53:SI-10", "OWASP-ML:ML01"),
    about_ml=True,
)
def model_input_number_range(operation: ApiOperation) -> Verdict:
    """A model takes numbers of any size.

    Why: values far outside of what it was trained on are the cheapest way to make a model answer wrongly; a number that
    says how much to generate is paid for by you.
    Fix: give every number a `minimum` and a `maximum`.
    """
    return fail_if(operation.takes(lambda m: m.free_number, Purpose.INFERENCE), "a number has no range")


@check(
    id="model-input-anything",
    severity=Severity.MEDIUM,
    pillar=Pillar.API,
    maps=("ATLAS:AML.T0043", "ATLAS:AML.T0020", "NIST-800-53:SI-10", "OWASP-ML:ML01"),
    about_ml=True,
)
def model_input_anything(operation: ApiOperation) -> Verdict:
    """What a model takes, or learns from, has no schema.

    Why: nothing before the model can tell a request from an attack on the code that parses it.
    Fix: describe the fields with their types and limits.
    """
    takes = operation.takes(lambda m: m.anything, Purpose.INFERENCE, Purpose.FEEDBACK)
    return fail_if(takes, "a part of it may be anything")


@check(
    id="model-input-unnamed-fields",
    severity=Severity.LOW,
    pillar=Pillar.API,
    maps=("ATLAS:AML.T0043", "NIST-800-53:SI-10", "OWASP-API:API3"),
    about_ml=True,
)
def model_input_unnamed_fields(operation: ApiOperation) -> Verdict:
    """What a model takes, or learns from, may have fields that are not named.

    Why: parameters of the server that nobody meant to offer (another adapter, a larger beam, a debug flag) are passed
    through to it.
    Fix: say `additionalProperties: false`.
    """
    takes = operation.takes(lambda m: m.more_than_named, Purpose.INFERENCE, Purpose.FEEDBACK)
    return fail_if(takes, "additional properties are not refused")


@check(
    id="operation-file-unchecked",
    severity=Severity.LOW,
    pillar=Pillar.API,
    maps=("ATLAS:AML.T0029", "NIST-800-53:SI-10", "OWASP-API:API4"),
)
def operation_file_unchecked(operation: ApiOperation) -> Verdict:
    """An operation takes files of any type or size.

    Why: decoders of images, audio and archives before a model are where crafted files do their harm, and one large file
    fills the disk or the memory of the server.
    Fix: say the media types (`encoding`, `contentMediaType`), and a `maxLength` or what is answered with 413.
    """
    return fail_if(operation.unchecked_file, "its type or its size is not limited")


@check(
    id="model-from-caller-address",
    severity=Severity.HIGH,
    pillar=Pillar.API,
    maps=("ATLAS:AML.T0010.003", "ATLAS:AML.T0018.002", "NIST-800-53:SI-10", "OWASP-API:API7"),
    confidence=Confidence.MEDIUM,
    about_ml=True,
)
def model_from_caller_address(operation: ApiOperation) -> Verdict:
    """A model is loaded from wherever the caller says.

    Why: the server fetches the address from inside your network, and a model file can carry code: this was remote code
    execution in TorchServe (CVE-2023-43654).
    Fix: let callers name a model of a registry you own; or list the addresses with `enum` or a pattern.
    """
    address = operation.takes(lambda m: m.free_text(lambda name: tells(name, Telling.ADDRESS)), Purpose.MANAGEMENT)
    return fail_if(address, "it takes an address")
