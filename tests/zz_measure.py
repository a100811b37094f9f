import os, time
from concurrent.futures import ThreadPoolExecutor
import pytest
from tests.conftest import EmbeddedAws
from tilework.aws.connect import connect, build_clients, join
from tilework.aws.rows import to_item
from tilework.jobs.batches import Batch, standing
from tilework.jobs.cursor import after
from tilework.jobs.history import begun, over, Outcome
from tilework.jobs.job import Job, State, digest
from master.jobs import Listing, Wanted
from master.settings import MasterSettings

N = int(os.environ.get("ROWS", "100000"))

def test_measure(embedded_aws: EmbeddedAws, deploy) -> None:
    deployment = deploy(embedded_aws.endpoint_url)
    clients = build_clients("us-east-1", embedded_aws.endpoint_url)
    system = join(clients, deployment)
    now = time.time()
    states = [State.DONE] * 96 + [State.FAILED] * 3 + [State.RUNNING]
    def row(i):
        st = states[i % 100] if i % 100 != 99 or i < 2000 else State.DONE
        hist = over(begun((), number=1, host="i-0abc12def3456789a", now=now - i), Outcome.DONE, now - i + 2, rank=3)
        return Job(digest(str(i)), deployment.input_bucket, f"uploads/2026-11-30/0123456789abcdef/IMG_{i:06}.jpg", "v" * 32, st, pipeline="blur(9) | canny(100, 200)",
            result_key=f"results/uploads/2026-11-30/0123456789abcdef/IMG_{i:06}-{digest(str(i))[:8]}.jpg", attempts=1, lease_number=1, batch="trip", owner="", created=now - i - 3, started=now - i - 2, updated=now - i, ended=now - i, seconds=1.234, source_bytes=4_000_000, width=4000, height=3000, dtype="uint8", history=hist, serial=2)
    item = to_item(row(5))
    size = sum(len(k) + len(str(next(iter(v.values())))) for k, v in item.items())
    print("row bytes about", size)
    start = time.time()
    def write(k):
        reqs = [{"PutRequest": {"Item": to_item(row(i))}} for i in range(k, min(N, k + 25))]
        clients.dynamodb.batch_write_item(RequestItems={deployment.job_table: reqs})
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(0, N, 25)))
    print("written", time.time() - start)
    # what requests cost
    units = []
    real = clients.dynamodb.query
    def query(**kw):
        answer = real(ReturnConsumedCapacity="TOTAL", **kw)
        units.append((answer.get("ConsumedCapacity", {}).get("CapacityUnits", 0), answer["ScannedCount"], answer["Count"]))
        return answer
    clients.dynamodb.query = query
    listing = Listing(system, MasterSettings(), time.time)
    def measure(name, run):
        units.clear()
        t = time.time(); got = run(); t = time.time() - t
        rows = sum(u[1] for u in units)
        # what AWS would count: 4 KB at half a unit, each query rounded up
        import math
        est = sum(max(0.5, math.ceil(u[1] * size / 4096) / 2) for u in units)
        print(f"{name}: {t:.3f} s, {len(units)} queries, {rows} rows read, {est:.0f} units (emulator says {sum(u[0] for u in units):.0f}) -> {got}")
        return got
    first = measure("page of 100", lambda: listing.list(Wanted()).next)
    for k in range(2):
        first = measure("next page of 500", lambda: listing.list(Wanted(limit=500, before=first)).next)
    measure("poll since 20 s", lambda: len(listing.list(Wanted(since=str(now - 20))).jobs))
    measure("page before 80000", lambda: len(listing.list(Wanted(limit=500, before=str(now - 80000))).jobs))
    measure("search, one request", lambda: (lambda a: (len(a.jobs), a.searched))(listing.list(Wanted(search="IMG_001999"))))
    measure("failed of a code", lambda: (lambda a: (len(a.jobs), a.searched))(listing.list(Wanted(state=State.FAILED, code="x"))))
    measure("count without note", lambda: standing(system.batches, "trip", now).states[State.DONE])
    system.batches.note(Batch("trip", "", 100_000, created=now - 100_000))
    measure("count, first with note", lambda: standing(system.batches, "trip", now).states[State.DONE])
    measure("count, settled", lambda: (standing(system.batches, "trip", now).states, system.batches.get("trip").final))
    measure("recent", lambda: len(list(system.batches.recent(20))))
