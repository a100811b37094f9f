"""The text of the pages: everything in them is declared by the operations, except a sentence on each family."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tests.operation_pages.pictures import captions, pictured, shows_picture
from tilework.imaging.operation_facts import default, facts, python, values
from tilework.imaging.operations import registry, usage
from tilework.jobs.preset_file import shipped_presets

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tilework.imaging.operations import Operation

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "operations"

FAMILIES = {
    "point": (
        "Point operations",
        "Each pixel for itself. Such operations in a row cost one pass over the image.",
    ),
    "tone": (
        "Tone",
        "Brightness and contrast by what is known of the whole image: it is measured in parts, once for each such operation.",
    ),
    "filters": ("Filters", "A pixel and its neighbours, weighed or ranked."),
    "edges": ("Edges", "Where the image changes, and how strongly."),
    "analysis": ("Analysis", "What an image holds, as a picture of it or as numbers, in JSON and CSV."),
    "geometry": ("Geometry", "Pixels elsewhere: cut out, mirrored, turned, resized."),
    "morphology": ("Morphology", "Shapes grown, shrunk, opened and closed by a structuring element."),
    "several": (
        "Several images",
        "A [picture](../concepts.md#pictures) of the deployment's own, laid on the image or held against it.",
    ),
}
"""Title and first sentence of a family's page, in the order in which they are listed."""

INTRODUCTION = """\
# Operations

What a pipeline can be made of. Names, parameters and defaults are OpenCV's where OpenCV has the operation; beside each example
stands the Python that gives the same pixels, and tests hold it, on the whole image and in tiles. It does so with `OPENCV_IPP=disabled`, or after `cv2.ipp.setUseIPP(False)`: with
Intel's library `bilateral`, `resize` and others differ in a few samples, from processor to processor. The same on a terminal:
`tilework operations` and `tilework operations NAME`. [Presets](presets.md) are pipelines that have a name.

"""

PRESETS = """\
# Presets

Pipelines that have a name, and a folder: what is dropped under `drop/NAME/` goes through it, `tilework presets` lists them, the
page offers them. A bucket's own presets stand beside these, and overrule them ([how](../concepts.md)).

"""


def pages() -> dict[str, str]:
    """The text of each page by its file's name."""
    families = {family: _of(family) for family in FAMILIES}
    return {
        "README.md": INTRODUCTION + "\n".join(_index(family, each) for family, each in families.items()),
        "presets.md": PRESETS + "\n".join(_preset(*each) for each in sorted(shipped_presets().items())),
        **{f"{family}.md": _page(family, each) for family, each in families.items()},
    }


def _of(family: str) -> list[Operation]:
    return [operation for operation in registry().values() if operation.family == family]


def _preset(name: str, pipeline: str) -> str:
    shown = f"\n![A photograph, then {pipeline}](pictures/preset-{name}.jpg)\n"
    return f"## {name}\n\n    {pipeline}\n" + (shown if shows_picture(pipeline) else "")


def _index(family: str, operations: Iterable[Operation]) -> str:
    rows = [f"| [`{each.name}`]({family}.md#{each.name}) | {each.summary} |\n" for each in operations]
    return f"## {FAMILIES[family][0]}\n\n| operation | what it does |\n|---|---|\n{''.join(rows)}"


def _page(family: str, operations: Iterable[Operation]) -> str:
    title, sentence = FAMILIES[family]
    return f"# {title}\n\n{sentence} [All operations](README.md)\n\n" + "\n".join(map(_section, operations))


def _section(operation: Operation) -> str:
    return "\n".join(
        part
        for part in (
            f"## {operation.name}\n\n{operation.summary}\n\n    {usage(operation)}\n",
            _picture(operation),
            f"Formula: `{operation.formula}`\n",
            _parameters(operation),
            _examples(operation),
            _facts(operation),
        )
        if part
    )


def _picture(operation: Operation) -> str:
    if not pictured(operation):
        return ""
    shown = ", ".join(captions(operation))
    return f"![A photograph, then {shown}](pictures/{operation.name}.jpg)\n"


def _parameters(operation: Operation) -> str:
    rows = [
        f"| `{one.name}` | {one.type} | {_cell(values(one))} | {default(one)} | {_cell(one.help)} |\n"
        for one in operation.parameters
    ]
    head = "| parameter | type | values | default | what it is |\n|---|---|---|---|---|\n"
    return head + "".join(rows) if rows else ""


def _examples(operation: Operation) -> str:
    rows = [f"| `{_cell(one.text)}` | `{_cell(python(one))}` | {one.title} |\n" for one in operation.examples]
    return "| in a pipeline | the same in Python | |\n|---|---|---|\n" + "".join(rows)


def _facts(operation: Operation) -> str:
    return "".join(f"- *{fact}*: {sentence}\n" for fact, sentence in facts(operation))


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
