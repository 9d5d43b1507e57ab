"""Whose likeness a model has: its responses beside those of a panel of candidate teachers."""
