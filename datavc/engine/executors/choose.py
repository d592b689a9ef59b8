"""Choosing the executor that settings ask for."""

from __future__ import annotations

from datavc.engine.executors.executor import Executor
from datavc.engine.executors.process import ProcessExecutor
from datavc.errors import ExecutorUnavailable


def open_executor(name: str) -> Executor:
    """Open the executor *name*: ``docker``, ``process``, or ``auto`` for docker where it answers.

    Raises:
        ExecutorUnavailable: ``docker`` was asked for, and is not installed or does not answer.
    """
    if name == "process":
        return ProcessExecutor()
    try:
        return _open_docker()
    except ExecutorUnavailable:
        if name == "docker":
            raise
        return ProcessExecutor()


def _open_docker() -> Executor:
    try:
        from datavc.engine.executors.docker import DockerExecutor
    except ImportError:
        raise ExecutorUnavailable(
            "the docker executor needs the docker package",
            hint='pip install "datavc[docker]", or set DATAVC_EXECUTOR=process',
        ) from None
    return DockerExecutor()
