or = oder
sign-in-with-passkey = Mit Passkey anmelden
passkey-did-not-work-here = Dieser Passkey hat hier nicht funktioniert
sign-in-otherwise = Melden Sie sich mit Ihrem Passwort oder mit einem anderen Passkey an.
passkey-should-have-worked = Falls er hätte funktionieren müssen, informieren Sie Ihre Administration und nennen Sie diesen Code: { $code }
took-too-long = Das hat zu lange gedauert
passkey-took-too-long = Die Seite war länger als fünf Minuten offen. Verwenden Sie Ihren Passkey noch einmal.
your-passkey = Ihr Passkey
confirm-with-passkey = Mit Passkey bestätigen
device-asks = Ihr Gerät fragt jetzt nach Ihrem Fingerabdruck, Ihrem Gesicht oder der Geräte-PIN. Nichts davon verlässt Ihr Gerät.
passkey-did-not-work = Dieser Passkey hat nicht funktioniert. Versuchen Sie es noch einmal oder wählen Sie eine andere Möglichkeit.
use-my-passkey = Passkey verwenden
use-code-from-phone = Code vom Smartphone verwenden
too-many-wrong-answers = Es gab zu viele falsche Eingaben. Zum Schutz der Konten legen wir eine Pause ein.
passkey-not-here = Ich habe meinen Passkey nicht zur Hand
neither-here = Ich habe beides nicht zur Hand
wrong-recovery-code = Dieser Code ist falsch oder wurde bereits verwendet.

passkey-cancelled = Es wurde nichts bestätigt: Der Vorgang wurde abgebrochen oder hat zu lange gedauert. Versuchen Sie es noch einmal.
passkey-known-here = Auf diesem Gerät gibt es bereits einen Passkey für dieses Konto.
passkey-unfit = Mit diesem Gerät oder unter dieser Adresse ist das nicht möglich. Versuchen Sie es mit einem anderen Gerät.
passkey-unsupported = Dieser Browser unterstützt keine Passkeys. Versuchen Sie es mit einem anderen Browser.

add-passkey = Passkey hinzufügen
passkey-not-confirmed = Ihr Gerät hat nicht bestätigt, dass Sie es sind. Lassen Sie es nach Ihrem Fingerabdruck, Ihrem Gesicht oder der Geräte-PIN fragen oder versuchen Sie es mit einem anderen Gerät.
passkey-known-on-device = Auf dem verwendeten Gerät gibt es bereits einen Passkey für dieses Konto.
too-many-tries-nothing-added = Es gab zu viele Versuche. Es wurde noch nichts hinzugefügt.
page-was-open-too-long = Die Seite war zu lange offen oder wurde in einem anderen Browser geöffnet. Bitte versuchen Sie es noch einmal.
more-than-password = Ab jetzt benötigen Sie für die Anmeldung mehr als Ihr Passwort.
what-a-passkey-is = Ein Passkey wird auf Ihrem Gerät oder in Ihrem Passwortmanager gespeichert. Sie melden sich mit Fingerabdruck, Gesichtserkennung oder PIN an und benötigen kein Passwort.
passkey-name-help = Damit Sie ihn später von anderen unterscheiden können, zum Beispiel „Laptop“.
passkey-needs-script = Für einen Passkey wird JavaScript benötigt. In diesem Browser ist es deaktiviert.
use-phone-instead = Stattdessen Smartphone verwenden
use-passkey-instead = Stattdessen Passkey verwenden

passkey-last-used = Passkey · zuletzt verwendet am { $day }
passkey-added = Passkey · hinzugefügt am { $day }
