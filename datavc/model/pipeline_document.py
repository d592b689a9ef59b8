"""Pipeline specs as files: YAML or JSON, one or many documents."""

from __future__ import annotations

import json

import yaml

from datavc.errors import InvalidSpec


class _UniqueKeyLoader(yaml.SafeLoader):
    """YAML, but a key given twice is an error rather than the last one winning."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[object, object]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        repeated = {str(key) for key in keys if keys.count(key) > 1}
        if repeated:
            raise InvalidSpec(
                f"{min(repeated)} is given twice at line {node.start_mark.line + 1} of the spec"
            )
        return dict(super().construct_mapping(node, deep=deep))


def load_pipeline_documents(text: str) -> list[dict[str, object]]:
    """The specs in *text*: YAML or JSON, one or many (``---``, a list, or JSON end to end).

    They are not checked yet; see :func:`datavc.model.pipeline.parse_pipeline_spec`.

    Raises:
        InvalidSpec: the text is neither YAML nor JSON, or holds something that is no object.
    """
    documents: list[dict[str, object]] = []
    for value in _load_values(text):
        for item in value if isinstance(value, list) else [value]:
            if not isinstance(item, dict):
                raise InvalidSpec("a pipeline spec must be an object", hint="see docs/pipelines.md")
            documents.append({str(key): part for key, part in item.items()})
    if not documents:
        raise InvalidSpec("there is no pipeline spec in it")
    return documents


def _load_values(text: str) -> list[object]:
    if text.lstrip().startswith("{"):
        try:
            return _json_values(text)
        except ValueError:
            pass  # YAML's flow style starts with a brace too
    try:
        return [
            value for value in yaml.load_all(text, Loader=_UniqueKeyLoader) if value is not None
        ]
    except yaml.YAMLError as error:
        first_line = " ".join(str(error).split())
        raise InvalidSpec(f"the spec is neither YAML nor JSON: {first_line}") from None


def _json_values(text: str) -> list[object]:
    decoder = json.JSONDecoder(object_pairs_hook=_unique_object)
    values: list[object] = []
    position = 0
    while position < len(text.rstrip()):
        position += len(text[position:]) - len(text[position:].lstrip())
        value, position = decoder.raw_decode(text, position)
        values.append(value)
    return values


def _unique_object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    result = dict(pairs)
    if len(result) < len(pairs):
        keys = [key for key, _ in pairs]
        raise InvalidSpec(f"{next(key for key in keys if keys.count(key) > 1)} is given twice")
    return result
