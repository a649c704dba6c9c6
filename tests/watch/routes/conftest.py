"""Receivers of alerts: a webhook, a mail server and rsyslog, each real, with certificates of an authority of our own."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from email.message import Message as Mail
from email.parser import BytesParser
from pathlib import Path
from typing import Any, Self

import pytest
from aiohttp import web
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword
from tests.watch.alerts.signals import signal

from garrison.gateway.certificates.authority import make
from garrison.watch.alerts.store import Alerts, now_us

PASSWORD = "not-to-be-told"


class Hook:
    """A receiver over HTTP. `answers` are the statuses that it gives next, then it gives 200; None: it says nothing at all."""

    def __init__(self) -> None:
        self.answers: list[int | None] = []
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.elsewhere = 0
        self.url = ""
        self._loop = asyncio.new_event_loop()
        self._ended = asyncio.Event()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._serve(),))
        self._ready = threading.Event()

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._ended.set)
        self._thread.join()
        self._loop.close()

    async def _serve(self) -> None:
        app = web.Application()
        app.router.add_post("/hook", self._take)
        app.router.add_route("*", "/elsewhere", self._take_elsewhere)
        runner = web.AppRunner(app, shutdown_timeout=0)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
        self._ready.set()
        await self._ended.wait()
        await runner.cleanup()

    async def _take(self, request: web.Request) -> web.Response:
        self.got.append((dict(request.headers), await request.read()))
        status = self.answers.pop(0) if self.answers else 200
        if status is None:
            await self._ended.wait()
        return web.Response(status=status or 200, headers={"Location": "/elsewhere"})

    async def _take_elsewhere(self, request: web.Request) -> web.Response:
        del request
        self.elsewhere += 1
        return web.Response()


class Post:
    """A mail server."""

    def __init__(self, certificates: Path, **said: Any) -> None:
        self.mails: list[Mail] = []
        self.refuses = 0
        self.starts_tls = 0
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificates / "server.pem", certificates / "server.key")
        said = {"tls_context": context, "require_starttls": True, "auth_required": True, **said}
        self._controller = Controller(self, hostname="127.0.0.1", port=free_port(), authenticator=self._known, **said)

    @property
    def port(self) -> int:
        return int(self._controller.port)

    def __enter__(self) -> Self:
        self._controller.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._controller.stop()

    def _known(self, server: Any, session: Any, envelope: Any, mechanism: str, said: Any) -> AuthResult:
        assert isinstance(said, LoginPassword)
        self.starts_tls += session.ssl is not None
        return AuthResult(success=said.password == PASSWORD.encode(), handled=False)

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        if self.refuses:
            self.refuses -= 1
            return "451 not now"
        self.mails.append(BytesParser().parsebytes(envelope.content))
        return "250 taken"


class Rsyslog:
    """rsyslog as Debian has it, that takes syslog over TLS, or TCP, and writes what it was sent into a file."""

    def __init__(self, folder: Path, certificates: Path, *, tls: bool) -> None:
        self.port, self.file, self.folder = free_port(), folder / "received", folder
        self.parsed = folder / "parsed"
        driver = (
            f'global(defaultNetstreamDriverCAFile="{certificates}/ca.pem"'
            f' defaultNetstreamDriverCertFile="{certificates}/server.pem"'
            f' defaultNetstreamDriverKeyFile="{certificates}/server.key")\n'
            if tls
            else ""
        )
        stream = ' StreamDriver.Name="gtls" StreamDriver.Mode="1" StreamDriver.AuthMode="anon"' if tls else ""
        (folder / "rsyslog.conf").write_text(
            f'{driver}module(load="imtcp"{stream})\n'
            f'input(type="imtcp" address="127.0.0.1" port="{self.port}")\n'
            'template(name="raw" type="string" string="%rawmsg%\\n")\n'
            'template(name="parsed" type="string" string="%$!f%\\n")\n'
            'module(load="mmnormalize")\n'
            'action(type="mmnormalize" rule=["rule=:%f:cef%"])\n'
            f'action(type="omfile" file="{self.file}" template="raw")\n'
            f'action(type="omfile" file="{self.parsed}" template="parsed")\n'
        )
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        command = ["rsyslogd", "-n", "-f", str(self.folder / "rsyslog.conf"), "-i", str(self.folder / "rsyslog.pid")]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        await_true(lambda: reachable(self.port))
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process is not None
        self._process.terminate()
        self._process.wait(10)

    def lines(self, least: int) -> list[str]:
        """What came, when so much has."""
        await_true(lambda: self.file.exists() and len(self.file.read_text().splitlines()) >= least)
        return self.file.read_text().splitlines()


def await_true(holds: Callable[[], bool], seconds: float = 15) -> None:
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.02)


def reachable(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("certificates")
    make(folder, ("localhost", "127.0.0.1"), ())
    return folder


@pytest.fixture
def hook() -> Iterator[Hook]:
    with Hook() as running:
        yield running


@pytest.fixture
def alerts(tmp_path: Path) -> Iterator[Alerts]:
    with Alerts.open(tmp_path / "alerts.db") as made:
        made.record([signal(at=now_us(), text="12 secrets in 10 min", tags=("attack.collection",), uids=("u1",))], {})
        yield made


@pytest.fixture
def beside(tmp_path: Path) -> Callable[[str], Path]:
    return lambda name: tmp_path / name


def needs_rsyslog() -> None:
    if shutil.which("rsyslogd") is None:
        pytest.skip("rsyslog is not here: make rsyslog")
