"""The peer: a worker of the shape that MPI courses teach, one image after the other, scattered as strips.

Rank 0 takes one message, fetches and decodes the image, and scatters strips without a halo; every rank filters its
strip; rank 0 gathers, encodes and stores. (So its seams are wrong: this is a measure of speed only.)

    mpiexec -n 2 python -m benchmarks.strip_worker NUMBER_OF_PHOTOS
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any
from urllib.parse import unquote_plus

import boto3
import cv2
import numpy as np
from mpi4py import MPI


def main(photos: int) -> None:
    """Work through ``photos`` messages of the jobs queue, and end."""
    cv2.setNumThreads(1)
    comm = MPI.COMM_WORLD
    s3, sqs = clients() if comm.rank == 0 else (None, None)
    for _ in range(photos):
        strips: Any = None
        if comm.rank == 0:
            key, image = take(s3, sqs)
            strips = np.array_split(image, comm.size)
        strip = comm.scatter(strips)
        gathered = comm.gather(cv2.GaussianBlur(strip, (9, 9), 0))
        if comm.rank == 0:
            done, body = cv2.imencode(".jpg", np.vstack(gathered), [cv2.IMWRITE_JPEG_QUALITY, 95])
            assert done
            s3.put_object(
                Bucket=os.environ["TILEWORK_OUTPUT_BUCKET"], Key=f"strips/{key}", Body=body.tobytes()
            )


def clients() -> tuple[Any, Any]:
    """S3 and SQS, from the environment."""
    return boto3.client("s3"), boto3.client("sqs")


def take(s3: Any, sqs: Any) -> tuple[str, Any]:
    """The next image of the queue: its key and its pixels."""
    queue = os.environ["TILEWORK_JOBS_QUEUE_URL"]
    messages: list[dict[str, Any]] = []
    while not messages:
        messages = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=1, WaitTimeSeconds=5).get(
            "Messages", []
        )
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=messages[0]["ReceiptHandle"])
    event = json.loads(messages[0]["Body"])
    if "Records" not in event:
        return take(s3, sqs)
    key = unquote_plus(event["Records"][0]["s3"]["object"]["key"])
    body = s3.get_object(Bucket=os.environ["TILEWORK_INPUT_BUCKET"], Key=key)["Body"].read()
    return key, cv2.imdecode(np.frombuffer(body, np.uint8), cv2.IMREAD_COLOR)


if __name__ == "__main__":
    main(int(sys.argv[1]))
