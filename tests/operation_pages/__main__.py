"""``make docs``: write the pages and pictures anew, and remove those of operations that are no more."""

from __future__ import annotations

from tests.operation_pages.pages import FOLDER, pages
from tests.operation_pages.pictures import PICTURES, pictures
from tilework.imaging import operations
from tilework.imaging.operations import registry


def main() -> None:
    operations.prepare()
    FOLDER.mkdir(exist_ok=True)
    PICTURES.mkdir(exist_ok=True)
    for stale in (*FOLDER.glob("*.md"), *PICTURES.iterdir()):
        stale.unlink()
    for name, text in pages().items():
        (FOLDER / name).write_text(text)
    for name, draw in pictures().items():
        (PICTURES / name).write_bytes(draw())
    print(f"{len(registry())} operations in {FOLDER}")


if __name__ == "__main__":
    main()
