"""The operations that there are, and what a pipeline's text means."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel

from tilework.imaging.operation_facts import described
from tilework.imaging.operations import registry
from tilework.imaging.pipeline import parse
from tilework.imaging.plugins import Plugin, plugins
from tilework.imaging.result_kinds import sentence_of

PIPELINE_CHARACTERS = 2000
"""More than metadata could carry; the language's own limit, on the canonical text, is told by its own error."""


class PluginView(BaseModel):
    """An installed plugin; one with a reason is disabled, and its operations are those that it would have."""

    name: str
    distribution: str
    version: str
    operations: list[str]
    reason: str


class Operations(BaseModel):
    """All operations, each with its declared parameters and facts in words, and the pipeline of drops that name none."""

    operations: list[dict[str, Any]]
    default_pipeline: str
    plugins: list[PluginView]


class StepView(BaseModel):
    """One operation with all its arguments, defaults filled in."""

    operation: str
    arguments: dict[str, Any]
    canonical: str


class PipelineView(BaseModel):
    """A pipeline that was understood; ``canonical`` is its one form, ``result`` says what its result will be.

    ``page`` and ``output`` are what frames its steps, null where nothing does; ``reports`` are the outputs of the last step
    that hold no image, one of which may be the pipeline's own.
    """

    canonical: str
    makes_mask: bool
    result: str
    exact: bool
    page: int | None
    output: str | None
    reports: list[str]
    steps: list[StepView]


def pipeline_view(text: str) -> PipelineView:
    """What ``text`` means. Raises PipelineError, which points at the character."""
    pipeline = parse(text)
    steps = [
        StepView(operation=step.operation.name, arguments=dict(step.arguments), canonical=step.canonical)
        for step in pipeline.steps
    ]
    return PipelineView(
        canonical=pipeline.canonical,
        makes_mask=pipeline.makes_mask,
        result=sentence_of(pipeline),
        exact=pipeline.exact,
        page=pipeline.page,
        output=pipeline.output,
        reports=list(pipeline.steps[-1].operation.report_formats) if pipeline.steps else [],
        steps=steps,
    )


def _plugin_view(plugin: Plugin) -> PluginView:
    return PluginView(
        name=plugin.name,
        distribution=plugin.origin.distribution,
        version=plugin.origin.version,
        operations=list(plugin.operations),
        reason=plugin.reason,
    )


def routes(default_pipeline: str) -> APIRouter:
    """``GET /api/operations`` and ``GET /api/pipeline``."""
    router = APIRouter(tags=["operations"])

    @router.get("/api/operations", summary="List the operations")
    def operations() -> Operations:
        """List every operation with its parameters: types, bounds, defaults and help; and the plugins, disabled ones, too."""
        return Operations(
            operations=[described(operation) for operation in registry().values()],
            default_pipeline=default_pipeline,
            plugins=[_plugin_view(plugin) for plugin in plugins()],
        )

    @router.get("/api/pipeline", summary="Understand a pipeline")
    def pipeline(text: Annotated[str, Query(max_length=PIPELINE_CHARACTERS)]) -> PipelineView:
        """Read the text of a pipeline; a problem tells the position of the fault and suggests the nearest name."""
        return pipeline_view(text)

    return router
