"""Where to sign in, told to whoever has no token yet."""

from fastapi import APIRouter
from pydantic import BaseModel

from master.settings import MasterSettings
from tilework.sign_in import SCOPES


class SignInView(BaseModel):
    """The hosted pages' address, the public client, the issuer that its tokens name, the scopes to ask for."""

    url: str
    client: str
    issuer: str
    scopes: list[str]


class WhereToSignIn(BaseModel):
    """`sign_in` is null where nobody has to."""

    sign_in: SignInView | None


def sign_in_view(settings: MasterSettings) -> SignInView | None:
    """What the settings tell of it."""
    told = settings.sign_in
    if told is None:
        return None
    return SignInView(url=told.url, client=told.client, issuer=told.issuer, scopes=list(SCOPES))


def routes(settings: MasterSettings) -> APIRouter:
    """``GET /sign-in``, which needs no token."""
    router = APIRouter(tags=["sign-in"])

    @router.get("/sign-in", summary="Tell where to sign in")
    def where() -> WhereToSignIn:
        """Tell where people get a token for this API: by the authorization code grant with PKCE, without a secret."""
        return WhereToSignIn(sign_in=sign_in_view(settings))

    return router
