"""Making commits' outputs once more."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import Field

from datavc.engine import reproduction
from datavc.model.job import JobInfo
from datavc.model.reproduction import Reproduction
from datavc.model.role import Action
from datavc_server.asking import Asker
from datavc_server.body_model import BodyModel
from datavc_server.paging import Items
from datavc_server.state import Author, Ref, Repo, State

router = APIRouter(prefix="/repos/{repo}/refs/{ref}/reproductions", tags=["jobs"])


class NewReproduction(BodyModel):
    """How closely the outputs are compared."""

    tolerance: float = Field(
        default=0.0, description="How much numbers in metrics may differ.", examples=[0.001]
    )
    metrics: list[str] = Field(
        default_factory=list,
        description="Globs of the files in which they may.",
        examples=[["/metrics.json"]],
    )


@router.post("", status_code=201)
def start_reproduction(
    repo: Repo, ref: Ref, new: NewReproduction, state: State, author: Author, asker: Asker
) -> JobInfo:
    """Queue a job that makes a commit's output once more, and compares it.

    It ends as a failure where a file differs; what it found is listed with the commit. Whoever
    asks must be allowed to read all that it reads.
    """
    for source in reproduction.repos_read(state.vs, repo, ref):
        asker.require(Action.READ, source)
    return reproduction.start_reproduction(
        state.vs, repo, ref, author, tolerance=new.tolerance, metrics=tuple(new.metrics)
    )


@router.get("")
def list_reproductions(repo: Repo, ref: Ref, state: State) -> Items[Reproduction]:
    """What came of making a commit's output once more, newest first."""
    return Items(items=reproduction.list_reproductions(state.vs, repo, ref))
