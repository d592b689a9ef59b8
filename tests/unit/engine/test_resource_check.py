"""What a pipeline asks for, held against what it may use and what there is."""

import pytest

from datavc.engine.capacity import Share
from datavc.engine.resource_check import check_resources, unmet_requests
from datavc.errors import InvalidSpec
from datavc.model.pipeline import PipelineSpec, parse_pipeline_spec


def spec(**fields: object) -> PipelineSpec:
    return parse_pipeline_spec(
        {
            "pipeline": {"name": "p"},
            "transform": {"cmd": ["true"]},
            "input": {"pfs": {"repo": "data", "glob": "/"}},
            **fields,
        }
    )


@pytest.mark.parametrize(
    ("field", "asked", "most", "message"),
    [
        ("cpu", 2, "1500m", "cpu of 2 is above resource_limits.cpu of 1.5"),
        (
            "memory",
            "1Gi",
            "1G",
            "memory of 1,073,741,824 bytes is above resource_limits.memory of 1,000,000,000 bytes",
        ),
        ("disk", 2, 1, "disk of 2 bytes is above resource_limits.disk of 1 bytes"),
        ("gpu", {"number": 2}, {}, "gpu.number of 2 is above resource_limits.gpu.number of 1"),
    ],
)
def test_requests_above_limits_are_refused(
    field: str, asked: object, most: object, message: str
) -> None:
    with pytest.raises(InvalidSpec) as caught:
        check_resources(spec(resource_requests={field: asked}, resource_limits={field: most}))
    assert caught.value.message == f"resource_requests.{message}"
    assert f"resource_limits.{field}" in caught.value.hint
    check_resources(spec(resource_requests={field: most}, resource_limits={field: asked}))
    check_resources(spec(resource_requests={field: asked}))
    check_resources(spec(resource_limits={field: most}))


def test_one_amount_written_in_two_ways_is_the_same() -> None:
    check_resources(spec(resource_requests={"cpu": "700m"}, resource_limits={"cpu": 0.7}))


def test_what_a_host_has_not_is_told_field_by_field() -> None:
    host = Share(cpus=2, memory=2**30)
    fits = {"cpu": 2, "memory": "1Gi", "disk": "100Ti"}
    assert unmet_requests(spec(resource_requests=fits), host) == ()
    # What it may use at most is no reason to leave it to others.
    assert unmet_requests(spec(resource_limits={"cpu": 64, "memory": "1Ti"}), host) == ()
    asked = {"cpu": 2.5, "memory": "2Gi", "gpu": {"number": 1}}
    cpu, memory, gpu = unmet_requests(spec(resource_requests=asked), host)
    assert cpu.startswith("resource_requests.cpu of 2.5 is more than this host has, 2:")
    assert "of 2,147,483,648 bytes is more than this host has, 1,073,741,824:" in memory
    assert gpu.startswith("resource_requests.gpu.number of 1 is more than this host has, 0:")
    (gpu,) = unmet_requests(spec(resource_limits={"gpu": {"number": 3}}), host)
    assert gpu.startswith("resource_limits.gpu.number of 3")
