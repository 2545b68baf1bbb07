"""Tables of what a network can be made of: formulas only, no derivative."""

from dataclasses import dataclass, field

from gradscribe.catalog.activations import ACTIVATIONS, Activation
from gradscribe.catalog.layers import LAYERS, Layer
from gradscribe.catalog.losses import LOSSES, Loss
from gradscribe.catalog.penalties import PENALTIES, Penalty
from gradscribe.catalog.schedules import SCHEDULES, Schedule
from gradscribe.catalog.update_rule import UpdateRule
from gradscribe.catalog.updates import UPDATES
from gradscribe.table import Table


@dataclass(frozen=True)
class Catalog:
    """What the words of a specification may refer to.

    Attributes:
        activations: the activation functions.
        losses: the losses.
        layers: the kinds of layers.
        updates: the rules by which parameters change in learning.
        schedules: how a learning rate changes from step to step.
        penalties: what may be added to J for parameters.
    """

    activations: Table[Activation] = field(default_factory=lambda: ACTIVATIONS)
    losses: Table[Loss] = field(default_factory=lambda: LOSSES)
    layers: Table[Layer] = field(default_factory=lambda: LAYERS)
    updates: Table[UpdateRule] = field(default_factory=lambda: UPDATES)
    schedules: Table[Schedule] = field(default_factory=lambda: SCHEDULES)
    penalties: Table[Penalty] = field(default_factory=lambda: PENALTIES)


CATALOG = Catalog()
