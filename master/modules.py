"""Which modules a page's own module leads to, so that a browser can ask for all of them at once."""

import re
from pathlib import Path, PurePosixPath

_IMPORT = re.compile(r'^(?:import|export)\s[^;]*?["\'](\.[^"\']+)["\'];', re.MULTILINE)


def reached(static: Path, entry: str) -> list[str]:
    """The files below ``static`` that the module ``entry`` imports, and those that they import; each once, without it."""
    found = [entry]
    for name in found:
        for target in _IMPORT.findall((static / name).read_text()):
            path = (static / PurePosixPath(name).parent / target).resolve().relative_to(static.resolve())
            if path.as_posix() not in found:
                found.append(path.as_posix())
    return found[1:]
