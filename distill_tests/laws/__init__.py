"""Laws that hold of any identity judge, whatever it is made of, and the search for what breaks them.

Each law is tried on made-up answers: own sentence templates in English and Chinese, with makers and models of
the lexicon, for a speaker whose identity is one of theirs.  No language model is asked but the judge's own.
"""

from distill_tests.laws.rules import LAWS, Law
from distill_tests.laws.search import Finding, try_law
from distill_tests.laws.sentences import Example

__all__ = ["LAWS", "Example", "Finding", "Law", "try_law"]
