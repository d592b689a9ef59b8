"""Errors of the docker package, turned into datavc's own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from docker.errors import APIError, DockerException, ImageNotFound
from requests.exceptions import RequestException

from datavc.errors import ExecutorAway, ExecutorUnavailable

START_HINT = "start Docker, or set DATAVC_EXECUTOR=process to run without isolation"


@contextmanager
def docker_errors(action: str) -> Iterator[None]:
    """Turn what the docker package raises into :class:`ExecutorUnavailable`.

    What comes from an engine that does not answer is an :class:`ExecutorAway`.

    Args:
        action: what was being done, as in "Docker cannot <action>".
    """
    try:
        yield
    except ImageNotFound as error:
        raise ExecutorUnavailable(
            f"Docker cannot {action}: {error.explanation or error}", hint="check the image's name"
        ) from error
    except APIError as error:
        raise ExecutorUnavailable(
            f"Docker cannot {action}: {error.explanation or error}",
            hint="see the Docker engine's message",
        ) from error
    except (DockerException, RequestException, OSError) as error:
        raise ExecutorAway(
            f"Docker does not answer, so it cannot {action}: {error}", hint=START_HINT
        ) from error
