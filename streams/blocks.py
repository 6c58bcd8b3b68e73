"""State arrays as blocks of bytes: rows are cut into slices, so that a snapshot writes only the slices that changed."""

from collections.abc import Mapping

import msgspec
import numpy as np
from numpy.typing import NDArray

_ROWS = 256

_Slice = dict[str, tuple[str, list[int], bytes]]


def pack(prefix: str, arrays: Mapping[str, NDArray[np.generic]]) -> dict[str, bytes]:
    """Return arrays whose first axis is the series as blocks ``prefix/0``, ``prefix/1``, … of 256 rows each.

    Examples
    --------
    >>> blocks = pack("bank", {"mean": np.arange(300.0)})
    >>> sorted(blocks), unpack("bank", blocks)["mean"].sum()
    (['bank/0', 'bank/1'], np.float64(44850.0))
    """
    rows = max((len(array) for array in arrays.values()), default=0)
    return {
        f"{prefix}/{start // _ROWS}": msgspec.msgpack.encode(
            {
                name: (
                    array.dtype.str,
                    list(array[start : start + _ROWS].shape),
                    array[start : start + _ROWS].tobytes(),
                )
                for name, array in arrays.items()
            }
        )
        for start in range(0, max(rows, 1), _ROWS)
    }


def unpack(prefix: str, blocks: Mapping[str, bytes]) -> dict[str, NDArray[np.generic]]:
    """Return the arrays of ``pack``, writable."""
    slices: list[_Slice] = []
    while (data := blocks.get(f"{prefix}/{len(slices)}")) is not None:
        slices.append(msgspec.msgpack.decode(data, type=_Slice))
    if not slices:
        raise ValueError(f"snapshot: block {prefix}/0 is missing; the snapshot belongs to another version")
    return {name: np.concatenate([_array(*part[name]) for part in slices], axis=0) for name in slices[0]}


def _array(dtype: str, shape: list[int], data: bytes) -> NDArray[np.generic]:
    array: NDArray[np.generic] = np.frombuffer(data, np.dtype(dtype)).reshape(shape)
    return array
