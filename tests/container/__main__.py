"""The workers' container, really built and really run: `make container BASE=… KEEP=1`.

A Docker daemon of its own (Debian's docker.io), without a bridge or a firewall rule; the repository's own Dockerfile on its
own base, or on a Debian made by debootstrap where no registry can be reached. The container is started as the launch
template's user data, read from the embedded AWS, say; what must be otherwise here is printed. It works, loses a rank, is
killed, gets a spot notice from a stand-in for the instance metadata, and leaves. Needs root, and some minutes. Nothing
stays but the bill of materials in build/, and with --keep the daemon's folder, with base and image for the next run.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from tests.container import base, bill, image, plugin
from tests.container.engine import CannotError, Engine, get_ready
from tests.container.launch import UserData, deployed, lay_out, locally, may_raise_limits
from tests.container.story import Story
from tests.faults.ec2_host import ec2_host
from tests.flow.running_system import ROOT, RunningSystem, start

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.container.launch import Launch
    from tests.faults.ec2_host import Ec2Host

T = TypeVar("T")

FOLDER = ROOT / ".tilework" / "container"


def say(line: str) -> None:
    """Print it at once."""
    print(f"✓ {line}", flush=True)


def begin(what: str) -> None:
    """Tell what takes a while."""
    print(f"  {what} ...", flush=True)


def main() -> int:
    """Run it with the arguments of the command line."""
    chosen = _options().parse_args()
    # the embedded AWS knows no other
    os.environ |= {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    folder = chosen.folder.absolute()
    began = time.monotonic()
    try:
        get_ready(("docker", "dockerd"))
        with ExitStack() as stack:
            stack.callback(_clear, folder, keep=chosen.keep)
            engine = stack.enter_context(Engine(folder / "docker"))
            _built(engine, chosen.base)
            _lived(engine, folder)
    except CannotError as error:
        print(error, file=sys.stderr)
        return 3
    except KeyboardInterrupt:
        return 130
    except AssertionError as error:
        print(f"It does not hold: {error}", file=sys.stderr)
        return 1
    print(f"The container holds ({time.monotonic() - began:.0f} s).")
    return 0


def _options() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(
        prog="python -m tests.container",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    said = f"an image, or {base.MADE_HERE}; {base.dockerfiles_own()} where it can be pulled, else {base.MADE_HERE}"
    options.add_argument("--base", default="", help=said)
    options.add_argument(
        "--keep", action="store_true", help="keep the daemon's folder, and so base and image"
    )
    options.add_argument(
        "--folder", type=Path, default=FOLDER, help="of everything but the bill of materials"
    )
    return options


def _built(engine: Engine, wanted: str) -> None:
    begin("getting a base")
    got = _timed(lambda: base.get(engine, wanted))
    say(f"base: {got[0][1]} ({got[1]:.0f} s)")
    build_base = base.for_building(engine, got[0][0])
    begin("building: 200 MB of packages from the index that pip has here, in the first run")
    _, seconds = _timed(lambda: image.build(engine, got[0][0], build_base, plugin.despeckle()))
    say(f"built from worker_image/Dockerfile, with the wheel of an own operation ({seconds:.0f} s)")
    begin("compressing all layers as a push would")
    size, seconds = _timed(lambda: image.compressed_bytes(engine))
    assert size <= image.MOST_BYTES, (
        f"{size / 1e6:.0f} MB compressed, of {image.MOST_BYTES / 1e6:.0f} allowed"
    )
    unpacked = int(engine.run("inspect", "--format", "{{.Size}}", image.NAME))
    say(f"{size / 1e6:.0f} MB compressed, {unpacked / 1e6:.0f} MB unpacked ({seconds:.0f} s)")
    found = image.look_into(engine)
    names = {Path(program).name for program in found.programs}
    assert not names & image.TOOLS, names & image.TOOLS
    assert not found.set_ids, found.set_ids
    say(f"its programs, all of them: {', '.join(sorted(names))}; no shell, no set-id file")
    path = bill.write(found.packages)
    kinds = [package[0] for package in set(found.packages)]
    say(
        f"bill of materials (CycloneDX): {path.relative_to(ROOT)}, {kinds.count('deb')} Debian packages, "
        f"{kinds.count('pypi')} of Python"
    )
    print(f"  {bill.scanned()}", flush=True)


def _lived(engine: Engine, folder: Path) -> None:
    begin("deploying the stack to the embedded AWS")
    with ExitStack() as stack:
        system, seconds = _timed(
            lambda: start(folder / "state", SUPERVISORS="0", SAMPLES="0", TILEWORK_NOTICE_WAIT_SECONDS="1")
        )
        stack.callback(system.stop)
        say(f"the stack stands in the embedded AWS ({seconds:.0f} s)")
        ec2 = stack.enter_context(ec2_host())
        ec2.metadata["autoscaling/target-lifecycle-state"] = "InService"
        launch = _launch(system, ec2, folder)
        print("  docker " + " ".join(launch.command), flush=True)
        for difference in launch.differences:
            print(f"  otherwise than the user data: {difference}", flush=True)
        Story(engine, system, ec2, launch, say).run()


def _launch(system: RunningSystem, ec2: Ec2Host, folder: Path) -> Launch:
    endpoint = system.environment["AWS_ENDPOINT_URL"]
    host = folder / "host"
    shutil.rmtree(host, ignore_errors=True)
    host.mkdir()
    launch = locally(
        UserData.run(deployed(system.environment), host / "first-script"),
        image=image.NAME,
        folder=host,
        variables={
            "AWS_ENDPOINT_URL": endpoint,
            # the role's credentials come from the embedded AWS's own metadata, all else from our stand-in
            "AWS_EC2_METADATA_SERVICE_ENDPOINT": endpoint,
            "AWS_ENDPOINT_URL_AUTO_SCALING": ec2.url,
            "TILEWORK_METADATA_URL": ec2.url,
        },
        may_raise=may_raise_limits(),
    )
    lay_out(launch, host)
    return launch


def _timed(work: Callable[[], T]) -> tuple[T, float]:
    began = time.monotonic()
    return work(), time.monotonic() - began


def _clear(folder: Path, *, keep: bool) -> None:
    shutil.rmtree(folder / "state", ignore_errors=True)
    if not keep:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
