"""Retirement: what a plan offers its people, from the menu to the mix at each age and in each
account."""
