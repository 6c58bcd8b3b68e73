from typing import Any

class MessageAccumulator:
    def _pop_batch(self, tp: Any) -> Any: ...
