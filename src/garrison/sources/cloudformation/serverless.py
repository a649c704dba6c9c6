"""SAM's `Globals`: what every resource of a type has unless it says otherwise.

https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-specification-template-anatomy-globals.html
"""

from __future__ import annotations

from garrison.estate.values import Body, State, Value

PREFIX = "AWS::Serverless::"


def with_globals(general: Value, own: Value) -> Value:
    """Mappings are merged, lists are joined, the resource's own word wins."""
    if general.state is not State.KNOWN or own.state is State.ABSENT:
        return general if own.state is State.ABSENT else own
    if own.state is not State.KNOWN:
        return own
    a, b = general.content, own.content
    if isinstance(a, Body) and isinstance(b, Body):
        names = tuple(dict.fromkeys((*a.keys(), *b.keys())))
        body = Body(lambda name: with_globals(a.child(name), b.child(name)), lambda: names)
        return Value(State.KNOWN, body, own.place, rest=general.rest if own.rest is None else own.rest)
    if isinstance(a, tuple) and isinstance(b, tuple):
        return Value(State.KNOWN, a + b, own.place, rest=general.rest if own.rest is None else own.rest)
    return own
