import pytest

from datavc.errors import InvalidSpec
from datavc.model.pipeline_document import load_pipeline_documents


@pytest.mark.parametrize(
    "text",
    [
        "pipeline: {name: a}\n---\npipeline: {name: b}\n---\n",
        "- pipeline: {name: a}\n- pipeline: {name: b}\n",
        '{"pipeline": {"name": "a"}}\n{"pipeline": {"name": "b"}}\n',
        '[{"pipeline": {"name": "a"}}, {"pipeline": {"name": "b"}}]',
        "{pipeline: {name: a}}\n---\n{pipeline: {name: b}}",
    ],
)
def test_many_documents_in_any_form(text: str) -> None:
    names = [document["pipeline"] for document in load_pipeline_documents(text)]
    assert names == [{"name": "a"}, {"name": "b"}]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "there is no pipeline spec"),
        ("just text", "must be an object"),
        ("a: [1", "neither YAML nor JSON"),
        ('{"a": 1', "neither YAML nor JSON"),
        ("a: 1\nb: 2\na: 3\n", "a is given twice at line 1"),
        ('{"a": 1, "a": 2}', "a is given twice"),
        ("a: !!python/object:os.system {}", "neither YAML nor JSON"),
    ],
)
def test_what_is_no_spec_is_refused(text: str, message: str) -> None:
    with pytest.raises(InvalidSpec, match=message):
        load_pipeline_documents(text)
