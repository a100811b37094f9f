"""``tilework new-operation``: a small package with an operation, its test, and what makes it a plugin."""

from __future__ import annotations

import keyword
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

from rich.text import Text

from tilework.cli import consoles, statuses
from tilework.cli.pipelines import load_operations
from tilework.cli.statuses import UsageError
from tilework.errors import UnwritableError
from tilework.imaging.operations import NAME, RESERVED, registry
from tilework.shown import shown

if TYPE_CHECKING:
    from collections.abc import Mapping

LONGEST_NAME = 40
"""Characters; a name stands in every pipeline that uses it, and those are bounded."""

WORDS = (*RESERVED, "true", "false")
"""What means something else in the pipeline language."""

IMPORTED = ("Example", "LocalOperation", "Margin", "Parameter")
"""What the new module imports, and would lose to a class of that name."""


def run(name: str, folder: Path | None) -> int:
    """Write the package of an operation called ``name``; nothing that is there is changed. Raises UsageError."""
    load_operations()
    _check_name(name)
    distribution = f"tilework-{name.replace('_', '-')}"
    place = Path(distribution) if folder is None else folder
    _write(place, package_of(name))
    console = consoles.output()
    console.print(Text.assemble(f"{shown(str(place))} has the operation ", (name, "bold"), ". Next:"))
    for line in (
        f"pip install --no-build-isolation --editable {shown(str(place))}",
        f"pytest {shown(str(place))}",
        f"tilework operations --check {name}",
    ):
        console.print(f"  {line}")
    console.print("Use the pip and pytest that are beside this tilework, in its environment.", style="dim")
    return statuses.ALL_DONE


def package_of(name: str) -> Mapping[str, str]:
    """The package's files, by name."""
    words = {
        "name": name,
        "kind": _class_name(name),
        "module": f"tilework_{name}",
        "distribution": f"tilework-{name.replace('_', '-')}",
    }
    templates = {
        "pyproject.toml": "pyproject.toml.txt",
        "README.md": "README.md.txt",
        f"{words['module']}.py": "operation.py.txt",
        f"test_{name}.py": "test.py.txt",
    }
    found = files("tilework.cli") / "templates"
    return {file: Template((found / one).read_text()).substitute(words) for file, one in templates.items()}


def _class_name(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))


def _check_name(name: str) -> None:
    advice = "A name is of small letters, digits and _, begins with a letter, and no other operation has it."
    if not NAME.fullmatch(name) or len(name) > LONGEST_NAME or name.endswith("_") or "__" in name:
        raise UsageError(f"{name!r} is no name for an operation.", advice=advice)
    words = (name, _class_name(name))
    if name in WORDS or any(map(keyword.iskeyword, words)) or words[1] in IMPORTED:
        raise UsageError(f"{name!r} means something else in a pipeline, or in Python.", advice=advice)
    if name in registry():
        raise UsageError(f"There is an operation {name!r} already.", advice=advice)


def _write(place: Path, package: Mapping[str, str]) -> None:
    if place.exists() and (not place.is_dir() or any(place.iterdir())):
        raise UsageError(
            f"{str(place)!r} is there, and not empty.", advice="Name another folder, or remove it first."
        )
    try:
        place.mkdir(parents=True, exist_ok=True)
        for name, text in package.items():
            with (place / name).open("x") as file:
                file.write(text)
    except OSError as error:
        raise UnwritableError(f"{str(place)!r} cannot be written: {error.strerror or error}.") from error
