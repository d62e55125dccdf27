"""What does a user's own file say? Text, numbers, dates and series of months, read exactly.

A file that can mean one thing is read, however it was exported, and what was understood is said. A
file that can mean two things is refused, with the two readings and the option that decides.
"""

from portlib.tables.columns import Column, rows
from portlib.tables.findings import Finding, Findings
from portlib.tables.series import ReturnTable, prices, returns, total_returns, years
from portlib.tables.text import Text, open_text

__all__ = [
    "Column",
    "Finding",
    "Findings",
    "ReturnTable",
    "Text",
    "open_text",
    "prices",
    "returns",
    "rows",
    "total_returns",
    "years",
]
