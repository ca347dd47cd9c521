"""Slope radar and InSAR. Displacement is positive towards the sensor."""

from ._highwall.radar import geometry

__all__ = ["geometry"]
