"""Theory: the derivation in six chapters, every term with the number that it has for the picked image."""

from ui.shared import frame, library, messages
from ui.theory import page
from vae.answers import pool

view = frame.view()
pool.warm()
codes = frame.codes(view.run)
images = library.examples_of(view.run)
with frame.passing():
    if images is None:
        messages.data_missing(view.run)
page.chapters(view, codes, images)
page.all_formulas(view.run)
