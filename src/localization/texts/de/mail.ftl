mail-test-subject = { $organisation }: Der E-Mail-Versand funktioniert
mail-test-heading = Der E-Mail-Versand funktioniert
mail-test-text = Die Administration von { $address } hat diese Nachricht gesendet, um zu prüfen, ob E-Mails ankommen.
mail-nothing-to-do = Sie müssen nichts weiter tun.

mail-invitation-subject = Ihr Konto bei { $organisation }
mail-invitation-heading = Willkommen, { $name }
mail-invitation-text = Für Sie wurde ein Konto bei { $organisation } eingerichtet. Öffnen Sie diesen Link, um Ihr Passwort festzulegen:
mail-invitation-link = Passwort festlegen
mail-invitation-until = Der Link funktioniert nur einmal und ist bis zum { $moment } gültig. Danach können Sie bei Ihrer Administration einen neuen anfordern.
mail-invitation-then = Anschließend melden Sie sich unter { $address } an.

mail-recovery-subject = { $organisation }: Neues Passwort festlegen
mail-recovery-heading = Neues Passwort festlegen
mail-recovery-text = Guten Tag { $name }, für Ihr Konto unter { $address } wurde ein neues Passwort angefordert. Öffnen Sie diesen Link, um es festzulegen:
mail-recovery-link = Neues Passwort festlegen
mail-recovery-until = Der Link funktioniert nur einmal und ist 30 Minuten gültig. Solange Sie kein neues Passwort festlegen, bleibt Ihr bisheriges gültig.
mail-recovery-not-you = Falls Sie das nicht waren, müssen Sie nichts weiter tun.

mail-password-changed-subject = { $organisation }: Ihr Passwort wurde geändert
mail-password-changed-heading = Ihr Passwort wurde geändert
mail-password-changed-text = Guten Tag { $name }, das Passwort für Ihr Konto unter { $address } wurde am { $moment } geändert. Überall sonst wurden Sie abgemeldet.
mail-not-you = Falls Sie das nicht waren, informieren Sie bitte sofort Ihre Administration.

mail-profile-changed-subject = { $organisation }: Ihr Profil wurde geändert
mail-profile-changed-heading = Ihr Profil wurde geändert
mail-profile-changed-text = Guten Tag { $name }, am { $moment } wurden der Name, die Sprache oder die Benachrichtigungen für Ihr Konto unter { $address } geändert.

mail-new-device-subject = { $organisation }: Anmeldung auf einem neuen Gerät
mail-new-device-heading = Anmeldung auf einem neuen Gerät
mail-new-device-text = Guten Tag { $name }, am { $moment } hat sich jemand über { $device } in Ihrem Konto unter { $address } angemeldet. Die Anmeldung kam von der IP-Adresse { $network }.
mail-unknown-device-text = Guten Tag { $name }, am { $moment } hat sich jemand über einen unbekannten Browser in Ihrem Konto unter { $address } angemeldet. Die Anmeldung kam von der IP-Adresse { $network }.
mail-new-device-not-you = Falls Sie das waren, müssen Sie nichts weiter tun. Falls nicht, beenden Sie diese Sitzung auf der Seite Ihres Kontos, ändern Sie Ihr Passwort und informieren Sie Ihre Administration.

mail-factors-changed-subject = Ihr zweiter Anmeldeschritt wurde geändert
mail-factors-changed-heading = Ihr zweiter Anmeldeschritt wurde geändert
mail-factor-added = Guten Tag { $name }, am { $moment } wurde für Ihr Konto unter { $address } ein zweiter Anmeldeschritt hinzugefügt: { $factor }. Bei der Anmeldung werden Sie danach gefragt.
mail-factor-removed = Guten Tag { $name }, am { $moment } wurde für Ihr Konto unter { $address } ein zweiter Anmeldeschritt entfernt: { $factor }. Er kann nicht mehr verwendet werden.
mail-factors-all-removed = Guten Tag { $name }, am { $moment } hat die Administration für Ihr Konto unter { $address } alle zweiten Anmeldeschritte und alle Wiederherstellungscodes entfernt.
mail-recovery-codes-made = Guten Tag { $name }, am { $moment } wurden für Ihr Konto unter { $address } neue Wiederherstellungscodes erstellt. Die bisherigen Codes sind nicht mehr gültig.

mail-email-confirm-heading = Bestätigen Sie Ihre neue E-Mail-Adresse
mail-email-confirm-text = Sie möchten diese Adresse für Ihr Konto unter { $address } verwenden. Öffnen Sie diesen Link in dem Browser, in dem Sie dort angemeldet sind:
mail-email-confirm-link = Adresse bestätigen
mail-email-confirm-until = Der Link funktioniert nur einmal und ist 30 Minuten gültig. Falls Sie das nicht waren, müssen Sie nichts weiter tun.

mail-email-taken-heading = Jemand wollte Ihre E-Mail-Adresse verwenden
mail-email-taken-text = Guten Tag { $name }, jemand mit einem anderen Konto unter { $address } wollte diese Adresse für sich verwenden. Sie gehört weiterhin zu Ihrem Konto: Es wurde nichts geändert und auch nicht mitgeteilt, dass Sie diese Adresse verwenden.
mail-email-taken-closing = Falls Sie das mit einem anderen Konto waren, wenden Sie sich an Ihre Administration. Andernfalls müssen Sie nichts weiter tun.

mail-email-changed-heading = Ihre E-Mail-Adresse wurde geändert
mail-email-changed-text = Guten Tag { $name }, die Adresse für Ihr Konto unter { $address } ist ab jetzt { $email }. Falls Sie das nicht waren, stellen Sie mit diesem Link die bisherige Adresse wieder her und beenden alle offenen Sitzungen:
mail-email-changed-link = Änderung rückgängig machen
mail-email-changed-until = Der Link funktioniert nur einmal und ist bis zum { $moment } gültig. Falls Sie das waren, müssen Sie nichts weiter tun.

mail-email-undone-heading = Eine Änderung der E-Mail-Adresse wurde rückgängig gemacht
mail-email-undone-text = Guten Tag { $name }, die Adresse für Ihr Konto unter { $address } ist wieder { $email }. Alle wurden abgemeldet.
mail-email-undone-removed = Ein Passwort, zweite Anmeldeschritte und Wiederherstellungscodes, die seit der Änderung festgelegt wurden, gelten nicht mehr.
mail-email-undone-closing = Falls Sie die Adresse nicht selbst geändert haben, legen Sie jetzt ein neues Passwort fest: Wählen Sie dazu bei der Anmeldung „Passwort vergessen?“. Informieren Sie außerdem Ihre Administration.
