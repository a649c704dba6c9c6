"""How images are made: Dockerfiles, and the stages they consist of."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property

from garrison.estate import base_images, build_downloads, build_packages, build_secrets
from garrison.estate.assets.asset import UNMAPPED, UNMAPPED_TRUTH, Asset
from garrison.estate.assets.started import Started
from garrison.estate.assets.workload import DIGEST, MOVING_TAG, TAG
from garrison.estate.build_steps import Step, gathered, steps_of
from garrison.estate.launch import set_variables
from garrison.estate.literals import credentials
from garrison.estate.servers import Server, recognise
from garrison.estate.truth import NO, Truth, any_of
from garrison.estate.values import HOLE, State, Value, known, shown, unknown

_ROOT = re.compile(r"^(root|0)(:|$)")
_EVERYTHING = re.compile(r"^(\.|\./|\./\*|\*|/)$")
_EVERYBODY_WRITES = re.compile(r"^(0?[0-7]?[0-7]{2}[2367]|([ugo]*[oa][ugoa]*)?\+[rxXst]*w[rwxXst]*)$")
_STICKY = re.compile(r"^1[0-7]{3}$")
_NO_PASSWORD = re.compile(r"NOPASSWD")


class BuildStage(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """One stage of a Dockerfile."""

    base: Value = UNMAPPED  # the image it begins with; absent where that is an earlier stage
    shipped: Truth = UNMAPPED_TRUTH  # the image that is made consists of it: others are thrown away
    environment: Value = UNMAPPED  # what ENV sets
    arguments: Value = UNMAPPED  # what ARG declares, with defaults
    labels: Value = UNMAPPED
    commands: Value = UNMAPPED  # what RUN runs: items of words, raw, piped
    runs: Value = UNMAPPED  # a RUN each: its flags
    copies: Value = UNMAPPED  # COPY and ADD: items of adds, sources, target, and flags
    ports: Value = UNMAPPED  # EXPOSE

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        """Its commands."""
        return steps_of(self.commands)

    @cached_property
    def is_external(self) -> Truth:
        """Whether it begins with an image that somebody else makes."""
        return self.base.given() & ~self.base.equals("scratch") & ~self.base.is_empty()

    @cached_property
    def base_may_change(self) -> Truth:
        """Whether the name of its image is a tag that moves, or has none."""
        untagged = ~self.base.matches(TAG) & ~self.base.matches(DIGEST)
        return self.is_external & ~self.base.matches(DIGEST) & (self.base.matches(MOVING_TAG) | untagged)

    @cached_property
    def base_without_digest(self) -> Truth:
        """Whether its image is named by the tag of a release, which its owner can still move."""
        return self.is_external & ~self.base.matches(DIGEST) & ~self.base_may_change

    @cached_property
    def base_from_stranger(self) -> Truth:
        """Whether anybody may have made its image."""
        return self.is_external & self.base.test(
            lambda said: isinstance(said, str) and base_images.is_from_stranger(said)
        )

    @cached_property
    def base_ended(self) -> Truth:
        """Whether what is in its image gets no more patches, as its name tells."""
        name = shown(self.base)
        release = base_images.ended_release(name, dt.datetime.now(tz=dt.UTC).date()) if name else None
        if release is None:
            return NO
        reason = f"{release.title} ended on {release.ended} ({release.source})"
        return Truth(True, (Value(State.KNOWN, name, self.base.place, reason),))

    @cached_property
    def download_run(self) -> Truth:
        """Whether something is downloaded and given to a shell at once."""
        return gathered(build_downloads.fetched_and_run(self.steps))

    @cached_property
    def plain_fetch(self) -> Truth:
        """Whether something is fetched without TLS, and held against no digest."""
        if build_downloads.checks_digests(self.steps):
            return NO
        return self._any(build_downloads.plain_fetch)

    @cached_property
    def remote_unchecked(self) -> Truth:
        """Whether ADD takes a file from an address without a digest to hold it against."""
        return gathered(
            source
            for copy in self.copies.items()
            if copy.child("adds").content is True and copy.child("checksum").state is State.ABSENT
            for source in copy.child("sources").items()
            if re.match(r"(?i)https?://(?!.*\.git(#|$))", shown(source))
        )

    @cached_property
    def sender_unchecked(self) -> Truth:
        """Whether certificates of those it downloads from are not checked."""
        return self._any(build_downloads.unchecked_sender) | gathered(
            build_downloads.unchecked_variables(self.environment)
        )

    @cached_property
    def packages_unverified(self) -> Truth:
        """Whether the system's package manager installs what nobody signed."""
        return gathered(build_packages.unverified(step) for step in self.steps)

    @cached_property
    def plain_index(self) -> Truth:
        """Whether pip takes packages from a server that anybody on the way can play."""
        return self._any(build_packages.plain_index) | gathered(build_packages.plain_index_variables(self.environment))

    @cached_property
    def second_index(self) -> Truth:
        """Whether pip looks for one name in two indexes, and takes the higher version."""
        by_command = any_of(build_packages.second_index(step) for step in self.steps)
        return by_command | build_packages.second_index_variable(self.environment)

    @cached_property
    def packages_unpinned(self) -> Truth:
        """Whether pip takes whatever version is the newest."""
        return self._any(build_packages.unpinned)

    @cached_property
    def package_from_branch(self) -> Truth:
        """Whether pip installs from a repository without a commit."""
        return self._any(build_packages.from_branch)

    @cached_property
    def model_unpinned(self) -> Truth:
        """Whether a model is fetched in whatever version is there."""
        checked = build_downloads.checks_digests(self.steps)
        added = (
            source
            for copy in self.copies.items()
            if copy.child("checksum").state is State.ABSENT
            for source in copy.child("sources").items()
            if build_downloads.is_unpinned_model(shown(source))
        )
        return self._any(lambda step: build_downloads.unpinned_models(step, checked=checked)) | gathered(added)

    @cached_property
    def model_pickled(self) -> Truth:
        """Whether a model comes in a format that runs code as it is loaded."""
        copied = [(shown(s), s) for copy in self.copies.items() for s in copy.child("sources").items()]
        return self._any(build_downloads.fetched_pickles) | gathered(build_downloads.pickles(copied))

    @cached_property
    def trusts_model_code(self) -> Truth:
        """Whether a build step runs the code that comes with a model."""
        return gathered(step.words[step.start] for step in self.steps if build_downloads.trusts_code(step.raw))

    @cached_property
    def secret_argument(self) -> Truth:
        """Whether the build is given a secret as an argument, or keeps one as a variable."""
        kept = ((n, v) for n, v in _pairs(self.environment) if v.state is State.UNKNOWN)
        given = ((n, v) for n, v in _pairs(self.arguments) if v.state is not State.KNOWN or not v.text())
        return gathered(known(n, v.place) for n, v in (*given, *kept) if build_secrets.is_secret_argument(n))

    @cached_property
    def written_credentials(self) -> Truth:
        """Whether a credential stands in it: in a variable, an argument, a label, or on a command line."""
        pairs = (p for said in (self.environment, self.arguments, self.labels) for p in _pairs(said))
        named = (t for n, v in pairs for t in credentials([(n, v)], v.place or self.place).because)
        return gathered((*named, *build_secrets.in_commands(self.steps)))

    @cached_property
    def copies_secret_file(self) -> Truth:
        """Whether a file that holds keys is copied in from the folder of the build."""
        return gathered(s for s in self._from_context() if build_secrets.is_secret_file(shown(s)))

    @cached_property
    def copies_everything(self) -> Truth:
        """Whether the whole folder of the build is copied in."""
        return gathered(s for s in self._from_context() if _EVERYTHING.match(shown(s)))

    def _from_context(self) -> Iterator[Value]:
        """What is copied in from the folder of the build."""
        for copy in self.copies.items():
            if copy.child("from").state is State.ABSENT:
                yield from copy.child("sources").items()

    @cached_property
    def writable_by_everybody(self) -> Truth:
        """Whether files of the image are writable for every user."""
        changed = (
            word
            for step in self.steps
            if step.program == "chmod"
            for text, word in step.arguments
            if _EVERYBODY_WRITES.match(text) and not _STICKY.match(text)
        )
        copied = (c.child("chmod") for c in self.copies.items() if _EVERYBODY_WRITES.match(shown(c.child("chmod"))))
        return self._left(*changed, *copied)

    @cached_property
    def gives_root(self) -> Truth:
        """Whether users of the image become root: sudo is installed, or asks no password."""
        asks_nothing = (s.words[s.start] for s in self.steps if _NO_PASSWORD.search(s.raw))
        return self._left(*asks_nothing, *build_packages.installed(self.steps, frozenset({"sudo"})))

    @cached_property
    def answers_logins(self) -> Truth:
        """Whether a server for logins is installed, or its port named."""
        installed = build_packages.installed(self.steps, build_packages.facts().login_servers)
        return self._left(*installed, *(p for p in self.ports.items() if re.fullmatch(r"22(/tcp)?", shown(p))))

    @cached_property
    def compilers(self) -> Truth:
        """Whether compilers and the like are installed, or come with its image."""
        installed = build_packages.installed(self.steps, build_packages.facts().compilers)
        developing = (self.base,) if base_images.is_for_development(shown(self.base)) else ()
        return self._left(*developing, *installed)

    @cached_property
    def runs_unconfined(self) -> Truth:
        """Whether a build step runs with the rights of the builder's machine, or on its network."""
        return gathered(
            flag
            for run in self.runs.items()
            for flag, word in ((run.child("security"), "insecure"), (run.child("network"), "host"))
            if flag.text() == word
        )

    def _left(self, *found: Value) -> Truth:
        """Whether there is such a thing in the image that is made: what other stages have is thrown away."""
        return gathered(found) if self.shipped.yes else NO

    def _any(self, found: Callable[[Step], Iterable[Value]]) -> Truth:
        return gathered(value for step in self.steps for value in found(step))


class ImageBuild(Started, frozen=True, kw_only=True, eq=False, dict=True):
    """A Dockerfile: the settings of the image that its last stage leaves.

    Its `image` is the one below all stages that are shipped, its `command` the ENTRYPOINT, its `arguments` the CMD.
    """

    user: Value = UNMAPPED  # as whom it runs
    ports: Value = UNMAPPED
    context_ignores: Value = UNMAPPED  # the file that keeps files out of the build
    stages: tuple[BuildStage, ...] = ()

    @cached_property
    def runs_as_root(self) -> Truth:
        """Whether its processes are root: it says so, or says nothing and the image below is known to run so."""
        if self.user.state is not State.ABSENT and not self.user.is_empty().yes:
            return self.user.test(lambda said: _ROOT.match(str(said)) is not None)
        name = shown(self.image)
        if name == "scratch" and not self.words:
            return NO  # files for other builds: nothing is started
        answer = True if name == "scratch" else base_images.runs_as_root(name) if name else None
        said = name.replace(HOLE, "...")
        if answer is None:
            return Truth(None, (unknown(f"the user of {said} decides", self.image.place),))
        reason = f"the user of {said} is {'root' if answer else 'not root'}"
        return Truth(answer, (Value(State.KNOWN, name, self.image.place, reason),))

    @cached_property
    def inherits(self) -> Value:
        """Whoever runs the image may set more variables."""
        return unknown("whoever runs the image may set more variables", self.place)

    @cached_property
    def server(self) -> Server | None:
        """The machine-learning server it starts. The image below tells where it says nothing else, or only options."""
        found = recognise(self)
        by_image = found is not None and found.told is self.image
        return None if by_image and self.words and not shown(self.words[0]).startswith("-") else found

    @cached_property
    def opens_server(self) -> Truth:
        """Whether it starts a server whose login is turned off, or one without any that runs code, on all addresses.

        What whoever runs it may set besides does not count: it is judged by itself.
        """
        server = self.server
        if server is None:
            return NO
        truth = server.open
        if truth.unknown and all(v is self.inherits for v in truth.because):
            truth = Truth(True, (server.told,))
        return truth & server.told_to_listen & self.runs_code if server.component.open else truth

    @cached_property
    def copies_everything(self) -> Truth:
        """Whether the whole folder of the build is shipped, and nothing keeps secrets out of it."""
        copied = (stage.copies_everything.because for stage in self.stages if stage.shipped.yes)
        if self.context_ignores.state is not State.ABSENT:
            return NO
        return gathered(value for because in copied for value in because)

    @property
    def about_ml(self) -> Truth:
        """Whether it starts a machine-learning server."""
        return Truth(self.server is not None and not self.server.component.general)


def _pairs(said: Value) -> Iterator[tuple[str, Value]]:
    for name, value in set_variables(said):
        yield name.text(), value
