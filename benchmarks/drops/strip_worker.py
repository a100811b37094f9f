"""The peer: a worker of the shape that MPI courses teach, one image after the other, scattered as strips.

Rank 0 takes one message and deletes it, fetches the image into a file and decodes it, tells all ranks what to do, and
scatters strips without a halo; every rank filters its strip; rank 0 gathers, encodes into a file, stores it, and tells
the result on the queue that the tasks come from. (So its seams are wrong, and a crash loses the image: this is a
measure of speed only.)

    mpiexec -n 2 python -m benchmarks.drops.strip_worker NUMBER_OF_PHOTOS [--tuned]

As it is taught, nobody thinks of threads: OpenCV starts as many in each rank as there are cores. With ``--tuned``
each rank has one, and no result is told on the queue of the tasks.
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


def main(photos: int, *, tuned: bool) -> None:
    """Work through ``photos`` messages of the jobs queue, and end."""
    comm = MPI.COMM_WORLD
    queue, outputs = os.environ["TILEWORK_JOBS_QUEUE_URL"], os.environ["TILEWORK_OUTPUT_BUCKET"]
    if tuned:
        cv2.setNumThreads(1)
    with tempfile.TemporaryDirectory() as folder:
        source, result = f"{folder}/source.jpg", f"{folder}/result.jpg"
        s3, sqs = (boto3.client("s3"), boto3.client("sqs")) if comm.rank == 0 else (None, None)
        for _ in range(photos):
            strips: Any = None
            key = operation = ""
            if comm.rank == 0:
                key, operation = next_key(sqs, queue), "blur"
                s3.download_file(os.environ["TILEWORK_INPUT_BUCKET"], key, source)
                image = cv2.imread(source, cv2.IMREAD_COLOR)
                assert image is not None
                strips = np.array_split(image, comm.size)
            operation = comm.bcast(operation)
            strip = comm.scatter(strips)
            if operation == "blur":
                strip = cv2.GaussianBlur(strip, (9, 9), 0)
            gathered = comm.gather(strip)
            if comm.rank == 0:
                cv2.imwrite(result, np.vstack(gathered))
                s3.upload_file(result, outputs, f"strips/{key}")
                if not tuned:
                    sqs.send_message(QueueUrl=queue, MessageBody=f"s3://{outputs}/strips/{key}")


def next_key(sqs: Any, queue: str) -> str:
    """Take one task off the queue: the key of the image that it tells. What is no task stays there."""
    while True:
        answer = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=1, WaitTimeSeconds=5)
        for message in answer.get("Messages", []):
            try:
                records = json.loads(message["Body"]).get("Records", [])
            except json.JSONDecodeError:
                continue
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
            for record in records:
                return unquote_plus(record["s3"]["object"]["key"])


if __name__ == "__main__":
    main(int(sys.argv[1]), tuned="--tuned" in sys.argv[2:])
