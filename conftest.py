"""Loads the plugin from the checkout, installed or not.  Your own @judge or @provider can stand here.

The plugin's entry point has the same name, so pytest loads it once where it is also installed.
"""

from __future__ import annotations

pytest_plugins = ["distill_tests.plugin", "pytester"]
