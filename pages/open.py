"""Open: bring your own data, see what was found in them, correct it, and train on them."""

from ui.open import page

page.data_half()
