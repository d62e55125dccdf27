"""What did the asset classes earn, month by month, and how far does the record reach?"""

from portlib.history.chosen import folder, read
from portlib.history.committed import open_record
from portlib.history.imported import long_record_with, open_record_with
from portlib.history.packaged import GROUPS, long_record
from portlib.history.record import History, MonthlySeries, Provenance
from portlib.history.treasuries import bill_returns, bond_returns, constant_maturity_returns

__all__ = [
    "GROUPS",
    "History",
    "MonthlySeries",
    "Provenance",
    "bill_returns",
    "bond_returns",
    "constant_maturity_returns",
    "folder",
    "long_record",
    "long_record_with",
    "open_record",
    "open_record_with",
    "read",
]
