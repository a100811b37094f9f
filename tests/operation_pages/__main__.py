"""``make docs``: write the pages and pictures anew, the page's small ones too, and remove those of what is no more."""

from __future__ import annotations

from tests.operation_pages.pages import FOLDER, pages
from tests.operation_pages.pictures import PICTURES, pictures
from tests.operation_pages.thumbnails import OPERATIONS, PRESETS, thumbnails
from tilework.imaging import operations
from tilework.imaging.operations import registry


def main() -> None:
    operations.prepare()
    folders = (PICTURES, PRESETS, OPERATIONS)
    for folder in (FOLDER, *folders):
        folder.mkdir(parents=True, exist_ok=True)
    for stale in (*FOLDER.glob("*.md"), *(each for folder in folders for each in folder.iterdir())):
        stale.unlink()
    for name, text in pages().items():
        (FOLDER / name).write_text(text)
    for name, draw in pictures().items():
        (PICTURES / name).write_bytes(draw())
    for path, draw in thumbnails().items():
        path.write_bytes(draw())
    print(f"{len(registry())} operations in {FOLDER}")


if __name__ == "__main__":
    main()
