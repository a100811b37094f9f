"""What the master's environment may say."""

from __future__ import annotations

import pytest

from master.settings import MasterSettings
from tilework.errors import SettingsError


def test_an_empty_environment_gives_a_master_for_one_machine() -> None:
    settings = MasterSettings.from_environment({})
    assert settings == MasterSettings()
    assert settings.host == "127.0.0.1"
    assert not settings.any_host


def test_every_variable_is_read() -> None:
    settings = MasterSettings.from_environment(
        {
            "TILEWORK_HOST": "127.0.0.2",
            "TILEWORK_PORT": "9000",
            "TILEWORK_PUBLIC_URL": "https://tiles.example/",
            "TILEWORK_DEFAULT_PIPELINE": "canny(1,2)",
            "TILEWORK_UPLOAD_LIMIT_BYTES": "1000",
            "TILEWORK_PRESIGN_SECONDS": "60",
            "TILEWORK_NOTICE_WAIT_SECONDS": "2",
            "TILEWORK_RECONCILE_SECONDS": "10",
            "TILEWORK_LOOK_SECONDS": "3",
            "TILEWORK_LOST_AFTER_SECONDS": "20",
            "TILEWORK_TABLE_MEMORY_DAYS": "2",
            "TILEWORK_MAY_ERASE": "1",
            "TILEWORK_DIE_WITH_PARENT": "1",
            "AWS_LAMBDA_FUNCTION_NAME": "master",
        }
    )
    assert settings == MasterSettings(
        host="127.0.0.2",
        port=9000,
        public_url="https://tiles.example",
        any_host=True,
        default_pipeline="canny(1, 2)",
        upload_limit_bytes=1000,
        presign_seconds=60,
        notice_wait_seconds=2,
        reconcile_seconds=10,
        look_seconds=3,
        lost_after_seconds=20,
        table_memory_seconds=172_800,
        may_erase=True,
        die_with_parent=True,
    )
    assert settings.host_names == {"127.0.0.1", "localhost", "::1", "127.0.0.2", "tiles.example"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TILEWORK_PORT", "http"),
        ("TILEWORK_PORT", "65536"),
        ("TILEWORK_PUBLIC_URL", "tiles.example"),
        ("TILEWORK_DEFAULT_PIPELINE", "blurr(9)"),
        ("TILEWORK_UPLOAD_LIMIT_BYTES", "6000000000000"),
        ("TILEWORK_PRESIGN_SECONDS", "604801"),
        ("TILEWORK_LOOK_SECONDS", "-1"),
        ("TILEWORK_EXTRA_OPERATIONS", "no_such_module"),
    ],
)
def test_a_value_that_makes_no_sense_is_refused_by_its_name(name: str, value: str) -> None:
    with pytest.raises(SettingsError) as refused:
        MasterSettings.from_environment({name: value})
    assert name in refused.value.reason or value in refused.value.reason
