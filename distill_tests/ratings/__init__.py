"""What people said of captions: items with their ratings, read from published files or from rows.

:mod:`~distill_tests.ratings.formats` reads a file, :mod:`~distill_tests.ratings.beside` puts a judge's scores
beside the ratings, :mod:`~distill_tests.ratings.agreement` says how far the two agree.
"""
