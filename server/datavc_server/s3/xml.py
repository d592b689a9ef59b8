"""XML in and out. What clients send is parsed without entities, and no larger than it may be."""

from __future__ import annotations

import re
from collections.abc import Mapping
from http import HTTPStatus
from xml.etree.ElementTree import Element, ParseError, SubElement, tostring

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring
from fastapi import Response

NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"

#: What XML 1.0 cannot hold.
_UNFIT = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class MalformedXml(Exception):
    """A body that is not the XML that was asked for."""


def document(name: str) -> Element:
    """The root of an answer."""
    return Element(name, {"xmlns": NAMESPACE})


def add(parent: Element, name: str, text: str | int) -> None:
    """Append an element that holds *text*; characters that XML cannot hold become U+FFFD."""
    SubElement(parent, name).text = _UNFIT.sub("\ufffd", str(text))


def render(
    root: Element, status: int = HTTPStatus.OK, headers: Mapping[str, str] | None = None
) -> Response:
    """The answer that holds *root*."""
    body = b'<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(root, encoding="utf-8")
    return Response(body, status, headers, media_type="application/xml")


def parse(body: bytes, name: str) -> Element:
    """The root element of *body*, called *name*, without namespaces.

    Raises:
        MalformedXml: it is no XML, holds entities, or is another document.
    """
    try:
        root: Element = fromstring(body, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError) as error:
        raise MalformedXml(f"the body is no XML that can be read: {error}") from None
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    if root.tag != name:
        raise MalformedXml(f"the body is a {root.tag!r}, and not a {name!r}")
    return root


def text_of(element: Element, name: str) -> str | None:
    """The text of the child called *name*; ``None`` without one."""
    child = element.find(name)
    return None if child is None else child.text or ""
