"""Two plans, each with a book that was never run, and PDF read back."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from pathlib import Path

import pypdf
import pypdfium2
import pytest

from portlib import plan
from portlib.documents import run
from tests.documents.unrun import PLANS, publish


@pytest.fixture(scope="session", params=list(PLANS))
def whose(request: pytest.FixtureRequest) -> str:
    """The name of a plan: each test that asks for it runs for both."""
    return str(request.param)


@pytest.fixture(scope="session")
def ours(whose: str) -> plan.Plan:
    return plan.read(PLANS[whose])


@pytest.fixture(scope="session")
def site(whose: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("site")
    publish(place, PLANS[whose], seed=len(whose))
    return place


@pytest.fixture(scope="session")
def book(site: Path, whose: str) -> run.Run:
    return run.read(site, PLANS[whose])


Read = Callable[[bytes], pypdf.PdfReader]
#: What PDFium says in place of a hyphen at the end of a line, and of the break after it.
BROKEN = "\ufffe"


@pytest.fixture(scope="session")
def opened() -> Read:
    """Opens a PDF for what is in its structure; its words are read by `words`."""
    return lambda content: pypdf.PdfReader(io.BytesIO(content))


@pytest.fixture(scope="session")
def reworded() -> Callable[[str], str]:
    """Text taken out of a PDF, hyphens at ends of lines taken back, spaces single."""

    def said(text: str) -> str:
        assert "\N{REPLACEMENT CHARACTER}" not in text, "a glyph that cannot be read back"
        text = re.sub(f"{BROKEN}(?![a-z])", "-", text).replace(BROKEN, "")
        return " ".join(text.split())

    return said


@pytest.fixture(scope="session")
def words(reworded: Callable[[str], str]) -> Callable[[bytes], str]:
    """All that a PDF says."""

    def said(content: bytes) -> str:
        with pypdfium2.PdfDocument(content) as read:
            return reworded("\n".join(page.get_textpage().get_text_range() for page in read))

    return said
