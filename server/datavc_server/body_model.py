"""What the bodies of requests have in common."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, TypeAdapter

from datavc.client.wire import RecordBody


class BodyModel(BaseModel):
    """A request's body. A field that is not known, or not of its type, is refused.

    To take `0` for `false`, or to pass over a misspelt `dry_run`, could remove what was to stay.
    """

    model_config = ConfigDict(strict=True, extra="forbid")


#: A stored change set in such a body, where a strict model would take no plain object for it.
StoredChangeSet = Annotated[RecordBody, BeforeValidator(TypeAdapter(RecordBody).validate_python)]
