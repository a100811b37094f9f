"""What a deployment may be told, in one typed place, checked before anything is synthesized.

Each setting is a context key (``cdk deploy -c maximum_hosts=20``, or in ``cdk.json``); the environment variable
``TILEWORK_DEPLOY_<KEY>`` stands in for a key that the context leaves out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Final, Literal, cast

from tilework.errors import PipelineError, SettingsError
from tilework.imaging.pipeline import parse
from worker_image.settings import DEFAULT_PIPELINE, LEASE_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Architecture = Literal["x86_64", "arm64"]

ENVIRONMENT_PREFIX: Final = "TILEWORK_DEPLOY_"

INSTANCE_TYPES: Final[Mapping[Architecture, tuple[str, ...]]] = {
    "x86_64": ("c7a.xlarge", "c7i.xlarge", "c6a.xlarge", "c6i.xlarge", "c5a.xlarge", "c5.xlarge"),
    "arm64": ("c8g.xlarge", "c7g.xlarge", "c6g.xlarge", "c6gn.xlarge"),
}
"""Compute-optimized, four virtual processors and 8 GiB each: hosts of one size keep the backlog a host comparable,
and several kinds are what makes spot capacity easy to find."""

PYTHONS: Final = ("3.11", "3.12", "3.13", "3.14")
"""Lambda's Python runtimes that Tilework runs on."""

SHORTEST_LEASE: Final = 30
LONGEST_LEASE: Final = 3600
"""Seconds. Below half a minute a pause of the host loses its jobs; beyond an hour nobody waits for them."""

_NAME = re.compile(r"[a-z][a-z0-9-]{0,18}[a-z0-9]")
_BUCKET_PREFIX = re.compile(r"[a-z0-9][a-z0-9-]{1,54}[a-z0-9]")
_INSTANCE_TYPE = re.compile(r"[a-z]+(?P<generation>\d+)(?P<traits>[a-z]*)(-[a-z0-9]+)?\.[a-z0-9-]+")
_IMAGE_URI = re.compile(r"[a-z0-9][a-zA-Z0-9.:/_-]*[a-zA-Z0-9](@sha256:[0-9a-f]{64})?")
_MODULE = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*", re.ASCII)
_PARAMETER = re.compile(r"/[A-Za-z0-9._/-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """One deployment. All fields are context keys of the same name.

    ``name`` and ``environment`` name the stack, so that several live side by side; ``dev`` is destroyed with its
    data, ``prod`` keeps and protects it. ``emulated`` leaves out what the embedded AWS cannot take, and nothing else.
    ``keeper`` is ``elsewhere`` where another process folds notices and reconciles, as the local master does: then
    the Lambda is there, but asleep. ``bucket_prefix`` fixes the buckets' names; without it they are generated.
    ``worker_image_uri`` is an image that is there already; without it the deploy builds one with Docker.
    ``worker_ami_parameter`` is the SSM parameter that names the hosts' machine image, read at each launch.
    ``extra_operations`` names a module in the workers' image; drops ask for what it offers by their metadata.
    ``wanted_seconds`` is how long an image may wait for a worker while the fleet is at work. ``erase_by_api`` gives the
    API leave to delete images and results; without it only people can, with credentials of their own. ``log_level``
    is that of workers and master.
    """

    name: str = "tilework"
    environment: Literal["dev", "prod"] = "dev"
    emulated: bool = False
    keeper: Literal["lambda", "elsewhere"] = "lambda"
    bucket_prefix: str | None = None
    worker_image_uri: str | None = None
    worker_ami_parameter: str | None = None
    architecture: Architecture = "x86_64"
    instance_types: tuple[str, ...] = ()
    maximum_hosts: int = 8
    spot_percent: int = 100
    wanted_seconds: int = 120
    lease_seconds: int = int(LEASE_SECONDS)
    default_pipeline: str = DEFAULT_PIPELINE
    extra_operations: str | None = None
    erase_by_api: bool = False
    log_level: Literal["INFO", "DEBUG"] = "INFO"
    lambda_python: str = "3.12"

    def __post_init__(self) -> None:
        """Raise SettingsError at the first setting that makes no sense."""
        _matches("name", self.name, _NAME, "2 to 20 lower-case letters, digits and hyphens, a letter first")
        _matches(
            "bucket_prefix", self.bucket_prefix, _BUCKET_PREFIX, "3 to 56 lower-case letters, digits, hyphens"
        )
        _matches(
            "worker_image_uri", self.worker_image_uri, _IMAGE_URI, "an image like registry/repository:tag"
        )
        _matches("worker_ami_parameter", self.worker_ami_parameter, _PARAMETER, "an SSM parameter like /a/b")
        _matches("extra_operations", self.extra_operations, _MODULE, "a module's dotted name")
        _within("maximum_hosts", self.maximum_hosts, 1, 1000)
        _within("spot_percent", self.spot_percent, 0, 100)
        _within("wanted_seconds", self.wanted_seconds, 10, 86_400)
        _within("lease_seconds", self.lease_seconds, SHORTEST_LEASE, LONGEST_LEASE)
        self._check_operations()
        self._check_instance_types()

    @property
    def is_prod(self) -> bool:
        """Whether data outlives the stack."""
        return self.environment == "prod"

    @property
    def stack_name(self) -> str:
        """The CloudFormation stack's name, such as ``tilework-dev``."""
        return f"{self.name}-{self.environment}"

    @property
    def host_types(self) -> tuple[str, ...]:
        """The instance types to choose from: those set, else the usual ones of the architecture."""
        return self.instance_types or INSTANCE_TYPES[self.architecture]

    def _check_operations(self) -> None:
        if self.extra_operations is not None and self.is_prod:
            raise SettingsError(
                "extra_operations loads code of your own into the workers, and is refused where environment=prod.",
                advice="Leave extra_operations out, or deploy with environment=dev.",
            )
        try:
            parse(self.default_pipeline)
        except PipelineError as error:
            raise SettingsError(
                f"default_pipeline {self.default_pipeline!r} cannot be understood: {error.reason}",
                advice=error.advice,
            ) from error

    def _check_instance_types(self) -> None:
        for kind in self.instance_types:
            match = _INSTANCE_TYPE.fullmatch(kind)
            if match is None:
                raise SettingsError(
                    f"instance_types names {kind!r}, which is no instance type like c7i.xlarge."
                )
            # Graviton's families bear a g behind the generation: c7g, m8gd, c6gn
            built_for: Architecture = "arm64" if "g" in match["traits"] else "x86_64"
            if built_for != self.architecture:
                raise SettingsError(
                    f"instance_types names {kind}, which is {built_for}, but architecture is {self.architecture}.",
                    advice="Set architecture and instance_types to the same kind of processor.",
                )


def read(context: Callable[[str], object], environ: Mapping[str, str]) -> Settings:
    """Read all settings; ``context`` returns a key's value, or None where it is not given.

    Raises SettingsError with a sentence that names the key.
    """
    given: dict[str, object] = {}
    for field in fields(Settings):
        value = context(field.name)
        if value is None:
            value = environ.get(ENVIRONMENT_PREFIX + field.name.upper())
        if value is not None and value != "":
            given[field.name] = _READERS.get(field.name, _text)(field.name, value)
    return Settings(**given)  # type: ignore[arg-type]  # each reader returns its field's own type


def _text(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise SettingsError(f"{name} must be text, not {value!r}.")
    return value.strip()


def _truth(name: str, value: object) -> bool:
    if value in {True, "true"}:
        return True
    if value in {False, "false"}:
        return False
    raise SettingsError(f"{name} must be true or false, not {value!r}.")


def _number(name: str, value: object) -> int:
    if isinstance(value, bool) or not re.fullmatch(r"\d{1,9}", str(value)):
        raise SettingsError(f"{name} must be a whole number, not {value!r}.")
    return int(cast("int | str", value))


def _words(name: str, value: object) -> tuple[str, ...]:
    words = value.split(",") if isinstance(value, str) else value
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        raise SettingsError(f"{name} must be a list, or names with commas between them, not {value!r}.")
    return tuple(word.strip() for word in words if word.strip())


def _one_of(*choices: str) -> Callable[[str, object], str]:
    def read_choice(name: str, value: object) -> str:
        if value not in choices:
            raise SettingsError(f"{name} must be {' or '.join(choices)}, not {value!r}.")
        return str(value)

    return read_choice


_READERS: Final[Mapping[str, Callable[[str, object], object]]] = {
    "environment": _one_of("dev", "prod"),
    "emulated": _truth,
    "erase_by_api": _truth,
    "keeper": _one_of("lambda", "elsewhere"),
    "architecture": _one_of("x86_64", "arm64"),
    "instance_types": _words,
    "maximum_hosts": _number,
    "spot_percent": _number,
    "wanted_seconds": _number,
    "lease_seconds": _number,
    "lambda_python": _one_of(*PYTHONS),
    "log_level": _one_of("INFO", "DEBUG"),
}


def _matches(name: str, value: str | None, pattern: re.Pattern[str], wanted: str) -> None:
    if value is not None and pattern.fullmatch(value) is None:
        raise SettingsError(f"{name} must be {wanted}, not {value!r}.")


def _within(name: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise SettingsError(f"{name} must be from {low} to {high}, not {value}.")
