"""Diagnose: what is wrong with a model, in one line; below it a card for each question, with its evidence."""

from ui.diagnose import page
from ui.shared import frame

view = frame.view()
with frame.failures():
    page.report(view.run)
