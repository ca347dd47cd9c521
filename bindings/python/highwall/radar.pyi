import os
from typing import Any, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import Cloud

__all__ = ["alarms", "export", "fit_velocity", "geometry", "invert", "velocity"]

_Path = str | os.PathLike[str]

def alarms(
    scans: _Path | Sequence[_Path],
    policy: _Path | None = None,
    *,
    ground: _Path | None = None,
    mask: _Path | None = None,
    stable: _Path | None = None,
    pictures: _Path | None = None,
    threads: int = 0,
    **options: Any,
) -> dict[str, Any]: ...

def export(series: _Path, output: _Path, *, threads: int = 0, **options: Any) -> dict[str, int]: ...

def geometry(
    range_m: ArrayLike,
    azimuth_rad: ArrayLike,
    ground: Cloud,
    *,
    threads: int = 0,
    **options: Any,
) -> dict[str, NDArray[Any]]: ...

def invert(
    stack: _Path | Sequence[_Path] | NDArray[Any],
    coherence: ArrayLike | str | None = None,
    *,
    pairs: Any = None,
    output: _Path | None = None,
    threads: int = 0,
    **options: Any,
) -> dict[str, Any]: ...

def fit_velocity(time: Any, displacement: ArrayLike, *, threads: int = 0, **options: Any) -> dict[str, NDArray[Any]]: ...

def velocity(
    scans: _Path | Sequence[_Path],
    *,
    state: _Path | None = None,
    ground: _Path | None = None,
    stable: _Path | None = None,
    pictures: _Path | None = None,
    threads: int = 0,
    **options: Any,
) -> dict[str, Any]: ...
