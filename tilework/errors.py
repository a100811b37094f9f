"""One tree of failures.

Every failure that a user can meet is a :class:`TileworkError`: it has a ``code`` (stable, for programs), a
``reason`` (one sentence, for people) and ``advice`` (what to do next). ``permanent`` says whether trying the same
thing again could ever help: a permanent failure ends its job at once, any other costs an attempt.

Instances are picklable, so that a failure crosses from an MPI rank to its supervisor as it was raised.
"""

from __future__ import annotations

from typing import ClassVar


class TileworkError(Exception):
    """The root of the tree.

    ``reason`` is the sentence shown to the user; ``advice`` overrides the class's own.
    """

    code: ClassVar[str] = "internal"
    advice: str = "Read the log named in the message, and report it if it tells you nothing."
    permanent: ClassVar[bool] = True

    def __init__(self, reason: str, *, advice: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        if advice is not None:
            self.advice = advice


# --- what the user wrote ---------------------------------------------------------------------------------------


class PipelineError(TileworkError):
    """A pipeline text that cannot be understood; ``position`` is the offset (characters from 0) of the fault."""

    code = "bad_pipeline"
    advice = "Run `tilework operations` for the names and parameters there are, `tilework presets` for whole pipelines to copy."

    def __init__(self, reason: str, *, position: int | None = None, advice: str | None = None) -> None:
        super().__init__(reason, advice=advice)
        self.position = position


class PresetsError(TileworkError):
    """A preset that a folder names, or the file it should be in, cannot be understood; the reason says where."""

    code = "bad_presets"
    advice = "Correct the file: `tilework presets --check FILE`, then `--set FILE`; drop the image again."


class PictureError(TileworkError):
    """A picture that a pipeline names is not there, or cannot be used."""

    code = "bad_picture"
    advice = "`tilework pictures` lists what is there; put yours in place with --set FILE, then retry."


class SettingsError(TileworkError):
    """A setting is missing or out of bounds; the reason names the environment variable."""

    code = "bad_settings"
    advice = "Set the variable that the message names; docs/running.md lists them all."


class MetadataError(TileworkError):
    """Object metadata that S3 would not take: too long, or a name that is none."""

    code = "bad_metadata"
    advice = "Shorten the pipeline, the owner or the batch."


class UnreadableMessageError(TileworkError):
    """A queue body that is neither an S3 event nor a native message."""

    code = "unreadable_message"
    advice = "Send an S3 event or a native message; docs/concepts.md shows both forms."


class NewerMessageError(TileworkError):
    """A message of a schema that only a newer version understands; it is left for one."""

    code = "newer_message"
    advice = "Nothing needs to be done if an update is under way; else update this part, too."
    permanent = False


class ForeignBucketError(TileworkError):
    """A message about a bucket that is not this deployment's input bucket."""

    code = "foreign_bucket"
    advice = "Drop the image into this deployment's own input bucket."


# --- the image -------------------------------------------------------------------------------------------------


class ImageError(TileworkError):
    """An input that cannot be processed, whatever is tried."""

    code = "bad_image"
    advice = "Check that the file opens in an image viewer; if so, save it anew."


class EmptyObjectError(ImageError):
    """The object has no bytes."""

    code = "empty"
    advice = "Get the file from where it came from again: this one has no bytes."


class NotAnImageError(ImageError):
    """The first bytes are those of no image format."""

    code = "not_an_image"


class UnsupportedFormatError(ImageError):
    """An image, but of a kind that the table of formats does not list."""

    code = "unsupported_format"
    advice = "Convert it to a format that `tilework formats` lists."


class SeveralPagesError(ImageError):
    """A file of several pages, none of which was asked for."""

    code = "several_pages"
    advice = "Choose one with page=N in the metadata, or with page(N) at the beginning of the pipeline."


class NoSuchPageError(ImageError):
    """The page that was asked for is not there."""

    code = "no_such_page"
    advice = "Choose a page that is there; they count from 0."


class UnsupportedPixelsError(ImageError):
    """The operation does not take this depth or these channels."""

    code = "unsupported_pixels"
    advice = "Choose another operation, or convert the image to 8 bits first."


class DamagedImageError(ImageError):
    """The image is cut short or its data contradicts its header."""

    code = "damaged"
    advice = "Get the file from where it came from again: this one is cut short or corrupt."


class TooLargeError(ImageError):
    """Beyond a limit of :mod:`tilework.imaging.limits`, or of the rows of a report."""

    code = "too_large"
    advice = "Make the image smaller; docs/formats.md lists the limits and their reasons."


class BeyondRankError(TooLargeError):
    """More than one rank may hold, of an image that is read by windows: stages take it, nobody need hear of this."""


class OperationFailedError(TileworkError):
    """An operation raised on pixels that it says it takes; the reason names it and quotes the error."""

    code = "operation_failed"
    advice = "Try another pipeline, and report the reason to whoever wrote the operation."


# --- the job's life --------------------------------------------------------------------------------------------


class VersionGoneError(TileworkError):
    """The object version was deleted before the work ended."""

    code = "version_gone"
    advice = "Nothing needs to be done; upload the image again if it was deleted by mistake."


class FolderMarkerError(TileworkError):
    """The object only stands for a folder: a name with a final slash and no bytes."""

    code = "folder_marker"
    advice = "Nothing needs to be done: consoles make such objects, and there is no image in them."


class WrongStateError(TileworkError):
    """What was asked for cannot be done to a job in the state it is in."""

    code = "wrong_state"
    advice = "Look where the job stands with `tilework job`."


class NoTilesError(TileworkError):
    """The job has no tiles to be seen: its image is not worked on in stages, or it is over without such a result."""

    code = "no_tiles"
    advice = "Look where the job stands; a result that is there can be downloaded whole."


class NoSuchTileError(TileworkError):
    """The tile that was asked for lies beyond the image."""

    code = "no_such_tile"
    advice = "GET /api/jobs/{id}/picture tells the levels, and how many tiles each has across and down."


class TileNotMadeError(TileworkError):
    """The tile is still to be made."""

    code = "tile_not_made"
    advice = "Ask again later; GET /api/jobs/{id}/picture tells how many there are already."
    permanent = False


class TileNotShownError(TileworkError):
    """The tile is there, and its pixels are such that no browser would show them as they are."""

    code = "tile_not_shown"
    advice = "Download the result, once it is there, and open it in a viewer of scientific images."


class CursorError(TileworkError):
    """A text that names no place in a list of jobs."""

    code = "bad_cursor"
    advice = "Give what the page before named as its next, or a time such as 2025-11-24T09:30."


class StillWorkedOnError(TileworkError):
    """A worker may still store a result of this image; ``seconds`` until none can any more."""

    code = "still_worked_on"
    advice = "Nothing needs to be done but wait, then ask again: its jobs are called off."
    permanent = False

    def __init__(self, reason: str, *, seconds: float = 0.0) -> None:
        super().__init__(reason)
        self.seconds = seconds


class UnexpectedError(TileworkError):
    """The work failed in a way that Tilework has no name for; the reason quotes it."""

    code = "unexpected"
    advice = "Look at the worker's log for the traceback, and report it with the image."
    permanent = False


class CrashedError(TileworkError):
    """The work on this image ended the process that was given to it alone; the reason names the signal or status.

    ``signal`` is the number of the signal, None where it exited by itself. ``short_of_memory``: meanwhile the kernel has
    killed for want of memory on this host, and may have chosen this process without its being at fault.
    """

    code = "crashed"
    advice = "The image or the operation kills its process: try another pipeline, and report the image."

    def __init__(self, reason: str, *, signal: int | None = None, short_of_memory: bool = False) -> None:
        super().__init__(reason)
        self.signal = signal
        self.short_of_memory = short_of_memory


class TooSlowError(TileworkError):
    """The work on this image took longer, by the clock or in processor time, than ten times what it should."""

    code = "too_slow"
    advice = "It may never come to an end: try another pipeline, or raise TILEWORK_LIMIT_DEADLINE_FACTOR."


class OutOfMemoryError(TileworkError):
    """The work on this image asked for more memory than it may have, beyond what was foreseen from its header."""

    code = "out_of_memory"
    advice = "Make the image smaller, or try another pipeline; report the image if it is a small one."


class NoAttemptsLeftError(TileworkError):
    """Every attempt that the job had was lost."""

    code = "no_attempts_left"
    advice = "Look at the reason of the last attempt; when its cause is gone, submit the image again."


class LeaseLostError(TileworkError):
    """The lease on the job ended or passed to another owner: this work stops before it stores."""

    code = "lease_lost"
    advice = "Nothing needs to be done: another worker has the job."
    permanent = False


class WorldDiedError(TileworkError):
    """The MPI world ended while this task was in it.

    ``suspect``: the process that died was working on this very task. ``overdue``: it was killed for that, beyond its
    deadline. ``signal`` is the number of the signal that ended the world, None where a process exited by itself or
    nobody knows. ``host_lost``: it ended because one of its hosts was lost, and that host is not in the next world.
    """

    code = "world_died"
    advice = "Nothing needs to be done: the task is given to the next world."
    permanent = False

    def __init__(
        self, reason: str, *, suspect: bool = False, overdue: bool = False, signal: int | None = None,
        host_lost: bool = False,
    ) -> None:  # fmt: skip
        super().__init__(reason)
        self.suspect = suspect
        self.overdue = overdue
        self.signal = signal
        self.host_lost = host_lost


# --- what surrounds us -----------------------------------------------------------------------------------------


class ServiceError(TileworkError):
    """A service (store, queue, table) answered with a failure that may pass (5xx), or not at all (a cut connection, silence)."""

    code = "service_unavailable"
    advice = "It is tried again by itself; if it lasts, look at the health of the services."
    permanent = False


class ThrottledError(ServiceError):
    """A service takes no more requests for now, of this account, table or prefix: there are too many."""

    code = "throttled"
    advice = "Nothing needs to be done: hosts take work more slowly until it passes."


class DiskFullError(TileworkError):
    """The host's disk, or the part of it that this process may fill, has no room left."""

    code = "disk_full"
    advice = "It is tried again, elsewhere or when there is room; if it lasts, give the hosts larger disks."
    permanent = False


class RefusedError(TileworkError):
    """A service understood the request and refused it, as it would again: a quota, a wrong argument."""

    code = "refused"
    advice = "Read what the service said; if nothing of yours explains it, report it."


class AccessDeniedError(RefusedError):
    """A policy (of the role, of the bucket, of the queue) does not allow this process to do that."""

    code = "access_denied"
    advice = "Compare the policies of the role with the deployed stack's; deploy the stack again."


class ConflictError(TileworkError):
    """A conditional write met a row that had changed."""

    code = "conflict"
    advice = "Read the row again and decide anew."
    permanent = False


class UnreadableFileError(TileworkError):
    """A file of the user's that cannot be opened or read."""

    code = "unreadable_file"
    advice = "Check that the file is still there, and that you may read it."


class UnwritableError(TileworkError):
    """A result that cannot be written where it should go."""

    code = "unwritable"
    advice = "Check that the folder may be written, and that the disk has space left."


class UnfitError(TileworkError):
    """The machine, or what it is to join, is not what a worker host needs; the advice says what to change."""

    code = "unfit"


class SetupError(TileworkError):
    """A step of setting up or starting the local system failed; the reason names the step and its log."""

    code = "setup_failed"


class HostsError(SetupError):
    """A world over several hosts cannot be, or one of its hosts cannot take part; the reason names it."""

    code = "hosts_unusable"
    advice = "Look at the hosts with `tilework hosts a,b,c`; docs/several-hosts.md tells what each needs."
