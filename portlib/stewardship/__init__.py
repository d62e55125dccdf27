"""Stewardship: what happens after a portfolio is chosen: stress, trades, settlement, monitoring,
governance."""
