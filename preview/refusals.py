"""What the preview does not do, each told as a failure of the tree: the job itself may do it all the same."""

from __future__ import annotations

from tilework.errors import ImageError

ANYWAY = "The job is not bounded by this: start it, and look at its result."


class NoSuchRegionError(ImageError):
    """The region that was asked for does not meet the result."""

    code = "no_such_region"
    advice = "Ask for a region within the result's width and height."


class RegionTooLargeError(ImageError):
    """The region, or what it depends on of the image, has more pixels than a preview works on."""

    code = "region_too_large"
    advice = f"Ask for a smaller region. {ANYWAY}"


class RegionTooSlowError(ImageError):
    """The region would take longer than anybody waits for a preview."""

    code = "region_too_slow"
    advice = f"Ask for a smaller region. {ANYWAY}"


class ImageNotPreviewedError(ImageError):
    """The image can only be decoded whole, and is too large for that here; or this preview has no decoder for it."""

    code = "image_not_previewed"
    advice = ANYWAY


class NotZoomableError(ImageError):
    """The image cannot be shown in parts: all of it would have to be read for a look at it small."""

    code = "not_zoomable"
    advice = "Download it; or give it overviews: a result that is a large TIFF has them."
