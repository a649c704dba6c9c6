"""Programs as they are started: what containers and processes have in common."""

from __future__ import annotations

from functools import cached_property
from typing import Annotated

from garrison.estate.advisories import Flaw, flaws_of
from garrison.estate.assets.asset import UNMAPPED, Asset
from garrison.estate.launch import option, set_variables, variable, words_of
from garrison.estate.literals import credentials, is_default
from garrison.estate.relations import Relation, To
from garrison.estate.servers import Server, Weakness, recognise
from garrison.estate.truth import NO, Truth
from garrison.estate.values import Value, absent

_SHIPPED_PASSWORDS = frozenset({"minioadmin", "minio123", "minio", "password1234"})


class Started(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """A program with its command line and its environment: in a container, or on a host."""

    image: Annotated[Value, To(Relation.BUILT_FROM)] = UNMAPPED
    command: Value = UNMAPPED
    arguments: Value = UNMAPPED
    environment: Value = UNMAPPED  # items of name and value, or valueFrom; or a mapping
    environment_sources: Value = UNMAPPED  # ConfigMaps, Secrets, files, callers that give more variables
    mounts: Value = UNMAPPED  # items of name and mountPath

    @cached_property
    def words(self) -> tuple[Value, ...]:
        """Its command line, word by word, each with its place."""
        return words_of(self.command, self.arguments)

    @property
    def variables(self) -> tuple[tuple[Value, Value], ...]:
        """Name and literal value of every environment variable set here."""
        return set_variables(self.environment)

    def option(self, *names: str) -> Value:
        """What its command line says after one of these options; "" for one without a value."""
        return option(self.words, names, self.arguments.place or self.place)

    def variable(self, *names: str) -> Value:
        """What the environment variable of one of these names is set to."""
        return variable(self.environment, self.environment_sources, names, self.place)

    def setting(self, *names: str) -> Value:
        """What its configuration file says under one of these names; absent where none is read."""
        del names
        return absent(self.place)

    @property
    def configures(self) -> str:
        """The server whose configuration file this is, by its name in `servers.toml`; "" for what is started."""
        return ""

    @property
    def on_host(self) -> bool:
        """Whether it is on the network of its machine: no image has decided which address it listens on."""
        return False

    @property
    def listens(self) -> Value:
        """The addresses it is published at, where what starts it says so; absent where the program decides."""
        return absent(self.place)

    @property
    def inherits(self) -> Value:
        """Says who may set more variables than are set here; absent where nobody can."""
        return absent(self.place)

    @property
    def pins(self) -> Value:
        """Packages that were installed before it was started, with their versions: `ray==2.52.0`."""
        return absent(self.place)

    @cached_property
    def server(self) -> Server | None:
        """The machine-learning server it runs, as its command line and image tell; None where they tell none."""
        return recognise(self)

    @cached_property
    def unauthenticated(self) -> Truth:
        """Whether it is a known server that serves everybody who reaches it; no for what is not recognised."""
        return NO if self.server is None else self.server.open & self.server.reachable

    @property
    def runs_code(self) -> Truth:
        """Whether it is a known server that runs the code it is sent."""
        return Truth(self.server is not None and self.server.component.runs_code)

    def runs(self, *servers: str) -> Truth:
        """Whether it is one of these servers, by their names in `servers.toml`."""
        found = self.server
        return Truth(True, (found.told,)) if found is not None and found.component.name in servers else NO

    def weak(self, weakness: Weakness) -> Truth:
        """Whether it is a known server with such a setting."""
        return NO if self.server is None else self.server.weak(weakness)

    @cached_property
    def flaws(self) -> tuple[tuple[Flaw, bool | None], ...]:
        """The published flaws that its version has, or (None) may have."""
        server = self.server
        if server is None or server.version is None:
            return ()
        return flaws_of(server.component.name, server.package, server.version)

    @property
    def is_ml_server(self) -> Truth:
        """Whether a machine-learning server was recognised in it."""
        return Truth(self.server is not None and not self.server.component.general)

    @cached_property
    def written_credentials(self) -> Truth:
        """Whether a variable is set to a credential that can be read where it is written."""
        return credentials(((n.text(), v) for n, v in self.variables), self.place) & ~self.shipped_password

    @cached_property
    def shipped_password(self) -> Truth:
        """Whether a store's root password is the one it is shipped with."""
        said = [(n.text(), v) for n, v in self.variables]
        return is_default(said, r"^(MINIO_(ROOT_PASSWORD|SECRET_KEY))$", _SHIPPED_PASSWORDS, self.place)
