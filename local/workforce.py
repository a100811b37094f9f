"""The master, the preview and the worker hosts of a running system: started together, kept running, stopped in order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from local.emulator import answers
from local.ports import LOOPBACK, RememberedPorts, free_port, is_free, listens, page_port
from local.processes import Child, Crew, stop
from tilework.errors import SetupError

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.programs import Programs
    from local.progress import Step
    from local.settings import LocalSettings

READY_SECONDS: Final = 60.0

STARTS: Final = 3
"""Another program, or the Tilework of another checkout, may take the free port between our look and the start."""


class Workforce:
    """Tells through ``say`` whom it had to start again, and whom it had to kill."""

    def __init__(
        self, settings: LocalSettings, programs: Programs, ports: RememberedPorts, say: Callable[[str], None]
    ) -> None:
        self._settings = settings
        self._programs = programs
        self._ports = ports
        self._say = say
        self._masters, self._hosts = Crew(say), Crew(say)

    @property
    def title(self) -> str:
        """What starting it is called."""
        hosts, ranks = self._settings.supervisors, self._settings.ranks
        if hosts == 0:
            return "Starting the master"
        worlds = "a worker host" if hosts == 1 else f"{hosts} worker hosts, each"
        return f"Starting the master and {worlds} with {ranks} rank{'s' if ranks > 1 else ''}"

    def start(self, step: Step) -> str:
        """Start all, wait until they are ready; the page's address. Raises SetupError."""
        for host in self._programs.hosts():
            self._hosts.start(host)
        url = self._start_master(step)

        def ready() -> bool:
            self.watch()
            return all(host.is_ready() for host in self._hosts.children)

        if not step.wait(ready, READY_SECONDS):
            late = ", ".join(host.program.name for host in self._hosts.children if not host.is_ready())
            raise self._failed(step, f"not ready after {READY_SECONDS:.0f} s: {late}")
        return url

    def watch(self) -> None:
        """Start again whoever has died; to be called several times a second."""
        self._masters.watch()
        self._hosts.watch()

    def stop(self, *, hurry: Callable[[], bool]) -> None:
        """Let the hosts finish what they have in work, then end the master."""
        for crew in (self._hosts, self._masters):
            names = ", ".join(child.program.name for child in crew.children)
            if names:
                self._say(f"Stopping {names} ...")
            for name in crew.stop(hurry=hurry):
                lost = "; what it had in work is worked again" if crew is self._hosts else ""
                self._say(f"  {name} was killed{lost}.")

    def _start_master(self, step: Step) -> str:
        preview_port = self._start_preview()
        for _ in range(STARTS):
            port = page_port(self._settings.port, self._ports.get("page"))
            url = f"http://{LOOPBACK}:{port}"
            child = Child(self._programs.master(port, preview_port))
            self._masters.adopt(child)
            if self._comes_up(step, child, url, port):
                self._ports.keep(page=port)
                return url
            if child.status is None or is_free(port):
                break
            stop([child])
        raise self._failed(step, "the master does not answer")

    def _start_preview(self) -> int:
        """Start what the page can do without, which nobody waits for; its port, another than the page's."""
        page, remembered = page_port(self._settings.port, self._ports.get("page")), self._ports.get("preview")
        port = free_port(remembered if remembered != page else None)
        self._masters.start(self._programs.preview(port))
        self._ports.keep(preview=port)
        return port

    def _comes_up(self, step: Step, master: Child, url: str, port: int) -> bool:
        def settled() -> bool:
            self._hosts.watch()
            # whoever else may answer there is not ours
            ours = master.status is None and listens(master.pid, port)
            return master.status is not None or (ours and answers(url, "/api/health"))

        return step.wait(settled, READY_SECONDS) and master.status is None

    def _failed(self, step: Step, why: str) -> SetupError:
        logs = self._settings.places.logs
        return SetupError(f"{step.title} failed: {why}.", advice=f"Read the logs in {logs}.")
