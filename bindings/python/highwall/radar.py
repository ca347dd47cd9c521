"""Slope radar and InSAR. Displacement is positive towards the sensor."""

from ._highwall.radar import alarms, geometry

__all__ = ["alarms", "geometry"]
