"""A declarative, spec-driven audit suite for large language models.

PYTEST_DONT_REWRITE: ``distill-tests run`` imports the package before pytest looks for plugins, and pytest
would warn that it comes too late to rewrite asserts in here.
"""

__version__ = "0.1.0"
