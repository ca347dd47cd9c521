from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import Cloud

__all__ = ["geometry"]

def geometry(
    range_m: ArrayLike,
    azimuth_rad: ArrayLike,
    ground: Cloud,
    *,
    threads: int = 0,
    position_m: list[float] = ...,
    heading_deg: float = 0.0,
    rail_m: list[float] = ...,
    radius_m: float = 0.0,
    grazing_deg: float = 85.0,
    layover_gap_m: float = 0.0,
) -> dict[str, NDArray[Any]]: ...
