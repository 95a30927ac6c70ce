skip = Zum Inhalt springen
language = Sprache
help-with-signing-in = Hilfe bei der Anmeldung
get-help = Hilfe
ask-for-help = Hilfe anfordern
you = Kontomenü
signed-in-as = Angemeldet als { $name }
your-account = Ihr Konto
sign-out = Abmelden
email = E-Mail-Adresse
continue = Weiter
cancel = Abbrechen
back-to-applications = Zurück zu Ihren Anwendungen
back-to-account = Zurück zu Ihrem Konto
go-to-applications = Zu meinen Anwendungen
sign-in-again = Erneut anmelden
code-for-administrator = Code für Ihre Administration
code-for-administrator-inline = Code für Ihre Administration: { $code }
copy = Kopieren
copy-the-code = Code kopieren
copied = Kopiert
please-wait = Bitte warten
wait-then-try-again = Bitte warten Sie noch { $wait } und versuchen Sie es dann erneut
wait-a-few-seconds = Bitte warten Sie einige Sekunden und versuchen Sie es dann erneut
nothing-was-changed = Es wurde nichts geändert
form-expired = Diese Seite war zu lange offen oder wurde in einem anderen Browser geöffnet. Bitte füllen Sie sie noch einmal aus.
not-you-tell-administrator = Falls Sie das nicht waren, informieren Sie Ihre Administration und nennen Sie diesen Code: { $code }
password-alone-is-known = Falls Sie das nicht waren, kennt jemand anderes Ihr Passwort. Informieren Sie Ihre Administration und nennen Sie diesen Code: { $code }

seconds = { $count ->
    [one] { $count } Sekunde
   *[other] { $count } Sekunden
}
minutes = { $count ->
    [one] { $count } Minute
   *[other] { $count } Minuten
}

day = { $day }. { $month ->
    [1] Januar
    [2] Februar
    [3] März
    [4] April
    [5] Mai
    [6] Juni
    [7] Juli
    [8] August
    [9] September
    [10] Oktober
    [11] November
   *[12] Dezember
} { $year }
moment = { $day } um { $time } Uhr (UTC)
browser-on-system = { $browser } unter { $system }
