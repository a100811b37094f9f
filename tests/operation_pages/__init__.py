"""The docs' pages on operations: a page a family, with pictures that the operations themselves have made.

``make docs`` writes them; the tests here tell when they are no longer true.
"""
