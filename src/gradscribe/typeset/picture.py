"""Pictures of a network: one scene for each kind, printed in TikZ or in SVG."""

from collections.abc import Mapping

from gradscribe.model.network import Network
from gradscribe.typeset.block_picture import block_scene
from gradscribe.typeset.node_picture import node_scene
from gradscribe.typeset.scene import Scene

# The room for a picture on a slide, in points: the width of a line, and what a frame leaves.
ROOM: Mapping[str, tuple[float, float]] = {"169": (398.0, 190.0), "43": (307.0, 207.0)}


def block_picture(network: Network, aspect: str = "169") -> Scene:
    """Return the block diagram of the layers, for a slide of this shape.

    Raises:
        InputError: the network is no chain of layers.
    """
    return block_scene(network, ROOM[aspect][0])


def node_picture(network: Network, aspect: str = "169") -> Scene:
    """Return the picture of the nodes and their wires, for a slide of this shape.

    Raises:
        InputError: the network is no chain of layers.
    """
    return node_scene(network, *ROOM[aspect])
