"""A trace of ours, read by OpenTelemetry's own message types: every member known, every value of the right type."""
import base64
import json
import subprocess

import pytest

ID_NAMES = {"traceId", "spanId", "parentSpanId"}


def with_base64_ids(value):
    """OTLP JSON writes ids in hexadecimal, where ProtoJSON has Base64; all else is ProtoJSON."""
    if isinstance(value, dict):
        return {k: base64.b64encode(bytes.fromhex(v)).decode() if k in ID_NAMES else with_base64_ids(v)
                for k, v in value.items()}
    return [with_base64_ids(v) for v in value] if isinstance(value, list) else value


@pytest.fixture
def trace(tool, tmp_path):
    path = tmp_path / "trace.json"
    subprocess.run([tool("trace_writer"), path], check=True, timeout=30)
    return path.read_text()


def attributes(message):
    return {a.key: getattr(a.value, a.value.WhichOneof("value")) for a in message.attributes}


def test_opentelemetry_reads_our_trace(trace):
    json_format = pytest.importorskip("google.protobuf.json_format", reason="opentelemetry-proto is not installed; scripts/setup --peers installs it")
    service = pytest.importorskip("opentelemetry.proto.collector.trace.v1.trace_service_pb2",
                                  reason="opentelemetry-proto is not installed; scripts/setup --peers installs it")
    request = json_format.ParseDict(with_base64_ids(json.loads(trace)), service.ExportTraceServiceRequest())
    (resource_spans,) = request.resource_spans
    assert attributes(resource_spans.resource)["service.name"] == "hallmark"
    assert attributes(resource_spans.resource)["service.version"] == "1.2.3"
    (scope_spans,) = resource_spans.scope_spans
    spans = {s.name: s for s in scope_spans.spans}
    run, task, step = spans["RUN go-release"], spans["build"], spans['go build "\\\n\x01?']
    outer, fetch, going = spans["compile"], spans["fetch €"], spans["still going"]
    assert len(spans) == 6
    assert len({s.span_id for s in spans.values()}) == 6 and len({s.trace_id for s in spans.values()}) == 1
    assert len(run.trace_id) == 16 and len(run.span_id) == 8 and run.parent_span_id == b""
    assert [s.parent_span_id for s in (task, step, outer, fetch, going)] == [
        run.span_id, task.span_id, step.span_id, outer.span_id, run.span_id]
    assert (run.kind, task.kind, fetch.kind) == (2, 1, 3)
    assert attributes(run)["cicd.pipeline.result"] == "failure"
    assert attributes(task)["cicd.pipeline.task.run.result"] == "failure"
    assert attributes(step)["process.exit.code"] == 1
    assert attributes(step)["largest"] == 2**63 - 1 and attributes(step)["smallest"] == -2**63
    assert attributes(step.events[0]) == {"hit": False}
    assert attributes(going) == {"hallmark.unfinished": True}
    assert step.status.code == 2 and going.status.code == 0
    # a child's spans say that their parent was in another process
    assert outer.flags == 0x301 and task.flags == 0x101
    for span in spans.values():
        assert 1_600_000_000 * 10**9 < span.start_time_unix_nano <= span.end_time_unix_nano


def test_the_judge_refuses(trace):
    """The check above can fail: a member that OTLP does not have, an enum as a word that is none."""
    json_format = pytest.importorskip("google.protobuf.json_format", reason="opentelemetry-proto is not installed; scripts/setup --peers installs it")
    service = pytest.importorskip("opentelemetry.proto.collector.trace.v1.trace_service_pb2",
                                  reason="opentelemetry-proto is not installed; scripts/setup --peers installs it")
    for old, new in [('"kind":', '"sort":'), ('"intValue":"', '"intValue":"x')]:
        with pytest.raises(json_format.ParseError):
            json_format.ParseDict(with_base64_ids(json.loads(trace.replace(old, new))), service.ExportTraceServiceRequest())
