"""Multiple-choice exams as data: items, where they come from, what is wrong with them; pure."""

from __future__ import annotations
