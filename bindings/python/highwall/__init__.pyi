import datetime
import os
from typing import Any, Iterable, Sequence

import numpy as np
import numpy.typing as npt

from . import radar as radar

__all__ = [
    "Archive", "CancelledError", "Cloud", "ConfigError", "Dem", "DemDifference", "DisplacementField", "FrameError", "HighwallError",
    "InputError", "InternalError", "NightSummary", "RateResult", "Series", "Stack", "StorageError", "Trend", "__version__",
    "algorithms", "classify_change", "cloudcompare_m3c2", "dem", "dem_of_difference", "downslope", "info", "m3c2", "m3c2_files",
    "radar", "rate", "read", "read_map", "register", "register_series", "run", "simulate", "trend", "vectors", "volumes", "warn",
]

__version__: str

class HighwallError(Exception): ...
class InputError(HighwallError, ValueError): ...
class ConfigError(HighwallError, ValueError): ...
class FrameError(HighwallError, ValueError): ...
class StorageError(HighwallError, OSError): ...
class CancelledError(HighwallError): ...
class InternalError(HighwallError, RuntimeError): ...

_Doubles = npt.NDArray[np.float64]
_Path = str | os.PathLike[str]
_Instant = str | datetime.datetime | np.datetime64
_Period = str | Sequence[_Instant]
_Quiet = _Period | Iterable[_Period] | None

class Cloud:
    report: dict[str, Any]
    def __len__(self) -> int: ...
    @property
    def xyz(self) -> _Doubles: ...
    @property
    def origin(self) -> list[float]: ...
    def world(self) -> _Doubles: ...
    @property
    def crs(self) -> str: ...
    @property
    def vertical(self) -> str: ...
    @property
    def instant(self) -> str: ...
    @property
    def channels(self) -> dict[str, npt.NDArray[Any]]: ...
    def write(self, path: _Path, *, threads: int = 0) -> None: ...

class Series:
    report: dict[str, Any]
    def __len__(self) -> int: ...
    @property
    def target(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def components(self) -> list[str]: ...
    @property
    def position(self) -> list[float] | None: ...
    @property
    def crs(self) -> str: ...
    @property
    def line_of_sight(self) -> list[float]: ...
    @property
    def time(self) -> npt.NDArray[np.datetime64]: ...
    @property
    def time_dejittered(self) -> npt.NDArray[np.datetime64]: ...
    @property
    def value(self) -> _Doubles: ...
    @property
    def sigma(self) -> _Doubles: ...
    def to_pandas(self) -> Any: ...

class Stack:
    report: dict[str, Any]
    @property
    def time(self) -> npt.NDArray[np.datetime64]: ...
    @property
    def displacement(self) -> _Doubles: ...
    @property
    def affine(self) -> list[float]: ...
    @property
    def origin(self) -> list[float]: ...
    @property
    def crs(self) -> str: ...
    @property
    def line_of_sight(self) -> _Doubles: ...
    def to_xarray(self) -> Any: ...

class DisplacementField:
    def __len__(self) -> int: ...
    @property
    def method(self) -> str: ...
    @property
    def origin(self) -> list[float]: ...
    @property
    def crs(self) -> str: ...
    @property
    def vertical(self) -> str: ...
    @property
    def unit(self) -> str: ...
    @property
    def instants(self) -> tuple[str, str]: ...
    @property
    def position(self) -> _Doubles: ...
    @property
    def normal(self) -> _Doubles: ...
    @property
    def distance(self) -> _Doubles: ...
    @property
    def sigma(self) -> _Doubles: ...
    @property
    def lod95(self) -> _Doubles: ...
    @property
    def std1(self) -> _Doubles: ...
    @property
    def std2(self) -> _Doubles: ...
    @property
    def normal_radius(self) -> _Doubles | None: ...
    @property
    def distance_calibrated(self) -> _Doubles | None: ...
    @property
    def lod95_calibrated(self) -> _Doubles | None: ...
    @property
    def shared_shift(self) -> _Doubles | None: ...
    @property
    def registration(self) -> _Doubles | None: ...
    @property
    def n1(self) -> npt.NDArray[np.uint32]: ...
    @property
    def n2(self) -> npt.NDArray[np.uint32]: ...
    @property
    def reason(self) -> npt.NDArray[np.str_]: ...
    @property
    def reason_calibrated(self) -> npt.NDArray[np.str_] | None: ...
    @property
    def vector(self) -> _Doubles | None: ...
    @property
    def vector_covariance(self) -> _Doubles | None: ...
    @property
    def reason_vector(self) -> npt.NDArray[np.str_] | None: ...
    calibration: dict[str, Any] | None
    registered: dict[str, Any] | None
    def to_pandas(self) -> Any: ...

class Dem:
    @property
    def affine(self) -> list[float]: ...
    @property
    def crs(self) -> str: ...
    @property
    def origin(self) -> list[float]: ...
    @property
    def shape(self) -> tuple[int, int]: ...
    @property
    def height(self) -> _Doubles: ...
    @property
    def sigma(self) -> _Doubles: ...
    @property
    def count(self) -> npt.NDArray[np.uint32]: ...
    @property
    def reason(self) -> npt.NDArray[np.str_]: ...

class DemDifference:
    @property
    def affine(self) -> list[float]: ...
    @property
    def crs(self) -> str: ...
    @property
    def origin(self) -> list[float]: ...
    @property
    def shape(self) -> tuple[int, int]: ...
    @property
    def difference(self) -> _Doubles: ...
    @property
    def sigma(self) -> _Doubles: ...
    @property
    def registration(self) -> _Doubles: ...
    @property
    def lod95(self) -> _Doubles: ...
    @property
    def stable(self) -> npt.NDArray[np.bool_]: ...
    @property
    def reason(self) -> npt.NDArray[np.str_]: ...
    @property
    def calibration(self) -> dict[str, Any]: ...

class RateResult:
    def __len__(self) -> int: ...
    @property
    def windows_h(self) -> list[float]: ...
    @property
    def time(self) -> npt.NDArray[np.datetime64]: ...
    @property
    def velocity(self) -> _Doubles: ...
    @property
    def sigma(self) -> _Doubles: ...
    @property
    def reason(self) -> npt.NDArray[np.str_]: ...
    @property
    def calibration(self) -> list[dict[str, Any]]: ...
    def to_xarray(self) -> Any: ...
    def to_pandas(self) -> Any: ...

class Trend:
    def __len__(self) -> int: ...
    @property
    def components(self) -> list[str]: ...
    @property
    def velocity_per_year(self) -> _Doubles: ...
    @property
    def sigma_per_year(self) -> _Doubles: ...
    @property
    def pairs(self) -> npt.NDArray[np.uint64]: ...

class NightSummary:
    @property
    def now(self) -> str: ...
    @property
    def folder(self) -> str: ...
    @property
    def findings(self) -> list[str]: ...
    @property
    def messages_posted(self) -> int: ...
    @property
    def complete(self) -> bool: ...
    @property
    def states(self) -> list[dict[str, Any]]: ...
    @property
    def files(self) -> list[dict[str, str]]: ...

class Archive:
    def __init__(self, path: _Path) -> None: ...
    def epochs(self, source: str = "") -> list[dict[str, Any]]: ...
    def load(self, id: str) -> Cloud | Stack | list[Series]: ...
    def series(self, source: str, value: str = "m3c2") -> list[Series]: ...
    def verify(self) -> list[str]: ...

def read(path: _Path, *, threads: int = 0, **options: Any) -> Any: ...
def read_map(path: _Path) -> dict[str, npt.NDArray[np.float64]]: ...
def info(path: _Path, **options: Any) -> dict[str, Any]: ...
def m3c2(
    e1: Cloud | npt.ArrayLike,
    e2: Cloud | npt.ArrayLike,
    cores: Cloud | npt.ArrayLike | None = None,
    *,
    calibrated: bool = False,
    stable: npt.ArrayLike | None = None,
    register: bool = False,
    normals_at_cores: npt.ArrayLike | None = None,
    threads: int = 0,
    normal_radius_m: float = 1.0,
    normal_radii_m: Sequence[float] = ...,
    cylinder_radius_m: float = 0.5,
    half_length_m: float = 3.0,
    registration_error_m: float = 0.0,
    up: Sequence[float] = ...,
    scanner_m: Sequence[float] = ...,
    normals: str = "surface",
    statistic: str = "mean",
    progressive: bool = False,
    min_points: int = 2,
    lod: str = "classic",
    range_sigma_m: float = 0.005,
    angle_sigma_deg: float = 0.005,
    most_points: int = 80,
    lag_m: float = 0.02,
    longest_lag_m: float = 0.4,
    variogram_cores: int = 1000,
    least_stable: int = 100,
    least_stable_share: float = 0.2,
    moving_sigma: float = 4.0,
    most_factor: float = 2.0,
    register_ground: str = "stable",
    register_spacing_m: float = 0.0,
    register_coarse_spacings: float = 16.0,
    register_plane_spacings: float = 8.0,
    register_patch_spacings: float = 12.0,
    register_normal_degrees: float = 6.0,
    register_least_matched: float = 0.9,
    register_moved_sigma: float = 4.0,
    register_least_patches: int = 30,
    register_least_stable_share: float = 0.15,
    register_iterations: int = 40,
    register_expected_shift_m: float = 1.0,
) -> DisplacementField: ...
def vectors(
    e1: Cloud | npt.ArrayLike,
    e2: Cloud | npt.ArrayLike,
    cores: Cloud | npt.ArrayLike | None = None,
    *,
    stable: npt.ArrayLike | None = None,
    threads: int = 0,
    patch_radius_m: float = 2.0,
    search_m: float = 4.0,
    spacing_m: float = 0.0,
    plane_spacings: float = 2.0,
    gate_spacings: float = 3.0,
    most_planes: int = 1500,
    fewest_planes: int = 100,
    least_matched: float = 0.7,
    least_alike: float = 0.5,
    largest_misfit: float = 0.6,
    largest_sigma_m: float = 0.1,
    outlier: float = 4.0,
    factor: float = 2.7,
    least_stable: int = 100,
    least_stable_share: float = 0.2,
    moving_sigma: float = 4.0,
    normal_radius_m: float = 1.0,
    normal_radii_m: Sequence[float] = ...,
    cylinder_radius_m: float = 0.5,
    half_length_m: float = 3.0,
    registration_error_m: float = 0.0,
    up: Sequence[float] = ...,
    scanner_m: Sequence[float] = ...,
    normals: str = "surface",
    statistic: str = "mean",
    progressive: bool = False,
    min_points: int = 2,
    lod: str = "classic",
    range_sigma_m: float = 0.005,
    angle_sigma_deg: float = 0.005,
) -> DisplacementField: ...
def register(
    epoch: Cloud | npt.ArrayLike,
    reference: Cloud | npt.ArrayLike,
    *,
    threads: int = 0,
    ground: str = "stable",
    spacing_m: float = 0.0,
    coarse_spacings: float = 16.0,
    plane_spacings: float = 8.0,
    patch_spacings: float = 12.0,
    normal_degrees: float = 6.0,
    least_matched: float = 0.9,
    moved_sigma: float = 4.0,
    least_patches: int = 30,
    least_stable_share: float = 0.15,
    iterations: int = 40,
    expected_shift_m: float = 1.0,
) -> dict[str, Any]: ...
def register_series(
    reference: Cloud | npt.ArrayLike,
    epochs: Sequence[Cloud | npt.ArrayLike],
    *,
    threads: int = 0,
    links: int = 2,
    misclosure_chi2: float = 22.46,
    ground: str = "stable",
    spacing_m: float = 0.0,
    coarse_spacings: float = 16.0,
    plane_spacings: float = 8.0,
    patch_spacings: float = 12.0,
    normal_degrees: float = 6.0,
    least_matched: float = 0.9,
    moved_sigma: float = 4.0,
    least_patches: int = 30,
    least_stable_share: float = 0.15,
    iterations: int = 40,
    expected_shift_m: float = 1.0,
) -> dict[str, Any]: ...
def m3c2_files(
    before: _Path,
    after: _Path,
    output: _Path,
    cores: _Path | None = None,
    *,
    units: str = "metres",
    memory_gb: float = 0.0,
    scratch: _Path | None = None,
    threads: int = 0,
    normal_radius_m: float = 1.0,
    normal_radii_m: Sequence[float] = ...,
    cylinder_radius_m: float = 0.5,
    half_length_m: float = 3.0,
    registration_error_m: float = 0.0,
    up: Sequence[float] = ...,
    scanner_m: Sequence[float] = ...,
    normals: str = "surface",
    statistic: str = "mean",
    progressive: bool = False,
    min_points: int = 2,
    lod: str = "classic",
    range_sigma_m: float = 0.005,
    angle_sigma_deg: float = 0.005,
) -> dict[str, Any]: ...
def dem(
    cloud: Cloud | npt.ArrayLike,
    like: Cloud | npt.ArrayLike | None = None,
    *,
    threads: int = 0,
    cell_m: float = 1.0,
    statistic: str = "plane",
    fewest_points: int = 4,
    steepest_deg: float = 80.0,
) -> Dem: ...
def dem_of_difference(
    e1: Cloud | Dem | npt.ArrayLike,
    e2: Cloud | Dem | npt.ArrayLike,
    *,
    stable: npt.ArrayLike | None = None,
    registration: dict[str, Any] | None = None,
    threads: int = 0,
    cell_m: float = 1.0,
    statistic: str = "plane",
    fewest_points: int = 4,
    steepest_deg: float = 80.0,
    least_stable: int = 100,
    least_stable_share: float = 0.2,
    moving_sigma: float = 4.0,
    window_cells: int = 7,
) -> DemDifference: ...
def volumes(
    change: DemDifference | DisplacementField,
    zones: dict[str, npt.ArrayLike] | None = None,
    *,
    stable: npt.ArrayLike | None = None,
    registration: dict[str, Any] | None = None,
    threads: int = 0,
    least_area_m2: float = 4.0,
    margin: int = 1,
    bench_floors_m: Sequence[float] = ...,
    bench_height_m: float = 0.0,
    least_bench_m: float = 5.0,
    steep_deg: float = 60.0,
    spacing_m: float = 0.0,
) -> dict[str, Any]: ...
def classify_change(
    field: DisplacementField,
    e1: Cloud | npt.ArrayLike,
    e2: Cloud | npt.ArrayLike,
    *,
    scanner: Sequence[float] | None = None,
    events: dict[str, npt.ArrayLike] | None = None,
    threads: int = 0,
    reach_m: float = 30.0,
    search_radius_m: float = 0.5,
    new_m: float = 0.0,
    spacing_m: float = 0.0,
    least_object_m2: float = 2.0,
    face_deg: float = 40.0,
    level_deg: float = 20.0,
    rockfall_depth_m: float = 0.3,
    fall_angle_deg: float = 25.0,
    sideways_deg: float = 60.0,
    least_deposit: float = 0.15,
    most_deposit: float = 3.0,
    mined_depth_m: float = 2.0,
    mined_level_m2: float = 15.0,
    event_depth_m: float = 0.5,
    object_length_m: float = 20.0,
    object_height_m: float = 12.0,
    object_low_m: float = 0.8,
    isolated_share: float = 0.7,
    dust_spread_m: float = 1.0,
    dust_ratio: float = 5.0,
    ray_deg: float = 0.0,
    ray_margin_m: float = 1.0,
) -> dict[str, Any]: ...
def cloudcompare_m3c2(path: _Path) -> dict[str, Any]: ...
def rate(
    time: npt.ArrayLike,
    value: npt.ArrayLike,
    windows_h: Sequence[float] = ...,
    quiet: _Quiet = None,
    *,
    threads: int = 0,
    min_samples: int = 10,
    min_fill: float = 0.5,
    longest_lag_h: float = 12.0,
    least_independent: float = 8.0,
    start_days: float = 4.0,
    start_samples: int = 8,
) -> RateResult: ...
def trend(
    time: Series | npt.ArrayLike,
    value: npt.ArrayLike | None = None,
    *,
    period_days: float = 365.25,
    tolerance_days: float = 0.75,
) -> Trend: ...
def downslope(
    value: npt.ArrayLike,
    sigma: npt.ArrayLike,
    position: npt.ArrayLike,
    sensor: Sequence[float],
    ground: Cloud | npt.ArrayLike | None = None,
    normal: npt.ArrayLike | None = None,
    *,
    threads: int = 0,
    radius_m: float = 10.0,
    fewest_points: int = 8,
    least_sensitivity: float = 0.3,
) -> dict[str, Any]: ...
def algorithms() -> dict[str, str]: ...
# A text or datetime without its zone is a ConfigError.
def run(site: _Path, now: str | datetime.datetime | None = None, threads: int = 0) -> NightSummary: ...
def simulate(out: _Path, *, threads: int = 0, **options: Any) -> dict[str, Any]: ...
def warn(
    files: Iterable[_Path], policy: _Path | None = None, quiet: _Quiet = None, threads: int = 0, **options: Any
) -> dict[str, list[Any]]: ...
