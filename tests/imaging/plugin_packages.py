"""Packages with operations, as pip installs them, written by hand."""

from __future__ import annotations

import sys
import zipfile
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tilework.imaging import plugins
from tilework.imaging.operations import registry

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pytest

OPERATION = """
from tilework.imaging.operations import Example, LocalOperation

class Own(LocalOperation):
    name = {name!r}
    family = "own"
    summary = "Halves every value."
    formula = "image // 2"
    dtypes = ("uint8", "uint16")
    examples = (Example(text={name!r}, python="image // 2"),)

    def kernel(self, image, arguments):
        return image // 2
"""

OFFERED = OPERATION + "\nOPERATIONS = (Own(),)\n"


@contextmanager
def on_the_path(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let packages be found in a folder, and forget afterwards what came from there; modules are called plugged…."""
    monkeypatch.syspath_prepend(folder)
    monkeypatch.setattr("tilework.imaging.operations._operations", dict(registry()))
    monkeypatch.setattr(plugins, "_plugins", {})
    monkeypatch.setattr(plugins, "_of_the_module", {})
    yield
    for name in [name for name in sys.modules if name.startswith("plugged")]:
        del sys.modules[name]


def wheel(folder: Path, distribution: str, version: str, modules: dict[str, str], **points: str) -> Path:
    """Write a wheel as pip installs it, of modules that run on any machine."""
    name = f"{distribution.replace('-', '_')}-{version}"
    path, metadata = folder / f"{name}-py3-none-any.whl", f"{name}.dist-info"
    content = {f"{module}.py": text for module, text in modules.items()} | {
        f"{metadata}/METADATA": f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n",
        f"{metadata}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    if points:
        lines = [f"{point} = {value}" for point, value in points.items()]
        content[f"{metadata}/entry_points.txt"] = "\n".join(["[tilework.operations]", *lines, ""])
    content[f"{metadata}/RECORD"] = "".join(f"{each},,\n" for each in (*content, f"{metadata}/RECORD"))
    with zipfile.ZipFile(path, "w") as archive:
        for each, text in content.items():
            archive.writestr(each, text)
    return path


def install(folder: Path, distribution: str, version: str, modules: dict[str, str], **points: str) -> None:
    """Put modules and a distribution's metadata, with its entry points, into a folder on the path."""
    for name, text in modules.items():
        (folder / f"{name}.py").write_text(text)
    metadata = folder / f"{distribution.replace('-', '_')}-{version}.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n")
    lines = [f"{name} = {value}" for name, value in points.items()]
    (metadata / "entry_points.txt").write_text("\n".join(["[tilework.operations]", *lines, ""]))
