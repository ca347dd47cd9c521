"""highwall: slope deformation analysis for open-pit mines.

GNSS series, slope radar and LiDAR point clouds to displacement fields, velocities with honest
uncertainty, and warning levels. Lengths are metres, velocities metres per day unless a name says
otherwise; line-of-sight displacement is positive towards the sensor; radii are radii.

Steps and assumptions are logged to ``logging.getLogger("highwall")``.
"""

import datetime as _datetime
import logging as _logging
import sys as _sys

from ._highwall import (
    Archive,
    CancelledError,
    Cloud,
    ConfigError,
    Dem,
    DemDifference,
    DisplacementField,
    FrameError,
    HighwallError,
    InputError,
    InternalError,
    NightSummary,
    RateResult,
    Series,
    Stack,
    StorageError,
    Trend,
    __version__,
    algorithms,
    classify_change,
    cloudcompare_m3c2,
    dem,
    dem_of_difference,
    downslope,
    info,
    m3c2,
    m3c2_files,
    rate,
    read,
    read_map,
    register,
    register_series,
    simulate,
    trend,
    vectors,
    volumes,
)
from . import radar
from ._highwall import judge as _judge
from ._highwall import run as _run

__all__ = [
    "Archive", "CancelledError", "Cloud", "ConfigError", "Dem", "DemDifference", "DisplacementField", "FrameError", "HighwallError",
    "InputError", "InternalError", "NightSummary", "RateResult", "Series", "Stack", "StorageError", "Trend", "__version__",
    "algorithms", "classify_change", "cloudcompare_m3c2", "dem", "dem_of_difference", "downslope", "info", "m3c2", "m3c2_files",
    "radar", "rate", "read", "read_map", "register", "register_series", "run", "simulate", "trend", "vectors", "volumes", "warn",
]

# What a step has to say goes to the logger "highwall"; without a handler nothing is printed.
_logging.getLogger("highwall").addHandler(_logging.NullHandler())


def _iso(now):
    if now is None:
        now = _datetime.datetime.now(_datetime.timezone.utc)
    if isinstance(now, _datetime.datetime):
        if now.tzinfo is None:
            raise ConfigError(f"now: {now.isoformat()} names no time zone; give it one, e.g. tzinfo=datetime.timezone.utc")
        return now.astimezone(_datetime.timezone.utc).isoformat().replace("+00:00", "Z")
    return str(now)


def run(site, now=None, threads=0):
    """Run one night of a mine: ingest, measure, warn, publish.

    Parameters
    ----------
    site : path of a site.toml
    now : ISO 8601 text with its zone ("2026-03-01T00:00:00Z", "2026-03-01T08:00:00+08:00") or an aware datetime;
        the clock of the night. Default: the machine's clock, and files younger than ``settle_s`` then wait.
    threads : number of threads; 0 = all. Results do not depend on it.

    Returns
    -------
    NightSummary with ``states``, ``files``, ``findings``, ``folder``.

    Raises
    ------
    StorageError when another run holds the archive, ConfigError (a ValueError) for what site.toml leaves open and
    for a ``now`` without its zone.
    """
    return _run(str(site), _iso(now), now is None, _sys.executable, threads)


def warn(files, policy=None, quiet=None, threads=0, **options):
    """Warning levels of bare series files, sample by sample; the files together are one zone.

    Parameters
    ----------
    files : list of paths
    policy : path of a policy TOML; default: the shipped policy
    quiet : one period or several, each "FROM..TO" or a pair (from, to) of datetime64, datetime or ISO 8601
        text, in which the wall rests; they calibrate sigma
    options : as for :func:`read` (kind, sign, unit, time_zone, ...)

    Returns
    -------
    dict of lists: time (ISO 8601 UTC), target, level, health, rule, value, sigma, threshold, unit, window;
    one entry a sample and a change of health. NaN = not known.
    """
    return _judge([str(f) for f in files], "" if policy is None else str(policy), quiet, threads, options)
