"""A world over several hosts: one ``mpiexec``, whose daemons run on other hosts by way of our own agents there.

An agent is started by ssh, one a host, and lives as long as that connection, over worlds
(:mod:`~tilework.world.spread.agent`). Through it goes all that the starter and that host tell each other: signs of life,
what the ranks there do and which of them died, the command that starts Open MPI's daemon, what the ranks need to know.
So ssh is asked once a host, and what MPI itself sends goes over the network that the hosts share.
"""
