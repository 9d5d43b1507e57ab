"""Prompt sets: read from local files in the formats they are published in, and drawn by a seed; pure.

**reading** gives the rows of a file one at a time, **formats** what a row asks, **drawing** chooses without
holding the file in memory, **sets** puts the three together and names every row that cannot be used.
"""

from distill_tests.prompts.formats import FORMATS
from distill_tests.prompts.nouns import Format, Prompt, PromptSet, Source
from distill_tests.prompts.sets import MOST_HELD, prompt_sets

__all__ = ["FORMATS", "MOST_HELD", "Format", "Prompt", "PromptSet", "Source", "prompt_sets"]
