"""What the local page says, in plain Dutch. Data: a name, then its text; ready for HTML, %s and %d are filled in."""

WORDS = """
title Noodkit %s
home Naar het begin
refresh Kijk of er nieuws is
exercise_bar OEFENING
exercise_more Er loopt een oefening. Een echte melding kan gewoon: kies ECHT.
closes Deze pagina gaat vanzelf uit over %d minuten.
unset_112 Bel 112. De kit heeft nog niet gehoord of 112 werkt.
works_112 112 werkt. Bel 112.
doubtful_112 112 is onzeker. Probeer eerst 112, ook met een andere telefoon.
off_112 112 werkt niet. Probeer het toch eerst, ook met een andere telefoon.
this_is_not Dit is geen 112.
help Noodhulp
help_closed Hier een melding typen kan pas als het coördinatiepunt zegt dat 112 onzeker of uit is.
help_quick Haast? Houd HULP op de kit 3 seconden in. Typen kan daarna nog.
help_type Noodhulpmelding typen
help_another Nog een noodhulpmelding typen
help_send Verstuur de noodhulpmelding
help_more Vul in wat u weet. Leeg laten mag. Alleen wat nodig is om te helpen.
help_add Aanvullen of verbeteren
help_resend Verstuur deze tekst
help_lost De kit is opnieuw gestart. Wat eerder is getypt, staat hier niet meer. Kies ook de hulp opnieuw.
call Noodhulpmelding %d
call_open Melding %d bekijken of aanvullen
call_at %d minuten geleden gemaakt
kind Welke hulp?
ambulance Ambulance
fire_brigade Brandweer
police Politie
not_known Weet niet
place Waar? Leeg = op dit punt
what Wat is er gebeurd?
victims Slachtoffers: hoeveel, hoe erg?
danger Gevaar: brand, gas, geweld?
waiting Wie wacht waar op de hulp?
real_or Echt of oefening?
real ECHT
practised OEFENING
not_practised GEEN OEFENING
state_waiting Wordt verzonden. Nog niemand weet het.
state_sent De melding is onderweg. Nog niemand weet het.
state_not_arrived Niet aangekomen. Gebruik %s of stuur iemand naar het coördinatiepunt. De kit probeert het ook zelf nog.
state_stored Binnen bij het coördinatiepunt. Het systeem heeft de melding. Nog geen mens.
state_read Gelezen. Een medewerker leest uw melding.
state_passed_on Doorgegeven aan de meldkamer.
state_answered Antwoord van het coördinatiepunt:
state_help_comes Hulp komt.
state_no_unit Er is geen eenheid. Lees de opdracht.
state_call_back Het coördinatiepunt belt terug.
state_withdrawn Ingetrokken. Wij controleren altijd of alles goed is.
state_closed Afgesloten door het coördinatiepunt.
withdraw Intrekken
withdraw_sure Er is geen hulp meer nodig
withdraw_do Trek deze melding in
message Bericht voor inwoners
message_none Er is nu geen bericht.
message_title Bericht %d, versie %d
message_open Bericht lezen of afdrukken
message_hangs Dit bericht hangt. Het coördinatiepunt krijgt dat te horen.
message_hang Hang het bericht op. Druk daarna hier:
message_do Het bericht hangt
message_old Bericht %d, versie %d geldt niet meer. Haal het weg. Druk daarna hier:
message_gone Het oude bericht is weg
message_sheet Vel voor de muur (A4)
message_cards Uitdeelkaarten (vier op een A4)
message_print Afdrukken: kies Afdrukken in het menu van uw telefoon.
sheet_foot Noodsteunpunt %s. Bericht %d, versie %d. Opgehangen om: ..........
card_foot Noodsteunpunt %s. Bericht %d, versie %d.
report Puntbericht
report_open Puntbericht invullen
report_why Vertelt het coördinatiepunt hoe het hier gaat. Elke 2 tot 4 uur, of als er iets verandert. Leeg = onbekend.
report_none Nog geen puntbericht verstuurd.
report_waits Puntbericht van %d minuten geleden: onderweg.
report_there Puntbericht van %d minuten geleden: binnen bij het coördinatiepunt.
report_send Verstuur het puntbericht
deployment Hoe staat het punt?
setting_up Wordt ingericht
open Open
partly_open Beperkt open
closed Gesloten
wound_down Afgebouwd
staff Met hoeveel mensen bent u?
staff_needed Hoeveel mensen hebt u nodig?
relief Over hoeveel uur komt er aflossing?
visitors Hoeveel bezoekers zijn er?
none Geen
below_10 Minder dan 10
below_50 10 tot 50
below_200 50 tot 200
more Meer dan 200
stock Wat is bijna op?
topics Waar vragen mensen het meest om?
topic Onderwerp %d
count Hoe vaak?
note Opmerking, 40 letters. Geen namen.
unknown Onbekend
sent Verstuurd. Kijk hieronder of het is aangekomen.
saved Genoteerd. De kit geeft het door.
bad_number Vul bij "%s" een heel getal in van %d tot %d, of laat het leeg.
bad_hours Vul bij "%s" de uren in, zoals 2 of 1,5. Hoogstens 63. Leeg mag ook.
bad_topic Kies een onderwerp één keer, en vul in hoe vaak: 1 tot 62.
too_long De tekst is te lang. Haal ongeveer %d letters weg.
no_room Er wachten nu te veel berichten. Probeer het over een minuut nog eens.
not_sure Zet eerst het vinkje.
old_page Deze pagina was niet meer van nu. Kijk hieronder hoe het staat, en doe het zo nodig opnieuw.
new_message Er is intussen een ander bericht. Lees het hieronder.
not_offered 112 werkt weer, zegt het coördinatiepunt. Bel 112. Deze melding is niet verstuurd.
not_found Deze pagina is er niet.
broken Er ging iets mis in de kit. De knop HULP op de kit werkt gewoon. Probeer het hier nog eens.
"""


def word(name: str) -> str:
    """The text of a name."""
    start = WORDS.find("\n" + name + " ")
    return name if start < 0 else WORDS[start + len(name) + 2 : WORDS.find("\n", start + 1)]
