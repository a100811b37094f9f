"""Both forms of a message become the same ask; what nobody can read is refused with a reason."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tilework.errors import ForeignBucketError, NewerMessageError, UnreadableMessageError
from tilework.jobs.job import Ask, Drop, Job, State, unreadable_id
from tilework.jobs.messages import (
    Notice,
    ask_of,
    asks,
    body_of,
    native_body,
    notice,
    notice_body,
    records_apart,
)

DROP = Drop("in", "a photo+1%.jpg", "v1")


def event(**changes: Any) -> dict[str, Any]:
    item = {"key": "a+photo%2B1%25.jpg", "versionId": "v1", "size": 3, "sequencer": "00"}
    record = {
        "eventName": "ObjectCreated:Put",
        "s3": {"bucket": {"name": "in"}, "object": item | changes.pop("object", {})},
    }
    return {"Records": [record | changes]}


def test_an_s3_event_tells_its_drop_with_the_key_decoded_once() -> None:
    assert asks(json.dumps(event()), "in") == [Ask(DROP)]


def test_the_s3_test_event_asks_for_nothing() -> None:
    assert asks(json.dumps({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "in"}), "in") == []


def test_an_event_of_a_removed_object_asks_for_nothing() -> None:
    assert asks(json.dumps(event(eventName="ObjectRemoved:Delete")), "in") == []


def test_an_event_with_several_records_asks_for_each() -> None:
    both = {"Records": event()["Records"] + event(object={"versionId": "v2"})["Records"]}
    assert [ask.drop.version for ask in asks(json.dumps(both), "in")] == ["v1", "v2"]


def test_what_is_ours_is_no_drop_whoever_tells_it() -> None:
    assert asks(json.dumps(event(object={"key": ".tilework/presets.toml"})), "in") == []
    assert asks(native_body(Ask(Drop("in", ".tilework/presets.toml", "v1"), "invert()")), "in") == []


def test_the_records_of_an_event_come_apart_and_nothing_else_does() -> None:
    good, foreign = event()["Records"][0], event(s3={"bucket": {"name": "other"}, "object": {}})["Records"][0]
    first, second = records_apart(json.dumps({"Records": [good, foreign]}))
    assert asks(first, "in") == [Ask(DROP)]
    assert json.loads(second) == {"Records": [foreign]}
    for body in ("no json", "{}", '{"Records": 3}', '{"Records": []}', json.dumps(event()), '{"schema": 9}'):
        assert records_apart(body) == []


def test_a_bucket_without_versions_has_the_version_null() -> None:
    body = event()
    del body["Records"][0]["s3"]["object"]["versionId"]
    assert asks(json.dumps(body), "in")[0].drop.version == "null"


def test_a_native_message_names_its_pipeline_in_any_spelling() -> None:
    job = {"key": DROP.key, "version": "v1", "pipeline": " blur( 9 )|invert "}
    (ask,) = asks(json.dumps({"schema": 1, "job": job}), "in")
    assert ask == asks(native_body(ask), "in")[0]
    assert ask.pipeline == "blur(9) | invert()"


@pytest.mark.parametrize(
    "body",
    [
        "",
        "no json",
        "[]",
        "3",
        "null",
        "{}",
        "[" * 100_000,
        '{"Records": []}',
        '{"Records": 3}',
        '{"Records": [{}]}',
        '{"Records": [{"eventName": "ObjectCreated:Put", "s3": {"bucket": {"name": "in"}, "object": {"key": 3}}}]}',
        '{"Records": [{"eventName": "ObjectCreated:Put", "s3": {"bucket": {"name": "in"}, "object": {"key": ""}}}]}',
        '{"Records": [{"eventName": "ObjectCreated:Put", "s3": {"bucket": {"name": "in"}, "object": {"key": "%ff"}}}]}',
        '{"schema": 1, "job": {}}',
        '{"schema": 1, "job": {"key": "\\ud800", "version": "v", "pipeline": "blur(9)"}}',
        '{"Records": [{"eventName": "ObjectCreated:Put", "s3": {"bucket": {"name": "in"}, "object": {"key": "\\ud800"}}}]}',
        '{"schema": 1, "job": {"key": "a", "version": "v", "pipeline": 3}}',
        '{"schema": 1, "job": {"key": "a", "version": "v", "pipeline": "blur(9)", "owner": 3}}',
        '{"schema": "2", "job": {"key": "a", "version": "v", "pipeline": "blur(9)"}}',
        '{"schema": 1, "job": {"key": "a", "version": "\\ud800", "pipeline": "blur(9)"}}',
        '{"schema": 1, "job": {"key": "a", "version": "v", "pipeline": "\\ud800"}}',
        '{"schema": 1, "job": {"key": "a", "version": "v", "pipeline": "blur(9)", "batch": "\\ud800"}}',
        '{"schema": 1, "job": {"key": "a", "version": "v", "pipeline": "' + "invert | " * 500 + 'invert"}}',
    ],
)
def test_a_body_nobody_can_read_is_refused_with_a_reason(body: str) -> None:
    with pytest.raises(UnreadableMessageError) as refused:
        asks(body, "in")
    assert refused.value.reason
    assert len(refused.value.reason) < 400


def test_a_message_of_a_newer_schema_is_left_for_who_understands_it() -> None:
    with pytest.raises(NewerMessageError):
        asks('{"schema": 2, "job": {"key": "a", "version": "v", "pipeline": "blur(9)"}}', "in")


def test_a_bucket_never_comes_out_of_a_message() -> None:
    with pytest.raises(ForeignBucketError):
        asks(json.dumps(event()), "another")


def test_an_unreadable_body_has_an_identity_of_its_own() -> None:
    assert unreadable_id("x") != unreadable_id("y")
    assert unreadable_id("\ud800") == unreadable_id("\ud800")


@given(
    st.text(min_size=1).filter(lambda key: "\ud800" not in key),
    st.text(alphabet="abc0123456789._-", min_size=1),
)
def test_every_key_comes_back_out_of_the_event_it_is_put_into(key: str, version: str) -> None:
    drop = Drop("in", key, version)
    assert asks(body_of(Ask(drop)), "in") == [Ask(drop)]


def test_a_row_tells_the_message_that_keeps_its_identity() -> None:
    for ask in (Ask(DROP, owner="o"), Ask(DROP, "invert()", "2", "o", "b")):
        job = Job(
            ask.job_id, "in", DROP.key, DROP.version, State.QUEUED,
            pipeline=ask.pipeline or "blur(9)", revision=ask.revision, owner=ask.owner, batch=ask.batch,
        )  # fmt: skip
        assert asks(body_of(ask_of(job)), "in")[0].job_id == ask.job_id


def test_a_notice_comes_back_as_it_was_sent() -> None:
    sent = Notice("ended", "id", 3.5, {"state": "DONE"}, {"pixels": 12.0})
    assert notice(notice_body(sent)) == sent


def test_a_notice_that_nobody_can_add_up_is_refused_too() -> None:
    for at, amount in (("1e30", "1"), ("1" * 400, "1"), ("NaN", "1"), ("3", "NaN"), ("3", "Infinity")):
        body = f'{{"schema":1,"notice":{{"kind":"ended","job":"j","at":{at},"facts":{{}},"amounts":{{"x":{amount}}}}}}}'
        with pytest.raises(UnreadableMessageError):
            notice(body)


@pytest.mark.parametrize(
    "body", ["x", "{}", '{"schema":1,"notice":3}', '{"schema":1,"notice":{"kind":"ended"}}']
)
def test_a_notice_nobody_can_read_is_refused(body: str) -> None:
    with pytest.raises(UnreadableMessageError):
        notice(body)
