"""The commands that sign in and out, as ``--help`` teaches them."""

from __future__ import annotations

from typing import Annotated

import typer

# The commands' own modules are imported when they are called: --help must not wait for what they need.
# ruff: noqa: PLC0415

AddressArgument = Annotated[
    str,
    typer.Argument(metavar="[URL]", help="The API's address: the stack's output ApiUrl.", show_default=False),
]


def login(
    address: AddressArgument = "",
    browser: Annotated[
        bool, typer.Option("--browser/--no-browser", help="Open the browser, or only print the address.")
    ] = True,
) -> None:
    """Sign in to a deployment's API, in the browser; no AWS credentials are needed then.

    From then on submit, jobs, job, why, fetch, retry, cancel, rerun and export
    go through the API with --api or TILEWORK_API_URL, or where nothing else is
    there to join. The session is kept in ~/.config/tilework, for you alone, and
    renewed for thirty days.

      tilework login https://abc123.execute-api.eu-central-1.amazonaws.com
      tilework jobs --state FAILED
    """
    from tilework.cli import login as command

    raise typer.Exit(command.run_login(address, browser=browser))


def logout(address: AddressArgument = "") -> None:
    """End the session with a deployment's API, here and where you signed in.

    tilework logout
    """
    from tilework.cli import login as command

    raise typer.Exit(command.run_logout(address))


COMMANDS = (login, logout)
