"""What a committee files: a brief, a policy statement, reviews and reports, as PDF.

Each module is one document: it makes a `Document`, a value of headings, paragraphs, tables and
figures, whose numbers come from the book's run or from the plan. `pdf` lays any of them out.
"""

from portlib.documents.document import Document, Figure
from portlib.documents.run import Chapter, Run
from portlib.documents.shelf import KINDS
from portlib.documents.typesetting import NotSet, pdf

__all__ = [
    "KINDS",
    "Chapter",
    "Document",
    "Figure",
    "NotSet",
    "Run",
    "pdf",
]
