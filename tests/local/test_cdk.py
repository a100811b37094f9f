"""What `make synth` and `make deploy` fetch before they begin is what their own settings take."""

from __future__ import annotations

import pytest

from local.cdk import context_of
from stacks.lambda_build import LambdaBuild
from stacks.settings import Settings
from stacks.settings_reading import read


def deployed(*arguments: str) -> Settings:
    return read(context_of(list(arguments)).get, {})


def test_a_deploy_that_is_told_nothing_takes_lambdas_python_and_not_this_machines() -> None:
    assert deployed("synth", "--quiet") == Settings()
    assert LambdaBuild.of(deployed("deploy")) == LambdaBuild(architecture="x86_64", python="3.12")


@pytest.mark.parametrize(
    "told",
    [("-c", "architecture=arm64"), ("-carchitecture=arm64",), ("--context", "architecture=arm64")],
)
def test_the_packages_of_a_deploy_are_for_the_processor_that_it_is_told(told: tuple[str, ...]) -> None:
    settings = deployed("deploy", *told, "--require-approval", "never", "--context=lambda_python=3.13")
    assert LambdaBuild.of(settings) == LambdaBuild(architecture="arm64", python="3.13")


def test_a_value_may_hold_an_equals_sign() -> None:
    assert deployed("synth", "-c", "limits=pixels=5000,pages=100").limits == ("pixels=5000", "pages=100")
