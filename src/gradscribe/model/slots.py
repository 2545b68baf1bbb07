"""Which indices have the same size: every place of an index of a variable is a slot.

An index letter of an equation joins the slots where it stands. What joins is one size.
"""

from dataclasses import dataclass, field

from gradscribe.model.source import Field, quoted

Slot = tuple[str, int]  # a variable and the position of an index; a letter and its equation


@dataclass
class Slots:
    """Classes of slots, their sizes where they were declared, and where these come from.

    Attributes:
        parents: towards the slot that stands for a class.
        sizes: of a class by the slot that stands for it.
        origins: where the size of a class comes from, in words.
    """

    parents: dict[Slot, Slot] = field(default_factory=dict)
    sizes: dict[Slot, int] = field(default_factory=dict)
    origins: dict[Slot, str] = field(default_factory=dict)

    def root(self, slot: Slot) -> Slot:
        """Return the slot that stands for a class; a new slot is a class of its own."""
        self.parents.setdefault(slot, slot)
        while self.parents[slot] != slot:
            self.parents[slot] = self.parents[self.parents[slot]]
            slot = self.parents[slot]
        return slot

    def declare(self, slot: Slot, size: int, origin: str) -> None:
        """Note a size of a slot that has none."""
        self.sizes[self.root(slot)], self.origins[self.root(slot)] = size, origin

    def join(self, letter: Slot, place: Slot, at: Field) -> None:
        """Note that an index letter stands at a place of a variable.

        Args:
            letter: the letter, with the number of its equation.
            place: the variable and the position.
            at: where this was written, for messages.

        Raises:
            InputError: both have sizes, and other ones.
        """
        first, second = self.root(letter), self.root(place)
        if first == second:
            return
        sizes = [self.sizes.get(slot) for slot in (first, second)]
        if None not in sizes and sizes[0] != sizes[1]:
            raise at.error(
                f"index {quoted(letter[0])} has two sizes: {sizes[0]}, from "
                f"{self.origins[first]}, and {sizes[1]}, from {self.origins[second]}",
                allowed="one size for an index",
            )
        self.parents[first] = second
        root = self.root(letter)
        for slot, size in zip((first, second), sizes, strict=True):
            if size is not None:
                self.sizes[root], self.origins[root] = size, self.origins[slot]
