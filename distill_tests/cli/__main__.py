"""``python -m distill_tests.cli``: the command where its script is not on the PATH."""

from __future__ import annotations

import sys

from distill_tests.cli import main

sys.exit(main())
