"""The tables of permissions tried, each row by a real request with the role's own credentials."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from tests.rehearsal.calls import CALLS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tests.rehearsal.attacks import Allowance, Attack
    from tests.rehearsal.places import Resources

DENIALS: Final = frozenset(
    {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError"}
)
"""The codes by which services say that one may not."""

OF_STRANGERS: Final = frozenset(
    {
        "MissingAuthenticationToken",
        "MissingAuthenticationTokenException",
        "SignatureDoesNotMatch",
        "InvalidSignatureException",
        "InvalidToken",
    }
    | {"InvalidClientTokenId", "UnrecognizedClientException", "ResourceNotFoundException"}
)
"""By which they say that they do not know who asks; in another account there is no such table."""

OF_WHAT_IS_NOT_THERE: Final = frozenset(
    {"ReceiptHandleIsInvalid", "NoSuchUpload", "ResourceAlreadyExistsException", "ValidationError"}
)
"""Answers to somebody who may: the receipt, the upload or the host that the request names is made up."""

UNKNOWN_THERE: Final = {
    "autoscaling:SetInstanceProtection": "InvalidAction",
    "autoscaling:RecordLifecycleActionHeartbeat": "InvalidAction",
}
"""What the embedded AWS cannot do; it asks first whether one may."""


STRANGERS: Final[dict[str, Callable[[dict[str, str], dict[str, str]], dict[str, str]]]] = {
    "nobody": lambda _ours, _other: {},
    "a wrong secret": lambda ours, _other: ours | {"aws_secret_access_key": "wrong"},
    "another's session": lambda ours, other: ours | {"aws_session_token": other["aws_session_token"]},
    "another account": lambda _ours, _other: {
        "aws_access_key_id": "999988887777", "aws_secret_access_key": "test",
    },
}  # fmt: skip
"""What they sign with, from a worker's session and another role's."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a row: ``code`` is the error's, empty where the request was done."""

    row: Attack | Allowance
    code: str

    @property
    def denied(self) -> bool:
        return self.code in DENIALS

    @property
    def turned_away(self) -> bool:
        """Denied, or not even known."""
        return self.denied or self.code in OF_STRANGERS

    @property
    def allowed(self) -> bool:
        known = self.code in OF_WHAT_IS_NOT_THERE or UNKNOWN_THERE.get(self.row.action) == self.code
        return not self.code or known

    def __str__(self) -> str:
        return f"{self.row.role} {self.row.action} {self.row.resource}: {self.code or 'done'}"


@dataclass
class Trial:
    """Holds the credentials of each role, taken once from STS as its host or function would have them."""

    resources: Resources
    _clients: dict[tuple[str, str, bool], Any] = field(default_factory=dict)
    _credentials: dict[str, dict[str, str]] = field(default_factory=dict)

    def of(self, rows: Iterable[Attack | Allowance], *, tls: bool = True) -> list[Outcome]:
        return [self._try(row, tls=tls) for row in rows]

    def credentials(self, role: str) -> dict[str, str]:
        """Of a role, or of one of the strangers."""
        if role in STRANGERS:
            return STRANGERS[role](self.credentials("workers"), self.credentials("api"))
        if role not in self._credentials:
            sts = self.resources.stage.client("sts")
            arn = self.resources.role_arn(role)
            told = sts.assume_role(RoleArn=arn, RoleSessionName="rehearsal")["Credentials"]
            self._credentials[role] = {
                "aws_access_key_id": told["AccessKeyId"],
                "aws_secret_access_key": told["SecretAccessKey"],
                "aws_session_token": told["SessionToken"],
            }
        return self._credentials[role]

    def _try(self, row: Attack | Allowance, *, tls: bool) -> Outcome:
        client = self._client(row.role, row.action.partition(":")[0], tls=tls)
        try:
            CALLS[row.action](client, self.resources, row.resource)
        except ClientError as error:
            return Outcome(row, str(error.response["Error"]["Code"]))
        return Outcome(row, "")

    def _client(self, role: str, service: str, *, tls: bool) -> Any:
        key = (role, service, tls)
        if key not in self._clients:
            client = self._clients[key] = self.resources.stage.client(service, self.credentials(role))
            if not tls:
                client.meta.events.register("before-sign", _without_tls)
        return self._clients[key]


def _without_tls(request: Any, **_: object) -> None:
    request.headers["x-forwarded-proto"] = "http"
