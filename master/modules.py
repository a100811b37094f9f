"""What a page's own module leads to: modules that a browser can ask for at once, and the sentences that they may say."""

import re
from pathlib import Path, PurePosixPath

_IMPORT = re.compile(r'^(?:import|export)\s[^;]*?["\'](\.[^"\']+)["\'];', re.MULTILINE)

_LATER = re.compile(r'\bimport\(["\'](\.[^"\']+)["\']\)')
"""An import of what is loaded once it is used."""

_SENTENCE = re.compile(r"""["'`]((?:[a-z_]+\.)+[A-Za-z_]*)(["'`]|\$\{)""")
"""What may be the name of a sentence, or its beginning where the rest is filled in."""


def reached(static: Path, entry: str, *later: str) -> list[str]:
    """The files below ``static`` that the module ``entry`` imports, and those that they import; each once, without it.

    So with modules that it is known to import ``later``, which are among them.
    """
    return _reached(static, (entry, *later), (_IMPORT,))[1:]


def said(static: Path, entry: str) -> tuple[frozenset[str], tuple[str, ...]]:
    """The names of sentences that ``entry`` and all modules that it ever leads to may say; and beginnings of such names."""
    names: set[str] = set()
    beginnings: set[str] = set()
    for module in _reached(static, (entry,), (_IMPORT, _LATER)):
        for name, end in _SENTENCE.findall((static / module).read_text()):
            (beginnings if end == "${" else names).add(name)
    return frozenset(names), tuple(sorted(beginnings))


def _reached(static: Path, entries: tuple[str, ...], ways: tuple[re.Pattern[str], ...]) -> list[str]:
    found = list(entries)
    for name in found:
        text = (static / name).read_text()
        for target in (each for way in ways for each in way.findall(text)):
            path = (static / PurePosixPath(name).parent / target).resolve().relative_to(static.resolve())
            if path.as_posix() not in found:
                found.append(path.as_posix())
    return found
