"""What builds, trains and deploys when something is pushed: workflows of GitHub Actions, pipelines of GitLab.

What the project's settings decide (which branches and environments are protected, what the token may do by default, which
variables there are) is not in these files.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property
from typing import Annotated

from garrison.estate.assets.asset import UNMAPPED, UNMAPPED_TRUTH, Asset
from garrison.estate.expressions import Flow, flows
from garrison.estate.pipelines import Command, action_of, commands_of, filled_by, inputs_of, knowledge, pattern, within
from garrison.estate.relations import By, Relation
from garrison.estate.truth import NO, Truth, any_of
from garrison.estate.values import Body, State, Value

# The token and the secrets of a run by a pull request from a fork are those of the fork; not so for these events, which
# strangers cause too ("Events that trigger workflows", GitHub Docs).
_FROM_FORK = frozenset({"pull_request", "pull_request_review", "pull_request_review_comment"})
_PRIVILEGED = ("pull_request_target", "workflow_run", "issue_comment")
_SECRET = re.compile(r"\bsecrets\.(\w+)", re.IGNORECASE)
_VARIABLE = re.compile(r"\$\{?(\w+)")
_COMMIT = re.compile(r"@[0-9a-f]{40}$|@sha256:[0-9a-f]{64}$")
_OUTPUTS = ("steps.", "needs.", "inputs.")


class PipelineStep(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """One step of a job; in GitLab, one of its scripts."""

    uses: Value = UNMAPPED  # the action it runs: actions/checkout@v6
    script: Value = UNMAPPED  # a text, or texts
    inputs: Value = UNMAPPED  # of the action, by name
    variables: Value = UNMAPPED  # its own, by name
    inherited: Value = UNMAPPED  # those of its job and pipeline
    when: Value = UNMAPPED  # the condition under which it runs
    tolerated: Truth = UNMAPPED_TRUTH  # that it fails does not matter
    triggers: Value = UNMAPPED  # of its job

    @cached_property
    def code(self) -> tuple[Value, ...]:
        """The texts that are run: its script, and inputs of actions that run them."""
        names = inputs_of(knowledge().sinks, self.uses.text())
        return (*_texts(self.script), *(text for name in names for text in _texts(self.input(name))))

    def input(self, name: str) -> Value:
        """An input of the action, whatever the case of its name."""
        for key, value in _entries(self.inputs):
            if key.lower() == name:
                return value
        return self.inputs.child(name)

    def runs(self, *commands: str) -> Truth:
        """Whether a line of what it runs matches a regular expression; undecided where it is not all read."""
        wanted = pattern(*commands)
        for command, text in self._commands:
            if (match := wanted.search(command.text)) is not None:
                return Truth(True, (within(text, command.line_at(max(match.end() - 1, 0))),))
        return _read(self.script)

    @cached_property
    def _commands(self) -> tuple[tuple[Command, Value], ...]:
        return tuple((command, text) for text in self.code for command in commands_of(text))

    @cached_property
    def flowing(self) -> tuple[tuple[Flow, str, Value], ...]:
        """What flows into what it runs, variables followed, each once, with the expression and the text it stands in."""
        found: dict[tuple[Flow, str], Value] = {}
        for text in self.code:
            for flow in flows(text.text()):
                for inner in self._followed(flow):
                    found.setdefault((inner, flow.expression), text)
        return tuple((flow, expression, text) for (flow, expression), text in found.items())

    def _followed(self, flow: Flow) -> Iterator[Flow]:
        """What a variable is set to, where it is one."""
        if not flow.name.startswith("env."):
            yield flow
            return
        name = flow.said.partition(".")[2]
        own = self.variables.child(name)
        yield from flows((self.inherited.child(name) if own.state is State.ABSENT else own).text())

    def injected(self, *, privileged: bool) -> Truth:
        """Whether what a stranger wrote becomes part of what it runs.

        With `privileged`, in a run that has secrets or a token that writes; else only in runs of pull requests, which
        have neither where they come from forks.
        """
        for flow, expression, text in self.flowing:
            if self._carries(flow) is privileged:
                return Truth(True, (within(text, expression),))
        return _read(self.script)

    def _carries(self, flow: Flow) -> bool | None:
        """Whether a flow carries a stranger's words in a run with secrets; None where it carries none at all."""
        events = frozenset(t.text() for t in self.triggers.items())
        filling = filled_by(flow)
        if met := filling & events:
            return not met <= _FROM_FORK
        called = "workflow_call" in events or not events  # whoever calls it says for what
        return True if called and filling else None

    @cached_property
    def long_lived_key(self) -> Truth:
        """Whether it is given a cloud's key that does not expire, by itself."""
        for name in inputs_of(knowledge().keys.inputs, self.uses.text()):
            if (said := self.input(name).given()).yes:
                return said
        given = [_key_named(value, _SECRET) for _, value in _entries(self.inputs)]
        given += [_key_named(text, _SECRET) for text in _texts(self.script)]
        if self.provider == "gitlab" and not self.runs(r"assume-role").yes:  # which sets the same variables
            given += [_key_named(text, _VARIABLE) for text in _texts(self.script)]
        return any_of((_key_among(self.variables), *given))

    @cached_property
    def deploys_model(self) -> Truth:
        """Whether it puts a model where it answers, or where others fetch it from."""
        models = knowledge().models
        by_action = Truth(action_of(self.uses.text()) in models.actions, (self.uses,))
        return by_action if by_action.yes else self.runs(*models.deploys, *models.registers)

    @cached_property
    def trains_model(self) -> Truth:
        """Whether it trains a model."""
        return self.runs(*knowledge().models.trains)

    @cached_property
    def takes_stranger(self) -> Truth:
        """Whether it puts the commit of a pull request into the working directory; undecided where another step says."""
        code = knowledge().code
        heads = re.compile(code.heads)
        if action_of(self.uses.text()) == "actions/checkout":
            for said in (self.input("ref"), self.input("repository")):
                named = [inner.name for flow in flows(said.text()) for inner in self._followed(flow)]
                if heads.search(said.text()) or any(heads.search(name) for name in named):
                    return Truth(True, (said,))
                if any(name.startswith(_OUTPUTS) for name in named):
                    return Truth(None, (said,))
            return NO
        return self.runs(*code.takes)

    @cached_property
    def runs_workspace(self) -> Truth:
        """Whether it runs what lies in the working directory."""
        code = knowledge().code
        uses = self.uses.text()
        if uses.startswith("./") or action_of(uses) in code.actions:
            return Truth(True, (self.uses,))
        return self.runs(code.runs)

    @cached_property
    def roles(self) -> tuple[Value, ...]:
        """The identities it takes on in a cloud: ARNs, addresses of service accounts."""
        named = [self.input(name) for name in inputs_of(knowledge().roles.inputs, self.uses.text())]
        return tuple(value for value in (*named, *_roles_among(self.variables)) if value.text())


class PipelineJob(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """One job of a pipeline, or a composite action, which is steps of other people's jobs."""

    pipeline: Annotated[Value, By(Relation.CONTAINS)] = UNMAPPED
    triggers: Value = UNMAPPED  # the events it runs for; absent where whoever calls it decides
    permissions: Value = UNMAPPED  # what its token may do: read-all, write-all, or by scope; absent: the default
    when: Value = UNMAPPED  # the condition under which it runs
    needs: Value = UNMAPPED  # the jobs that must have succeeded before
    environment: Value = UNMAPPED  # what it deploys to, which may ask for approval
    manual: Truth = UNMAPPED_TRUTH  # somebody has to start it
    anywhere: Truth = UNMAPPED_TRUTH  # it runs for every branch, or for what is asked to be merged
    runners: Value = UNMAPPED  # labels of the machines it runs on
    images: Value = UNMAPPED  # of its containers, and of its services
    services: Value = UNMAPPED  # of its services alone
    options: Value = UNMAPPED  # with which its containers are started
    variables: Value = UNMAPPED  # by name, those of its pipeline too
    uses: Value = UNMAPPED  # the workflow it hands everything to
    secrets: Value = UNMAPPED  # what it hands to that: inherit, or by name
    artifacts: Value = UNMAPPED  # paths that it keeps, beside what its steps do
    tolerated: Truth = UNMAPPED_TRUTH  # that it fails does not matter
    steps: tuple[PipelineStep, ...] = ()

    def runs_on(self, *events: str) -> Truth:
        """Whether it runs for one of these events."""
        return self.triggers.any(lambda t: t.one_of(events))

    def guarded(self, *conditions: Value) -> Truth:
        """Whether it runs only for people who may write; undecided where it asks in a way that is not judged here."""
        code = knowledge().code
        said = [c for c in (self.when, *conditions) if c.text()]
        for condition in said:
            if re.search(code.trusted, condition.text()):
                return Truth(True, (condition,))
        asked = [c for c in said if re.search(code.asked, c.text())]
        asked += [n for n in self.needs.items() if re.search(code.gates, n.text())]
        if self.environment.given().yes:
            asked.append(self.environment)
        return Truth(None if asked else False, tuple(asked))

    @cached_property
    def runs_stranger(self) -> Truth:
        """Whether it runs the code of a pull request with its secrets and its token."""
        met = self.runs_on(*_PRIVILEGED)
        after, found = NO, NO  # what a later step runs; what is taken before that
        for step in reversed(self.steps if met.yes else ()):
            unguarded = ~self.guarded(step.when)
            found = _stronger(step.takes_stranger & after & unguarded, found)
            after = _stronger(step.runs_workspace & unguarded, after)
        return met & found

    def may_write(self, scope: str) -> Truth:
        """Whether its token may write a scope; undecided by default."""
        said = self.permissions
        if said.state is State.KNOWN and isinstance(said.content, Body):
            return said.child(scope).equals("write")
        return Truth(None, (said,)) if said.state is State.ABSENT else said.equals("write-all")

    @cached_property
    def own_machine(self) -> Truth:
        """Whether it runs on a machine that is not thrown away afterwards by the provider."""
        return self.runners.any(lambda label: label.matches("(?i)^self-hosted$"))

    @cached_property
    def deploys_model(self) -> Truth:
        """Whether one of its steps puts a model where it answers or is fetched from, and not only for a test."""
        models = knowledge().models
        by_action = any(action_of(s.uses.text()) in models.throwaway_actions for s in self.steps)
        thrown_away = by_action or any(s.runs(*models.throwaway).yes for s in self.steps)
        return NO if thrown_away else any_of(s.deploys_model for s in self.steps)

    @cached_property
    def trains_model(self) -> Truth:
        """Whether one of its steps trains a model."""
        return any_of(s.trains_model for s in self.steps)

    @cached_property
    def long_lived_key(self) -> Truth:
        """Whether it is given a cloud's key that does not expire."""
        return any_of((_key_among(self.variables), *(s.long_lived_key for s in self.steps)))

    @cached_property
    def approved(self) -> Truth:
        """Whether somebody has to say yes before it runs, as far as these files tell."""
        return Truth(self.environment.given().yes, (self.environment,)) | self.manual

    @property
    def roles(self) -> tuple[Value, ...]:
        """The identities it takes on in a cloud."""
        return (*_roles_among(self.variables), *(role for step in self.steps for role in step.roles))


class Pipeline(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """A workflow, the pipeline of a project, or a composite action."""

    triggers: Value = UNMAPPED  # the events it runs for
    permissions: Value = UNMAPPED  # what the tokens of its jobs may do where they do not say
    states_rights: Truth = UNMAPPED_TRUTH  # it is where the rights of its token are said: not in what others call
    includes: Value = UNMAPPED  # what it takes from elsewhere: items of kind, what, version


def pinned(uses: Value) -> Truth:
    """Whether an action, a workflow or an image is named by its commit or digest; what is local always is."""
    return uses.test(lambda said: isinstance(said, str) and (said.startswith("./") or _COMMIT.search(said) is not None))


def _entries(said: Value) -> Iterator[tuple[str, Value]]:
    if said.state is State.KNOWN and isinstance(said.content, Body):
        yield from said.content.items()


def _key_named(text: Value, form: re.Pattern[str]) -> Truth:
    """Whether a text names a cloud's key, as a secret or a variable."""
    names = re.compile(knowledge().keys.names)
    named = next((m[0] for m in form.finditer(text.text()) if names.search(m[1])), "")
    return Truth(True, (within(text, named),)) if named else NO


def _key_among(variables: Value) -> Truth:
    """Whether a variable is a cloud's key: by the secret it is set to, or by its own name and any secret."""
    names = re.compile(knowledge().keys.names)
    for name, value in _entries(variables):
        named = _key_named(value, _SECRET)
        if named.yes or (names.search(name) and _SECRET.search(value.text())):
            return named if named.yes else Truth(True, (value,))
    return NO


def _roles_among(variables: Value) -> tuple[Value, ...]:
    return tuple(value for name, value in _entries(variables) if name in knowledge().roles.variables and value.text())


def _texts(said: Value) -> Iterator[Value]:
    return (item for item in said.items() if isinstance(item.content, str))


def _stronger(new: Truth, old: Truth) -> Truth:
    """Yes before unknown before no; the one alone, as there may be thousands."""
    return new if new.yes or old.no else old


def _read(script: Value) -> Truth:
    """No, if all of a script is known."""
    hidden = script if script.state is State.UNKNOWN else script.rest
    return NO if hidden is None else Truth(None, (hidden,))
