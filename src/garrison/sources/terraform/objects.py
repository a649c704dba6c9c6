"""What a name means to an expression: a resource, a data source, or all instances of one."""

from __future__ import annotations

from garrison.estate.values import Body, Ref, State, Value, known
from garrison.sources.terraform.bodies import block_body
from garrison.sources.terraform.evaluation import Env, Instances, failed, guarded, later, undecided
from garrison.sources.terraform.instances import Instance
from garrison.sources.terraform.syntax import Block, parse_template

# Data sources that make a document of nothing but what is written in them.
_DOCUMENTS = {
    ("aws_iam_policy_document", "json"),
    ("aws_iam_policy_document", "minified_json"),
    ("google_iam_policy", "policy_data"),
}


def as_object(block: Block, instance: Instance, address: str) -> Value:
    """A resource or data source: what is written is known, the rest is referred to.

    What a data source refers to itself is not hidden by a reference to the data source.
    """
    address += instance.key
    body = block_body(block, instance.env)
    is_data = block.type == "data"

    def make(name: str) -> Value:
        if is_data and (block.labels[0], name) in _DOCUMENTS:
            return known(body, block.place)
        if is_data and (block.labels[0], name) == ("template_file", "rendered"):
            return _rendered(body, instance.env, block)
        said = body.child(name)
        if said.state is State.ABSENT:
            return later(address, name, block.place)
        if name in block.blocks:
            return opened(said, address, name)
        if type(said) is not Value:
            return said
        ref = said.ref if is_data and said.state is State.UNKNOWN and said.ref is not None else Ref(address, name)
        return Value(said.state, said.content, said.place, said.reason, ref, said.decided_by, said.rest)

    # asking it for a name always gives an answer, so its names are those that are written
    return Value(State.KNOWN, Body(guarded(make, block.place), body.keys), block.place, "", Ref(address))


def _rendered(body: Body, env: Env, block: Block) -> Value:
    """`template_file` of the old template provider: its text with its variables put in."""
    text, variables = body.child("template"), body.child("vars")
    if text.state is not State.KNOWN or not isinstance(text.content, str):
        return undecided(text, block.place)
    if variables.state is State.UNKNOWN:
        return undecided(variables, block.place)
    names = dict(variables.content.items()) if isinstance(variables.content, Body) else {}
    return parse_template(text.content.encode("utf8", "replace"), block.place)(Env(env.scope, names))


def opened(value: Value, address: str, attribute: str) -> Value:
    """Blocks as expressions see them: what is not written in them the provider may decide."""
    content: object = value.content
    if value.state is not State.KNOWN:
        return value
    if isinstance(content, tuple):
        items = tuple(opened(item, address, attribute) for item in content)
        return Value(State.KNOWN, items, value.place, "", Ref(address, attribute), "", value.rest)
    if not isinstance(content, Body):
        return value
    body = content

    def make(name: str) -> Value:
        said = body.child(name)
        inner = isinstance(said.content, tuple) and all(isinstance(i.content, Body) for i in said.content)
        return opened(said, address, f"{attribute}.{name}") if inner else said

    rest = value.rest if value.rest is not None else later(address, attribute, value.place)
    return Value(State.KNOWN, Body(guarded(make, value.place), body.keys), value.place, rest=rest)


def collected(block: Block, found: list[tuple[Instance, Value]], address: str) -> Value:
    """What a block's name means: one object, or a list or map of them, by its `count` and `for_each`."""
    if "for_each" in block.attributes:
        return _by_key(block, found, address)
    if "count" not in block.attributes:
        return found[0][1] if found else failed("there is none")
    place, ref = block.place, Ref(address)
    if not found:
        return known((), place, ref)
    first, one = found[0]
    many = first.many
    if many is None:
        cause = first.exists.because[0] if first.exists.because else None
        reason = (cause.reason if cause is not None else "") or "its count is unknown"
        decided_by = cause.decided_by if cause is not None else ""
        return Instances(State.UNKNOWN, None, place, reason, ref, decided_by, None, one)
    if len(found) == 1:
        return Instances(State.KNOWN, (one,) * many, place, "", ref, "", None, one)
    items = tuple(value for _, value in found)
    one = Value(State.UNKNOWN, None, place, "which one is decided later", ref)
    return Instances(State.KNOWN, items, place, "", ref, "", None, one)


def _by_key(block: Block, found: list[tuple[Instance, Value]], address: str) -> Value:
    place, ref = block.place, Ref(address)
    if len(found) == 1 and not found[0][0].key:
        instance, one = found[0]
        cause = instance.exists.because[0] if instance.exists.because else None
        reason = (cause.reason if cause is not None else "") or "its for_each is unknown"
        decided_by = cause.decided_by if cause is not None else ""
        return Instances(State.UNKNOWN, None, place, reason, ref, decided_by, None, one)
    values = {instance.name: value for instance, value in found}
    any_of_them = Value(State.UNKNOWN, None, place, "which one is decided later", ref)
    return Instances(State.KNOWN, Body.of(values, place), place, "", ref, "", None, any_of_them)
