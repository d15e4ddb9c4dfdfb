"""Which names users may have, whatever they log in with: of two that look the same, one is the other or is refused."""

from __future__ import annotations

import re
import unicodedata

# What str.isprintable takes for printable and shows nothing: the rest of Unicode's Default_Ignorable_Code_Point
# (DerivedCoreProperties.txt), and the empty pattern of Braille.
UNSEEN = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]")


def normalized(name: str) -> str:
    """The name in Unicode's form NFC: one spelling of letters that have several, such as `é`."""
    return unicodedata.normalize("NFC", name)


def is_seen(name: str) -> bool:
    """Whether every letter of the name shows; of all kinds of spaces only the common one does."""
    return name.isprintable() and not UNSEEN.search(name)
