from typing import Any

class DefaultRecordBatch: ...

class DefaultRecordBatchBuilder:
    def __init__(
        self,
        magic: int,
        compression_type: int,
        is_transactional: int,
        producer_id: int,
        producer_epoch: int,
        base_sequence: int,
        batch_size: int,
    ) -> None: ...
    def append(
        self, offset: int, timestamp: int | None, key: bytes | None, value: bytes | None, headers: list[Any]
    ) -> Any: ...
    def build(self) -> bytearray: ...
