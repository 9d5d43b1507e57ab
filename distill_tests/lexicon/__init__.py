"""Who makes language models, and what they are called: found in text in several scripts.

``names_makers`` says which makers a text names; ``find_names`` where.  Text is folded first
(:mod:`distill_tests.lexicon.folding`), so a name is found however it is dressed.
"""

from distill_tests.lexicon.folding import Folded, fold
from distill_tests.lexicon.matching import (
    Maker,
    Mention,
    find_names,
    maker_of,
    makers,
    name_regex,
    names_makers,
    own_makers,
    trie,
)

__all__ = [
    "Folded",
    "Maker",
    "Mention",
    "find_names",
    "fold",
    "maker_of",
    "makers",
    "name_regex",
    "names_makers",
    "own_makers",
    "trie",
]
