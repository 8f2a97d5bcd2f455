"""What a field may be: the rules that requests, responses and trailers have in common.

This file knows the characters of names and values and the fields that HTTP/3 has no use for. It
refuses to know any single field's meaning and whose fault a bad one is: `request` blames the
peer, `response` the application. Its one rule: no loop over bytes in Python. A section is looked
at in one go; only one with something odd in it is looked at field by field.
"""

from __future__ import annotations

import re

__all__ = [
    "CONNECTION_SPECIFIC",
    "KNOWN_NAMES",
    "MAX_CONTENT_LENGTH",
    "Fields",
    "clean_value",
    "field_section_size",
    "is_field_name",
    "parse_content_length",
    "values_are_clean",
]

Fields = list[tuple[bytes, bytes]]
"""A field section: (name, value) pairs in the order of the wire."""

MAX_CONTENT_LENGTH = (1 << 63) - 1
"""Bytes; what a signed 64-bit integer holds. RFC 9110 §8.6: "a recipient MUST anticipate
potentially large decimal numerals and prevent parsing errors due to integer conversion
overflows"."""

# RFC 9114 §4.2: "An endpoint MUST NOT generate an HTTP/3 field section containing
# connection-specific fields; any message containing connection-specific fields MUST be treated
# as malformed." Which ones they are: RFC 9110 §7.6.1. TE stands alone (see `request`).
CONNECTION_SPECIFIC = frozenset(
    (b"connection", b"keep-alive", b"proxy-connection", b"transfer-encoding", b"upgrade")
)

KNOWN_NAMES = frozenset(
    b"""
    accept accept-charset accept-encoding accept-language accept-ranges
    access-control-allow-credentials access-control-allow-headers access-control-allow-methods
    access-control-allow-origin access-control-expose-headers access-control-max-age
    access-control-request-headers access-control-request-method age allow alt-svc alt-used
    authorization cache-control cdn-cache-control cf-connecting-ip clear-site-data
    content-disposition content-encoding content-language content-length content-location
    content-range content-security-policy content-security-policy-report-only content-type cookie
    cross-origin-embedder-policy cross-origin-opener-policy cross-origin-resource-policy date
    device-memory dnt downlink early-data ect etag expect expires forwarded from host if-match
    if-modified-since if-none-match if-range if-unmodified-since last-modified link location
    max-forwards nel origin permissions-policy pragma priority proxy-authenticate
    proxy-authorization purpose range referer referrer-policy report-to reporting-endpoints
    retry-after rtt save-data sec-ch-ua sec-ch-ua-arch sec-ch-ua-bitness
    sec-ch-ua-full-version-list sec-ch-ua-mobile sec-ch-ua-model sec-ch-ua-platform
    sec-ch-ua-platform-version sec-fetch-dest sec-fetch-mode sec-fetch-site sec-fetch-user
    sec-gpc sec-purpose sec-websocket-extensions sec-websocket-protocol sec-websocket-version
    server server-timing set-cookie strict-transport-security timing-allow-origin traceparent
    tracestate trailer upgrade-insecure-requests user-agent vary via viewport-width warning
    www-authenticate x-content-type-options x-forwarded-for x-forwarded-host x-forwarded-proto
    x-frame-options x-powered-by x-real-ip x-request-id x-requested-with x-xss-protection
    """.split()
)
"""Valid names so common that looking them up replaces checking their characters. A name that is
not here is only slower. Fixed, so that no peer can fill it."""

is_field_name = re.compile(rb"[!#$%&'*+\-.^_`|~0-9a-z]+").fullmatch
"""Whether a name is a token (RFC 9110 §5.1, §5.6.2) without upper-case letters. RFC 9114 §4.2:
"Characters in field names MUST be converted to lowercase prior to their encoding. A request or
response containing uppercase characters in field names MUST be treated as malformed." """

# RFC 9110 §5.5: "Field values containing CR, LF, or NUL characters are invalid and dangerous";
# other control characters but HTAB are outside of field-content. Octets above 0x7f are obs-text
# and allowed.
_FORBIDDEN = bytes((*range(0x09), *range(0x0A, 0x20), 0x7F))

_is_decimal = re.compile(rb"[0-9]{1,19}").fullmatch


def values_are_clean(values: list[bytes]) -> bool:
    """Whether `clean_value` would give every one of the values back as it is.

    Three calls for the whole section instead of two for each value.
    """
    joined = b"".join(values)
    return (
        len(joined.translate(None, _FORBIDDEN)) == len(joined)
        # bytes.strip gives the very object back if there is nothing to strip, so that comparing
        # the lists compares pointers. It strips CR, LF, VT and FF too: those are not left here.
        and list(map(bytes.strip, values)) == values
    )


def clean_value(value: bytes) -> bytes | None:
    """The value without white space around it; None if a character in it is forbidden.

    RFC 9110 §5.5: "A field value does not include leading or trailing whitespace. When a
    specific version of HTTP allows such whitespace to appear in a message, a field parsing
    implementation MUST exclude such whitespace prior to evaluating the field value."
    """
    if len(value.translate(None, _FORBIDDEN)) != len(value):
        return None
    return value.strip()


def parse_content_length(value: bytes) -> int | None:
    """The number that a content-length says; None unless it is 1*DIGIT up to 2^63-1.

    RFC 9110 §8.6. `int` alone would take "+5", "1_0" and digits of other scripts, and would
    spend quadratic time on a long numeral.
    """
    if not _is_decimal(value):
        return None
    length = int(value)
    return length if length <= MAX_CONTENT_LENGTH else None


def field_section_size(fields: Fields) -> int:
    """The size that SETTINGS_MAX_FIELD_SECTION_SIZE limits, in bytes.

    RFC 9114 §4.2.2: "the size of a field list is calculated based on the uncompressed size of
    fields, including the length of the name and value in bytes plus an overhead of 32 bytes for
    each field."
    """
    return sum([len(name) + len(value) for name, value in fields]) + 32 * len(fields)
