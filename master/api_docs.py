"""The API's description as a page: OpenAPI, rendered here, because the usual viewers load from other sites."""

from collections.abc import Iterator
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import HTMLResponse

from master.page import Page
from tilework.remedies import explained


def routes(app: FastAPI, page: Page) -> APIRouter:
    """``GET /docs``, and the same at ``/api/docs``."""
    router = APIRouter()

    @router.get("/docs", response_class=HTMLResponse, include_in_schema=False)
    @router.get("/api/docs", response_class=HTMLResponse, include_in_schema=False)
    def docs(request: Request) -> HTMLResponse:
        """Render the OpenAPI document."""
        document = app.openapi()
        return page.render(
            request,
            "docs.html",
            document=document,
            operations=list(_operations(document)),
            schemas=document.get("components", {}).get("schemas", {}),
            problems=sorted(explained().values(), key=lambda problem: problem.code),
        )

    return router


def _operations(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for path, methods in document["paths"].items():
        for method, told in methods.items():
            answers = {status: _schema_name(answer) for status, answer in told["responses"].items()}
            yield {
                "method": method.upper(),
                "path": path,
                "summary": told.get("summary", ""),
                "description": told.get("description", ""),
                "parameters": told.get("parameters", []),
                "body": _schema_name(told.get("requestBody", {})),
                "answers": {status: name for status, name in answers.items() if status.startswith("2")},
            }


def _schema_name(part: dict[str, Any]) -> str:
    schema = part.get("content", {}).get("application/json", {}).get("schema", {})
    return str(schema.get("$ref", "")).rsplit("/", 1)[-1]
