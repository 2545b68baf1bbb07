"""Tables of what a network can be made of: formulas only, no derivative."""

from dataclasses import dataclass, field

from gradscribe.catalog.activations import ACTIVATIONS, Activation
from gradscribe.catalog.layers import LAYERS, Layer
from gradscribe.catalog.losses import LOSSES, Loss
from gradscribe.catalog.penalties import PENALTIES, Penalty
from gradscribe.table import Table


@dataclass(frozen=True)
class Catalog:
    """What the words of a specification may refer to.

    Attributes:
        activations: the activation functions.
        losses: the losses.
        layers: the kinds of layers.
        penalties: what may be added to J for parameters.
    """

    activations: Table[Activation] = field(default_factory=lambda: ACTIVATIONS)
    losses: Table[Loss] = field(default_factory=lambda: LOSSES)
    layers: Table[Layer] = field(default_factory=lambda: LAYERS)
    penalties: Table[Penalty] = field(default_factory=lambda: PENALTIES)


CATALOG = Catalog()
