sign-out-question = Abmelden?
ends-session = Damit beenden Sie Ihre Sitzung hier.
ends-session-and-asks = Damit beenden Sie Ihre Sitzung hier. Die Anwendungen, die Sie von hier aus geöffnet haben, werden gebeten, ihre Sitzung ebenfalls zu beenden:
sign-out-there-yourself = Dort müssen Sie sich selbst abmelden
stay-signed-in = Angemeldet bleiben
session-is-over = Ihre Sitzung hier ist abgelaufen
session-is-over-text = { $count ->
    [one] Die Sitzung wurde automatisch beendet. Eine Anwendung, die Sie von hier aus geöffnet haben, ist in diesem Browser möglicherweise noch offen.
   *[other] Die Sitzung wurde automatisch beendet. { $count } Anwendungen, die Sie von hier aus geöffnet haben, sind in diesem Browser möglicherweise noch offen.
}
sign-out-there-too = Auch dort abmelden
signed-out = Abgemeldet
signed-out-here = Sie sind hier abgemeldet
signed-out-everywhere = Sie sind überall abgemeldet
session-ended = Ihre Sitzung hier ist beendet.
session-ended-all-confirmed = Ihre Sitzung hier ist beendet, und die geöffneten Anwendungen haben bestätigt, dass auch ihre Sitzung beendet ist.
session-ended-still-open = { $count ->
    [one] Ihre Sitzung hier ist beendet. Eine Anwendung hat nicht bestätigt, dass Sie auch dort abgemeldet sind.
   *[other] Ihre Sitzung hier ist beendet. { $count } Anwendungen haben nicht bestätigt, dass Sie auch dort abgemeldet sind.
}
signed-out-all-confirmed = Sie sind hier abgemeldet, und die geöffneten Anwendungen haben bestätigt, dass auch ihre Sitzung beendet ist. Normalerweise leitet Ihr Browser Sie automatisch weiter. Falls nicht, klicken Sie auf die Schaltfläche.
signed-out-still-open = { $count ->
    [one] Sie sind hier abgemeldet. Eine Anwendung hat nicht bestätigt, dass Sie auch dort abgemeldet sind.
   *[other] Sie sind hier abgemeldet. { $count } Anwendungen haben nicht bestätigt, dass Sie auch dort abgemeldet sind.
}
goes-by-itself-in = Ihr Browser leitet Sie in { $wait } automatisch weiter.
signing-you-out = Sie werden abgemeldet
not-confirmed-yet = Ihre Sitzung hier ist beendet. { $application } wurde gebeten, die eigene Sitzung zu beenden, und hat dies noch nicht bestätigt.
now-ends-its-own = Ihre Sitzung hier ist beendet. Jetzt beendet { $application } die eigene Sitzung. Normalerweise leitet Ihr Browser Sie automatisch weiter. Falls nicht, klicken Sie auf die Schaltfläche.
sign-out-of = Von { $application } abmelden
continue-without = Weiter ohne { $application }
state-ended = Beendet
state-asked = Angefragt
state-to-be-asked = Wird noch angefragt
state-still-open = Noch angemeldet
state-not-confirmed = Nicht bestätigt
could-not-end = Die Sitzung konnte nicht beendet werden
no-valid-answer = Keine gültige Antwort
shared-computer = Melden Sie sich an einem gemeinsam genutzten Computer auch dort ab
shared-computer-text = Wer den Computer als Nächstes nutzt, könnte dort noch mit Ihrem Konto angemeldet sein.
open-application = { $application } öffnen
