"""Server access logs of Amazon S3 ("Amazon S3 server access log format", Amazon S3 User Guide)."""

from __future__ import annotations

import re

from garrison.events.event import Class, Event, Status, named
from garrison.events.numbers import number
from garrison.events.times import common

NAME = "aws-s3-access"
LABEL = "S3 server access logs"
NO_JSON = True

_FIELD = re.compile(rb'\[([^\]]*)\]|"((?:[^"\\]|\\.)*)"|(\S+)')
_FIELDS = 17  # to the user agent; newer fields stand behind them
_ACTIVITIES = {"GET": 1, "HEAD": 1, "PUT": 5, "POST": 5, "COPY": 5, "DELETE": 7}
_LIST, _OTHER = 8, 99
_REFUSED = 400


def event(line: bytes) -> Event:
    """One record; `-` stands where nothing is known."""
    found = [b"".join(groups).decode("utf-8", errors="replace") for groups in _FIELD.findall(line)]
    if len(found) < _FIELDS:
        raise ValueError(f"it has {len(found)} fields of {_FIELDS}")
    said = ["" if field == "-" else field for field in found]
    _, bucket, time, address, requester, request_uid, operation, key, request, status, error, sent, _, total = said[:14]
    method = request.partition(" ")[0]
    code = number(status)
    return Event(
        time_us=common(time),
        class_uid=Class.DATASTORE,
        activity_id=_activity(operation),
        status_id=Status.FAILURE if code >= _REFUSED else Status.SUCCESS if code else Status.UNKNOWN,
        status_detail=error,
        uid=named(line, request_uid),  # a request that deletes many objects has a record of each
        product=LABEL,
        actor_user=requester.rpartition("/")[2] or "anonymous",
        actor_uid=requester,
        src_ip=address,
        user_agent=said[16],
        api_service="s3.amazonaws.com",
        api_operation=operation,
        request_uid=request_uid,
        resource=f"{bucket}/{key}" if key else bucket,
        resource_type="object" if key else "bucket",
        cloud_provider="AWS",
        http_method=method,
        url_path=request.partition(" ")[2].partition(" ")[0].partition("?")[0],
        status_code=code,
        bytes_out=number(sent),
        duration_us=number(total) * 1000,
        raw=line,
    )


def _activity(operation: str) -> int:
    """`REST.GET.OBJECT`: what was done, and to what; a bucket that is read is listed."""
    parts = operation.split(".")
    verb, thing = (parts[1], parts[2]) if len(parts) > 2 else ("", "")  # noqa: PLR2004
    return _LIST if verb == "GET" and thing == "BUCKET" else _ACTIVITIES.get(verb, _OTHER)
