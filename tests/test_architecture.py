"""ARCHITECTURE.md is true: its picture is the one that the imports give, and its rooms exist."""

import re
import xml.etree.ElementTree as xml
from pathlib import Path

import pytest

from tools import architecture, depends

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def drawing() -> str:
    return architecture.drawing(ROOT)


def test_the_picture_has_not_drifted(drawing: str) -> None:
    filed = (ROOT / architecture.PICTURE).read_text(encoding="utf-8")
    assert filed == drawing, "make architecture draws it again"


def test_the_picture_names_every_module_and_no_arrow_leads_up(drawing: str) -> None:
    picture = xml.fromstring(drawing)
    words = set(re.findall(r"\w+", " ".join(picture.itertext())))
    assert {name.rsplit(".", 1)[-1] for name in depends.modules(ROOT)} - {"portlib"} <= words
    arrows = architecture.imports(depends.modules(ROOT))
    order = {floor: place for place, floor in enumerate(architecture.FLOORS)}
    assert arrows
    assert all(order[above] < order[below] for above, below in arrows)


@pytest.mark.parametrize("page", ["ARCHITECTURE.md", "CONTRIBUTING.md"])
def test_every_file_that_is_named_is_there(page: str) -> None:
    targets = re.findall(r"\]\(([^)]+)\)", (ROOT / page).read_text(encoding="utf-8"))
    assert targets
    assert not [target for target in targets if not (ROOT / target).exists()]
