"""A seeded province: cameras, citizens, offices and equipment, with incidents whose truth is known."""

from ioc.simulate.cut import PowerCut, power_cut
from ioc.simulate.plan import SCENARIOS
from ioc.simulate.run import Simulation
from ioc.simulate.settings import SimulationSettings, Truth

__all__ = ["SCENARIOS", "PowerCut", "Simulation", "SimulationSettings", "Truth", "power_cut"]
