from collections.abc import Iterator
from typing import Any

READ_COMMITTED: int

class PartitionRecords:
    next_fetch_offset: int
    _tp: Any
    _records: Any
    _check_crcs: bool
    _isolation_level: int
    _aborted_producers: set[int]
    def __init__(
        self,
        tp: Any,
        records: Any,
        aborted_transactions: list[tuple[int, int]] | None,
        fetch_offset: int,
        key_deserializer: None,
        value_deserializer: None,
        check_crcs: bool,
        isolation_level: int,
    ) -> None: ...
    def _consume_aborted_up_to(self, batch_offset: int) -> None: ...
    def _contains_abort_marker(self, next_batch: Any) -> bool: ...
    def _unpack_records(self) -> Any: ...
    def __iter__(self) -> Iterator[Any]: ...

class FetchResult:
    _partition_records: PartitionRecords | None
    def check_assignment(self, tp: Any) -> bool: ...
    def has_more(self) -> bool: ...
    def getall(self, max_records: int | None = None) -> list[Any]: ...
    def _update_position(self) -> None: ...

class Fetcher:
    async def fetched_records(self, partitions: Any, timeout: float = 0, max_records: int | None = None) -> Any: ...  # noqa: ASYNC109 - the library's signature
