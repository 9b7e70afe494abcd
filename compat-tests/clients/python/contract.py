"""The scenarios, for every Python client alike; see ../README.md."""

import sys
import threading
import time
import traceback
from collections import namedtuple

Record = namedtuple("Record", "key value headers timestamp offset", defaults=(None, None, (), None, None))

HEADERS = (("a", b"1"), ("b", b"two"), ("bytes", b"\x00\xff\x80"), ("empty", b""))
CODECS = ("none", "gzip", "snappy", "lz4", "zstd")
PATIENCE = 30


def text(i):
    return f"value {i} {'compressible ' * (i % 20)}".encode()


def numbered(numbers, **more):
    return [Record(f"key-{i}".encode(), text(i), **more) for i in numbers]


def same(what, expected, seen):
    if expected != seen:
        raise AssertionError(f"{what}: expected {str(expected)[:500]}, saw {str(seen)[:500]}")


def round_trip(client, topic, partition, records, first=0, **how):
    client.send(topic, partition, records, **how)
    seen = client.read(topic, partition, first, len(records))
    same("offsets", list(range(first, first + len(records))), [it.offset for it in seen])
    for expected, it in zip(records, seen):
        same(f"offset {it.offset}", (expected.key, expected.value, list(expected.headers)), (it.key, it.value, list(it.headers)))
    return seen


def keys(client, topic):
    client.send(topic, None, numbered(range(200)))
    seen = []
    for partition in range(4):
        seen += client.read_all(topic, partition)
    same("values", sorted(text(i) for i in range(200)), sorted(it.value for it in seen))


def times(client, topic):
    base = int(time.time() * 1000) - 60_000
    client.send(topic, 0, [it._replace(timestamp=base + 1000 * i) for i, it in enumerate(numbered(range(3)))])
    asked = [base, base + 1, base + 2000, base + 2001]
    same("offsets of times", [0, 1, 2, None], client.offsets_of(topic, 0, asked))
    first = client.read(topic, 0, 1, 2)[0]
    same("the record at the time", (1, base + 1000, text(1)), (first.offset, first.timestamp, first.value))


def admin(client, topic):
    made = f"{topic}-made"
    client.create(made, 3, {"retention.ms": "3600000"})
    eventually("partitions", 3, lambda: client.partitions(made))
    eventually("retention.ms", "3600000", lambda: client.config(made, "retention.ms"))
    wait()
    client.alter(made, "retention.ms", "7200000")
    eventually("retention.ms", "7200000", lambda: client.config(made, "retention.ms"))
    client.grow(made, 5)
    eventually("partitions", 5, lambda: client.partitions(made))
    wait()
    client.drop(made)
    eventually("partitions", None, lambda: client.partitions(made))


def eventually(what, expected, look):
    """Apache Kafka answers from an image that may be a moment old."""
    end = time.monotonic() + 10
    while (seen := look()) != expected and time.monotonic() < end:
        time.sleep(0.05)
    same(what, expected, seen)


def wait():
    print("ready", flush=True)
    sys.stdin.readline()


def reconnect(client, topic):
    round_trip(client, topic, 0, numbered(range(10)))
    wait()
    round_trip(client, topic, 0, numbered(range(10, 20)), first=10)


def group(client, topic, protocol):
    told = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.readline(), told.set()), daemon=True).start()
    client.join(topic, protocol)
    while not told.is_set():
        seen = client.poll()
        for partition, offset, value in seen:
            print(partition, offset, value.decode())
        sys.stdout.flush()
        if seen:
            client.commit()
    client.leave()


def run(client, topic, scenario):
    if scenario in CODECS:
        round_trip(client, topic, 1, numbered(range(200)), codec=scenario)
    elif scenario == "headers":
        round_trip(client, topic, 0, numbered(range(10), headers=HEADERS))
    elif scenario == "nulls":
        pairs = [(b"gone", None), (None, b"value"), (b"empty", b"")]
        round_trip(client, topic, 0, [Record(*pair) for pair in pairs])
    elif scenario == "keys":
        keys(client, topic)
    elif scenario == "time":
        times(client, topic)
    elif scenario == "admin":
        admin(client, topic)
    elif scenario == "large":
        round_trip(client, topic, 2, [Record(None, letter * 990_000) for letter in (b"a", b"b", b"c")])
    elif scenario == "batches":
        round_trip(client, topic, 0, numbered(range(10_000)), codec="gzip")
        first = client.read(topic, 0, 5003, 10)[0]
        same("from amid a batch", (5003, text(5003)), (first.offset, first.value))
    elif scenario == "idempotent":
        round_trip(client, topic, 0, numbered(range(500)), idempotent=True)
    elif scenario == "reconnect":
        reconnect(client, topic)
    elif scenario == "group":
        group(client, topic, "classic")
    elif scenario == "group-848":
        group(client, topic, "consumer")
    else:
        raise AssertionError(f"there is no scenario {scenario}")


def main(make):
    address, topic, scenario = sys.argv[1:4]
    try:
        client = make(address)
        run(client, topic, scenario)
        client.close()
    except BaseException:
        traceback.print_exc()
        sys.exit(1)
