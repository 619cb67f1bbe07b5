"""The words of the app in the reader's language: the code has them in English, a catalogue has the translations."""

from ui.words.speaking import phrase, say, say_n

__all__ = ["phrase", "say", "say_n"]
