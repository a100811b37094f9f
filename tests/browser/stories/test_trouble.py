"""While a person watches: a slow line, a cut one, a world that is killed, a master that is started again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect

from tests.browser.network import First, Line, hold
from tests.browser.stories.conftest import gate_closed
from tests.browser.stories.person import SOON
from tests.browser.uploads import POSTED
from tests.flow.pictures import noise, png
from tests.waiting import wait_for

if TYPE_CHECKING:
    from playwright.sync_api import FilePayload

    from tests.browser.stories.person import Person
    from tests.flow.running_system import RunningSystem

GONE = ("ERR_", "Failed to load resource", "Failed to fetch")
"""What a browser writes into its console for each request that nobody answers."""


def photo(name: str, side: int = 120) -> FilePayload:
    return {"name": name, "mimeType": "image/png", "buffer": png(noise(side, side))}


def test_over_a_slow_line_an_upload_tells_how_far_it_is_and_ends_as_ever(person: Person) -> None:
    Line(person.page).slow()
    person.chooses(photo("slow line.png", 400))
    expect(person.upload("slow line").get_by_role("progressbar")).to_be_visible(timeout=SOON)
    person.sees("slow line", "done")


def test_an_upload_that_is_cut_off_goes_on_when_the_line_is_back(person: Person) -> None:
    person.window.allow(*GONE)
    posts = First(hold)
    line = Line(person.page)
    # the bytes wait on their way: over a fast machine's loopback they would be there before the line is cut
    with person.page.expect_request(POSTED):
        person.page.route(POSTED, posts)
        person.chooses(photo("cut line.png", 700))
    expect(person.upload("cut line").get_by_role("progressbar")).to_be_visible(timeout=SOON)
    line.cut()
    posts.met[0].abort("internetdisconnected")
    expect(person.upload("cut line").locator("[data-field=why]")).to_be_visible(timeout=SOON)
    line.mend()
    person.sees("cut line", "done")


def test_a_page_whose_line_is_cut_says_so_and_catches_up(person: Person, running: RunningSystem) -> None:
    person.window.allow(*GONE)
    line = Line(person.page)
    line.cut()
    person.is_told_that_nobody_answers()
    job = running.drop("trouble/meanwhile.png", png(noise(60, 60)), pipeline="invert()")
    running.ended([job])
    line.mend()
    person.sees("meanwhile", "done")
    person.is_told_that_nobody_answers(told=False)


def is_in_work(person: Person, running: RunningSystem, name: str) -> None:
    """Have an image wait at the gate, and a page that shows so."""
    person.takes("wait_at_gate() | blur(9)")
    person.chooses(photo(name))
    person.sees(name, "running")
    person.opens(name)
    expect(person.state).to_have_text("running")
    wait_for(lambda: any((running.state / "gate").iterdir()), 30, "no rank has it in work")


def test_under_a_world_that_is_killed_a_job_is_done_all_the_same(
    person: Person, running: RunningSystem
) -> None:
    with gate_closed(running):
        is_in_work(person, running, "under a killed world.png")
        killed = [*running.ranks(), *running.mpiexec()]
        for process in killed:
            process.kill()
        wait_for(lambda: running.ranks() and not set(running.ranks()) & set(killed), 30, "no new world")
        expect(person.state).to_have_text("running")
    expect(person.state).to_have_text("done", timeout=2 * SOON)
    person.sees_pictures_of(120, 120)


def test_of_a_job_whose_host_is_killed_the_page_tells_so_and_then_that_it_is_done(
    person: Person, running: RunningSystem
) -> None:
    with gate_closed(running):
        is_in_work(person, running, "under a killed host.png")
        for process in [*running.supervisors(), *running.ranks(), *running.mpiexec()]:
            process.kill()
        expect(person.story).to_contain_text("lost", timeout=SOON)
    expect(person.state).to_have_text("done", timeout=2 * SOON)
    person.sees_pictures_of(120, 120)


def test_a_master_that_is_killed_and_started_again_is_found_again(
    person: Person, running: RunningSystem
) -> None:
    person.window.allow(*GONE)
    with gate_closed(running):
        person.takes("wait_at_gate()")
        person.chooses(photo("under a new master.png"))
        person.sees("under a new master", "running")
        (master,) = running.children("-m master")
        master.kill()
        wait_for(lambda: [one for one in running.children("-m master") if one.pid != master.pid], 30)
    person.sees("under a new master", "done")
    person.is_told_that_nobody_answers(told=False)
    person.chooses(photo("for a new master.png"))
    person.sees("for a new master", "done")
