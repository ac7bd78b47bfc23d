"""Compares event files with the `tensorboard` package.

    python tensorboard_events.py              prints the bytes that MetricsLogTests expects
    python tensorboard_events.py RUN          reads the event files of a run and compares them with
                                              its metrics.jsonl
"""

import io
import json
import sys

from tensorboard.backend.event_processing import event_accumulator
from tensorboard.compat.proto import event_pb2
from tensorboard.summary.writer.record_writer import RecordWriter

TAGS = {
    "loss": "loss/training",
    "validation_loss": "loss/validation",
    "survival": "merge/survival",
}


class KeptBytes(io.BytesIO):
    def close(self):
        pass


def expected_bytes():
    file = KeptBytes()
    writer = RecordWriter(file)
    writer.write(event_pb2.Event(wall_time=1.5, file_version="brain.Event:2").SerializeToString())
    event = event_pb2.Event(wall_time=2.25, step=300)
    event.summary.value.add(tag="loss/training", simple_value=2.5)
    writer.write(event.SerializeToString())
    writer.flush()
    return file.getvalue()


def compare(run):
    rows = [json.loads(line) for line in open(f"{run}/metrics.jsonl")]
    expected = {}
    for row in rows:
        for key, value in row.items():
            if key != "step" and value is not None:
                expected.setdefault(TAGS.get(key, key), []).append((row["step"], value))
    events = event_accumulator.EventAccumulator(
        f"{run}/metrics", size_guidance={event_accumulator.SCALARS: 0})
    events.Reload()
    assert sorted(events.Tags()["scalars"]) == sorted(expected), events.Tags()["scalars"]
    count = 0
    for tag, values in expected.items():
        found = [(event.step, event.value) for event in events.Scalars(tag)]
        assert [step for step, _ in found] == [step for step, _ in values], tag
        for (_, value), (step, wanted) in zip(found, values):
            assert abs(value - wanted) <= 1e-6 * abs(wanted), (tag, step, value, wanted)
            count += 1
    print(f"{run}: {count} numbers of {len(expected)} tags agree")


if len(sys.argv) == 1:
    print(expected_bytes().hex())
for path in sys.argv[1:]:
    compare(path)
