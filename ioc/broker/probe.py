"""Ask a broker, in Kafka's own protocol, whether it serves: a listening port alone does not say so."""

import socket
import struct

_METADATA_V1 = struct.pack(">hhihi", 3, 1, 1, -1, 0)
"""Metadata request: API key 3, version 1, correlation 1, no client id, no topics."""

_TIMEOUT_S = 2.0


def serves(host: str, port: int) -> bool:
    """Whether a broker answers that the cluster has at least one live (unfenced) broker."""
    try:
        with socket.create_connection((host, port), _TIMEOUT_S) as connection:
            connection.settimeout(_TIMEOUT_S)
            connection.sendall(struct.pack(">i", len(_METADATA_V1)) + _METADATA_V1)
            with connection.makefile("rb") as answer:
                header = answer.read(12)  # length, correlation, number of brokers
    except OSError:
        return False
    return len(header) == struct.calcsize(">iii") and struct.unpack(">iii", header)[2] > 0
