"""Thousands of small jobs through one host, to see whether anything grows, or the last thousand is slower than the first."""
