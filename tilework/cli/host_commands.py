"""Commands about the machines that compute."""

from __future__ import annotations

from typing import Annotated

import typer

from tilework.cli.options import JsonOption  # noqa: TC001 - typer reads the annotations

# as for jobs: --help must not wait for what a command needs
# ruff: noqa: PLC0415


def hosts(
    names: Annotated[
        str,
        typer.Argument(metavar="A,B,C", help="As ssh knows them, with commas between.", show_default=False),
    ],
    *,
    authorize: Annotated[
        bool, typer.Option("--authorize", help="Let a key of this purpose's own in on each of them first.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Look whether hosts can take part in a world, for process --hosts.

    Worlds reach other hosts by ssh with a key for this purpose only. With
    --authorize it is made, if there is none, and goes to each host by the way
    that you have there yourself: ssh may ask for your password. There it runs
    the agent of a world, which does what worlds ask: keep it as you keep your
    own key. Host keys must be known.

      tilework hosts a,b,c --authorize
      tilework hosts a,b,c
    """
    from tilework.cli import hosts as command

    raise typer.Exit(command.run(names, authorize=authorize, json=json))


def doctor(json: JsonOption = False) -> None:
    """Look at what a worker host needs, here and of the system that is joined.

    mpiexec, memory, disk and shared memory of this machine; the job table, the
    queues and the buckets; and this machine's clock. Without a system only the
    machine is looked at. What is wrong is told with what to do about it.

    Exit status: 0 all is fine, 1 something is wrong, 3 a service is silent.

      tilework doctor
      tilework doctor --json
    """
    from tilework.cli import doctor as command

    raise typer.Exit(command.run(json=json))


COMMANDS = (hosts, doctor)
