"""The preview's zip, with the packages for this very interpreter: it fits Lambda, and decodes what it says it does."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import cv2
import imagecodecs
import numpy as np
import pytest

from stacks.lambda_build import LambdaBuild
from stacks.lambda_contents import PREVIEW, UNZIPPED_LIMIT
from stacks.settings import PYTHONS
from tests.preview.pictures import jpeg, noise, png, tiff
from tests.stacks.test_lambda_build import ARCHITECTURE, HERE

PROGRAM = """
import json, sys
from pathlib import Path
import preview.lambda_handler
from preview.opened import Opened
from preview.small import small_picture
from tilework.imaging.limits import Limits
from tilework.imaging.run import BytesSource, prepare_process
prepare_process()
told = {}
for path in sorted(Path(sys.argv[1]).iterdir()):
    try:
        opened = Opened(BytesSource(path.read_bytes()), Limits(), image_bytes=1 << 28)
        opened.prepare()
        told[path.name] = [opened.whole().size.width, small_picture(BytesSource(path.read_bytes()), Limits(), side=64).size.width]
    except Exception as error:
        told[path.name] = getattr(error, "code", repr(error))
print(json.dumps(told))
"""


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if HERE not in PYTHONS:
        pytest.skip(f"Lambda has no Python {HERE}")
    build = LambdaBuild(architecture=ARCHITECTURE, python=HERE, contents=PREVIEW)
    build.install()
    return build.bundle()


def test_it_fits_what_lambda_takes_with_room_to_spare(bundle: Path) -> None:
    with zipfile.ZipFile(bundle) as archive:
        unpacked = sum(entry.file_size for entry in archive.infolist())
    assert unpacked < 0.95 * UNZIPPED_LIMIT


def test_it_holds_no_master_and_no_worker(bundle: Path) -> None:
    with zipfile.ZipFile(bundle) as archive:
        packages = {name.split("/")[0] for name in archive.namelist()}
    assert {"preview", "tilework", "cv2", "numpy"} <= packages
    assert not packages & {"master", "worker_image", "stacks", "local", "PIL", "rasterio", "scipy"}


def test_it_decodes_what_the_document_says_with_nothing_but_the_zip(bundle: Path, tmp_path: Path) -> None:
    image = noise(300, 200)
    rgb = np.ascontiguousarray(image[:, :, ::-1])
    files = {
        "a.jpg": jpeg(image),
        "a.png": png(image),
        "deflate.tif": tiff(image),
        **{f"{name}.tif": tiff(image, compression=name) for name in ("lzw", "zstd", "packbits", "jpeg")},
        "a.webp": imagecodecs.webp_encode(rgb),
        "a.jp2": cv2.imencode(".jp2", image)[1].tobytes(),
        "a.bmp": cv2.imencode(".bmp", image)[1].tobytes(),
        "a.ppm": cv2.imencode(".ppm", image)[1].tobytes(),
        "a.avif": imagecodecs.avif_encode(rgb),
        "a.jxl": imagecodecs.jpegxl_encode(rgb),
    }
    images = tmp_path / "images"
    images.mkdir()
    for name, body in files.items():
        (images / name).write_bytes(body)
    unpacked = tmp_path / "unpacked"
    with zipfile.ZipFile(bundle) as archive:
        archive.extractall(unpacked)
    try:
        start = f"import sys; sys.path.insert(0, {str(unpacked)!r})\n"
        done = subprocess.run(
            [sys.executable, "-I", "-S", "-B", "-c", start + PROGRAM, str(images)],
            env={"AWS_DEFAULT_REGION": "eu-west-1"}, capture_output=True, text=True, check=False,
        )  # fmt: skip
    finally:
        shutil.rmtree(unpacked)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    missing = {"a.avif", "a.jxl"}
    assert {name for name, found in told.items() if found == "image_not_previewed"} == missing
    assert {name: found for name, found in told.items() if name not in missing} == {
        name: [300, 64] for name in files if name not in missing
    }
