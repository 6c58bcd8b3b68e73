"""Which partition a record goes to: that of Kafka's default partitioner."""

from functools import lru_cache

from aiokafka.partitioner import murmur2


@lru_cache(maxsize=262_144)
def partition_of(key: bytes, partitions: int) -> int:
    """Return the partition that Kafka's default partitioner (murmur2, sign dropped) gives a key.

    Examples
    --------
    >>> [partition_of(key, 4) for key in (b"CAM-0001", b"CAM-0002", b"03127")]
    [2, 1, 2]
    """
    return int((murmur2(key) & 0x7FFFFFFF) % partitions)
