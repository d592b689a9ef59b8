"""The end of a job that went well: its output commit, or the news that nothing changed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice

from sqlalchemy import Connection

from datavc.db import job_claims, job_events
from datavc.db.clock import now_us
from datavc.db.job_claims import JobFacts
from datavc.db.jobs import DatumCounts, JobRow
from datavc.engine.datum_facts import encode_facts
from datavc.engine.job_plan import JobInputs, JobPlan
from datavc.errors import LostRace
from datavc.model.change_set import StagedRecord
from datavc.model.commit import Provenance, TreeRef
from datavc.model.entry import Change
from datavc.model.job import JobState
from datavc.model.tree.apply import apply_changes
from datavc.store.content import ContentWriter
from datavc.versioning.nodes import SessionSink
from datavc.versioning.versioned_store import VersionedStore

_BATCH = 2000
