"""`make run`, from its first line to its last: what is started in which order, and ended in the opposite one."""

from __future__ import annotations

import logging
import os
import shutil
import sys
import time
import traceback
from contextlib import ExitStack
from typing import TYPE_CHECKING, Final

from local import deployment, emulator, environment_file, recovery, samples, toolchain
from local.lock import only_one
from local.ports import RememberedPorts, page_port
from local.processes import Child, Program, stop
from local.programs import Programs
from local.progress import Progress, make_console
from local.restore import restore
from local.settings import CONTEXT, ROOT, LocalSettings
from local.stopping import Stopping, StopRequestedError
from local.surroundings import of_children, of_clients
from local.workforce import Workforce
from stacks.settings_reading import read
from tilework.aws.connect import connect
from tilework.errors import SetupError, TileworkError

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.emulator import Data, Emulator
    from tilework.aws.settings import Deployment
    from tilework.jobs.system import System

log = logging.getLogger(__name__)

PICTURE_SECONDS: Final = 60.0
"""It takes one or two, and is begun before all else."""

CARE_LOOK_SECONDS: Final = 0.1

FAILED_SAMPLES: Final = 1
FAILED_START: Final = 3


class EmulatorDiedError(TileworkError):
    """The embedded AWS ended by itself."""

    code = "emulator_died"


class Launcher:
    """One run of the local system."""

    def __init__(self, settings: LocalSettings, progress: Progress) -> None:
        self._settings = settings
        self._places = settings.places
        self._progress = progress
        self._ports = RememberedPorts(settings.places.state / "ports.json")
        self._environment = of_children(os.environ, settings.places)
        self._lost = False

    def run(self) -> int:
        """Set up, start, drop the samples, keep running; the exit status. Raises SetupError."""
        self._make_room()
        # a port that is taken is told before a minute's work
        page_port(self._settings.port, None)
        with ExitStack() as ends:
            ends.callback(self._leave_nothing)
            picture = self._start_picture()
            if picture is not None:
                ends.callback(stop, [picture], hurry=lambda: True)
            toolchain.install(
                self._progress, self._places, self._environment, read(CONTEXT.get, self._environment)
            )
            while True:
                try:
                    return self._live(picture)
                except EmulatorDiedError as died:
                    self._progress.say(
                        f"{died.reason} Everything is started anew, from the images it had stored."
                    )

    # --- before ----------------------------------------------------------------------------------------------------

    def _make_room(self) -> None:
        places = self._places
        environment_file.remove(places.environment_file)
        for folder in (places.emulator, places.samples, places.logs, places.temporary):
            folder.mkdir(parents=True, exist_ok=True)
        earlier = places.logs / "earlier"
        shutil.rmtree(earlier, ignore_errors=True)
        earlier.mkdir()
        for old in places.logs.glob("*.log"):
            old.rename(earlier / old.name)

    def _start_picture(self) -> Child | None:
        """Let the large sample be made beside the other steps, where it is wanted and not there."""
        target = self._places.samples / samples.GENERATED
        if self._settings.samples is False or target.exists():
            return None
        return Child(
            Program(
                name="picture",
                command=(sys.executable, "-m", "local.picture", str(target)),
                environment=self._environment,
                directory=ROOT,
                log=self._places.logs / "picture.log",
                stop_seconds=1.0,
            )
        )

    # --- one life of the embedded AWS ------------------------------------------------------------------------------

    def _live(self, picture: Child | None) -> int:
        self._lost = False
        self._leave_nothing()
        for folder in (self._places.run, self._places.temporary):
            folder.mkdir(parents=True)
        with ExitStack() as ends:
            emulated, deployed = self._start_emulator(ends)
            clients = of_clients(emulated.endpoint)
            os.environ.update(clients)
            system = connect(deployed)
            self._restore(system)
            workforce, url = self._start_workforce(ends, {**clients, **deployed.to_environment()})
            return self._serve(system, url, picture, lambda: self._look_after(emulated, workforce))

    def _start_emulator(self, ends: ExitStack) -> tuple[Emulator, Deployment]:
        """The embedded AWS with the stack in it, whatever the last run has left."""
        places = self._places
        if places.dirty_marker.exists():
            self._recover()
        places.dirty_marker.touch()
        emulated = self._emulator("Starting the embedded AWS", recovery.data(places))
        ends.callback(self._stop_emulator, emulated)
        return emulated, self._deploy(emulated)

    def _recover(self) -> None:
        places = self._places
        self._progress.say(
            "The last run did not end in order: the embedded AWS has kept the images, and nothing else."
        )
        fresh = recovery.fresh_data(places)
        deployment.forget(places)
        emulated = self._emulator("Starting an empty embedded AWS", fresh)
        try:
            deployed = self._deploy(emulated)
        except BaseException:
            emulated.stop(hurry=lambda: True)
            raise
        with self._progress.step("Giving it the images of the last run"):
            if not emulated.stop():
                raise SetupError(
                    "The embedded AWS could not save its state.",
                    advice=f"Is the disk full? Read {places.logs / 'emulator.log'}.",
                )
            places.restore_marker.touch()
            recovery.join(places, fresh, {deployed.input_bucket, deployed.output_bucket})

    def _restore(self, system: System) -> None:
        if not self._places.restore_marker.exists():
            return
        with self._progress.step("Filling the job table again from the results") as step:

            def tell(so_far: object) -> None:
                step.detail = str(so_far)
                step.look()

            tell(restore(system, tell))
        self._places.restore_marker.unlink()

    def _emulator(self, title: str, data: Data) -> Emulator:
        with self._progress.step(title) as step:
            found = emulator.start(
                step, data, port=self._ports.get("emulator"), environment=self._environment,
                directory=self._places.run, log=self._places.logs / "emulator.log",
            )  # fmt: skip
        self._ports.keep(emulator=found.port)
        return found

    def _deploy(self, emulated: Emulator) -> Deployment:
        variables = {
            **self._environment,
            **of_clients(emulated.endpoint),
            **toolchain.cdk_environment(self._places),
            # the CDK's library keeps a cache in the home, whatever CDK_HOME says
            "HOME": str(self._places.cache),
        }
        os.environ.update(of_clients(emulated.endpoint))
        return deployment.deploy(self._progress, self._places, emulated, variables)

    def _start_workforce(self, ends: ExitStack, addresses: dict[str, str]) -> tuple[Workforce, str]:
        """The master and the hosts, and the page's address; the environment file tells of them from then on."""
        programs = Programs(self._settings, self._environment, addresses)
        workforce = Workforce(self._settings, programs, self._ports, self._progress.say)
        ends.callback(workforce.stop, hurry=self._hurry)
        # what ends first is registered last
        ends.callback(environment_file.remove, self._places.environment_file)
        with self._progress.step(workforce.title) as step:
            url = workforce.start(step)
        environment_file.write(self._places.environment_file, {**addresses, "TILEWORK_URL": url})
        return workforce, url

    # --- while it runs -----------------------------------------------------------------------------------------------

    def _serve(self, system: System, url: str, picture: Child | None, look_after: Callable[[], None]) -> int:
        status = 0
        if self._settings.samples is not False:
            status = self._show_samples(system, picture, look_after)
        self._progress.say(f"\nThe page: {url}\nFor other clients: {self._places.environment_file}")
        if self._settings.once:
            return status
        self._progress.say("Running until Ctrl-C.")
        while True:
            self._progress.stopping.check()
            look_after()
            time.sleep(CARE_LOOK_SECONDS)

    def _show_samples(self, system: System, picture: Child | None, look_after: Callable[[], None]) -> int:
        if picture is not None and picture.status is None:
            with self._progress.step("Painting the large sample") as step:
                step.wait(lambda: picture.status is not None, PICTURE_SECONDS)
        dropped = samples.drop(system, self._places.samples, anew=self._settings.samples is True)
        watch = samples.Watch(system, dropped, self._progress, look_after)
        watch.follow()
        reasons = watch.reasons()
        for reason in reasons:
            self._progress.say(f"Not done: {reason}")
        return FAILED_SAMPLES if reasons else 0

    def _look_after(self, emulated: Emulator, workforce: Workforce) -> None:
        """Start again what has died. Raises EmulatorDiedError."""
        if not emulated.runs:
            # without it nobody can drain
            self._lost = True
            died = EmulatorDiedError("The embedded AWS has ended by itself.")
            self._progress.say(died.reason)
            raise died
        workforce.watch()

    # --- the end -----------------------------------------------------------------------------------------------------

    def _hurry(self) -> bool:
        return self._lost or self._progress.stopping.requests > 1

    def _stop_emulator(self, emulated: Emulator) -> None:
        if emulated.runs:
            self._progress.say("Stopping the embedded AWS, which saves its state ...")
        saved = emulated.stop(hurry=lambda: self._progress.stopping.requests > 2)  # noqa: PLR2004 - the third kills
        if saved and deployment.is_whole(self._places):
            self._places.dirty_marker.unlink()
        elif not saved and not self._lost:
            self._progress.say("  It could not save its state: the next start mends that from the images.")

    def _leave_nothing(self) -> None:
        for folder in (self._places.run, self._places.temporary):
            shutil.rmtree(folder, ignore_errors=True)


def main() -> int:
    """Run the local system with the settings of the environment."""
    stopping = Stopping()
    progress = Progress(make_console(), stopping)
    try:
        settings = LocalSettings.from_environment(os.environ)
        settings.places.logs.mkdir(parents=True, exist_ok=True)
        with only_one(settings.places.state / "lock"):
            stopping.listen()
            return _run(settings, progress)
    except TileworkError as error:
        progress.say(f"\n{error.reason}\n{error.advice}")
        return FAILED_START


def _run(settings: LocalSettings, progress: Progress) -> int:
    try:
        return Launcher(settings, progress).run()
    except StopRequestedError:
        progress.say("Stopped.")
        return FAILED_SAMPLES if settings.once else 0
    except TileworkError:
        raise
    except Exception as error:  # whatever it is, the user is told where to read on
        told = settings.places.logs / "launcher.log"
        told.write_text(traceback.format_exc())
        raise SetupError(
            f"Something unexpected has happened: {error!r}.",
            advice=f"Start again; if it comes again, report it with {told}.",
        ) from error
