"""What can go wrong for a client of the API, as failures of the one tree."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from tilework.errors import RefusedError, ServiceError, TileworkError, WrongStateError

if TYPE_CHECKING:
    from collections.abc import Mapping


class NotSignedInError(TileworkError):
    """The deployment wants to know who asks, and there is no sign-in that it takes."""

    code = "not_signed_in"
    advice = "Sign in with `tilework login`."


class SignInError(TileworkError):
    """A sign-in that did not come to its end."""

    code = "sign_in_failed"
    advice = (
        "Try `tilework login` again; whoever runs the deployment can say whether you are among its users."
    )


class NotThroughApiError(TileworkError):
    """Something that only AWS credentials allow, asked of a deployment that is joined through its API."""

    code = "needs_credentials"
    advice = "Leave --api and TILEWORK_API_URL out, and join with AWS credentials as docs/running.md tells."


class NotThereError(RefusedError):
    """The API knows nothing of what it was asked for."""

    code = "not_there"
    advice = "Check the id, and that the address is that of the API: the output ApiUrl of the stack."


def failure_of(status: int, document: Mapping[str, Any]) -> TileworkError:
    """The failure that an answer of the API tells: its own words where it is a problem document, else the gateway's."""
    reason = str(document.get("detail") or document.get("message") or f"The API answered {status}.")
    advice = str(document["advice"]) if document.get("advice") else None
    if status == HTTPStatus.UNAUTHORIZED:
        return NotSignedInError(
            "The API does not know who asks: nobody is signed in, or the sign-in is over."
        )
    if status == HTTPStatus.CONFLICT:
        return WrongStateError(reason, advice=advice)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status == HTTPStatus.TOO_MANY_REQUESTS:
        return ServiceError(reason, advice=advice)
    if status == HTTPStatus.NOT_FOUND:
        return NotThereError(reason, advice=advice)
    return RefusedError(reason, advice=advice)
