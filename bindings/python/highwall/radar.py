"""Slope radar and InSAR. Displacement is positive towards the sensor."""

from ._highwall.radar import alarms, export, fit_velocity, geometry, invert, velocity

__all__ = ["alarms", "export", "fit_velocity", "geometry", "invert", "velocity"]
