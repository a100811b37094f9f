"""The peer: a worker of the shape that MPI courses teach, one image after the other, scattered as strips.

Rank 0 takes one message, fetches and decodes the image, and scatters strips without a halo; every rank filters its
strip; rank 0 gathers, encodes and stores. (So its seams are wrong: this is a measure of speed only.)

    mpiexec -n 2 python -m benchmarks.strip_worker NUMBER_OF_PHOTOS
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from typing import Any
from urllib.parse import unquote_plus

import boto3
import cv2
import numpy as np
from mpi4py import MPI


def main(photos: int) -> None:
    """Work through ``photos`` messages of the jobs queue, and end."""
    comm = MPI.COMM_WORLD
    queue = os.environ["TILEWORK_JOBS_QUEUE_URL"]
    with tempfile.TemporaryDirectory() as folder:
        source, result = f"{folder}/source.jpg", f"{folder}/result.jpg"
        s3, sqs = (boto3.client("s3"), boto3.client("sqs")) if comm.rank == 0 else (None, None)
        for _ in range(photos):
            strips: Any = None
            key = ""
            if comm.rank == 0:
                key = next_key(sqs, queue)
                s3.download_file(os.environ["TILEWORK_INPUT_BUCKET"], key, source)
                image = cv2.imread(source)
                assert image is not None
                strips = np.array_split(image, comm.size)
            strip = cv2.GaussianBlur(comm.scatter(strips), (9, 9), 0)
            gathered = comm.gather(strip)
            if comm.rank == 0:
                cv2.imwrite(result, np.vstack(gathered))
                s3.upload_file(result, os.environ["TILEWORK_OUTPUT_BUCKET"], f"strips/{key}")


def next_key(sqs: Any, queue: str) -> str:
    """Take one message off the queue: the key of the image that it tells."""
    while True:
        answer = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=1, WaitTimeSeconds=5)
        for message in answer.get("Messages", []):
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
            for record in json.loads(message["Body"]).get("Records", []):
                return unquote_plus(record["s3"]["object"]["key"])


if __name__ == "__main__":
    main(int(sys.argv[1]))
