"""Captions scored against references without a model: the offline metrics and what is fitted on them."""
