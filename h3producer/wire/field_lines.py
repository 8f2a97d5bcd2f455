"""Where the field lines of an encoded section begin and end (RFC 9204 §4.5).

This file knows the five representations by their first octet. It refuses to know what they
stand for: that is for the decoder. It exists for one question, asked only of sections that the
decoder refused: was it because of an empty name? To the decoder that is one failure like any
other, which would cost the client its connection; to HTTP it is a malformed message
(RFC 9114 §4.1.2), which costs one stream.
"""

from __future__ import annotations

from h3producer.wire.prefixed import pull_integer, skip_string

__all__ = ["find_empty_name"]


def find_empty_name(section: bytes, offset: int) -> int | None:
    """The offset of the first field line that spells out an empty name, or None.

    `offset` is that of the first line. A line that is cut, or has an integer of more than 62
    bits, ends the search.
    """
    line: int | None = offset
    try:
        while line is not None and line < len(section):
            # 001NHnnn: a literal with a literal name of length nnn, here 0.
            if section[line] & 0xE7 == 0x20:
                return line
            line = _end_of_line(section, line)
    except ValueError:
        pass  # no one knows where the next line begins
    return None


def _end_of_line(section: bytes, offset: int) -> int | None:
    first = section[offset]
    if first & 0xE0 == 0x20:  # 001NHnnn, §4.5.6: name and value as strings
        name_end = skip_string(section, offset, 3)
        return None if name_end is None else skip_string(section, name_end, 7)
    index = pull_integer(section, offset, _index_bits(first))
    if index is None:
        return None
    # 1Tnnnnnn and 0001nnnn stand for a whole field, the others for a name before a value.
    if first & 0x80 or first & 0xF0 == 0x10:
        return index[1]
    return skip_string(section, index[1], 7)


def _index_bits(first: int) -> int:
    if first & 0x80:
        return 6  # 1Tnnnnnn, §4.5.2: an indexed field line
    if first & 0x40:
        return 4  # 01NTnnnn, §4.5.4: a literal with a name reference
    if first & 0x10:
        return 4  # 0001nnnn, §4.5.3: an indexed field line with post-base index
    return 3  # 0000Nnnn, §4.5.5: a literal with a post-base name reference
