"""What is read of an image and of this machine's pip, and written down."""

from __future__ import annotations

from pathlib import Path

from stacks.worker_container import IN_THE_IMAGE
from tests.container.base import certificates, dockerfiles_own, pip_options
from tests.container.bill import bill
from tests.container.image import copied, debian_packages, python_package

LISTED = """\
:env:.default-timeout='60'
:env:.find-links='/srv/wheels'
global.cert='/nowhere/bundle.crt'
global.extra-index-url='file:///opt/pypi/simple https://packages.example/simple'
global.index-url='https://first.example/simple'
freeze.timeout='10'
"""
STATUS = """\
Package: zlib1g
Status: install ok installed
Architecture: amd64
Version: 1:1.2.13.dfsg-1
Description: compression library
 with a line more

Package: gone
Status: deinstall ok config-files
Architecture: all
Version: 1
"""


def test_the_folders_that_the_dockerfile_copies_are_those_that_a_deploy_sends() -> None:
    assert set(copied()) == set(IN_THE_IMAGE)
    assert dockerfiles_own() == "python:3.11-slim"


def test_a_build_reaches_the_index_that_pip_has_here_and_nothing_on_this_machines_disk() -> None:
    assert pip_options(LISTED) == {
        "index-url": "https://first.example/simple",
        "extra-index-url": "https://packages.example/simple",
        "default-timeout": "60",
    }


def test_the_certificates_are_those_that_pip_trusts(tmp_path: Path) -> None:
    bundle = tmp_path / "bundle.crt"
    assert certificates(LISTED, {}) is None
    bundle.write_text("here")
    assert certificates(f"global.cert='{bundle}'", {}) == bundle
    assert certificates(LISTED, {"SSL_CERT_FILE": str(bundle)}) == bundle


def test_the_bill_names_what_is_installed_as_scanners_read_it() -> None:
    told = python_package("Metadata-Version: 2.1\nName: Pillow_Heif\nVersion: 1.8.1\n\nText\n")
    written = bill([told, *debian_packages(STATUS)])
    assert (written["bomFormat"], written["specVersion"]) == ("CycloneDX", "1.5")
    assert [each["purl"] for each in written["components"]] == [
        "pkg:deb/debian/zlib1g@1%3A1.2.13.dfsg-1?arch=amd64",
        "pkg:pypi/pillow-heif@1.8.1",
    ]
