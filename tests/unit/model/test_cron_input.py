import pytest

from datavc.errors import InvalidSpec
from datavc.model.cron_schedule import CronSchedule
from datavc.model.input_spec import parse_input
from datavc.model.pipeline import parse_pipeline_spec
from datavc.model.pipeline_input import CronTicks, PfsInput, cron_inputs


def cron(**fields: object) -> dict[str, object]:
    return {"cron": {"name": "tick", "spec": "@daily", **fields}}


def test_its_ticks_are_files_of_a_repo_named_after_pipeline_and_input() -> None:
    assert parse_input(cron(), "input", "ingest") == PfsInput(
        "tick", "ingest_tick", "main", "/*", cron=CronTicks(CronSchedule("@daily"))
    )


def test_all_fields_are_read() -> None:
    given = cron(
        repo="clock", start="2026-01-01T00:00:00+01:00", overwrite=True, time_zone="Europe/Berlin"
    )
    node = parse_input({"cross": [given, {"pfs": {"repo": "raw", "glob": "/"}}]}, "input", "p")
    leaf, ticks = cron_inputs(node)["clock"]
    assert leaf.name == "tick"
    assert ticks == CronTicks(CronSchedule("@daily", "Europe/Berlin"), 1767222000_000_000, True)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"name": None}, r"^input\.cron\.name is missing"),
        ({"spec": None}, r"^input\.cron\.spec is missing"),
        ({"spec": "often"}, r"^input\.cron\.spec: 'often' is no schedule"),
        ({"time_zone": "Mars/Base"}, "'Mars/Base' is no time zone"),
        ({"start": "2026-01-01"}, r"^input\.cron\.start must be a time with its zone"),
        ({"start": "soon"}, r"^input\.cron\.start must be a time"),
        ({"overwrite": "yes"}, r"^input\.cron\.overwrite must be true or false"),
        ({"glob": "/*"}, r"^input\.cron\.glob is not a field"),
        ({"commit": "abc"}, r"^input\.cron\.commit is not supported yet"),
        ({"repo": "a/b"}, r"^input\.cron\.repo: "),
    ],
)
def test_what_is_wrong_is_named(fields: dict[str, object], message: str) -> None:
    with pytest.raises(InvalidSpec, match=message):
        parse_input(cron(**fields), "input", "p")


def test_two_cron_inputs_need_two_repos() -> None:
    spec = {
        "pipeline": {"name": "p"},
        "transform": {"cmd": ["true"]},
        "input": {"cross": [cron(name="a", repo="clock"), cron(name="b", repo="clock")]},
    }
    with pytest.raises(InvalidSpec, match="two cron inputs have the same repo"):
        parse_pipeline_spec(spec)
