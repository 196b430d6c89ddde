"""The words that head the columns of rosters, in the systems that write them, and the rows that are no learners.

A header is compared without its accents, spaces and punctuation: *E-Mail-Adresse*, *email_adresse* and
*EMail Adresse* are one.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence


def plain(header: str) -> str:
    """Only the letters and digits of a header, in lower case and without accents.

    >>> plain("Matrikel-Nr."), plain("E-Mail"), plain("Prénom")
    ('matrikelnr', 'email', 'prenom')
    """
    return "".join(filter(str.isalnum, unicodedata.normalize("NFKD", header))).casefold()


def _words(text: str) -> tuple[str, ...]:
    return tuple(map(plain, text.split()))


# Where several of one kind are there, the first of these is meant.
NAME = _words(
    """
    fullname studentfullname name studentname studentsname learnername participantname displayname nameofstudent
    lastnamefirstname firstnamelastname surnamefirstname lastfirst firstlast namevorname vornamename
    nachnamevorname vornamenachname student students studentin studierende studierender learner learners participant
    participants pupil teilnehmer teilnehmerin teilnehmende teilnehmender lernende lernender schuler schulerin
    vollstandigername vollername gesamtername anzeigename names namen
    nomcomplet nometprenom nomprenom prenometnom prenomnom etudiant etudiante apprenant
    nombrecompleto nombreyapellidos apellidosynombre apellidosnombre estudiante alumno alumna
    nomecompleto nomeecognome cognomeenome cognomenome studente estudantenome estudante aluno
    naam volledigenaam navn fulltnavn namn nimi imieinazwisko nazwiskoiimie jmenoaprijmeni adsoyad adsoyadı
    фио имяифамилия фамилияимя ονοματεπωνυμο 姓名 氏名 名前 이름 성명
    """
)
GIVEN = _words(
    """
    firstname firstnames givenname givennames forename forenames first given vorname vornamen rufname
    prenom prenoms nombre nombres voornaam fornavn fornamn etunimi imie imiona jmeno keresztnev ad имя 名
    """
)
MIDDLE = _words("middlename middlenames middle middleinitial zweitervorname weiterevornamen segundonombre отчество")
PREFIX = _words("tussenvoegsel tussenvoegsels voorvoegsel namenszusatz namenszusatze vorsatzwort nameprefix")
FAMILY = _words(
    """
    lastname lastnames familyname surname surnames last family nachname nachnamen familienname zuname nomdefamille
    apellidos apellido cognome sobrenome apelido achternaam etternavn efternavn efternamn sukunimi
    nazwisko prijmeni priezvisko vezeteknev soyad soyadı фамилия 姓
    """
)
# "Name" beside a first name is the last name in these languages.
HALF = _words("name nom nome naam navn namn")
ID = _words(
    """
    sisuserid sisid sid studentid studentids studentnumber studentno studentnr studentidnumber idstudent learnerid
    matrikelnummer matrikelnr matrikel matrnr matnr mtknr mtrnr matrikelnumber immatrikulationsnummer
    matriculationnumber matriculationno matriculation registrationnumber registrationno regno
    enrolmentnumber enrollmentnumber rollnumber rollno emplid bannerid cwid
    orgdefinedid idnumber idnummer personid personnumber personalnumber personnummer universityid campusid
    studentennummer studierendennummer studierendenid studentnummer matricola numerodimatricola matricula
    numerodematricula numeroetudiant numeroetudiante numetudiant codeetudiant numerodidentification
    numerodeid numerodeidentificacion numerodidentificazione codiceidentificativo numeroidentificativo
    opiskelijanumero albumnr nralbumu numeralbumu neptunkod 学号 學號 学籍番号 학번
    id identifier identifiant identificador kennung kennnummer rosteridentifier externalid userid uid
    username user login loginid userlogin loginname userloginid sisloginid netid account accountname
    benutzername nutzername anmeldename benutzerkennung nutzerkennung benutzerkonto unikennung
    nomdutilisateur nombredeusuario usuario nomeutente nomedeusuario gebruikersnaam
    githubusername studentusername
    email emailaddress emailaddresses mail mailaddress emailadresse mailadresse studentemail universityemail
    primaryemail courriel adressedecourriel adressecourriel adresseemail adressemail correo correoelectronico
    direcciondecorreo direcciondecorreoelectronico direccionemail direcciondeemail indirizzoemail enderecodeemail
    emailadres epost epostadresse epostadress sahkoposti
    """
)
SEED, REDRAWN = "seed", "redrawn"
ROLE = _words("role roles rolle rollen rol rolesinthiscourse kursrolle courserole ruolo ruoli papel papeis status")
# Known, but of no use here; they show that a line is a header.
OTHER = frozenset(
    _words(
        """
        nr no number nummer lfdnr lfd lfdnummer pos position index group groups gruppe gruppen groupe groupes grupo
        grupos gruppo gruppi section sections course kurs class klasse title titel titelnachgestellt anrede salutation
        gender geschlecht semester fachsemester studiengang studiengange fach fachrichtung programme program
        department abteilung departement departamento institution etablissement institucion
        githubid lmsuserid integrationid rootaccount
        lastaccess lastaccesstocourse letzterzugriff zuletztimkurs dernieracces ultimoacceso availability seeds
        grade maximumgrade bewertung note notemaximale calificacion endoflineindicator bemerkung bewertungen
        anmeldedatum telefon phone adresse address
        """
    )
) | frozenset(ROLE)

# Who is in a course without learning there.
TEACHERS = frozenset(
    _words(
        """
        teacher editingteacher noneditingteacher instructor instructors primaryinstructor faculty ta tas headta
        teachingassistant teachingassistants assistant grader marker reader tutor tutorin manager coursecreator
        coursebuilder coursedesigner designer observer auditor guest administrator admin owner maintain maintainer
        dozent dozentin dozentinnen lehrende lehrender lehrer lehrerin lehrperson leitung kursleiter kursleiterin
        trainer trainerin trainerinohnebearbeitungsrecht managerin gast
        kursadministrator kursadministratorin kurstutor kurstutorin korrektor korrektorin hilfskraft
        enseignant enseignante enseignantnonediteur enseignantediteur gestionnaire tuteur invite
        profesor profesora profesorsinpermisodeedicion gestor docente docenti professor professora docentnietbewerkend
        """
    )
)

# Rows at the head or the foot of a gradebook, for which no person's name is mistaken.
TOTALS = frozenset(
    _words(
        """
        pointspossible manualposting total totals grandtotal subtotal average classaverage overallaverage groupaverage
        median standarddeviation maxpoints maximumpoints numberofstudents numberoflearners
        summe gesamt gesamtsumme durchschnitt gesamtdurchschnitt mittelwert maximalpunkte maximalpunktzahl
        standardabweichung anzahlteilnehmer anzahlstudierende
        moyenne moyennegenerale ecarttype promedio promediogeneral mediageneral mediacomplessiva gemiddelde
        starthissheet endhissheet
        """
    )
)
# Words that might be names: a row of totals only where the name or the id is missing.
PERHAPS_TOTALS = frozenset(
    _words(
        "sum count max maximum min minimum mean media points date due duedate anzahl punkte datum zwischensumme somme"
    )
)
TEST_STUDENTS = _words("teststudent studenttest demostudent studentdemo teststudierender previewuser")


def known(header: str) -> bool:
    """True for a header that any roster may have.

    >>> known("E-Mail"), known("Matrikel-Nr."), known("Ada Ash")
    (True, True, False)
    """
    word = plain(header)
    return (
        word in OTHER
        or word in (SEED, REDRAWN)
        or any(word in words for words in (NAME, GIVEN, MIDDLE, PREFIX, FAMILY, HALF, ID))
    )


def teaches(role: str) -> bool:
    """True for a cell that names roles in a course, but not a learner's.

    >>> teaches("Teacher, TA"), teaches("Teacher, Student"), teaches("")
    (True, False, False)
    """
    words = [plain(part) for part in re.split(r"[,;|]", role)]
    return any(words) and all(word in TEACHERS for word in words if word)


def first_of(words: Sequence[str], headers: Sequence[str]) -> list[int]:
    """The columns that these words head, the one that is meant first in front.

    >>> first_of(NAME, ["Points", "Name", "Full name"])
    [2, 1]
    """
    found = [(words.index(word), place) for place, header in enumerate(headers) if (word := plain(header)) in words]
    return [place for _, place in sorted(found)]
