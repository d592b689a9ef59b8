import pytest

from datavc.errors import InvalidInput, InvalidName, InvalidSpec
from datavc.model.pipeline import PipelineSpec, parse_pipeline_spec
from datavc.model.secret import SecretUse, check_secret


def spec(*secrets: object, **transform: object) -> PipelineSpec:
    return parse_pipeline_spec(
        {
            "pipeline": {"name": "p"},
            "transform": {"cmd": ["true"], "secrets": list(secrets), **transform},
            "input": {"pfs": {"repo": "raw", "glob": "/"}},
        }
    )


VARIABLE = {"name": "db", "key": "password", "env_var": "PASSWORD"}
FOLDER = {"name": "db", "mount_path": "/run/db"}


def test_secrets_as_variables_and_as_files() -> None:
    assert spec(VARIABLE, FOLDER).transform.secrets == (
        SecretUse("db", "password", env_var="PASSWORD"),
        SecretUse("db", mount_path="/run/db"),
    )


def test_which_secrets_are_used_is_part_of_the_code() -> None:
    digests = {
        spec(*secrets).code_digest("image")
        for secrets in ((), (VARIABLE,), (FOLDER,), ({**VARIABLE, "key": "other"},))
    }
    assert len(digests) == 4


@pytest.mark.parametrize(
    ("secret", "message"),
    [
        ({"key": "a", "env_var": "A"}, "[0].name is missing"),
        ({"name": "db"}, "[0] must have either env_var or mount_path"),
        ({**VARIABLE, **FOLDER}, "[0] must have either env_var or mount_path"),
        ({"name": "db", "env_var": "A"}, "[0].key is missing"),
        ({**VARIABLE, "env_var": "a b"}, "[0].env_var is not the name of a variable"),
        ({**VARIABLE, "env_var": "PACH_X"}, "[0].env_var is set by datavc itself"),
        ({**VARIABLE, "env_var": "SEED"}, "[0].env_var: 'SEED' is given twice"),
        ({**FOLDER, "mount_path": "run"}, "[0].mount_path must be an absolute path"),
        ({**FOLDER, "mount_path": "/run/../x"}, "[0].mount_path must be an absolute path"),
        ({**FOLDER, "mount_path": "/"}, "[0].mount_path must be an absolute path"),
        ({**FOLDER, "mount_path": "/pfs/out"}, "[0].mount_path: '/pfs/out' overlaps with '/pfs'"),
        ({**FOLDER, "path": "/x"}, "[0].path is not a field"),
    ],
)
def test_what_is_wrong_is_named(secret: dict[str, object], message: str) -> None:
    with pytest.raises(InvalidSpec) as caught:
        spec(secret, env={"SEED": "1"})
    assert caught.value.message.startswith(f"transform.secrets{message}")


@pytest.mark.parametrize(
    ("name", "values", "kind"),
    [
        ("", {"a": b""}, InvalidName),
        ("Db", {"a": b""}, InvalidName),
        ("db", {}, InvalidInput),
        ("db", {"../a": b""}, InvalidName),
        ("db", {".": b""}, InvalidName),
        ("db", {"a": bytes(1 + (1 << 20))}, InvalidInput),
    ],
)
def test_what_is_no_secret(name: str, values: dict[str, bytes], kind: type[Exception]) -> None:
    with pytest.raises(kind):
        check_secret(name, values)
