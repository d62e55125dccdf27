"""Alternatives: what private assets, real assets and insurance are worth to a plan, and to whom."""

from portlib.construction.alternatives.fees import Layer, by_layer, gross_needed, net
from portlib.construction.alternatives.liquidity import locked_after, most_that_can_be_locked
from portlib.construction.alternatives.rivals import as_reported, break_even, saving, twin
from portlib.construction.alternatives.smoothing import Smoothing, desmoothed, geltner
from portlib.construction.alternatives.stale_values import loss_of_those_who_stay
from portlib.construction.alternatives.tail_hedge import put_price, rolled

__all__ = [
    "Layer",
    "Smoothing",
    "as_reported",
    "break_even",
    "by_layer",
    "desmoothed",
    "geltner",
    "gross_needed",
    "locked_after",
    "loss_of_those_who_stay",
    "most_that_can_be_locked",
    "net",
    "put_price",
    "rolled",
    "saving",
    "twin",
]
