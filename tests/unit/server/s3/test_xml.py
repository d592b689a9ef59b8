"""Documents of clients and of the gateway."""

from __future__ import annotations

import pytest

from datavc_server.s3.xml import MalformedXml, add, document, parse, render, text_of


def test_namespaces_are_left_out() -> None:
    root = parse(
        b'<Delete xmlns="http://s3.amazonaws.com/doc/"><Quiet>true</Quiet></Delete>', "Delete"
    )
    assert text_of(root, "Quiet") == "true"
    assert text_of(root, "Object") is None


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<Delete>",
        b"\xff",
        b"<Other/>",
        b"<!DOCTYPE Delete><Delete/>",
        b'<!DOCTYPE Delete [<!ENTITY a "b">]><Delete>&a;</Delete>',
        b'<!DOCTYPE Delete [<!ENTITY a SYSTEM "file:///etc/passwd">]><Delete>&a;</Delete>',
    ],
)
def test_what_is_refused(body: bytes) -> None:
    with pytest.raises(MalformedXml):
        parse(body, "Delete")


def test_what_xml_cannot_hold_is_replaced() -> None:
    root = document("Answer")
    add(root, "Key", "a\x01<b>&\n")
    assert text_of(parse(render(root).body, "Answer"), "Key") == "a\ufffd<b>&\n"
