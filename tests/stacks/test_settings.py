from __future__ import annotations

import pytest

from stacks.settings import Settings
from stacks.settings_reading import read
from tests.stacks.cases import KEY
from tilework.errors import SettingsError


def reading(context: dict[str, object], environ: dict[str, str] | None = None) -> Settings:
    return read(context.get, environ or {})


NETWORK: dict[str, object] = {
    "vpc_id": "vpc-01234567",
    "subnet_ids": "subnet-01234567,subnet-89abcdef",
    "availability_zones": "eu-central-1a,eu-central-1b",
}


def test_nothing_needs_to_be_said() -> None:
    assert reading({}) == Settings()
    assert Settings().stack_name == "tilework-dev"


def test_the_context_says_it_and_the_environment_fills_in_what_it_leaves_out() -> None:
    settings = reading(
        {"maximum_hosts": "20", "environment": "prod"},
        {"TILEWORK_DEPLOY_MAXIMUM_HOSTS": "3", "TILEWORK_DEPLOY_NAME": "lab"},
    )
    assert (settings.maximum_hosts, settings.stack_name) == (20, "lab-prod")


def test_values_may_be_texts_as_on_a_command_line_or_typed_as_in_json() -> None:
    typed = reading({"emulated": True, "spot_percent": 50, "instance_types": ["c7i.large", "m7i.large"]})
    texts = reading({"emulated": "true", "spot_percent": "50", "instance_types": "c7i.large, m7i.large"})
    assert typed == texts
    assert typed.host_types == ("c7i.large", "m7i.large")


def test_limits_reach_workers_and_master_as_their_variables() -> None:
    settings = reading({"limits": "pages=100, pixels=5000"})
    assert settings.worker_limits == {"TILEWORK_LIMIT_PAGES": "100", "TILEWORK_LIMIT_PIXELS": "5000"}


def test_a_network_of_ones_own_has_a_zone_for_each_subnet() -> None:
    assert reading(NETWORK).subnet_ids == ("subnet-01234567", "subnet-89abcdef")


@pytest.mark.parametrize(
    ("context", "sentence"),
    [
        ({"name": "Tile Work"}, "name must be 2 to 20 lower-case letters, digits and hyphens"),
        ({"name": 7}, "name must be text, not 7"),
        ({"environment": "staging"}, "environment must be dev or prod, not 'staging'"),
        ({"emulated": "yes"}, "emulated must be true or false, not 'yes'"),
        ({"keeper": "nobody"}, "keeper must be lambda or elsewhere"),
        ({"bucket_prefix": "Acme_Lab"}, "bucket_prefix must be 3 to 56 lower-case letters"),
        (
            {"worker_image_uri": "not an image"},
            "worker_image_uri must be an image like registry/repository:tag",
        ),
        ({"worker_ami_parameter": "ami-1234"}, "worker_ami_parameter must be an SSM parameter like /a/b"),
        ({"architecture": "sparc"}, "architecture must be x86_64 or arm64"),
        ({"instance_types": "c7i"}, "instance_types names 'c7i', which is no instance type like c7i.xlarge"),
        ({"instance_types": "c7g.large"}, "names c7g.large, which is arm64, but architecture is x86_64"),
        ({"instance_types": "a1.xlarge"}, "names a1.xlarge, which is arm64, but architecture is x86_64"),
        ({"instance_types": "t3.small"}, "t3.small is of a size whose processors are not known"),
        ({"instance_types": 4}, "instance_types must be a list, or names with commas between them, not 4"),
        ({"maximum_hosts": "0"}, "maximum_hosts must be from 1 to 1000, not 0"),
        ({"maximum_hosts": "many"}, "maximum_hosts must be a whole number, not 'many'"),
        ({"maximum_hosts": True}, "maximum_hosts must be a whole number, not True"),
        ({"spot_percent": "101"}, "spot_percent must be from 0 to 100, not 101"),
        ({"wanted_seconds": "1"}, "wanted_seconds must be from 10 to 86400, not 1"),
        ({"lease_seconds": "5"}, "lease_seconds must be from 30 to 3600, not 5"),
        ({"log_level": "LOUD"}, "log_level must be INFO or DEBUG, not 'LOUD'"),
        ({"lambda_python": "3.9"}, "lambda_python must be 3.11 or 3.12 or 3.13 or 3.14, not '3.9'"),
        ({"region": "Frankfurt"}, "region must be a region like eu-central-1"),
        ({"input_bucket": "s3://photos"}, "input_bucket must be the name of a bucket that is there"),
        ({"kms_key_arn": "alias/photos"}, "kms_key_arn must be a KMS key's ARN"),
        ({"alarm_mail": "me"}, "alarm_mail must be an address like you@example.org"),
        ({"permission_boundary": "Boundary"}, "permission_boundary must be a policy's ARN"),
        ({"on_demand_base": 9}, "on_demand_base must be from 0 to 8, not 9"),
        ({"old_version_days": 1}, "old_version_days must be from 15 to 3650, not 1"),
        ({"job_days": 3}, "job_days must be from 15 to 3650, not 3"),
        ({"limits": "pixel=1"}, "limits names 'pixel', which is no limit"),
        ({"limits": "pages=many"}, "TILEWORK_LIMIT_PAGES"),
        ({"vpc_id": "vpc-1"}, "vpc_id must be a VPC's id"),
        ({"vpc_id": "vpc-01234567"}, "vpc_id, subnet_ids and availability_zones belong together"),
        (
            NETWORK | {"availability_zones": "eu-central-1a"},
            "subnet_ids and availability_zones differ in number",
        ),
        (NETWORK | {"subnet_ids": "subnet-01234567,mine"}, "subnet_ids must be subnets' ids"),
        (NETWORK | {"availability_zones": "eu-central-1a,b"}, "availability_zones must be zones like"),
        (
            {"kms_key_arn": KEY, "region": "us-east-1"},
            f"kms_key_arn is {KEY}, but region is us-east-1",
        ),
        (
            NETWORK | {"region": "eu-central-2"},
            "availability_zones has eu-central-1a, but region is eu-central-2",
        ),
        ({"budget_stops_fleet": True}, "budget_stops_fleet needs a budget"),
        ({"budget_usd": 5}, "budget_usd has nobody to tell"),
        ({"default_pipeline": "blurr(9)"}, "default_pipeline 'blurr(9)' cannot be understood"),
        ({"extra_operations": "acme-operations"}, "extra_operations must be a module's dotted name"),
        (
            {"extra_operations": "acme.operations", "environment": "prod"},
            "extra_operations loads code of your own into the workers, and is refused where environment=prod",
        ),
    ],
)
def test_what_makes_no_sense_is_refused_with_a_sentence_that_names_the_key(
    context: dict[str, object], sentence: str
) -> None:
    with pytest.raises(SettingsError) as refused:
        reading(context)
    assert sentence in refused.value.reason


@pytest.mark.parametrize(
    "kind", ["c7g.large", "m8gd.2xlarge", "c6gn.xlarge", "t4g.medium", "im4gn.large", "g5g.xlarge"]
)
def test_graviton_families_are_known_as_such(kind: str) -> None:
    assert Settings(architecture="arm64", instance_types=(kind,)).host_types == (kind,)


@pytest.mark.parametrize("kind", ["c7i.large", "g5.xlarge", "m7a.medium", "c7i-flex.large", "gr6.4xlarge"])
def test_families_of_other_processors_are_not_taken_for_graviton(kind: str) -> None:
    assert Settings(instance_types=(kind,)).host_types == (kind,)
