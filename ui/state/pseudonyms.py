"""Pseudonyms: a visitor can say who they are to their teacher without a name, "Heron 4f2"."""

from ui.words import say

ANIMALS = (
    "Ant", "Badger", "Bat", "Bear", "Beaver", "Bee", "Bison", "Camel", "Cat", "Cod", "Crab", "Crane", "Crow", "Deer",
    "Dog", "Dove", "Duck", "Eagle", "Eel", "Elk", "Falcon", "Ferret", "Finch", "Fox", "Frog", "Gecko", "Goat", "Goose",
    "Hare", "Hawk", "Heron", "Horse", "Ibex", "Jay", "Koala", "Lark", "Lemur", "Lion", "Llama", "Lynx", "Mole", "Moose",
    "Mouse", "Newt", "Otter", "Owl", "Panda", "Pony", "Puffin", "Rabbit", "Raven", "Robin", "Salmon", "Seal", "Shrew",
    "Sloth", "Stork", "Swan", "Tiger", "Toad", "Trout", "Whale", "Wolf", "Wren",
)  # fmt: skip
DIGITS = 3


def pseudonym(visitor: str) -> str:
    """Return a visitor's pseudonym, the same each time: an animal and three hexadecimal digits of their name.

    Names that are no digest, such as that of the person alone on the machine, are their own.
    """
    try:
        number = int(visitor, 16)
    except ValueError:
        return visitor or say("nobody")
    return f"{ANIMALS[(number >> 4 * DIGITS) % len(ANIMALS)]} {number % 16**DIGITS:0{DIGITS}x}"
