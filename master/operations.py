"""The operations that there are, and what a pipeline's text means."""

import contextlib
import hashlib
from collections.abc import Collection
from dataclasses import asdict, dataclass
from functools import lru_cache
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel
from starlette.responses import Response

from master.choices import language_of
from master.translated import in_language, translated
from master.words import ENGLISH, Words
from tilework.errors import PipelineError, TileworkError
from tilework.imaging.operation_facts import described
from tilework.imaging.operations import Operation, registry
from tilework.imaging.pipeline import parse
from tilework.imaging.plugins import Plugin, plugins
from tilework.imaging.result_kinds import outputs_of, sentence_of
from tilework.jobs.bucket_presets import BucketPresets
from tilework.service.conditional import FOR_EVER, tagged
from tilework.service.problems import Problem, ProblemError, title_of

NAMES_CHARACTERS = 2000
"""As many as a pipeline's text may have."""

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
    that hold no image, one of which may be the pipeline's own. ``outputs`` are all that it can be asked for to some purpose:
    the formats that its result would be in then, whatever came in.
    """

    canonical: str
    makes_mask: bool
    result: str
    exact: bool
    page: int | None
    output: str | None
    reports: list[str]
    outputs: list[str]
    steps: list[StepView]


def pipeline_view(text: str, language: str = ENGLISH) -> PipelineView:
    """What ``text`` means, told in ``language``. Raises PipelineError, which points at the character."""
    pipeline = parse(text)
    steps = [
        StepView(operation=step.operation.name, arguments=dict(step.arguments), canonical=step.canonical)
        for step in pipeline.steps
    ]
    return PipelineView(
        canonical=pipeline.canonical,
        makes_mask=pipeline.makes_mask,
        result=Words(language).translated(sentence_of(pipeline)),
        exact=pipeline.exact,
        page=pipeline.page,
        output=pipeline.output,
        reports=list(pipeline.steps[-1].operation.report_formats) if pipeline.steps else [],
        outputs=outputs_of(pipeline),
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


@dataclass(frozen=True, slots=True)
class Catalogue:
    """What ``GET /api/operations`` answers with in one language: a JSON document, and an address that changes with it."""

    body: bytes

    @property
    def address(self) -> str:
        """Where a browser that has it need never ask again."""
        return f"/api/operations?v={self.version}"

    @property
    def version(self) -> str:
        """Short for all of it."""
        return hashlib.sha256(self.body).hexdigest()[:16]


def catalogue(default_pipeline: str, language: str = ENGLISH) -> Catalogue:
    """The operations that there are now, their help in ``language``."""
    return _catalogue(default_pipeline, tuple(registry().values()), tuple(plugins()), language)


def _few(default_pipeline: str, names: Collection[str]) -> bytes:
    """The same document in English, with the operations of these ``names`` alone, of those that there are."""
    told = [described(operation) for name, operation in registry().items() if name in names]
    return (
        Operations(operations=told, default_pipeline=default_pipeline, plugins=[]).model_dump_json().encode()
    )


@lru_cache(maxsize=8)
def _catalogue(
    default_pipeline: str, operations: tuple[Operation, ...], found: tuple[Plugin, ...], language: str
) -> Catalogue:
    told = Operations(
        operations=[described(operation) for operation in operations],
        default_pipeline=default_pipeline,
        plugins=[_plugin_view(plugin) for plugin in found],
    )
    return Catalogue(in_language(language, told.model_dump_json().encode()))


def _of_preset(error: PipelineError, text: str, presets: BucketPresets) -> Exception:
    """The same, told better where a preset's name stands for an operation: with its ``name``, and the ``text`` that is meant."""
    meant = None
    with contextlib.suppress(TileworkError):
        meant = presets.latest().meant(text, error.position)
    if meant is None:
        return error
    detail = f"{meant.name!r} is a preset, and no operation (at character {(error.position or 0) + 1})."
    more = {"position": error.position, "field": "pipeline", "preset": asdict(meant)}
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    return ProblemError(Problem(status, error.code, title_of(error.code), detail, error.advice, more))


def routes(default_pipeline: str, presets: BucketPresets) -> APIRouter:
    """``GET /api/operations`` and ``GET /api/pipeline``."""
    router = APIRouter(tags=["operations"])

    @router.get("/api/operations", summary="List the operations", response_model=Operations)
    def operations(
        request: Request,
        names: Annotated[str, Query(max_length=NAMES_CHARACTERS)] = "",
        v: Annotated[str, Query(max_length=64)] = "",
    ) -> Response:
        """List every operation with its parameters: types, bounds, defaults and help; and the plugins, disabled ones, too.

        All of it is a hundred kilobytes; `names`, with commas between them, are the operations to tell of where a few will do,
        and plugins are left out then. The answer bears an ETag. `v` makes an address of which the answer may be kept: the page
        links the one that is true.
        """
        told = catalogue(default_pipeline, language_of(request))
        body = translated(request, _few(default_pipeline, names.split(","))) if names else told.body
        response = tagged(request, body, media_type="application/json")
        if v == told.version:
            response.headers["Cache-Control"] = FOR_EVER
        return response

    @router.get("/api/pipeline", summary="Understand a pipeline")
    def pipeline(
        request: Request, text: Annotated[str, Query(max_length=PIPELINE_CHARACTERS)]
    ) -> PipelineView:
        """Read the text of a pipeline; a problem tells the position of the fault and suggests the nearest name.

        Where that is a preset's, the problem has it as `preset`: its `name`, and the `text` with its operations in that place.
        """
        try:
            return pipeline_view(text, language_of(request))
        except PipelineError as error:
            raise _of_preset(error, text, presets) from error

    return router
