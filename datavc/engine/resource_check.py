"""Whether what a pipeline asks for can be had, told when it is made and not when its jobs wait."""

from __future__ import annotations

from datavc.engine.capacity import Share
from datavc.errors import InvalidSpec
from datavc.model.pipeline import PipelineSpec

#: Two amounts of processors that differ by less are one, written in two ways.
_SAME = 1e-9


def check_resources(spec: PipelineSpec) -> None:
    """Refuse a pipeline whose datums ask for more than they may use.

    Versions that were stored before are read without this check, so that they still run.

    Raises:
        InvalidSpec: one of ``resource_requests`` is above that of ``resource_limits``.
    """
    requests, limits = spec.requests, spec.limits
    for field, unit, asked, most in (
        ("cpu", "", requests.cpu, limits.cpu),
        ("memory", " bytes", requests.memory, limits.memory),
        ("disk", " bytes", requests.disk, limits.disk),
        ("gpu.number", "", requests.gpu, limits.gpu),
    ):
        if asked is not None and most is not None and asked > most + _SAME:
            raise InvalidSpec(
                f"resource_requests.{field} of {_amount(asked)}{unit} is above "
                f"resource_limits.{field} of {_amount(most)}{unit}",
                hint=f"lower the request, or raise resource_limits.{field}",
            )


def unmet_requests(spec: PipelineSpec, host: Share) -> tuple[str, ...]:
    """What a datum asks for that *host* has not, for people; engines of other hosts may have it."""
    gpus = "resource_limits" if spec.limits.gpu else "resource_requests"
    return tuple(
        f"{field} of {_amount(asked)}{unit} is more than this host has, {_amount(there_is)}: "
        "`datavc engine` on a larger one can run its jobs"
        for field, unit, asked, there_is in (
            ("resource_requests.cpu", "", spec.requests.cpu, host.cpus),
            ("resource_requests.memory", " bytes", spec.requests.memory, host.memory),
            (f"{gpus}.gpu.number", "", spec.limits.gpu or spec.requests.gpu, host.gpus),
        )
        if asked is not None and asked > there_is + _SAME
    )


def _amount(value: float) -> str:
    return f"{value:g}" if isinstance(value, float) else f"{value:,}"
