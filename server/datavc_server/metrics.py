"""What Prometheus reads: of this process's requests, and of the whole datavc from its database."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
)
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from datavc.db import figures
from datavc.db.clock import now_us
from datavc.errors import Unavailable
from datavc.versioning.versioned_store import VersionedStore

#: Seconds for which figures of the database are taken for new: they cost a scan of its indexes.
_FRESH_S = 5.0
#: Upper ends of the classes of durations, in seconds; long answers wait for news.
_DURATIONS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)

# When a counter began is known from when the process did.
disable_created_metrics()


class ServerMetrics:
    """Counters of one server, in a registry of their own. Safe to share between threads."""

    def __init__(self, vs: VersionedStore) -> None:
        self.registry = new_registry(vs)
        known = self.registry
        self.requests = Counter(
            "datavc_http_requests", "Requests answered.", ["method", "route", "status"],
            registry=known,
        )  # fmt: skip
        self.request_seconds = Histogram(
            "datavc_http_request_seconds", "Time until the end of the answer.",
            ["method", "route"], registry=known, buckets=_DURATIONS,
        )  # fmt: skip
        self.requests_in_progress = Gauge(
            "datavc_http_requests_in_progress", "Requests being answered.", registry=known
        )
        self.received_bytes = Counter(
            "datavc_http_received_bytes", "Bytes of the bodies of requests.", registry=known
        )
        self.sent_bytes = Counter(
            "datavc_http_sent_bytes", "Bytes of the bodies of answers.", registry=known
        )
        self.commits = Counter(
            "datavc_commits_made", "Commits made through this server.", registry=known
        )
        self.put_bytes = Counter(
            "datavc_put_bytes",
            "Plain bytes of the files that were put through this server.",
            registry=known,
        )
        self.stored_bytes = Counter(
            "datavc_stored_bytes",
            "Bytes of the packs that were stored for them: what is not new is not stored again.",
            registry=known,
        )
        self.collections = Counter(
            "datavc_gc_runs", "Garbage collections that this server has made.", registry=known
        )
        self.freed_bytes = Counter(
            "datavc_gc_freed_bytes", "Bytes that they have freed.", registry=known
        )


def new_registry(vs: VersionedStore) -> CollectorRegistry:
    """A registry with the figures of *vs*, and those of this process."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(DatabaseFigures(vs))
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    return registry


class DatabaseFigures(Collector):
    """Figures of the whole datavc, whichever process has made what they count."""

    def __init__(self, vs: VersionedStore) -> None:
        self._vs = vs
        self._lock = threading.Lock()
        self._found: figures.Figures | None = None
        self._found_at = 0.0

    def collect(self) -> Iterator[Metric]:
        """The figures now; only ``datavc_database_up`` while the database is away."""
        found = self._look()
        yield _gauge("datavc_database_up", "Whether the database answers.", int(found is not None))
        if found is None:
            return
        yield _gauge("datavc_repos", "Repos.", found.repos)
        yield _gauge("datavc_commits", "Commits that there are.", found.commits)
        yield _gauge("datavc_packs", "Packs.", found.packs)
        yield _gauge("datavc_pack_bytes", "Bytes of all packs.", found.pack_bytes)
        jobs = GaugeMetricFamily("datavc_jobs", "Jobs that are remembered.", labels=["state"])
        for state, count in found.jobs.items():
            jobs.add_metric([state.value], count)
        yield jobs
        datums = GaugeMetricFamily("datavc_datums", "Datums of those jobs.", labels=["outcome"])
        for outcome, count in found.datums.items():
            datums.add_metric([outcome], count)
        yield datums
        yield _gauge(
            "datavc_queue_age_seconds",
            "How long the oldest job has waited that no engine has begun.",
            _age(found.oldest_waiting_us),
        )
        yield _gauge("datavc_outbox_events", "Events that wait for an engine.", found.events)
        yield _gauge(
            "datavc_outbox_age_seconds", "Age of the oldest of them.", _age(found.oldest_event_us)
        )

    def _look(self) -> figures.Figures | None:
        with self._lock:
            if self._found is None or time.monotonic() - self._found_at > _FRESH_S:
                self._found = self._read()
                self._found_at = time.monotonic()
            return self._found

    def _read(self) -> figures.Figures | None:
        try:
            with self._vs.db.read() as conn:
                return figures.find(conn)
        except Unavailable:
            return None


def _gauge(name: str, meaning: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, meaning, value=value)


def _age(since_us: int | None) -> float:
    return 0.0 if since_us is None else max(now_us() - since_us, 0) / 1e6
