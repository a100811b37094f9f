from __future__ import annotations

import pytest

from stacks.settings import Settings, read
from tilework.errors import SettingsError


def reading(context: dict[str, object], environ: dict[str, str] | None = None) -> Settings:
    return read(context.get, environ or {})


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
        ({"instance_types": 4}, "instance_types must be a list, or names with commas between them, not 4"),
        ({"maximum_hosts": "0"}, "maximum_hosts must be from 1 to 1000, not 0"),
        ({"maximum_hosts": "many"}, "maximum_hosts must be a whole number, not 'many'"),
        ({"maximum_hosts": True}, "maximum_hosts must be a whole number, not True"),
        ({"spot_percent": "101"}, "spot_percent must be from 0 to 100, not 101"),
        ({"wanted_seconds": "1"}, "wanted_seconds must be from 10 to 86400, not 1"),
        ({"lease_seconds": "5"}, "lease_seconds must be from 30 to 3600, not 5"),
        ({"log_level": "LOUD"}, "log_level must be INFO or DEBUG, not 'LOUD'"),
        ({"lambda_python": "3.9"}, "lambda_python must be 3.11 or 3.12 or 3.13 or 3.14, not '3.9'"),
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
    "kind", ["c7g.large", "m8gd.2xlarge", "c6gn.xlarge", "t4g.small", "im4gn.large", "g5g.xlarge"]
)
def test_graviton_families_are_known_as_such(kind: str) -> None:
    assert Settings(architecture="arm64", instance_types=(kind,)).host_types == (kind,)


@pytest.mark.parametrize("kind", ["c7i.large", "g5.xlarge", "m7a.medium", "c7i-flex.large", "gr6.4xlarge"])
def test_families_of_other_processors_are_not_taken_for_graviton(kind: str) -> None:
    assert Settings(instance_types=(kind,)).host_types == (kind,)
