"""Statistics for gates: one idea a file, found by its decorator when the registry imports this package."""
