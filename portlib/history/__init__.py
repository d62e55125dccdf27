"""What did the asset classes earn, month by month, and how far does the record reach?"""

from portlib.history.committed import open_record
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
    "long_record",
    "open_record",
]
