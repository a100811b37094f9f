"""An S3 bucket with versions."""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING, Any, TypeVar

from botocore.exceptions import BotoCoreError, ClientError, IncompleteReadError, ResponseStreamingError

from tilework.aws.attachments import disposition
from tilework.aws.failures import code_of, told_as_ours
from tilework.errors import ServiceError
from tilework.jobs import metadata_text, quotas
from tilework.jobs.stores import ObjectInfo, ObjectVersion, Part, PresignedPost, Upload

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from types_boto3_s3 import S3Client

PAUSES_SECONDS = (0.05, 0.1, 0.2)
"""Mean pauses between the tries of what botocore itself does not try again."""

PRESIGNED_SECONDS = 7 * 86_400
"""Longest life of a presigned URL (signature version 4)."""

NEUTRAL = "application/octet-stream"
"""What a download says that it is, whatever its uploader called it: a browser shows its pixels, and runs nothing."""

UPLOADED = "201"
"""Status of an accepted form upload; unlike 204 it comes with a body that names the key."""

Outcome = TypeVar("Outcome")


class AwsStore:
    """A bucket by its name."""

    def __init__(self, client: S3Client, bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    @property
    def bucket(self) -> str:
        """The bucket's name."""
        return self._bucket

    def head(self, key: str, version: str | None = None) -> ObjectInfo:
        """Describe one version (default: the latest)."""
        with told_as_ours(f"look at {self._called(key, version)}"):
            answer = self._client.head_object(Bucket=self._bucket, Key=key, **_of_version(version))
        return ObjectInfo(
            key=key,
            version=answer.get("VersionId", "null"),
            size=answer["ContentLength"],
            modified=answer["LastModified"].timestamp(),
            content_type=answer.get("ContentType", ""),
            metadata={name.lower(): metadata_text.decode(text) for name, text in answer["Metadata"].items()},
        )

    def read(self, key: str, version: str | None, start: int, stop: int) -> bytes:
        """Return bytes [start, stop) of one version, fewer where it ends before ``stop``."""
        quotas.check_range(start, stop)
        with told_as_ours(f"read {self._called(key, version)}"):
            return _persist(lambda: self._read_once(key, version, start, stop), _is_cut_short)

    def put(self, key: str, body: bytes, *, metadata: Mapping[str, str], content_type: str) -> str:
        """Store a new version and return its id."""
        with told_as_ours(f"store {self._called(key)}"):
            answer = self._client.put_object(**self._object(key, body, metadata, content_type))
        return answer.get("VersionId", "null")

    def create(self, key: str, body: bytes, *, metadata: Mapping[str, str], content_type: str) -> bool:
        """Store the object only if the key is free (``If-None-Match: *``); False where it is not (412)."""
        request = self._object(key, body, metadata, content_type) | {"IfNoneMatch": "*"}
        with told_as_ours(f"create {self._called(key)}"):
            try:
                _persist(lambda: self._client.put_object(**request), _is_conflict)
            except ClientError as error:
                if code_of(error) == "PreconditionFailed":
                    return False
                raise
        return True

    def begin_upload(self, key: str, *, metadata: Mapping[str, str], content_type: str) -> Upload:
        """Begin to store an object in parts."""
        with told_as_ours(f"begin to store {self._called(key)}"):
            answer = self._client.create_multipart_upload(**self._described(key, metadata, content_type))
        return Upload(key, answer["UploadId"])

    def upload_part(self, upload: Upload, number: int, body: bytes) -> Part:
        """Store part ``number`` (from 1)."""
        with told_as_ours(f"store part {number} of {self._called(upload.key)}"):
            answer = self._client.upload_part(**self._of_upload(upload), PartNumber=number, Body=body)
        return Part(number, len(body), answer["ETag"], answer.get("ChecksumCRC32", ""))

    def copy_part(self, upload: Upload, number: int, source: str, *, size: int) -> Part:
        """Store part ``number``: all ``size`` bytes of an object of this bucket."""
        with told_as_ours(f"copy {self._called(source)} into {upload.key!r}"):
            answer = self._client.upload_part_copy(
                **self._of_upload(upload),
                PartNumber=number,
                CopySource={"Bucket": self._bucket, "Key": source},
            )
        told = answer["CopyPartResult"]
        return Part(number, size, told["ETag"], told.get("ChecksumCRC32", ""))

    def complete_upload(self, upload: Upload, parts: Sequence[Part]) -> bool:
        """Make the object of its parts only if the key is free (``If-None-Match: *``); False where it is not (412)."""
        quotas.check_parts(parts)
        # an upload with a sum of each part wants all of them again
        told: list[Any] = [
            {"PartNumber": part.number, "ETag": part.etag}
            | ({"ChecksumCRC32": part.checksum} if part.checksum else {})
            for part in parts
        ]
        with told_as_ours(f"complete {self._called(upload.key)}"):
            try:
                self._client.complete_multipart_upload(
                    **self._of_upload(upload), MultipartUpload={"Parts": told}, IfNoneMatch="*"
                )
            except ClientError as error:
                if code_of(error) == "PreconditionFailed":
                    return False
                raise
        return True

    def parts_of(self, upload: Upload) -> list[Part]:
        """List the parts that are stored so far, by their numbers."""
        with told_as_ours(f"list the parts of {self._called(upload.key)}"):
            pages = self._client.get_paginator("list_parts").paginate(**self._of_upload(upload))
            return [
                Part(part["PartNumber"], part["Size"], part["ETag"], part.get("ChecksumCRC32", ""))
                for page in pages
                for part in page.get("Parts", [])
            ]

    def presigned_part(self, upload: Upload, number: int, *, size: int, seconds: int) -> str:
        """Make a URL that takes part ``number`` of exactly ``size`` bytes by PUT, good for ``seconds``."""
        _check_life(seconds)
        quotas.check_part(number, size)
        wanted = self._of_upload(upload) | {"PartNumber": number, "ContentLength": size}
        with told_as_ours(f"sign part {number} of {self._called(upload.key)}"):
            return self._client.generate_presigned_url("upload_part", Params=wanted, ExpiresIn=seconds)

    def abort_upload(self, upload: Upload) -> None:
        """Forget the upload and its parts."""
        with told_as_ours(f"abort the upload of {self._called(upload.key)}"):
            try:
                self._client.abort_multipart_upload(**self._of_upload(upload))
            except ClientError as error:
                if code_of(error) != "NoSuchUpload":
                    raise

    def list(self, prefix: str = "") -> Iterator[ObjectVersion]:
        """List the latest version of each object under ``prefix``, in key order.

        It goes through the listing of versions, for the plain one does not tell a version's id.
        """
        return (version for version in self.versions(prefix) if version.is_latest)

    def versions(self, prefix: str = "", *, after: str = "") -> Iterator[ObjectVersion]:
        """List all versions of all objects under ``prefix`` whose keys come after ``after``; delete markers left out.

        Of a key the newest comes first.
        """
        start: dict[str, Any] = {"KeyMarker": after} if after else {}
        # botocore asks for URL-encoded keys by itself and decodes them: XML cannot carry every key
        pages = self._client.get_paginator("list_object_versions").paginate(
            Bucket=self._bucket, Prefix=prefix, **start
        )
        with told_as_ours(f"list the bucket {self._bucket}"):
            for page in pages:
                for found in page.get("Versions", []):
                    # whether a listing begins behind its marker or with it is nowhere written
                    if found["Key"].encode() <= after.encode():
                        continue
                    yield ObjectVersion(
                        key=found["Key"],
                        version=found["VersionId"],
                        size=found["Size"],
                        modified=found["LastModified"].timestamp(),
                        is_latest=found["IsLatest"],
                    )

    def delete(self, key: str, version: str | None = None) -> None:
        """Delete one version, or put a delete marker above all of them."""
        quotas.check_key(key)
        with told_as_ours(f"delete {self._called(key, version)}"):
            self._client.delete_object(Bucket=self._bucket, Key=key, **_of_version(version))

    def delete_all(self, keys: Sequence[str]) -> None:
        """Delete any number of objects, a thousand in a request."""
        for start in range(0, len(keys), quotas.DELETE_LIMIT):
            wanted = keys[start : start + quotas.DELETE_LIMIT]
            with told_as_ours(f"delete {len(wanted)} objects in {self._bucket}"):
                answer = self._client.delete_objects(
                    Bucket=self._bucket, Delete={"Objects": [{"Key": key} for key in wanted], "Quiet": True}
                )
            for failed in answer.get("Errors", []):
                said = f"{failed.get('Message', '')} ({failed.get('Code', '')})"
                raise ServiceError(f"Could not delete {self._called(failed.get('Key', ''))}: {said}")

    def purge(self, key: str) -> int:
        """Delete every version of exactly this key and every delete marker; how many there were."""
        quotas.check_key(key)
        with told_as_ours(f"delete every version of {self._called(key)}"):
            found = list(self._all_of(key))
            for version in found:
                self._client.delete_object(Bucket=self._bucket, Key=key, VersionId=version)
        return len(found)

    def _all_of(self, key: str) -> Iterator[str]:
        """The ids of all versions and delete markers of one key, which comes before all others that begin with it."""
        pages = self._client.get_paginator("list_object_versions").paginate(Bucket=self._bucket, Prefix=key)
        for page in pages:
            found = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
            yield from (item["VersionId"] for item in found if item["Key"] == key)
            if any(item["Key"] != key for item in found):
                return

    def presigned_get(self, key: str, version: str | None, *, filename: str, seconds: int) -> str:
        """Make a URL that downloads the version as an attachment called ``filename``, good for ``seconds``."""
        _check_life(seconds)
        wanted = {
            "Bucket": self._bucket,
            "Key": key,
            "ResponseContentDisposition": disposition(filename),
            "ResponseContentType": NEUTRAL,
        }
        with told_as_ours(f"sign a URL of {self._called(key, version)}"):
            return self._client.generate_presigned_url(
                "get_object", Params=wanted | _of_version(version), ExpiresIn=seconds
            )

    def presigned_post(
        self, key: str, *, metadata: Mapping[str, str], content_type: str, max_bytes: int, seconds: int
    ) -> PresignedPost:
        """Allow one upload of at most ``max_bytes`` under ``key`` with exactly this metadata, for ``seconds``.

        Raises ValueError for a key with ``${filename}``, which S3 would replace by what the browser sends.
        """
        quotas.check_key(key)
        _check_life(seconds)
        if "${filename}" in key:
            raise ValueError(f"S3 would not store {key!r} under that name.")
        sent = {f"x-amz-meta-{name}": value for name, value in quotas.metadata_as_sent(metadata).items()}
        fields = {"Content-Type": content_type, "success_action_status": UPLOADED, **sent}
        # botocore signs no field that is not a condition as well (except bucket and key)
        conditions: list[Any] = [{name: value} for name, value in fields.items()]
        conditions.append(["content-length-range", 0, max_bytes])
        with told_as_ours(f"sign an upload of {self._called(key)}"):
            form = self._client.generate_presigned_post(
                self._bucket, key, Fields=fields, Conditions=conditions, ExpiresIn=seconds
            )
        return PresignedPost(form["url"], form["fields"])

    def _read_once(self, key: str, version: str | None, start: int, stop: int) -> bytes:
        # S3 knows no empty range: one byte is asked for, which tells whether the version is there
        wanted = f"bytes={start}-{max(stop, start + 1) - 1}"
        try:
            answer = self._client.get_object(
                Bucket=self._bucket, Key=key, Range=wanted, **_of_version(version)
            )
        except ClientError as error:
            if code_of(error) == "InvalidRange":  # it begins behind the last byte
                return b""
            raise
        body = answer["Body"].read()
        # a server may answer a range with the whole (RFC 9110, 14.2), as one that stands in for S3 does
        first = start if "ContentRange" in answer else 0
        return body[start - first : stop - first]

    def _called(self, key: str, version: str | None = None) -> str:
        return f"{key!r} in {self._bucket}" + (f" (version {version})" if version else "")

    def _object(
        self, key: str, body: bytes, metadata: Mapping[str, str], content_type: str
    ) -> dict[str, Any]:
        return self._described(key, metadata, content_type) | {"Body": body}

    def _of_upload(self, upload: Upload) -> dict[str, Any]:
        return {"Bucket": self._bucket, "Key": upload.key, "UploadId": upload.id}

    def _described(self, key: str, metadata: Mapping[str, str], content_type: str) -> dict[str, Any]:
        quotas.check_key(key)
        return {
            "Bucket": self._bucket,
            "Key": key,
            "Metadata": quotas.metadata_as_sent(metadata),
            "ContentType": content_type,
            # whoever opens it by its bare URL saves it: nothing a user brought runs in a page of ours
            "ContentDisposition": "attachment",
        }


def _of_version(version: str | None) -> dict[str, Any]:
    return {} if version is None else {"VersionId": version}


def _check_life(seconds: int) -> None:
    if not 1 <= seconds <= PRESIGNED_SECONDS:
        raise ValueError(f"A presigned URL lives 1 to {PRESIGNED_SECONDS} seconds, not {seconds}.")


def _persist(work: Callable[[], Outcome], passes: Callable[[Exception], bool]) -> Outcome:
    """Do ``work``, again after each failure that ``passes``, until the pauses are used up."""
    for pause in PAUSES_SECONDS:
        try:
            return work()
        except (BotoCoreError, ClientError) as error:
            if not passes(error):
                raise
        time.sleep(random.uniform(0, 2 * pause))  # noqa: S311 -- jitter, no secret
    return work()


def _is_cut_short(error: Exception) -> bool:
    """Whether a body ended before its length; botocore tries a request again, but no body."""
    return isinstance(error, IncompleteReadError | ResponseStreamingError)


def _is_conflict(error: Exception) -> bool:
    """Whether another conditional write to the same key was under way (409)."""
    return isinstance(error, ClientError) and code_of(error) == "ConditionalRequestConflict"
