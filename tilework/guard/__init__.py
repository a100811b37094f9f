"""What bounds the work on one image: a deadline, a bound on memory, and a child process where a decoder is not trusted.

:func:`~tilework.guard.images.process_guarded` is what ranks call; :mod:`tilework.guard.child` guards any function.
"""
