"""Classes made of names of many languages, in the encodings of their countries: none is read wrong, most are read."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from bpkit.exercises.sheets.encodings import decoded

# Headers, first names, and last names.
LANGUAGES = {
    "German": (
        "Nachname;Vorname;Matrikelnummer",
        "Jörg Günter Änne Sören Björn Dörte Jürgen Anna Lukas Marie Felix Jan Lena Paul Sophie Tim",
        "Müller Schäfer König Weiß Döring Spieß Köhler Schulz Meyer Becker Hoffmann Koch Richter Klein Wolf Braun",
    ),
    "French": (
        "Nom;Prénom;Groupe",
        "Hélène Frédéric Anaïs Françoise Zoé Éléonore Benoît Michèle Jérôme Marc Paul Julie Camille Luc Claire Hugo",
        "Lefèvre Gérard Bègue Lemaître Dupré Noël François Martin Bernard Petit Durand Leroy Moreau Roux Fournier",
    ),
    "Spanish": (
        "Apellidos;Nombre;Grupo",
        "José María Sebastián Águeda Joaquín Asunción Iván Begoña Ana Luis Carmen Pablo Elena Jorge Marta Diego",
        "García Núñez Peña Muñoz Domínguez Ibáñez Álvarez Cañas Ruiz Torres Navarro Romero Moreno Castro Ortega Blanco",
    ),
    "Portuguese": (
        "Apelido;Nome;Turma",
        "João Inês Antónia Cláudio Conceição Letícia Ângela Tomé Ana Pedro Maria Rui Carla Tiago Sofia Bruno",
        "Gonçalves Simões Magalhães Araújo Leão Assunção Conceição Sá Silva Santos Pereira Costa Rocha Pinto Lopes",
    ),
    "Danish": (
        "Efternavn;Fornavn;Hold",
        "Søren Jørgen Åse Kåre Bjørn Birthe Øyvind Anne Lars Mette Hans Karen Ole Kirsten Peter Ida",
        "Sørensen Kjær Nørgaard Møller Jørgensen Østergaard Ågård Hansen Jensen Nielsen Larsen Olsen Holm Lund Dahl",
    ),
    "Swedish": (
        "Efternamn;Förnamn;Grupp",
        "Göran Märta Gösta Håkan Pär Björn Åsa Ingegärd Anna Erik Karin Lars Eva Nils Maria Karl",
        "Häggström Sjöberg Källström Åkesson Edström Östlund Björk Lindh Karlsson Olsson Berg Holm Ek Dahl Nilsson",
    ),
    "Polish": (
        "Nazwisko;Imię;Grupa",
        "Łukasz Michał Elżbieta Jędrzej Błażej Józef Przemysław Żaneta Anna Piotr Ewa Jan Maria Marek Zofia Adam",
        "Wójcik Dąbrowska Głownia Śliwa Kiełbik Zieliński Źródło Kościński Nowak Kowalski Kaczmarek Wrona Mazur Lis",
    ),
    "Czech": (
        "Příjmení;Jméno;Skupina",
        "Jiří Žofie Tomáš Kateřina Matěj Soňa Ondřej Božena Jan Petr Eva Anna Karel Jana Pavel Lenka",
        "Dvořák Černá Růžička Němcová Říhová Kašpar Tesař Král Novotný Svoboda Horák Pokorná Urban Beneš Fiala Bartoš",
    ),
    "Hungarian": (
        "Vezetéknév;Keresztnév;Csoport",
        "László Győző Erzsébet Jenő Ernő Kálmán Enikő Béla Anna Ferenc Judit Eszter Gabriella Zoltán Imre Katalin",
        "Kovács Szőke Tűz Erdős Fűzi Hegedűs Szabó Sárközi Nagy Varga Farkas Balogh Papp Molnár Simon Juhász",
    ),
    "Croatian": (
        "Prezime;Ime;Grupa",
        "Joško Božica Đuro Siniša Anđela Štefica Željka Nikša Ana Ivan Marija Petar Luka Katarina Mirna Davor",
        "Jović Rajčić Krznarić Bačak Županić Miličić Markuš Horvat Babić Novak Pavlović Vuković Kralj Perić Tomić",
    ),
    "Russian": (
        "Фамилия;Имя;Группа",
        "Юлия Пётр Эдуард Мария Иван Ольга Сергей Щедрин Анна Лев Дарья Ксения Борис Яна Игорь Фёдор",
        "Иванова Щукин Хвостов Жукова Белоусов Ершова Цветков Юдин Смирнова Попов Козлов Лебедева Якушев Орлов Зайцев",
    ),
    "Greek": (
        "Επώνυμο;Όνομα;Ομάδα",
        "Γιώργος Ελένη Νίκος Μαρία Άννα Κώστας Σοφία Δημήτρης Ιωάννης Κατερίνα Παύλος Ζωή Χρήστος Φωτεινή Λουκάς",
        "Παπαδόπουλος Ψαρρά Ξύδης Θεοδώρου Οικονόμου Βασιλείου Γεωργίου Μακρής Λιτίνας Κεσκίνη Ρήγας Αλεξίου Ιωάννου",
    ),
    "Turkish": (
        "Soyadı;Adı;Grup",
        "Ayşe Çağlar İpek Uğur Gülşen Oğuz Işıl Özgür Ali Mehmet Fatma Deniz Kemal Selin Can Elif",
        "Yılmaz Öztürk Şahin Kılıç Çetin Güçlü Erdoğan Ünal Kaya Demir Aydın Arslan Doğan Koç Kurt Polat",
    ),
    "Lithuanian": (
        "Pavardė;Vardas;Grupė",
        "Kęstutis Šarūnas Indrė Ramūnas Aušra Jokūbas Rytė Žygimantas Jonas Ona Rasa Tomas Lina Andrius Asta Paulius",
        "Žukauskas Nausėda Gaičiūnas Poška Stankevičius Kalvėnas Narušis Kiška Petrauskas Jankauskas Butkus Balčiūnas",
    ),
    "Latvian": (
        "Uzvārds;Vārds;Grupa",
        "Jānis Līza Ģirts Karlīna Dārta Staņislavs Lūcija Oļģerts Anna Pēteris Inga Andris Ilze Juris Zane Kārlis",
        "Bērziņš Krūmiņa Vītoliņa Kalējs Ķikuts Ozoliņš Saulīte Cīrule Liepa Eglītis Balodis Kauliņš Zariņa Lapsa",
    ),
}
WEST = ("cp1252", "iso8859_15", "mac_roman", "cp850", "cp437")
CENTRE = ("cp1250", "iso8859_2", "mac_latin2", "cp852")
ENCODINGS = {
    **dict.fromkeys(("German", "French", "Spanish", "Portuguese", "Danish", "Swedish"), WEST),
    **dict.fromkeys(("Polish", "Czech", "Hungarian", "Croatian"), CENTRE),
    "Russian": ("cp1251", "koi8_r", "mac_cyrillic", "cp866", "iso8859_5"),
    "Greek": ("cp1253", "iso8859_7"),
    "Turkish": ("cp1254", "iso8859_9"),
    "Lithuanian": ("cp1257", "iso8859_13"),
    "Latvian": ("cp1257", "iso8859_13"),
}


def a_class(language: str, size: int, headers: str, chance: random.Random) -> str:
    """A table of so many people under the headers of their country, under English ones, or none."""
    own, first, last = LANGUAGES[language]
    people = [(chance.choice(last.split()), chance.choice(first.split())) for _ in range(size)]
    above = {"own": own + "\r\n", "English": "Last name;First name;ID\r\n", "none": ""}[headers]
    return above + "".join(f"{a};{b};{number:04d}\r\n" for number, (a, b) in enumerate(people, 17))


def read(text: str, encoding: str) -> bool | None:
    """Is a text read, in this encoding? False for read wrong, None for refused, or if not in the encoding's letters."""
    try:
        found = decoded(text.encode(encoding))
    except UnicodeEncodeError:
        return None
    return None if found is None else found[0] == text


@pytest.mark.parametrize(("language", "encoding"), [(one, name) for one in LANGUAGES for name in ENCODINGS[one]])
def test_no_class_is_read_wrong(language: str, encoding: str) -> None:
    chance = random.Random(f"{language} in {encoding}")
    for headers in ("own", "English", "none"):
        for size in (1, 3, 3, 10, 30, 200 if headers == "English" else 2):
            text = a_class(language, size, headers, chance)
            assert read(text, encoding) is not False, text


@pytest.mark.parametrize("encoding", ["cp1252", "cp1250", "cp1251", "cp1254", "cp1257", "mac_roman"])
def test_a_class_with_guests_from_other_countries_is_not_read_wrong(encoding: str) -> None:
    chance = random.Random(encoding)
    at_home = [language for language in LANGUAGES if encoding in ENCODINGS[language]]
    for size in (3, 10, 30) * 4:
        lines = a_class(chance.choice(at_home), size, "English", chance).splitlines(True)
        guests = [a_class(chance.choice(list(LANGUAGES)), 1, "none", chance) for _ in range(1 + size // 10)]
        fitting = [line for line in lines + guests if line.encode(encoding, "ignore").decode(encoding) == line]
        assert read("".join(fitting), encoding) is not False, fitting


def shares() -> Iterator[tuple[str, str, int, str, float]]:
    for language in ("German", "French", "Spanish", "Portuguese", "Danish", "Swedish"):
        yield from ((language, "cp1252", size, "own", 0.9) for size in (10, 30))
    for language in ("Polish", "Czech"):
        yield from ((language, "cp1250", 30, headers, 0.7) for headers in ("own", "English", "none"))
    yield from (("Russian", "cp1251", 30, headers, 0.7) for headers in ("own", "English", "none"))
    yield from ((one, "cp1252", 30, "English", 0.7) for one in ("German", "French", "Spanish", "Danish", "Swedish"))
    yield from (("Greek", "cp1253", 30, "English", 0.7), ("Turkish", "cp1254", 30, "English", 0.7))


@pytest.mark.parametrize(("language", "encoding", "size", "headers", "share"), list(shares()))
def test_most_classes_that_instructors_have_are_read(
    language: str, encoding: str, size: int, headers: str, share: float
) -> None:
    chance = random.Random(size)
    classes = [a_class(language, size, headers, chance) for _ in range(10)]
    assert sum(read(text, encoding) is True for text in classes) >= share * len(classes)


def test_two_names_may_be_enough() -> None:
    content = (Path(__file__).parent / "rosters/windows1252.csv").read_bytes()
    assert decoded(content) == ("Name\r\nÉloi Frêne\r\nJörn Dorn\r\n", "Windows-1252")
    # In Polish no ń is before a vowel, so this is no Peńa.
    assert decoded("Name\nPeña\n".encode("cp1252")) == ("Name\nPeña\n", "Windows-1252")


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Eglītis;Inga\nKalējs;Zane\nEglītis;Andris\n", "cp1257"),  # or Eglîtis and Kalçjs
        ("Efternavn;Fornavn\nNørgaard;Søren\nSørensen;Lars\nOlsen;Bjørn\n", "cp850"),  # or Sõren, on a Mac
        ("Urška;Hribernik\nAnja;Novak\n", "iso8859_2"),  # or Urąka
        ("Arthur;LEÃO\nOtávio;Reis\n", "cp850"),  # or LEÇO
        ("Lýdia;Šlahorová\n", "cp852"),  # or Lìdia ælahorov
    ],
)
def test_names_that_look_well_in_a_wrong_encoding_are_not_read_in_it(text: str, encoding: str) -> None:
    assert read(text, encoding) is not False


@pytest.mark.parametrize(("word", "encoding"), [("Kněžek", "cp852"), ("Íñigo", "cp850"), ("Jiří", "mac_latin2")])
def test_letters_that_are_utf8_by_chance_are_not_taken_for_it(word: str, encoding: str) -> None:
    content = f"Name\n{word}\n".encode(encoding)
    assert content.decode("utf-8") != f"Name\n{word}\n"
    assert decoded(content) is None


@pytest.mark.parametrize("text", ["Name\nעדה\n", "Name\nAda (עדה)\n", "Name\nأدا\n", "Name\nԱդա\n", "Name\nאדה Ash\n"])
def test_names_of_the_east_are_utf8(text: str) -> None:
    assert decoded(text.encode()) == (text, "UTF-8")
