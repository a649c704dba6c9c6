"""Compiled pipelines of Kubeflow: PipelineSpec as it stands in a file of its own, or in a PipelineVersion.

https://github.com/kubeflow/pipelines/blob/master/api/v2alpha1/pipeline_spec.proto
"""

from __future__ import annotations

from garrison.estate.values import State, Value, known
from garrison.sources.kubernetes.edits import body_of, mapping_of, updated

MARKS = (b"pipelineInfo", b"deploymentSpec")  # what every one says
KIND, VERSION = "PipelineSpec", "pipelines.kubeflow.org/v2beta1"
TYPES = frozenset({f"{KIND}.pipelines.kubeflow.org", "PipelineVersion.pipelines.kubeflow.org"})
_EXECUTORS = ("spec", "pipelineSpec", "deploymentSpec", "executors")


def as_object(value: Value) -> Value:
    """A pipeline in the form of a PipelineVersion, its executors, which it says by name, as a list."""
    info = body_of(value)
    if info is not None and info.child("pipelineInfo").state is not State.ABSENT:
        about = mapping_of({"name": info.child("pipelineInfo").child("name")}, value.place)
        value = mapping_of({"metadata": about, "spec": mapping_of({"pipelineSpec": value}, value.place)}, value.place)
    return updated(value, _EXECUTORS, _listed)


def _listed(executors: Value) -> Value:
    body = body_of(executors)
    if body is None:
        return executors
    items = tuple(_named(name, one) for name, one in body.items())
    return known(items, executors.place)


def _named(name: str, executor: Value) -> Value:
    return updated(executor, ("container", "name"), lambda _: known(name, executor.place))
