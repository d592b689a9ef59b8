"""Tags."""

from __future__ import annotations

from fastapi import APIRouter, status
from pydantic import Field

from datavc.model.repo import TagInfo
from datavc.versioning import tags
from datavc_server.body_model import BodyModel
from datavc_server.paging import Page, page_list
from datavc_server.state import Author, Cursor, Limit, Repo, State, Tag

router = APIRouter(prefix="/repos/{repo}/tags", tags=["tags"])


class NewTag(BodyModel):
    """A tag to be created."""

    name: str = Field(examples=["v1"])
    target: str = Field(description="The ref that it names.", examples=["main"])


@router.get("")
def list_tags(
    repo: Repo, state: State, limit: Limit = 1000, cursor: Cursor = None
) -> Page[TagInfo]:
    """A repo's tags, by name."""
    return page_list(tags.list_tags(state.vs, repo), limit, cursor, lambda one: one.name)


@router.post("", status_code=status.HTTP_201_CREATED)
def create_tag(repo: Repo, new: NewTag, state: State, author: Author) -> TagInfo:
    """Create a tag."""
    return tags.create_tag(state.vs, repo, new.name, new.target, author=author)


@router.delete("/{tag}", status_code=status.HTTP_204_NO_CONTENT)
def delete_tag(repo: Repo, tag: Tag, state: State, author: Author) -> None:
    """Delete a tag; its commit stays."""
    tags.delete_tag(state.vs, repo, tag, author=author)
