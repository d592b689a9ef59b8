"""Specs as jsonnet templates."""

import json
import sys
from pathlib import Path

import pytest

from datavc.client.jsonnet import evaluate_jsonnet
from datavc.client.pipelines import load_spec
from datavc.errors import DatavcError, InvalidInput, InvalidSpec, NotFound
from datavc_cli.spec_source import read_spec


def template(folder: Path, text: str, name: str = "spec.jsonnet") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_a_template_is_called_with_its_arguments(tmp_path: Path) -> None:
    path = template(tmp_path, "function(a, b='x') [{a: a}, {b: b}]")
    assert json.loads(evaluate_jsonnet(path, {"a": "1"})) == [{"a": "1"}, {"b": "x"}]
    spec = read_spec(str(path), ["a=1=2", "b="])
    assert load_spec(spec) == [{"a": "1=2"}, {"b": ""}]


def test_imports_are_beside_it_and_files_need_no_arguments(tmp_path: Path) -> None:
    template(tmp_path, "{image: 'debian'}", "common.libsonnet")
    path = template(tmp_path, "{transform: (import 'common.libsonnet') + {cmd: ['true']}}")
    assert load_spec(read_spec(str(path))) == [{"transform": {"cmd": ["true"], "image": "debian"}}]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{a: ", "cannot be evaluated: syntax error"),
        ("function(a) a", "function argument is not passed: a"),
        ("error 'no such thing'", "no such thing"),
        ("import 'missing.libsonnet'", "cannot be evaluated"),
    ],
)
def test_what_cannot_be_evaluated_says_why(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InvalidSpec) as found:
        load_spec(template(tmp_path, text))
    assert message in found.value.message
    assert "\n" not in found.value.message


def test_arguments_that_do_not_fit(tmp_path: Path) -> None:
    path = str(template(tmp_path, "function(a) {a: a}"))
    for arguments in (["a"], ["=1"], ["a=1", "a=2"]):
        with pytest.raises(InvalidInput):
            read_spec(path, arguments)
    with pytest.raises(InvalidSpec):
        read_spec(path, ["a=1", "b=2"])
    with pytest.raises(InvalidInput, match="takes no --arg"):
        read_spec("spec.yaml", ["a=1"])
    with pytest.raises(NotFound):
        read_spec(str(tmp_path / "none.jsonnet"), ["a=1"])


def test_without_the_package_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "rjsonnet", None)
    with pytest.raises(DatavcError) as found:
        load_spec(template(tmp_path, "{}"))
    assert "datavc[jsonnet]" in found.value.hint
