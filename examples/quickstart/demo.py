"""The quick start: batches of real measurements in, a trained model out, and where it came from.

Usage: python demo.py [HOME]   (what it left there before is removed; by default .demo in the
project's folder)
"""

from __future__ import annotations

import csv
import json
import os
import random
import shlex
import shutil
import sys
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.tree import Tree

import datavc
from datavc.client.client import Client
from datavc.model.commit_info import Lineage
from datavc.model.job import JobState

HERE = Path(__file__).resolve().parent
#: Rows in a batch; the data set has 569.
BATCH_ROWS = 100

console = Console(highlight=False)


def main(home: Path) -> None:
    """Run the whole story."""
    started = time.monotonic()
    make_anew(home)
    image = choose_executor()
    batches = write_batches(home / "batches")
    with datavc.connect(home=home / "datavc", author="quickstart") as dvc:
        heading("Repos for the data and for the code; two pipelines between them")
        dvc.create_repo("raw", description="breast-cancer measurements, one file a batch")
        dvc.create_repo("code", description="the pipelines' scripts")
        commit(dvc, [HERE / "code/clean.py", HERE / "code/train.py"], "code", "clean and train")
        for spec in load_specs(image):
            dvc.create_pipeline(spec)

        heading(f"{len(batches) - 1} batches are committed: every one of them is cleaned")
        commit(dvc, batches[:-1], "raw", "the first batches")
        show_jobs(dvc)
        first = read_metrics(dvc, "train@main")

        heading("One more batch is committed: only the new one is cleaned")
        commit(dvc, batches[-1:], "raw", "one more batch")
        show_jobs(dvc)
        second = read_metrics(dvc, "train@main")

        heading("The two models")
        show_metrics(first, second)
        heading("Where the last model came from")
        show_lineage(dvc.lineage("train@main"))
    console.print(f"\nDone in {time.monotonic() - started:.1f} s. Look around with")
    show_commands(home / "datavc")


def make_anew(home: Path) -> None:
    """An empty folder, which held nothing but what an earlier run left there."""
    if home.exists():
        if not home.is_dir() or not {path.name for path in home.iterdir()} <= {"batches", "datavc"}:
            sys.exit(f"{home} holds something else; name a folder that does not exist yet")
        shutil.rmtree(home)
    home.mkdir(parents=True)


def choose_executor() -> str:
    """Containers where a Docker engine answers, plain processes otherwise. Returns the image."""
    # Plain processes find `python3` on the PATH: it has to be the one with scikit-learn.
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    try:
        image = make_image()
    except CannotUseDocker as reason:
        os.environ["DATAVC_EXECUTOR"] = "process"
        console.print(f"Executor: [bold]process[/], since {reason}")
        return "none"
    os.environ["DATAVC_EXECUTOR"] = "docker"
    console.print(f"Executor: [bold]docker[/], since an engine answers; image {image}")
    return image


class CannotUseDocker(Exception):
    """Why the demo goes on without containers."""


def make_image() -> str:
    """Build the image that the transforms run in; gives its name."""
    if os.environ.get("DATAVC_EXECUTOR") == "process":
        raise CannotUseDocker("DATAVC_EXECUTOR says so")
    try:
        import docker
    except ImportError:
        raise CannotUseDocker("the Docker client is not installed") from None
    try:
        client = docker.from_env()
        client.ping()
        client.close()
    except docker.errors.DockerException:
        raise CannotUseDocker("no Docker engine answers") from None
    import image

    with console.status("Making a container image out of this environment ..."):
        try:
            return image.build()
        except RuntimeError as error:
            raise CannotUseDocker(str(error)) from None


def write_batches(folder: Path) -> list[Path]:
    """The breast-cancer data set that scikit-learn ships, shuffled, as CSV batches."""
    from sklearn.datasets import load_breast_cancer

    data = load_breast_cancer()
    rows = [
        [*map(repr, map(float, x)), int(y)] for x, y in zip(data.data, data.target, strict=True)
    ]
    random.Random(7).shuffle(rows)
    header = [*(name.replace(" ", "_") for name in data.feature_names), "benign"]
    folder.mkdir(parents=True)
    paths: list[Path] = []
    for start in range(0, len(rows), BATCH_ROWS):
        path = folder / f"batch-{len(paths):02}.csv"
        with path.open("w", newline="") as file:
            csv.writer(file).writerows([header, *rows[start : start + BATCH_ROWS]])
        paths.append(path)
    return paths


def load_specs(image: str) -> list[dict[str, object]]:
    """The pipelines of ``pipelines.yaml``, with the image that was made."""
    import yaml

    specs = list(yaml.safe_load_all((HERE / "pipelines.yaml").read_text()))
    for spec in specs:
        spec["transform"]["image"] = image
    return specs


def commit(dvc: Client, files: list[Path], repo: str, message: str) -> None:
    """Put and commit files; the pipelines that read the repo run before this returns."""
    with console.status(f"{message}: the pipelines run ..."):
        done = dvc.put(files, f"{repo}@main:/", message=message)
    console.print(
        f"commit [bold]{str(done.commit)[:12]}[/] on {repo}@main: {done.files} files,"
        f" {done.bytes:,} bytes  [dim]{message}[/]"
    )


def show_jobs(dvc: Client) -> None:
    """The jobs of the last run."""
    run = dvc.resolve("raw@main").run_id
    table = Table("job", "state", "datums", "processed", "skipped", "output", box=None)
    for job in dvc.wait(run):
        output = f"{job.pipeline}@{job.output[:12]}" if job.output else "-"
        numbers = (job.datums_total, job.datums_processed, job.datums_skipped)
        table.add_row(job.pipeline, job.state.value, *map(str, numbers), output)
    console.print(table)
    for job in dvc.wait(run):
        if job.state is not JobState.SUCCESS:
            console.print(f"[red]{job.pipeline}: {job.reason}[/]")
            for line in dvc.job_logs(job.id):
                console.print(f"  {line.stream}: {line.text}")
            sys.exit(1)


def read_metrics(dvc: Client, ref: str) -> dict[str, float]:
    """What the training job measured."""
    metrics: dict[str, float] = json.loads(dvc.read(f"{ref}:/metrics.json"))
    return metrics


def show_metrics(first: dict[str, float], second: dict[str, float]) -> None:
    """Both models side by side."""
    table = Table("metric", "first model", "second model", box=None)
    for name in second:
        table.add_row(name, f"{first[name]:g}", f"{second[name]:g}")
    console.print(table)


def show_lineage(lineage: Lineage) -> None:
    """The commits that a commit was made from, as a tree."""
    commits = {commit.id: commit for commit in lineage.commits}

    def label(commit_id: str) -> str:
        commit = commits[commit_id]
        made = commit.pipeline or f"by {commit.author}"
        return f"{commit.repo}@{commit_id[:12]}  [dim]{made}, {commit.files} files[/]"

    def grow(node: Tree, commit_id: str) -> None:
        for edge in lineage.edges:
            if edge.downstream == commit_id:
                grow(node.add(label(edge.upstream)), edge.upstream)

    root = Tree(label(lineage.commit))
    grow(root, lineage.commit)
    console.print(root)


def show_commands(home: Path) -> None:
    """Commands to go on with; the environment's programs are rarely on the PATH."""
    programs = shlex.quote(str(Path(sys.executable).parent))
    for command in (
        f"export DATAVC_HOME={shlex.quote(str(home))} PATH={programs}:$PATH",
        "datavc log train; datavc ls -l clean; datavc job list; datavc lineage train",
    ):
        console.print(f"  {command}", soft_wrap=True, markup=False)


def heading(text: str) -> None:
    """A line between two parts of the story."""
    console.print(f"\n[bold cyan]{text}[/]")


if __name__ == "__main__":
    default = HERE.parents[1] / ".demo"
    main(Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else default)
