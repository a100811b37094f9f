"""The whole stack, from nothing to nothing, with permissions enforced."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from tests.flow.pictures import noise, png
from tests.rehearsal import uploads
from tests.rehearsal.attacks import ALLOWANCES, ATTACKS, BY_STRANGERS, WITHOUT_TLS
from tests.rehearsal.drops import Drops
from tests.rehearsal.host import Host
from tests.rehearsal.places import ANOTHER, Resources
from tests.rehearsal.report import Report, all_are
from tests.rehearsal.signed_in import Person
from tests.rehearsal.stage import Stage
from tests.rehearsal.trial import Trial
from tests.waiting import wait_for
from tilework.errors import SetupError

if TYPE_CHECKING:
    from pathlib import Path

    from local.progress import Progress

FEW: Final = 8
"""Drops that are looked at alone."""

CHANGED: Final = {"maximum_hosts": "5", "lease_seconds": "45"}
BROKEN: Final = {"maximum_hosts": "7", "lease_seconds": "90"}


class Rehearsal:
    """``short`` leaves out the update, the rollback and the destroy, which take a deploy each."""

    def __init__(self, folder: Path, progress: Progress, *, short: bool) -> None:
        self._folder = folder
        self._progress = progress
        self._short = short
        self._report = Report(progress.say)

    def run(self) -> Report:
        stage = Stage(self._folder, self._progress)
        try:
            with self._report.part("bootstrap and deploy") as part:
                stage.bootstrap()
                stage.deploy()
                all_are(part, [(stage.status(), stage.status() == "CREATE_COMPLETE")])
            self._live(stage)
            if not self._short:
                self._destroy(stage)
        finally:
            with self._progress.step("Stopping the embedded AWS"):
                stage.clear()
        return self._report

    def _live(self, stage: Stage) -> None:
        resources = Resources(stage)
        resources.lay(png(noise(30, 40)))
        trial = Trial(resources)
        host = Host(stage, trial.credentials("workers"))
        try:
            with self._progress.step("Starting a host under the workers' role") as step:
                host.wait(step)
            self._work(stage, resources, trial)
        finally:
            host.stop()
        with self._report.part("the host was refused nothing") as part:
            refused = host.refusals()
            all_are(part, [("; ".join(refused[:3]), not refused)])
        self._try_all(trial)

    def _work(self, stage: Stage, resources: Resources, trial: Trial) -> None:
        drops = Drops(stage)
        with self._report.part("drops to results by the worker's role") as part:
            for _ in range(FEW):
                drops.drop()
            drops.check()
            part.checks += FEW
        self._ask_the_api(stage, drops, trial)
        self._call_functions(stage, resources)
        if not self._short:
            self._update(stage, drops)
            self._roll_back(stage, drops)
        with self._report.part("every notice folded by the keeper's role") as part:
            queues = [resources.queue(name) for name in ("results", "dead", "dropped")]
            wait_for(lambda: _waiting(stage, queues[0]) == 0, 60)
            all_are(part, ((queue, _waiting(stage, queue) == 0) for queue in queues))
            wait_for(lambda: drops.counted() >= len(drops), 60, "the statistics do not count every drop")
            part.checks += 1

    def _ask_the_api(self, stage: Stage, drops: Drops, trial: Trial) -> None:
        with self._report.part("the API opens to a whole token only") as part:
            person = Person(stage)
            token = person.sign_in()
            listed = person.ask("GET", "/api/jobs", token)
            all_are(part, [(f"a whole token: {listed.status}", listed.status == 200)])
            wrong = {
                name: person.api.get("/api/jobs", one).status
                for name, one in person.wrong_tokens(token).items()
            }
            all_are(part, ((f"{name}: {status}", status == 401) for name, status in wrong.items()))
        with self._report.part("uploads by a form, as signed and beyond") as part:
            photo = png(noise(50, 40, seed=10_000))
            wanted = {"filename": "by form.png", "pipeline": "invert", "content_type": "image/png"}
            told = person.ask("POST", "/api/uploads", token, wanted).json()
            all_are(part, [("signed by the role's session", "x-amz-security-token" in told["fields"])])
            real = uploads.Form(told["url"], told["fields"], photo)
            s3, bucket = stage.client("s3", trial.credentials("api")), stage.outputs["InputBucket"]
            tries = uploads.attacks(s3, bucket, photo, key="uploads/rehearsal/form.png")
            tries |= {f"the Lambda's own form, {name}": form for name, form in _beyond(real).items()}
            all_are(
                part,
                (
                    (f"{name}: {(status := form.send())}", status in {400, 403})
                    for name, form in tries.items()
                ),
            )
            for form in (real, uploads.signed(s3, bucket, "uploads/rehearsal/form.png", photo)):
                all_are(part, [(f"as signed: {(status := form.send())}", status == 201)])
            drops.expect(_listed(person, token, told["batch"]), noise(50, 40, seed=10_000))
            drops.check()
        with self._report.part("a region and a thumbnail by the preview's role") as part:
            all_are(part, _previews(person, token, told["batch"]))

    def _call_functions(self, stage: Stage, resources: Resources) -> None:
        """What EventBridge would call by the clock, called now."""
        with self._report.part("waker and clock under their own roles") as part:
            functions = stage.client("lambda")
            for name in ("MasterWaker4", "MasterClock8"):
                answer = functions.invoke(FunctionName=resources.named_like(name), Payload=b"{}")
                told = answer["Payload"].read().decode()
                all_are(part, [(f"{name}: {told[:300]}", "FunctionError" not in answer)])

    def _update(self, stage: Stage, drops: Drops) -> None:
        with self._report.part("an update under load, nothing lost") as part:
            part.checks += drops.while_doing(lambda: stage.deploy("Updating under load", **CHANGED))
            all_are(part, [(f"{_settings(stage)}", _settings(stage) == CHANGED)])
            drops.check()

    def _roll_back(self, stage: Stage, drops: Drops) -> None:
        with self._report.part("a broken update rolled back under load, nothing lost") as part:
            part.checks += drops.while_doing(lambda: _break(stage))
            status, failed = stage.status(), stage.failed()
            all_are(
                part, [(status, status == "UPDATE_ROLLBACK_COMPLETE"), (str(failed), failed == {"Broken"})]
            )
            all_are(part, [(f"{_settings(stage)}", _settings(stage) == CHANGED)])
            drops.drop()
            drops.check()

    def _try_all(self, trial: Trial) -> None:
        with self._report.part("what each role must do is allowed") as part:
            all_are(part, ((str(one), one.allowed) for one in trial.of(ALLOWANCES)))
        with self._report.part("what each role must not is denied") as part:
            all_are(part, ((str(one), one.denied) for one in trial.of(ATTACKS)))
        with self._report.part("without TLS everything is denied") as part:
            all_are(part, ((str(one), one.denied) for one in trial.of(WITHOUT_TLS, tls=False)))

        with self._report.part("who cannot say who they are get nothing") as part:
            all_are(part, ((str(one), one.turned_away) for one in trial.of(BY_STRANGERS)))

    def _destroy(self, stage: Stage) -> None:
        with self._report.part("destroyed, nothing of it left") as part:
            stage.destroy()
            all_are(part, ((f"{kind} {one}", False) for kind, one in _left(stage)))
            part.checks += 1


def _break(stage: Stage) -> None:
    try:
        stage.deploy("Breaking an update", "-m tests.rehearsal.broken_app", **BROKEN)
    except SetupError:
        return
    raise AssertionError("the broken update was deployed")


def _beyond(form: uploads.Form) -> dict[str, uploads.Form]:
    return {
        "another key": form.told(key="uploads/of-somebody-else.png"),
        "another owner": form.told(x_amz_meta_owner="somebody else"),
        "another signature": form.told(x_amz_signature="f" * 64),
    }


def _previews(person: Person, token: str, batch: str) -> list[tuple[str, bool]]:
    """The region of an image that a person uploaded, made by the deployed Lambda, is right to the last pixel."""
    job = _listed(person, token, batch)
    place = {"x": 10, "y": 5, "width": 20, "height": 30}
    wanted = {"job": job, "pipeline": "invert()", "window": place}
    shown = person.ask("POST", "/api/preview", token, wanted)
    small = person.ask("GET", f"/api/jobs/{job}/thumbnail", token)
    unsigned = person.ask("POST", "/api/preview", None, wanted)
    expected = (255 - noise(50, 40, seed=10_000))[5:35, 10:30]
    found = cv2.imdecode(np.frombuffer(shown.data, np.uint8), cv2.IMREAD_UNCHANGED)
    return [
        (f"the region: {shown.status}", shown.status == HTTPStatus.OK and np.array_equal(found, expected)),
        (f"the thumbnail: {small.status}", small.status == HTTPStatus.OK),
        (f"without a token: {unsigned.status}", unsigned.status == HTTPStatus.UNAUTHORIZED),
    ]


def _listed(person: Person, token: str, batch: str) -> str:
    """The id of the one job of a batch, as soon as a host has taken it."""

    def jobs() -> list[dict[str, str]]:
        answer = person.ask("GET", f"/api/jobs?batch={batch}", token)
        assert answer.status == HTTPStatus.OK, answer.data
        return list(answer.json()["jobs"])

    wait_for(jobs, 60)
    (job,) = jobs()
    return job["id"]


def _waiting(stage: Stage, queue: str) -> int:
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    told = stage.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=names)["Attributes"]
    return sum(int(each) for each in told.values())


def _settings(stage: Stage) -> dict[str, str]:
    """What the deployed stack has of the settings that are changed."""
    (group,) = stage.client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
    queue = stage.deployment.jobs_queue_url
    told = stage.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["VisibilityTimeout"])
    return {
        "maximum_hosts": str(group["MaxSize"]), "lease_seconds": told["Attributes"]["VisibilityTimeout"],
    }  # fmt: skip


def _left(stage: Stage) -> list[tuple[str, str]]:
    """Whatever is still there, but the account's own things and CDK's bootstrap."""
    found = [("bucket", one["Name"]) for one in stage.client("s3").list_buckets()["Buckets"]]
    found += [("queue", one) for one in stage.client("sqs").list_queues().get("QueueUrls", [])]
    found += [("table", one) for one in stage.client("dynamodb").list_tables()["TableNames"]]
    roles = stage.client("iam").list_roles()["Roles"]
    found += [("role", one["RoleName"]) for one in roles]
    functions = stage.client("lambda").list_functions()["Functions"]
    found += [("function", one["FunctionName"]) for one in functions]
    groups = stage.client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
    found += [("fleet", one["AutoScalingGroupName"]) for one in groups]
    kept = (ANOTHER, "cdk-", "AWSServiceRole")
    return [(kind, one) for kind, one in found if not one.rsplit("/", 1)[-1].startswith(kept)]
