"""A photo dropped into the input bucket comes out of the output bucket with exactly OpenCV's pixels."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np

from tests.flow.pictures import decoded, encoded, jpeg, noise, png
from tests.flow.running_system import ROOT, RunningSystem, boto
from tilework.jobs.job import Ask, Drop, State
from tilework.jobs.messages import native_body

Picture = Any
KERNEL_3 = np.ones((3, 3), np.uint8)
PIPELINES: dict[str, Callable[[Picture], Picture]] = {
    "invert()": cv2.bitwise_not,
    "blur(9)": lambda image: cv2.GaussianBlur(image, (9, 9), 0),
    "erode(3)": lambda image: cv2.erode(image, KERNEL_3),
    "dilate(5, iterations=2)": lambda image: cv2.dilate(image, np.ones((5, 5), np.uint8), iterations=2),
    "canny(100, 200)": lambda image: cv2.Canny(image, 100, 200),
    "blur(5) | erode(3) | invert()": lambda image: cv2.bitwise_not(
        cv2.erode(cv2.GaussianBlur(image, (5, 5), 0), KERNEL_3)
    ),
    "blur(9) | canny(50, 150)": lambda image: cv2.Canny(cv2.GaussianBlur(image, (9, 9), 0), 50, 150),
}


def test_every_pixel_of_a_png_result_equals_one_opencv_call(running: RunningSystem) -> None:
    pictures = {
        "colour": noise(301, 457),
        "grey": noise(211, 97, 1),
        "thin": noise(1, 53),
        "dot": noise(1, 1),
    }
    jobs = {
        running.drop(f"exact/{name} {index}.png", png(picture), pipeline=pipeline): (picture, pipeline)
        for name, picture in pictures.items()
        for index, pipeline in enumerate(PIPELINES)
    }
    for job, row in running.ended(jobs).items():
        picture, pipeline = jobs[job]
        result = decoded(running.result(row))
        assert np.array_equal(result, PIPELINES[pipeline](picture)), (row.key, pipeline)


def test_sixteen_bits_stay_sixteen_bits(running: RunningSystem) -> None:
    picture = noise(120, 333, 3, np.uint16)
    job = running.drop("exact/deep.png", png(picture), pipeline="blur(9)")
    result = decoded(running.result(running.ended([job])[job]))
    assert result.dtype == np.uint16
    assert np.array_equal(result, cv2.GaussianBlur(picture, (9, 9), 0))


def test_a_jpeg_result_is_opencvs_pixels_encoded_once(running: RunningSystem) -> None:
    source = jpeg(noise(480, 640))
    jobs = {running.drop(f"exact/photo {n}.jpg", source, pipeline=p): p for n, p in enumerate(PIPELINES)}
    for job, row in running.ended(jobs).items():
        expected = PIPELINES[jobs[job]](decoded(source, cv2.IMREAD_COLOR))
        result = running.result(row)
        if expected.ndim == 2:
            assert row.result_key.endswith(".png")
            assert np.array_equal(decoded(result), expected)
        else:
            assert row.result_key.endswith(".jpg")
            once = encoded(".jpg", expected, cv2.IMWRITE_JPEG_QUALITY, 95)
            assert np.array_equal(decoded(result), decoded(once))


def test_a_drop_gets_the_output_it_asks_for_and_is_told_what_was_odd_about_it(running: RunningSystem) -> None:
    picture = noise(60, 80)
    data = jpeg(picture)
    job = running.drop("odd/photo.jpg", data[:-2], pipeline="invert", output="png", page="0")
    row = running.ended([job])[job]
    assert row.pipeline == "page(0) | invert() | output(png)"
    assert row.result_key.endswith(".png")
    assert row.note == "Its end marker is missing; all rows are there."
    assert np.array_equal(decoded(running.result(row)), cv2.bitwise_not(decoded(data)))


def test_a_stranger_with_local_env_and_three_lines_of_boto3_gets_a_result(running: RunningSystem) -> None:
    s3 = boto(running.environment, "s3")
    body = png(noise(64, 64))
    put = s3.put_object(
        Bucket=running.environment["TILEWORK_INPUT_BUCKET"],
        Key="hello.png",
        Body=body,
        Metadata={"pipeline": "invert"},
    )
    job = Ask(Drop(running.system.inputs.bucket, "hello.png", put["VersionId"])).job_id
    row = running.ended([job])[job]
    stored = s3.get_object(Bucket=running.environment["TILEWORK_OUTPUT_BUCKET"], Key=row.result_key)
    assert np.array_equal(decoded(stored["Body"].read()), cv2.bitwise_not(decoded(body)))
    assert stored["ContentType"] == "image/png"
    assert stored["ContentDisposition"].startswith("attachment")
    assert stored["Metadata"]["job"] == job
    assert stored["Metadata"]["pipeline"] == "invert()"


def test_the_same_version_goes_through_another_pipeline_without_a_new_upload(running: RunningSystem) -> None:
    picture = noise(70, 80)
    first = running.drop("again.png", png(picture), pipeline="invert()")
    row = running.ended([first])[first]
    ask = Ask(row.drop, "erode(3)")
    running.system.jobs.send(native_body(ask))
    again = running.ended([ask.job_id])[ask.job_id]
    assert again.result_key != row.result_key
    assert np.array_equal(decoded(running.result(again)), cv2.erode(picture, KERNEL_3))


def test_each_version_of_a_key_has_a_result_of_its_own(running: RunningSystem) -> None:
    pictures = [noise(30, 40, seed=seed) for seed in range(3)]
    jobs = [running.drop("same name.png", png(picture), pipeline="invert()") for picture in pictures]
    rows = running.ended(jobs)
    assert len({row.result_key for row in rows.values()}) == 3
    for job, picture in zip(jobs, pictures, strict=True):
        assert np.array_equal(decoded(running.result(rows[job])), cv2.bitwise_not(picture))


def tilework(running: RunningSystem, *arguments: str) -> subprocess.CompletedProcess[str]:
    program = [sys.executable, "-m", "tilework.cli", *arguments]
    return subprocess.run(
        program,
        cwd=ROOT,
        env=running.environment | {"PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )


def test_the_command_line_submits_waits_and_lists(running: RunningSystem, tmp_path: Any) -> None:
    picture = tmp_path / "from the shell.png"
    picture.write_bytes(png(noise(50, 60)))
    submitted = tilework(running, "submit", str(picture), "--pipeline", "blur(3)", "--wait")
    assert submitted.returncode == 0, submitted.stderr
    listed = tilework(running, "jobs", "--state", "DONE", "--json")
    (job,) = [one for one in json.loads(listed.stdout) if "from the shell" in one["key"]]
    assert job["pipeline"] == "blur(3)"
    assert running.system.outputs.head(job["result_key"]).size > 0
    assert json.loads(tilework(running, "job", job["id"], "--json").stdout)["state"] == State.DONE
