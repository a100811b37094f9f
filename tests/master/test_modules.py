"""The modules that a page asks for at once."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from master.modules import reached

if TYPE_CHECKING:
    from pathlib import Path

    from tests.master.conftest import Client


def test_what_a_module_leads_to_is_found_once_however_it_is_written(tmp_path: Path) -> None:
    (tmp_path / "part").mkdir()
    (tmp_path / "page.js").write_text(
        '// import { no } from "./comment.js";\nimport {\n  one,\n  two,\n} from "./part/one.js";\nimport "./two.js";\n'
    )
    (tmp_path / "part" / "one.js").write_text(
        'import { two } from "../two.js";\nexport { three } from "./three.js";\n'
    )
    (tmp_path / "two.js").write_text('export const two = () => import("./part/later.js");\n')
    (tmp_path / "part" / "three.js").write_text('import { one } from "./one.js";\n')
    assert reached(tmp_path, "page.js") == ["part/one.js", "two.js", "part/three.js"]


def test_the_first_page_asks_at_once_for_every_module_that_it_will_need(client: Client) -> None:
    page = client.get("/").text
    asked = re.findall(r'<link rel="modulepreload" href="([^"]+)">', page)
    assert len(asked) == len(set(asked)) > 10
    for address in asked:
        assert client.get(address).headers["content-type"].startswith("text/javascript")
