sign-in = Se connecter
sign-in-to = Se connecter à { $application }
sign-in-after = Se connecter dans { $wait }
password = Mot de passe
show-password = Afficher le mot de passe
forgot-password = Mot de passe oublié ?
too-many-attempts = Trop de tentatives ont échoué. Pour protéger les comptes, nous marquons une pause.
busy-signing-in = Trop de personnes se connectent en même temps. Votre saisie n’a pas été vérifiée : saisissez de nouveau votre mot de passe dans un instant.
no-cookies-kept = Votre navigateur n’enregistre pas de cookies pour cette page
no-cookies-kept-text = Sans cookies, aucune connexion n’est possible. Autorisez-les pour ce site dans les paramètres de votre navigateur, puis rechargez cette page.
password-is-set = Votre mot de passe est enregistré
password-is-set-text = Utilisez-le pour vous connecter et continuer.
no-longer-signed-in = Votre session n’est plus ouverte
no-longer-signed-in-text = Vous l’avez fermée, ou elle a expiré. Reconnectez-vous pour continuer.
application-asks-again = { $application } vous demande de vous reconnecter
application-asks-again-text = L’application veut s’assurer qu’il s’agit bien de vous. Saisissez de nouveau votre mot de passe.
confirm-it-is-you = Confirmez qu’il s’agit bien de vous
confirm-it-is-you-text = Avant de modifier votre façon de vous connecter, saisissez de nouveau votre mot de passe.
wrong-credentials = L’adresse e-mail et le mot de passe ne correspondent pas. Vérifiez-les, puis réessayez.
still-no-way-in-link = Toujours pas d’accès ? { $help } en indiquant ce code : { $code }
still-no-way-in = Toujours pas d’accès ? Adressez-vous à votre service informatique en indiquant ce code : { $code }
forgotten-it-link = Mot de passe oublié ? { $help } en indiquant ce code : { $code }
forgotten-it = Mot de passe oublié ? Demandez-en un nouveau à votre service informatique en indiquant ce code : { $code }

# Redirections
taking-you-to = Redirection vers { $application }
going-back-to = Retour vers { $application }
signed-in-moving-on = La connexion a réussi. Normalement, votre navigateur continue tout seul ; sinon, appuyez sur le bouton.
refused-moving-on = Nous n’avons pas pu donner suite à la demande de l’application et nous lui en indiquons la raison. Normalement, votre navigateur continue tout seul ; sinon, appuyez sur le bouton.
signed-out-moving-on = Votre session ici est fermée, et nous en informons l’application. Normalement, votre navigateur continue tout seul ; sinon, appuyez sur le bouton.
continue-to = Continuer vers { $application }
go-back-to = Revenir à { $application }
application-learns = { $application } reçoit votre nom et l’adresse { $email }

# Accès refusé
no-access-title = Pas encore d’accès à { $application }
no-access = Vous n’avez pas encore accès à { $application }
no-access-one-group = Votre compte est en règle et la connexion a réussi. L’accès à { $application } est réservé au groupe { $group }, dont vous ne faites pas partie.
no-access-groups = Votre compte est en règle et la connexion a réussi. L’accès à { $application } est réservé aux groupes { $groups }, dont vous ne faites pas partie.
no-access-people = Votre compte est en règle et la connexion a réussi. L’accès à { $application } est réservé à certaines personnes, dont vous ne faites pas partie.
two-names = { $first } et { $second }
three-names = { $first }, { $second } et { $third }
ask-for-access-of = Si vous en avez besoin, demandez l’accès à votre service informatique ({ $organisation }).
ask-for-access = Demander l’accès

# Lien pour un navigateur
use-this-browser = Utiliser ce navigateur
sign-in-from-this-browser = Se connecter depuis ce navigateur ?
device-link-text = Votre service informatique vous a donné ce lien parce que les tentatives infructueuses d’autres personnes vous empêchaient de vous connecter. Il autorise ce navigateur, et vous vous connectez avec votre mot de passe comme d’habitude. Il fonctionne une seule fois : ouvrez-le dans le navigateur que vous utilisez.
