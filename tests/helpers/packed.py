"""What a component is sent, as its header and its sections."""

import json


def unpack(content):
    length = int.from_bytes(content[:4], "little")
    header = json.loads(content[4 : 4 + length])
    return header, {name: content[4 + length + at :][:n] for name, (at, n) in header["sections"].items()}
