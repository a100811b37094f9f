"""The MPI world of one host, or of several (:mod:`tilework.world.spread`), as an executor.

A world is one ``mpiexec`` with rank 0, which hands out the work, and as many ranks again as shall compute. It is
disposable: the death of any of its processes ends it, and its futures fail with
:class:`~tilework.errors.WorldDiedError`, which says whose task is suspect. What must survive (leases, queues) lives
in the process that starts worlds, one after another. The program that the ranks run is ``worker_image.world``; it is
known here by that name only.
"""

from tilework.world.world import World

__all__ = ["World"]
