"""What the preview is told by its environment, read once when its process starts."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tilework.environment import number
from tilework.imaging.limits import MIB, Limits
from tilework.imaging.plugins import load_own_operations, warn_of_disabled
from tilework.sign_in import OPERATORS

if TYPE_CHECKING:
    from collections.abc import Mapping

log = logging.getLogger(__name__)

IMAGE_MIB = 256
"""Of an image that is decoded whole: 89 megapixels of colour. Beyond it a slider would wait for seconds."""

FILE_MIB = 50
"""Of a file that is sent to be previewed, as it is stored: most photos straight from a camera."""

MOST_FILE_MIB = 64
"""What the master passes on (master/preview.py)."""

LAMBDA_FILE_MIB = 4
"""Of one behind API Gateway: as Base64 it fits the 6 MB that Lambda takes."""

CACHE_MIB = 768
"""Of all that is kept of images: the one that is looked at with what is made of it, and those looked at before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewSettings:
    """The preview's own settings beside the deployment's addresses.

    ``any_host`` accepts every Host header, for where a gateway in front has judged it already. With ``sign_in`` it answers
    only whom the gateway's authorizer has let in, and each sees what is theirs; members of ``operators_group`` see all. ``image_bytes`` are those of an image, decoded, that is read whole, ``file_bytes``
    of a file that is sent, and ``cache_bytes`` of all that are kept.
    """

    host: str = "127.0.0.1"
    port: int = 8001
    any_host: bool = False
    sign_in: bool = False
    operators_group: str = OPERATORS
    image_bytes: int = IMAGE_MIB * MIB
    file_bytes: int = FILE_MIB * MIB
    cache_bytes: int = CACHE_MIB * MIB
    limits: Limits = field(default_factory=Limits)
    die_with_parent: bool = False

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> PreviewSettings:
        """Read all settings, and load own operations; raise SettingsError naming the variable that makes no sense."""
        load_own_operations(environ.get("TILEWORK_EXTRA_OPERATIONS", "").strip())
        warn_of_disabled(log)
        in_lambda = "AWS_LAMBDA_FUNCTION_NAME" in environ
        most = LAMBDA_FILE_MIB if in_lambda else MOST_FILE_MIB
        return cls(
            host=environ.get("TILEWORK_HOST", "").strip() or "127.0.0.1",
            port=int(number(environ, "TILEWORK_PORT", 8001, 0, 65_535)),
            any_host=in_lambda,
            sign_in=bool(environ.get("TILEWORK_SIGN_IN_ISSUER", "").strip()),
            operators_group=environ.get("TILEWORK_OPERATORS_GROUP", "").strip() or OPERATORS,
            image_bytes=int(number(environ, "TILEWORK_PREVIEW_IMAGE_MIB", IMAGE_MIB, 1, 65_536)) * MIB,
            file_bytes=int(number(environ, "TILEWORK_PREVIEW_FILE_MIB", min(FILE_MIB, most), 1, most)) * MIB,
            cache_bytes=int(number(environ, "TILEWORK_PREVIEW_CACHE_MIB", CACHE_MIB, 1, 65_536)) * MIB,
            limits=Limits.from_environment(environ),
            die_with_parent=environ.get("TILEWORK_DIE_WITH_PARENT", "") == "1",
        )
