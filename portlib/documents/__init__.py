"""What a committee files: a brief, a policy statement, reviews and reports, as PDF.

Each module is one document: it returns a `Document`, a value of headings, paragraphs, tables and
figures, whose numbers come from the book's run or from the plan. `typesetting` lays any of them
out.
"""
