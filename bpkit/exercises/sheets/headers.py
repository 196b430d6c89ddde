"""The words that head the columns of rosters, in the systems that write them, and the rows that are no learners.

A header is compared without its accents, spaces and punctuation: *E-Mail-Adresse*, *email_adresse* and
*EMail Adresse* are one.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence


def plain(header: str) -> str:
    """A header's letters and digits alone, in lower case and without accents.

    >>> plain("Matrikel-Nr."), plain("E-Mail"), plain("Prénom")
    ('matrikelnr', 'email', 'prenom')
    """
    return "".join(filter(str.isalnum, unicodedata.normalize("NFKD", header))).casefold()


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


# Where several of one kind are there, the first of these is meant.
NAME = _words(
    """
    fullname name studentname studentsname learnername participantname displayname nameofstudent
    lastnamefirstname firstnamelastname surnamefirstname namevorname vornamename nachnamevorname vornamenachname
    student students studentin studierende studierender learner learners participant participants pupil
    teilnehmer teilnehmerin teilnehmende teilnehmender lernende lernender schuler schulerin
    vollstandigername vollername gesamtername anzeigename names namen
    nomcomplet nometprenom nomprenom etudiant etudiante nombrecompleto estudiante alumno nomecompleto
    """
)
GIVEN = _words("firstname givenname givennames forename first vorname vornamen rufname prenom nombre voornaam")
FAMILY = _words(
    """
    lastname familyname surname last nachname familienname zuname nomdefamille apellidos apellido cognome achternaam
    """
)
# "Name" beside a first name is the last name in these languages.
HALF = _words("name nom nome")
ID = _words(
    """
    sisuserid sisid studentid studentids studentnumber studentno studentnr studentidnumber idstudent learnerid
    matrikelnummer matrikelnr matrikel matrnr matnr matrikelnumber matriculationnumber matriculationno matriculation
    registrationnumber registrationno regno enrolmentnumber enrollmentnumber rollnumber rollno
    orgdefinedid idnumber idnummer personid personnumber personalnumber universityid campusid
    studentennummer studierendennummer studierendenid studentnummer matricola numeroetudiant
    id identifier identifiant kennung kennnummer userid uid
    username user login loginid userlogin sisloginid netid account accountname
    benutzername nutzername anmeldename benutzerkennung nutzerkennung unikennung githubusername
    email emailaddress emailaddresses mail mailaddress emailadresse mailadresse courriel correo correoelectronico
    """
)
SEED, REDRAWN = "seed", "redrawn"
# Known, but of no use here; they show that a line is a header.
OTHER = frozenset(
    _words(
        """
        nr no number nummer lfdnr lfd pos position index group groups gruppe gruppen section sections role roles rolle
        rollen status course kurs class klasse title titel anrede salutation gender geschlecht semester fachsemester
        studiengang fach programme program department institution githubid lmsuserid integrationid rootaccount
        lastaccess lastaccesstocourse availability seeds
        """
    )
)

# Rows at the head or the foot of a gradebook, for which no person's name is mistaken.
TOTALS = frozenset(
    _words(
        """
        pointspossible total totals grandtotal subtotal average classaverage overallaverage median standarddeviation
        maxpoints maximumpoints numberofstudents numberoflearners
        summe gesamt gesamtsumme durchschnitt mittelwert maximalpunkte maximalpunktzahl standardabweichung
        anzahlteilnehmer anzahlstudierende moyenne
        """
    )
)
# Words that might be names: a row of totals only where the name or the id is missing.
PERHAPS_TOTALS = frozenset(
    _words("sum count max maximum min minimum mean points date due duedate anzahl punkte datum zwischensumme")
)
TEST_STUDENTS = frozenset(_words("teststudent studenttest"))


def known(header: str) -> bool:
    """True for a header that any roster may have."""
    word = plain(header)
    return word in OTHER or word in (SEED, REDRAWN) or any(word in words for words in (NAME, GIVEN, FAMILY, HALF, ID))


def first_of(words: Sequence[str], headers: Sequence[str]) -> list[int]:
    """The columns that these words head, the one that is meant first in front."""
    found = [(words.index(word), place) for place, header in enumerate(headers) if (word := plain(header)) in words]
    return [place for _, place in sorted(found)]
