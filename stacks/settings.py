"""What a deployment may be told, in one typed place, checked before anything is synthesized.

Each setting is a context key (``cdk deploy -c maximum_hosts=20``, or in ``cdk.json``); the environment variable
``TILEWORK_DEPLOY_<KEY>`` stands in for a key that the context leaves out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Final, Literal, get_args

from stacks.plugins import check_words
from tilework.bill.deployment import cpus_of
from tilework.errors import PipelineError, SettingsError
from tilework.imaging.limits import Limits
from tilework.imaging.limits import setting as limit_setting
from tilework.imaging.pipeline import parse
from tilework.jobs.quotas import MESSAGE_DAYS
from tilework.sign_in import OPERATORS
from worker_image.settings import DEFAULT_PIPELINE, LEASE_SECONDS

if TYPE_CHECKING:
    from collections.abc import Mapping

Architecture = Literal["x86_64", "arm64"]

INSTANCE_TYPES: Final[Mapping[Architecture, tuple[str, ...]]] = {
    "x86_64": ("c7a.xlarge", "c7i.xlarge", "c6a.xlarge", "c6i.xlarge", "c5a.xlarge", "c5.xlarge"),
    "arm64": ("c8g.xlarge", "c7g.xlarge", "c6g.xlarge", "c6gn.xlarge"),
}
"""Compute-optimized, four virtual processors and 8 GiB each: hosts of one size keep the backlog a host comparable,
and several kinds are what makes spot capacity easy to find."""

LambdaPython = Literal["3.11", "3.12", "3.13", "3.14"]
"""Lambda's Python runtimes that Tilework runs on."""

PYTHONS: Final = get_args(LambdaPython)

SHORTEST_LEASE: Final = 30
LONGEST_LEASE: Final = 3600
"""Seconds. Below half a minute a pause of the host loses its jobs; beyond an hour nobody waits for them."""

SHORTEST_MEMORY: Final = MESSAGE_DAYS + 1
"""Days that a job's row and an old version of an image are kept at least: a message must find both for as long as it lives
in its queue."""

WORDS_OF_AWS: Final = ("aws", "amazon", "cognito")
"""What no domain prefix may contain; source: "Configuring a user pool domain", Cognito developer guide."""

_NAME = re.compile(r"[a-z][a-z0-9-]{0,18}[a-z0-9]")
_BUCKET_PREFIX = re.compile(r"[a-z0-9][a-z0-9-]{1,54}[a-z0-9]")
_INSTANCE_TYPE = re.compile(r"(?P<family>[a-z]+)\d+(?P<traits>[a-z]*)(-[a-z0-9]+)?\.[a-z0-9-]+")
_IMAGE_URI = re.compile(r"[a-z0-9][a-zA-Z0-9.:/_-]*[a-zA-Z0-9](@sha256:[0-9a-f]{64})?")
_MODULE = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*", re.ASCII)
_PARAMETER = re.compile(r"/[A-Za-z0-9._/-]+")
_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d")
_ZONE = re.compile(rf"{_REGION.pattern}[a-z]")
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_VPC = re.compile(r"vpc-[0-9a-f]{8,17}")
_SUBNET = re.compile(r"subnet-[0-9a-f]{8,17}")
_KEY_ARN = re.compile(r"arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key/[A-Za-z0-9-]+")
_POLICY_ARN = re.compile(r"arn:aws[a-z-]*:iam::(\d{12}|aws):policy/[\w+=,.@/-]+", re.ASCII)
_GROUP = re.compile(r"[\w.@-]{1,64}", re.ASCII)
_MAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


NETWORK_ADVICE: Final = (
    "Name the VPC, its subnets for the hosts, and the zone of each subnet in the same order."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """One deployment. All fields are context keys of the same name; docs/running.md tells what each means.

    ``name`` and ``environment`` name the stack, so that several live side by side; ``dev`` is destroyed with its
    data, ``prod`` keeps and protects it. ``emulated`` leaves out what the embedded AWS cannot take, and nothing else.
    ``keeper`` is ``elsewhere`` where another process folds notices and reconciles, as the local master does: then
    the Lambda is there, but asleep. Of a network of one's own ``vpc_id``, ``subnet_ids`` and ``availability_zones``
    (one for each subnet) are told together.
    """

    name: str = "tilework"
    environment: Literal["dev", "prod"] = "dev"
    region: str | None = None
    emulated: bool = False
    keeper: Literal["lambda", "elsewhere"] = "lambda"

    bucket_prefix: str | None = None
    input_bucket: str | None = None
    kms_key_arn: str | None = None
    access_logs: bool = False
    intelligent_tiering: bool = False
    old_version_days: int = 30
    job_days: int | None = None

    vpc_id: str | None = None
    subnet_ids: tuple[str, ...] = ()
    availability_zones: tuple[str, ...] = ()

    worker_image_uri: str | None = None
    worker_ami_parameter: str | None = None
    architecture: Architecture = "x86_64"
    instance_types: tuple[str, ...] = ()
    maximum_hosts: int = 8
    spot_percent: int = 100
    on_demand_base: int = 0
    wanted_seconds: int = 120
    wanted_scan_seconds: int = 1800
    lease_seconds: int = int(LEASE_SECONDS)
    limits: tuple[str, ...] = ()
    default_pipeline: str = DEFAULT_PIPELINE
    extra_operations: str | None = None
    plugins: tuple[str, ...] = ()

    sign_in: bool = True
    operators_group: str = OPERATORS
    erase_by_api: bool = False
    completion_events: bool = False
    lambda_python: LambdaPython = "3.12"
    preview: bool = True

    dashboard: bool = True
    alarm_mail: str | None = None
    budget_usd: int | None = None
    budget_stops_fleet: bool = False
    permission_boundary: str | None = None
    log_level: Literal["INFO", "DEBUG"] = "INFO"

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
        _matches("region", self.region, _REGION, "a region like eu-central-1")
        _matches("input_bucket", self.input_bucket, _BUCKET, "the name of a bucket that is there")
        _matches(
            "kms_key_arn",
            self.kms_key_arn,
            _KEY_ARN,
            "a KMS key's ARN like arn:aws:kms:REGION:ACCOUNT:key/ID",
        )
        _matches("operators_group", self.operators_group, _GROUP, "1 to 64 letters, digits and ._@-")
        _matches("alarm_mail", self.alarm_mail, _MAIL, "an address like you@example.org")
        _matches(
            "permission_boundary", self.permission_boundary, _POLICY_ARN,
            "a policy's ARN like arn:aws:iam::ACCOUNT:policy/NAME",
        )  # fmt: skip
        _within("maximum_hosts", self.maximum_hosts, 1, 1000)
        _within("spot_percent", self.spot_percent, 0, 100)
        _within("on_demand_base", self.on_demand_base, 0, self.maximum_hosts)
        _within("old_version_days", self.old_version_days, SHORTEST_MEMORY, 3650)
        if self.job_days is not None:
            _within("job_days", self.job_days, SHORTEST_MEMORY, 3650)
        if self.budget_usd is not None:
            _within("budget_usd", self.budget_usd, 1, 1_000_000)
        _within("wanted_seconds", self.wanted_seconds, 10, 86_400)
        _within("wanted_scan_seconds", self.wanted_scan_seconds, 10, 86_400)
        _within("lease_seconds", self.lease_seconds, SHORTEST_LEASE, LONGEST_LEASE)
        self._check_sign_in()
        self._check_operations()
        self._check_instance_types()
        self._check_network()
        self._check_region()
        self._check_budget()
        self._check_limits()

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

    @property
    def worker_limits(self) -> Mapping[str, str]:
        """The environment variables by which ``limits`` reaches workers and master."""
        return {
            limit_setting(name.strip()): value.strip()
            for name, _, value in (limit.partition("=") for limit in self.limits)
        }

    def _check_limits(self) -> None:
        known = {field.name for field in fields(Limits)}
        for limit in self.limits:
            name = limit.partition("=")[0].strip()
            if name not in known:
                raise SettingsError(
                    f"limits names {name!r}, which is no limit.",
                    advice=f"There are: {', '.join(sorted(known))}.",
                )
        Limits.from_environment(self.worker_limits)

    def _check_network(self) -> None:
        _matches("vpc_id", self.vpc_id, _VPC, "a VPC's id like vpc-0123456789abcdef0")
        for subnet in self.subnet_ids:
            _matches("subnet_ids", subnet, _SUBNET, "subnets' ids like subnet-0123456789abcdef0")
        for zone in self.availability_zones:
            _matches("availability_zones", zone, _ZONE, "zones like eu-central-1a")
        told = (self.vpc_id is not None, bool(self.subnet_ids), bool(self.availability_zones))
        if any(told) and not all(told):
            raise SettingsError(
                "vpc_id, subnet_ids and availability_zones belong together.", advice=NETWORK_ADVICE
            )
        if len(self.subnet_ids) != len(self.availability_zones):
            raise SettingsError("subnet_ids and availability_zones differ in number.", advice=NETWORK_ADVICE)

    def _check_region(self) -> None:
        """What is named by its region lies in the one that is deployed to, where that is told."""
        places = [(zone[:-1], f"availability_zones has {zone}") for zone in self.availability_zones]
        if self.kms_key_arn is not None:
            places.append((self.kms_key_arn.split(":")[3], f"kms_key_arn is {self.kms_key_arn}"))
        for place, told in places:
            if self.region is not None and place != self.region:
                raise SettingsError(
                    f"{told}, but region is {self.region}.", advice="Name what lies in the same region."
                )

    def _check_budget(self) -> None:
        if self.budget_stops_fleet and self.budget_usd is None:
            raise SettingsError("budget_stops_fleet needs a budget.", advice="Say how much: -c budget_usd=50")
        if self.budget_usd is not None and self.alarm_mail is None and not self.budget_stops_fleet:
            raise SettingsError(
                "budget_usd has nobody to tell.", advice="Set alarm_mail, or budget_stops_fleet, or both."
            )

    def _check_sign_in(self) -> None:
        taken = [word for word in WORDS_OF_AWS if word in self.name]
        if self.sign_in and taken:
            raise SettingsError(
                f"name contains {taken[0]!r}, and Cognito takes no address with that word for the sign-in pages.",
                advice="Choose another name, or set sign_in=false.",
            )

    def _check_operations(self) -> None:
        if self.extra_operations is not None and self.is_prod:
            raise SettingsError(
                "extra_operations loads code of your own into the workers, and is refused where environment=prod.",
                advice="Leave extra_operations out, or deploy with environment=dev.",
            )
        check_words(self.plugins)
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
            cpus_of(kind)
            # Graviton's families bear a g behind the generation: c7g, m8gd, c6gn; the first was A1
            graviton = "g" in match["traits"] or match["family"] == "a"
            built_for: Architecture = "arm64" if graviton else "x86_64"
            if built_for != self.architecture:
                raise SettingsError(
                    f"instance_types names {kind}, which is {built_for}, but architecture is {self.architecture}.",
                    advice="Set architecture and instance_types to the same kind of processor.",
                )


def _matches(name: str, value: str | None, pattern: re.Pattern[str], wanted: str) -> None:
    if value is not None and pattern.fullmatch(value) is None:
        raise SettingsError(f"{name} must be {wanted}, not {value!r}.")


def _within(name: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise SettingsError(f"{name} must be from {low} to {high}, not {value}.")
