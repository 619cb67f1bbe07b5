import pytest

from ui.words import catalogue, languages, say, say_n

BOOK = catalogue.Catalogue(
    {
        "Map": "Karte",
        "{count} of {all:,} points selected": "{count} von {all:,} Punkten gewählt",
        "The {0} files on this machine are not {1}.": "Die Dateien von {0} auf diesem Rechner sind nicht {1!t}.",
        "the same": "dieselben",
        "{0} on {1}": "{0} auf {1}",
        "{0} maps": "{0} Karten",
        "page {0}: {1}": "Seite {0}: {1!t}",
        "a layer of {0} inputs cannot take {1}": "eine Schicht mit {0} Eingängen kann {1} nicht aufnehmen",
        "{0} must be {1}, not {2}.": "{0} muss {1!l} sein, nicht {2}.",
        "{0}: {1} must be {2}, not {3}.": "{0}: {1} muss {2!l} sein, nicht {3}.",
        "or": "oder",
        "{name} has ended ({how}). {kept}": "{name} ist beendet ({how!t}). {kept!t}",
        "All is kept. Go on.": "Alles bleibt. Weiter.",
        "The cluster says: {0} Look there.": "Der Cluster sagt: {0} Dort nachsehen.",
    },
    {("1 run is ahead", "{n} runs are ahead"): ("1 Lauf ist vorn", "{n} Läufe sind vorn")},
)


@pytest.fixture
def german(german, monkeypatch):
    monkeypatch.setattr("ui.words.speaking.catalogue", lambda language: BOOK)


def test_english_is_what_the_code_has():
    assert say("Map") == "Map" and say("{a} {{x}}", a=1) == "1 {x}" and say("{a}") == "{a}"
    assert [say_n("1 run", "{n} runs", n) for n in (0, 1, 2)] == ["0 runs", "1 run", "2 runs"]


def test_a_text_is_translated_with_its_values(german):
    assert say("Map") == "Karte" and say("No such text") == "No such text"
    assert say("{count} of {all:,} points selected", count=3, all=1234) == "3 von 1,234 Punkten gewählt"
    assert [say_n("1 run is ahead", "{n} runs are ahead", n) for n in (1, 4)] == [
        "1 Lauf ist vorn",
        "4 Läufe sind vorn",
    ]


def test_a_sentence_of_the_core_is_recognised(german):
    """Its values stay as they are, unless the translation says that they are texts too."""
    said = "The Map files on this machine are not the same."
    assert say(said) == "Die Dateien von Map auf diesem Rechner sind nicht dieselben."
    assert say(f"{said} Map") == "Die Dateien von Map auf diesem Rechner sind nicht dieselben. Karte"
    assert say("The files of cats on mats") == "The files of cats on mats"  # too little of it is the template's own


def test_a_short_template_takes_only_values_that_are_known(german):
    assert say("1,024 maps") == "1,024 Karten" and say("two maps") == "two maps"
    assert say("page 3: the same") == "Seite 3: dieselben" and say("page 3: mats") == "page 3: mats"


def test_a_reason_with_a_capital_letter_or_another_end_is_recognised(german):
    taken = "ine Schicht mit 3 Eingängen kann [2] nicht aufnehmen"
    assert say("A layer of 3 inputs cannot take [2].") == f"E{taken}." and say("The same.") == "Dieselben."
    assert say("beta must be 1, not 2") == "beta muss 1 sein, nicht 2"


def test_values_within_values_come_to_an_end(german):
    said = "page 3: " * 300
    assert say("page 3: page 4: the same") == "Seite 3: Seite 4: dieselben" and say(said) == said


def test_the_template_with_most_of_its_own_is_taken_and_lists_are_joined(german):
    assert say("beta: start must be 0, 1 or 2, not x.") == "beta: start muss 0, 1 oder 2 sein, nicht x."


def test_several_sentences_are_taken_apart(german):
    """A value may hold sentences where its own text begins; it may not take those before it."""
    ended = "Run has ended (the same). All is kept. Go on."
    assert say(ended) == "Run ist beendet (dieselben). Alles bleibt. Weiter."
    assert say(f"Who knows? {ended} Map") == "Who knows? Run ist beendet (dieselben). Alles bleibt. Weiter. Karte"
    assert (
        say("The cluster says: No. Not now. Look there. Map") == "Der Cluster sagt: No. Not now. Dort nachsehen. Karte"
    )


@pytest.mark.parametrize(
    "header, expected",
    [("de-AT,en;q=0.5", "de"), ("fr,en;q=0.9,de;q=0.8", "en"), ("", "en"), (None, "en"), ("fr;q=x,de;q=0.1", "de")],
)
def test_the_browser_asks_for_a_language(header, expected):
    assert languages.first_known(languages.accepted(header)) == expected
