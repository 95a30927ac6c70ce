mail-test-subject = { $organisation } : l’envoi d’e-mails fonctionne
mail-test-heading = L’envoi d’e-mails fonctionne
mail-test-text = Ce message a été envoyé depuis l’administration du site { $address } pour vérifier que les e-mails arrivent bien.
mail-nothing-to-do = Vous n’avez rien à faire.

mail-invitation-subject = Votre compte { $organisation }
mail-invitation-heading = Bienvenue, { $name }
mail-invitation-text = Un compte { $organisation } a été créé pour vous. Ouvrez ce lien pour choisir votre mot de passe :
mail-invitation-link = Choisir votre mot de passe
mail-invitation-until = Ce lien fonctionne une seule fois, jusqu’au { $moment }. Passé ce délai, demandez-en un autre à votre service informatique.
mail-invitation-then = Vous vous connecterez ensuite sur { $address }.

mail-recovery-subject = { $organisation } : choisissez un nouveau mot de passe
mail-recovery-heading = Choisissez un nouveau mot de passe
mail-recovery-text = Bonjour { $name }, un nouveau mot de passe a été demandé pour votre compte sur { $address }. Ouvrez ce lien pour le choisir :
mail-recovery-link = Choisir un nouveau mot de passe
mail-recovery-until = Ce lien fonctionne une seule fois, pendant 30 minutes. D’ici là, votre mot de passe reste inchangé.
mail-recovery-not-you = Si vous n’êtes pas à l’origine de cette demande, vous n’avez rien à faire.

mail-password-changed-subject = { $organisation } : votre mot de passe a été modifié
mail-password-changed-heading = Votre mot de passe a été modifié
mail-password-changed-text = Bonjour { $name }, le mot de passe de votre compte sur { $address } a été modifié le { $moment }. Toutes vos autres sessions ont été fermées.
mail-not-you = Si vous n’êtes pas à l’origine de ce changement, prévenez immédiatement votre service informatique.

mail-profile-changed-subject = { $organisation } : votre profil a été modifié
mail-profile-changed-heading = Votre profil a été modifié
mail-profile-changed-text = Bonjour { $name }, le nom, la langue ou les notifications de votre compte sur { $address } ont été modifiés le { $moment }.

mail-new-device-subject = { $organisation } : connexion depuis un nouvel appareil
mail-new-device-heading = Connexion depuis un nouvel appareil
mail-new-device-text = Bonjour { $name }, quelqu’un s’est connecté à votre compte sur { $address } le { $moment } avec { $device }, depuis l’adresse IP { $network }.
mail-unknown-device-text = Bonjour { $name }, quelqu’un s’est connecté à votre compte sur { $address } le { $moment } avec un navigateur inconnu, depuis l’adresse IP { $network }.
mail-new-device-not-you = Si c’était vous, vous n’avez rien à faire. Sinon, fermez cette session sur la page de votre compte, changez votre mot de passe et prévenez votre service informatique.

mail-factors-changed-subject = Votre validation en deux étapes a été modifiée
mail-factors-changed-heading = Votre validation en deux étapes a été modifiée
mail-factor-added = Bonjour { $name }, un moyen de validation a été ajouté à votre compte sur { $address } le { $moment } : { $factor }. Il vous sera demandé à la connexion.
mail-factor-removed = Bonjour { $name }, un moyen de validation a été retiré de votre compte sur { $address } le { $moment } : { $factor }. Il ne fonctionne plus.
mail-factors-all-removed = Bonjour { $name }, votre service informatique a supprimé tous les moyens de validation et tous les codes de récupération de votre compte sur { $address } le { $moment }.
mail-recovery-codes-made = Bonjour { $name }, de nouveaux codes de récupération ont été créés pour votre compte sur { $address } le { $moment }. Les précédents ne fonctionnent plus.

mail-email-confirm-heading = Confirmez votre nouvelle adresse e-mail
mail-email-confirm-text = Vous avez demandé que cette adresse devienne celle de votre compte sur { $address }. Ouvrez ce lien dans le navigateur où votre session y est ouverte :
mail-email-confirm-link = Confirmer cette adresse
mail-email-confirm-until = Ce lien fonctionne une seule fois, pendant 30 minutes. Si vous n’êtes pas à l’origine de cette demande, vous n’avez rien à faire.

mail-email-taken-heading = Quelqu’un a demandé à utiliser votre adresse e-mail
mail-email-taken-text = Bonjour { $name }, une personne disposant d’un autre compte sur { $address } a demandé à utiliser cette adresse. Elle est à vous et le reste : rien n’a été modifié, et cette personne n’a pas été informée que l’adresse vous appartient.
mail-email-taken-closing = Si c’était vous, avec un autre compte, adressez-vous à votre service informatique. Sinon, vous n’avez rien à faire.

mail-email-changed-heading = Votre adresse e-mail a été modifiée
mail-email-changed-text = Bonjour { $name }, l’adresse de votre compte sur { $address } est désormais { $email }. Si vous n’êtes pas à l’origine de ce changement, ce lien rétablit l’ancienne adresse et ferme toutes les sessions ouvertes :
mail-email-changed-link = Annuler le changement
mail-email-changed-until = Ce lien fonctionne une seule fois, jusqu’au { $moment }. Si c’était vous, vous n’avez rien à faire.

mail-email-undone-heading = Un changement d’adresse e-mail a été annulé
mail-email-undone-text = Bonjour { $name }, l’adresse de votre compte sur { $address } est de nouveau { $email }. Toutes les sessions ont été fermées.
mail-email-undone-removed = Le mot de passe, les moyens de validation et les codes de récupération définis depuis cette modification ne sont plus valables.
mail-email-undone-closing = Si vous n’êtes pas à l’origine du changement, choisissez maintenant un nouveau mot de passe, avec « Mot de passe oublié ? » sur la page de connexion, et prévenez votre service informatique.
