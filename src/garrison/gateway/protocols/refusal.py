"""How a protocol says that it refuses, so that its clients show their users why.

A form is JSON (for gRPC, whose message is a header, plain text) with words in braces: `{message}` is what happened,
`{request_id}` what to ask about (of what is no request, the number of its connection), `{status}` the HTTP status, `{type}` and `{code}` the protocol's own words for it. A
string that is one word keeps that word's type: `"{status}"` becomes a number.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

import msgspec

MESSAGES: Final = {
    400: "the request is not valid",
    401: "the request carries no valid credential",
    403: "this client may not do this",
    404: "there is nothing at this address",
    405: "this method is not taken here",
    408: "the request took too long to arrive",
    413: "the request is too large",
    415: "this content type or encoding is not taken here",
    426: "HTTP/1.1 or HTTP/2 is needed",
    429: "too many requests",
    431: "the headers of the request are too large",
    500: "the gateway failed, and refuses what it cannot check",
    502: "the model server gave no usable answer",
    503: "the model server, or what decides on requests to it, cannot be reached",
    504: "the model server took too long",
}
BUSY: Final = (
    "too many requests at a time"  # in place of that for 503, where a model or its server has all that it takes
)
_LATER: Final = {"retry-after": "1"}
_ENVOY: Final = {
    "message": "%LOCAL_REPLY_BODY%",
    "status": "%RESPONSE_CODE%",
    # What is no HTTP, or too old, has no id; the feed tells the number of the connection too.
    "request_id": '%COALESCE({"operators":[{"command":"REQUEST_HEADER","param":"X-REQUEST-ID"},"CONNECTION_ID"]})%',
}


class Words(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A protocol's own words for one status: of its errors' `type` and `code`, and the number of gRPC."""

    type: str = ""
    code: str = ""
    grpc: int | None = None


class Refusals(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The form of a protocol's errors: `body` where they are JSON, `text` where they are not."""

    body: str = ""
    text: str = ""
    content_type: str = "application/json"
    words: dict[str, Words] = {}

    def __post_init__(self) -> None:
        if bool(self.body) is bool(self.text):
            raise ValueError("errors are either JSON or text")
        if self.words and self.words.keys() != {str(status) for status in MESSAGES}:
            raise ValueError("words are needed for every status that the gateway answers with")

    def error(self, status: int, message: str, request_id: str) -> Any:
        """The error that a client gets, as JSON or as text."""
        return self._filled(status, {"message": message, "status": status, "request_id": request_id})

    def envoy_format(self, status: int) -> dict[str, Any]:
        """A `config.core.v3.SubstitutionFormatString` of that error, around the body that a filter replied with."""
        form = self._filled(status, _ENVOY)
        as_json = {"json_format": form} if self.body else {"text_format_source": {"inline_string": form}}
        return {**as_json, "content_type": self.content_type}

    def envoy_mappers(self, mine: dict[str, Any], kept: dict[str, Any]) -> list[dict[str, Any]]:
        """The `ResponseMapper`s of a `LocalReplyConfig` for requests of this protocol.

        `mine` is the access log filter that such requests pass, `kept` the one for replies whose body already says
        why. What Envoy says of itself otherwise, with addresses of upstreams in it, is replaced by `MESSAGES`.
        """
        busy = [mine, _status(503), {"response_flag_filter": {"flags": ["UO"]}}]
        rest = {"body_format_override": self.envoy_format(503), **self._headers(503, _LATER)}
        mappers = [{"filter": _all(busy), "body": {"inline_string": BUSY}, **rest}]
        for status, message in MESSAGES.items():
            here = [mine, _status(status)]
            rest = {"body_format_override": self.envoy_format(status), **self._headers(status)}
            mappers.append({"filter": _all([*here, kept]), **rest})
            mappers.append({"filter": _all(here), "body": {"inline_string": message}, **rest})
        return mappers

    def _filled(self, status: int, values: dict[str, Any]) -> Any:
        words = msgspec.structs.asdict(self.words.get(str(status), Words()))
        return _fill(json.loads(self.body) if self.body else self.text, words | values)

    def _headers(self, status: int, said: Mapping[str, str] = {}) -> dict[str, Any]:
        """What is said, and the status of gRPC, which Envoy would else take from that of HTTP by a coarser table."""
        number = self.words.get(str(status), Words()).grpc
        added = {**said, **({} if number is None else {"grpc-status": str(number)})}
        how = "OVERWRITE_IF_EXISTS_OR_ADD"
        headers = [{"header": {"key": key, "value": value}, "append_action": how} for key, value in added.items()]
        return {"headers_to_add": headers} if headers else {}


def _all(filters: list[dict[str, Any]]) -> dict[str, Any]:
    return {"and_filter": {"filters": filters}}


def _status(status: int) -> dict[str, Any]:
    value = {"default_value": status, "runtime_key": f"garrison.status.{status}"}
    return {"status_code_filter": {"comparison": {"op": "EQ", "value": value}}}


def _fill(form: Any, values: dict[str, Any]) -> Any:
    if isinstance(form, dict):
        return {key: _fill(value, values) for key, value in form.items()}
    if not isinstance(form, str):
        return form
    for name, value in values.items():
        if form == f"{{{name}}}":
            return value
        form = form.replace(f"{{{name}}}", str(value))
    return form
