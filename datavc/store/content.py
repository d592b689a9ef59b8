"""Content in and out: files and streams to entries, and back.

Reading is here; writing is :class:`~datavc.store.content_writer.ContentWriter`.
"""

from datavc.store.content_reader import content_digest, read_content, write_content
from datavc.store.content_writer import ContentWriter

__all__ = ["ContentWriter", "content_digest", "read_content", "write_content"]
