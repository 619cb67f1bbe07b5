import pytest

from ui.words import catalogue, languages, say, say_n

BOOK = catalogue.Catalogue(
    {
        "Map": "Karte",
        "{count} of {all:,} points selected": "{count} von {all:,} Punkten gewählt",
        "The {0} files on this machine are not {1}.": "Die Dateien von {0} auf diesem Rechner sind nicht {1!t}.",
        "the same": "dieselben",
        "{0} on {1}": "{0} auf {1}",
    },
    {("1 run is ahead", "{n} runs are ahead"): ("1 Lauf ist vorn", "{n} Läufe sind vorn")},
)


@pytest.fixture
def german(monkeypatch):
    monkeypatch.setattr("ui.words.speaking.catalogue", lambda language: BOOK)
    monkeypatch.setattr("ui.words.speaking._asked", [lambda: "de"])


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


@pytest.mark.parametrize(
    "header, expected",
    [("de-AT,en;q=0.5", "de"), ("fr,en;q=0.9,de;q=0.8", "en"), ("", "en"), (None, "en"), ("fr;q=x,de;q=0.1", "de")],
)
def test_the_browser_asks_for_a_language(header, expected):
    assert languages.first_known(languages.accepted(header)) == expected
