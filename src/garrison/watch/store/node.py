"""The embedded store: chdb in a process of its own, which answers ClickHouse's HTTP protocol on loopback.

One process may open a folder, it must never fork once chdb is loaded, and each connection has a session of its own, for a shared one
serves one query at a time. `clickhouse-connect` cannot tell it from a server, as far as Garrison asks. It makes the tables, writes where
it answers into a file for each role, and ends with its owner, whose end of the standard input it watches. Protocol: https://clickhouse.com/docs/interfaces/http

Three things are asked of it: a statement that reads (`guard`), rows for one of its tables, and, at `RETENTION`, a change of how long
events are kept, which is data: nobody sends it what makes or alters a table.
"""

from __future__ import annotations

import base64
import contextlib
import fcntl
import gzip
import hmac
import io
import os
import re
import secrets
import signal
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import msgspec

from garrison.errors import EventsError, GarrisonError
from garrison.ledger import durable
from garrison.watch.retention.deciding import Decider
from garrison.watch.store import samples, schema
from garrison.watch.store.guard import LEAVING, TAKING, Known, Role, check

RETENTION = "/retention"  # where an administrator's changes go
MOST_BYTES = 256 << 20  # of a request
BUSY = 75  # EX_TEMPFAIL of sysexits.h: another process has the folder
UNUSABLE = 65  # EX_DATAERR: what is in the folder is not what was made there
_INSERT = re.compile(
    r"\s*INSERT\s+INTO\s+`?garrison`?\.`?(?:events|samples)`?\s*\([\w`, ]+\)\s*FORMAT\s+(Native|MsgPack|JSONEachRow)\s*",
    re.IGNORECASE | re.ASCII,
)
_TOLD = re.compile(r"(?:DESCRIBE TABLE|SHOW CREATE TABLE) garrison\.(?:events|samples)(?: FORMAT \w+)?", re.ASCII)
_FORMAT = re.compile(r"\bFORMAT\s+(\w+)\s*;?\s*$", re.IGNORECASE)
_TOKEN = re.compile(r"[\w-]{1,100}", re.ASCII)
_WORD = re.compile(r"\w{1,100}", re.ASCII)
_STREAMED = ("MsgPack", "JSONEachRow", "Native", "RowBinary", "TabSeparated", "CSV")

# The database `default` of chdb has every file of this machine as a table.
_NO_FILES = ("DROP DATABASE default", "CREATE DATABASE default ENGINE = Memory")


class Endpoint(msgspec.Struct, frozen=True):
    """Where a node answers, and as whom: a file for each role, so that readers can be given theirs alone."""

    port: int
    token: str


def endpoint(folder: Path, role: Role) -> Path:
    """The file of a role."""
    return folder / f"{role}.json"


class _Handler(BaseHTTPRequestHandler):
    """One connection, with a session that reads and, where it is needed, one that inserts."""

    protocol_version = "HTTP/1.1"
    timeout = 600
    disable_nagle_algorithm = True  # else the body waits 40 ms for the receipt of the head
    tokens: dict[Role, str]
    folder: str
    known: Known
    decider: Decider

    def setup(self) -> None:
        super().setup()
        self.sessions: dict[bool, Any] = {}

    def finish(self) -> None:
        for session in self.sessions.values():
            session.close()
        super().finish()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
        """Say nothing: statements may hold what people look for."""

    def do_GET(self) -> None:
        if urlsplit(self.path).path == "/ping":
            self._answer(200, b"Ok.\n")
        else:
            self.do_POST()

    def do_POST(self) -> None:
        try:
            body = self._body()
        except (ValueError, OSError) as error:
            self.close_connection = True
            return self._answer(413, str(error).encode())
        role = self._role()
        if role is None:
            return self._fail(401, 516, "authentication failed: wrong user or token")
        if urlsplit(self.path).path == RETENTION:
            return self._retain(role, body)
        asked = dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True))
        if (kind := self.headers.get("Content-Type", "")).startswith("multipart/form-data"):
            asked, body = {**asked, **_form(kind, body)}, b""
        try:
            self._run(role, asked, body)
        except EventsError as error:
            self._fail(403, 497, error.message)
        except UnicodeDecodeError as error:
            self._fail(400, 62, f"the statement is no UTF-8: {error}")
        except RuntimeError as error:  # what chdb says of a statement
            code = re.search(r"Code: (\d+)", str(error))
            self._fail(500, int(code[1]) if code else 1, str(error))

    def _retain(self, role: Role, body: bytes) -> None:
        try:
            if role is not Role.ADMIN:
                raise EventsError("refused: only an administrator says for how long events are kept")
            self.decider.decide(body)
        except GarrisonError as error:
            self._fail(403, 497, error.message)
        except RuntimeError as error:
            self._fail(500, 1, str(error))
        else:
            self._answer(200, b"")

    def _run(self, role: Role, asked: dict[str, str], body: bytes) -> None:
        said = asked.get("query", "")
        if not said and body[:6].upper() == b"INSERT":  # the statement stands before its rows
            line, _, body = body.partition(b"\n")
            said = line.decode()
        if inserted := _INSERT.fullmatch(said):
            return self._insert(role, said, inserted[1], asked.get("insert_deduplication_token", ""), body)
        session, sql = self._session(), f"{said} {body.decode()}" if said else body.decode()
        params = {k.removeprefix("param_"): v for k, v in asked.items() if k.startswith("param_")}
        # One statement, as ClickHouse itself writes it: what is judged is what runs.
        sql = _told(session, "SELECT formatQuerySingleLine({q:String})", sql).decode()
        if told := _TOLD.fullmatch(sql.strip()):
            sql = told[0]
        else:
            check(self._tree(session, sql), self.known)
        named = _FORMAT.search(sql)
        form = named[1] if named else asked.get("default_format", "TabSeparated")
        if not _WORD.fullmatch(form):
            raise EventsError("refused: this is no format")
        if form in _STREAMED and sql.startswith(("SELECT", "WITH")):
            return self._stream(session, _FORMAT.sub("", sql), form, params)
        return self._answer(200, _rows(session.query(sql, form, params=params)), form)

    def _tree(self, session: Any, sql: str) -> bytes:
        try:
            return _told(session, "SELECT parseQueryToJSON({q:String})", sql)
        except RuntimeError as error:
            if "does not support JSON" in str(error):
                raise EventsError("refused: events are read with SELECT, and nothing else is done here") from error
            raise

    def _insert(self, role: Role, said: str, form: str, token: str, body: bytes) -> None:
        if role is not Role.WRITER:
            raise EventsError("refused: only a writer inserts")
        if token and not _TOKEN.fullmatch(token):
            raise EventsError("refused: this is no deduplication token")
        settings = f" SETTINGS insert_deduplication_token = '{token}'" if token else ""
        inserter = self._session(inserts=True).send_insert(_FORMAT.sub("", said) + settings, form)
        inserter.append(body)
        inserter.finish()
        self._answer(200, b"")

    def _stream(self, session: Any, sql: str, form: str, params: dict[str, str]) -> None:
        """The answer in pieces, as they are made. An error in the middle breaks the connection off: half is never taken for all."""
        pieces = iter(session.send_query(sql, form, params=params))
        first = next(pieces, None)
        self._head(200, form)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        try:
            while first is not None:
                if data := _rows(first):
                    self.wfile.write(b"%x\r\n%b\r\n" % (len(data), data))
                first = next(pieces, None)
        except RuntimeError:
            self.close_connection = True
            return
        self.wfile.write(b"0\r\n\r\n")

    def _session(self, *, inserts: bool = False) -> Any:
        if inserts not in self.sessions:
            self.sessions[inserts] = session = _open(self.folder)
            session.query("SET max_query_size = 16777216, max_partitions_per_insert_block = 0")
            if not inserts:
                session.query("SET readonly = 1")
        return self.sessions[inserts]

    def _role(self) -> Role | None:
        user = self.headers.get("X-ClickHouse-User", "")
        token = self.headers.get("X-ClickHouse-Key", "")
        scheme, _, coded = self.headers.get("Authorization", "").partition(" ")
        if scheme.lower() == "basic":
            with contextlib.suppress(ValueError):
                user, _, token = base64.b64decode(coded, validate=True).decode().partition(":")
        known = next((self.tokens[role] for role in self.tokens if role == user), None)
        return Role(user) if known is not None and hmac.compare_digest(known.encode(), token.encode()) else None

    def _body(self) -> bytes:
        """Raises ValueError where it is too large or no gzip."""
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            data = self._chunks()
        else:
            length = int(self.headers.get("Content-Length") or 0)
            if not 0 <= length <= MOST_BYTES:
                raise ValueError("the request is too large")
            data = self.rfile.read(length)
        if self.headers.get("Content-Encoding") == "gzip":
            with gzip.GzipFile(fileobj=io.BytesIO(data)) as opened:
                data = opened.read(MOST_BYTES + 1)
            if len(data) > MOST_BYTES:
                raise ValueError("the request is too large")
        return data

    def _chunks(self) -> bytes:
        data = bytearray()
        while size := int(self.rfile.readline(64).split(b";")[0], 16):
            if size < 0 or len(data) + size > MOST_BYTES:
                raise ValueError("the request is too large")
            data += self.rfile.read(size)
            self.rfile.readline(64)
        self.rfile.readline(64)
        return bytes(data)

    def _fail(self, status: int, code: int, why: str) -> None:
        self._head(status, "")
        data = f"Code: {code}. {why}".encode(errors="replace")
        self.send_header("X-ClickHouse-Exception-Code", str(code))
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _answer(self, status: int, data: bytes, form: str = "TabSeparated") -> None:
        self._head(status, form)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _head(self, status: int, form: str) -> None:
        self.send_response(status)
        self.send_header("X-ClickHouse-Format", form)
        self.send_header("X-ClickHouse-Summary", "{}")


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64


def _open(folder: str) -> Any:
    from chdb import session

    opened: Any = session.Session
    return opened(folder)


def _rows(result: Any) -> bytes:
    return bytes(result.bytes())


def _told(session: Any, question: str, sql: str) -> bytes:
    """What a function of ClickHouse says of a statement."""
    return _rows(session.query(question, "RawBLOB", params={"q": _escaped(sql)}))


def _form(kind: str, body: bytes) -> dict[str, str]:
    """The fields of a form, RFC 7578: long parameters come so."""
    from email import policy
    from email.parser import BytesParser

    parts = BytesParser(policy=policy.HTTP).parsebytes(f"Content-Type: {kind}\r\n\r\n".encode() + body).iter_parts()
    found = {}
    for part in parts:
        data: Any = part.get_payload(decode=True)
        found[str(part.get_param("name", "", "content-disposition"))] = bytes(data or b"").decode()
    return found


def _escaped(text: str) -> str:
    """A value as parameters of the protocol carry it: escaped as in TabSeparated."""
    return (
        text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r").replace("\0", "\\0")
    )


def _opened(folder: Path) -> dict[str, Any]:
    """The tables of a folder, made where there are none, and what judges requests. Raises ConfigError, BusyError, RuntimeError."""
    data = str(folder / "data")
    keeping = _open(data)  # as long as it is there, the folder stays open
    for statement in (*_NO_FILES, *schema.embedded(), *samples.embedded()):
        keeping.query(statement)
    decider = Decider(folder, keeping.query)
    there = _rows(keeping.query(schema.RULES, "RawBLOB"))
    decider.begin(lambda statement: there != _told(keeping, schema.RULES_OF, statement))
    known = Known.of(*(_rows(keeping.query(said, "TSVRaw")).decode() for said in (LEAVING, TAKING)))
    return {"folder": data, "known": known, "decider": decider}


def main(folder: Path) -> int:
    """Serve a folder until the owner's end of the standard input is closed; print the port once it is ready."""
    for number in (
        signal.SIGINT,
        signal.SIGTERM,
    ):  # of a terminal, or of a service that ends: whoever stores is served to the last
        signal.signal(number, signal.SIG_IGN)
    lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return BUSY
    tokens = {role: secrets.token_urlsafe(32) for role in Role}
    try:
        handler = type("Handler", (_Handler,), {"tokens": tokens, **_opened(folder)})
    except (GarrisonError, RuntimeError) as error:
        sys.stderr.write(f"{error}\n")
        sys.stderr.flush()
        os._exit(UNUSABLE)
    server = _Server(("127.0.0.1", 0), handler)
    port = server.server_address[1]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    for role, token in tokens.items():
        durable.replace(endpoint(folder, role), msgspec.json.encode(Endpoint(port, token)), mode=0o600)
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    sys.stdin.buffer.read()
    for role in Role:
        endpoint(folder, role).unlink(missing_ok=True)
    os._exit(0)  # what was acknowledged is on the disk; chdb has threads that do not end in order


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
