"""What does a committee bring of its own, and what stands in for what it does not bring?

One module an input; `record` holds them together as a plan's `Inputs`. All are optional.
"""

from portlib.inputs.accounts import AccountHoldings, Trades
from portlib.inputs.assumptions import OwnAssumptions
from portlib.inputs.classes import AssetClass, Classes
from portlib.inputs.holdings import FundHoldings, HeldExposures
from portlib.inputs.mandate import Stated
from portlib.inputs.record import FILES, Inputs, Sources
from portlib.inputs.valuations import Valuations

__all__ = [
    "FILES",
    "AccountHoldings",
    "AssetClass",
    "Classes",
    "FundHoldings",
    "HeldExposures",
    "Inputs",
    "OwnAssumptions",
    "Sources",
    "Stated",
    "Trades",
    "Valuations",
]
