"""What runs on hosts: programs as commands start them, and the units of systemd that do."""

from __future__ import annotations

from functools import cached_property

from garrison.estate.assets.asset import UNMAPPED, UNMAPPED_TRUTH, Asset
from garrison.estate.assets.started import Started
from garrison.estate.launch import set_variables, text_of
from garrison.estate.literals import credentials
from garrison.estate.truth import NO, Truth, any_of
from garrison.estate.values import State, Value, absent, dig


class Process(Started, frozen=True, kw_only=True, eq=False, dict=True):
    """A known server as a command starts it on a host, or as its configuration file describes it."""

    inherits: Value = UNMAPPED  # unknown, and says who, where the caller of a script may set more variables
    listens: Value = UNMAPPED  # the addresses that `docker run` publishes; absent where the program decides
    pins: Value = UNMAPPED  # packages that its script installed before, with their versions
    settings: Value = UNMAPPED  # what its configuration file says, by name
    component: Value = UNMAPPED  # of a configuration file: whose it is, by its name in `servers.toml`

    def setting(self, *names: str) -> Value:
        """What its configuration file says under one of these names, as a whole or step by step at the dots."""
        for name in names if self.settings.state is State.KNOWN else ():
            steps = name.split(".")
            for cut in range(len(steps), 0, -1):
                found = dig(self.settings.child(".".join(steps[:cut])), steps[cut:])
                if found.state is not State.ABSENT:
                    return text_of(found)
        return absent(self.place)

    @property
    def configures(self) -> str:
        """The server whose configuration file this is; "" for what is started."""
        return self.component.text()

    @property
    def on_host(self) -> bool:
        """Whether it is on the network of its machine."""
        return not self.image.text()

    @cached_property
    def on_network(self) -> Truth:
        """Whether it listens on more than the loopback of its machine."""
        return NO if self.server is None else self.server.reachable

    @property
    def public(self) -> Truth:
        """Whether the internet reaches it: not where it listens on the loopback, else its machine's network decides."""
        return self.on_network & Truth(None, (Value(State.UNKNOWN, None, self.place, "its network decides"),))

    @cached_property
    def about_ml(self) -> Truth:
        """Whether what it runs serves or trains models."""
        return self.is_ml_server


class Unit(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """A service of systemd."""

    user: Value = UNMAPPED
    dynamic_user: Truth = UNMAPPED_TRUTH  # it runs as a user of its own that exists only while it runs
    of_user: Truth = UNMAPPED_TRUTH  # a person's own service manager starts it
    no_new_privileges: Truth = UNMAPPED_TRUTH
    protects_system: Truth = UNMAPPED_TRUTH  # the folders of the system are read-only for it
    private_tmp: Truth = UNMAPPED_TRUTH
    environment: Value = UNMAPPED  # a mapping
    processes: tuple[Process, ...] = ()  # the known servers that it starts

    @cached_property
    def runs_as_root(self) -> Truth:
        """Whether it runs as root."""
        root = self.user.is_absent() | self.user.one_of(("root", "0"))
        return root & ~self.dynamic_user & ~self.of_user

    @cached_property
    def confined(self) -> Truth:
        """Whether systemd takes something away from what it may do."""
        return self.dynamic_user | self.no_new_privileges | self.protects_system | self.private_tmp

    @cached_property
    def starts_ml_server(self) -> Truth:
        """Whether it starts a known machine-learning server."""
        return any_of(p.is_ml_server for p in self.processes)

    @cached_property
    def written_credentials(self) -> Truth:
        """Whether it sets a variable to a credential."""
        return credentials(((n.text(), v) for n, v in set_variables(self.environment)), self.place)
