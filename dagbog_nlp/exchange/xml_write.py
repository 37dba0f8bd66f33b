"""XML that we write. What others wrote is parsed by defusedxml, in ``qdpx_parse``."""

from __future__ import annotations

from xml.etree.ElementTree import Element, ParseError, SubElement, tostring

__all__ = ["Element", "ParseError", "SubElement", "document"]


def document(root: Element) -> str:
    """Serialise a tree as UTF-8 text with a declaration; carriage returns survive reading.

    Examples
    --------
    >>> print(document(Element("a", {"b": "æ & ø"})))
    <?xml version="1.0" encoding="utf-8"?>
    <a b="æ &amp; ø" />
    """
    xml = tostring(root, encoding="unicode").replace("\r", "&#13;")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{xml}'
