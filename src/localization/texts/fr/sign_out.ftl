sign-out-question = Se déconnecter ?
ends-session = Votre session ici sera fermée.
ends-session-and-asks = Votre session ici sera fermée, et nous demanderons aussi la fermeture de celles ouvertes à partir d’ici :
sign-out-there-yourself = Vous devez vous y déconnecter vous-même
stay-signed-in = Garder la session ouverte
session-is-over = Votre session ici est terminée
session-is-over-text = { $count ->
    [one] Elle a pris fin d’elle-même. Une application que vous aviez ouverte à partir d’ici l’est peut-être encore dans ce navigateur.
   *[other] Elle a pris fin d’elle-même. { $count } applications que vous aviez ouvertes à partir d’ici le sont peut-être encore dans ce navigateur.
}
sign-out-there-too = S’y déconnecter aussi
signed-out = Déconnexion effectuée
signed-out-here = Vous n’avez plus de session ouverte ici
signed-out-everywhere = Vous n’avez plus aucune session ouverte
session-ended = Votre session ici est fermée.
session-ended-all-confirmed = Votre session ici est fermée, et chaque application ouverte a confirmé avoir fermé la sienne.
session-ended-still-open = { $count ->
    [one] Votre session ici est fermée. Une application n’a pas confirmé avoir fermé la sienne.
   *[other] Votre session ici est fermée. { $count } applications n’ont pas confirmé avoir fermé la leur.
}
signed-out-all-confirmed = Votre session ici est fermée, et chaque application ouverte a confirmé avoir fermé la sienne. Normalement, votre navigateur continue tout seul ; sinon, appuyez sur le bouton.
signed-out-still-open = { $count ->
    [one] Votre session ici est fermée. Une application n’a pas confirmé avoir fermé la sienne.
   *[other] Votre session ici est fermée. { $count } applications n’ont pas confirmé avoir fermé la leur.
}
goes-by-itself-in = Votre navigateur s’y rendra tout seul dans { $wait }.
signing-you-out = Déconnexion en cours
not-confirmed-yet = Votre session ici est fermée. { $application } devait fermer la sienne et ne l’a pas encore confirmé.
now-ends-its-own = Votre session ici est fermée. { $application } ferme maintenant la sienne. Normalement, votre navigateur continue tout seul ; sinon, appuyez sur le bouton.
sign-out-of = Fermer la session { $application }
continue-without = Continuer sans { $application }
state-ended = Fermée
state-asked = En cours
state-to-be-asked = En attente
state-still-open = Encore ouverte
state-not-confirmed = Non confirmée
could-not-end = L’application n’a pas pu fermer sa session
no-valid-answer = Aucune réponse valable
shared-computer = Sur un ordinateur partagé, fermez aussi ces sessions
shared-computer-text = Sinon, la personne qui utilisera ensuite cet ordinateur pourrait agir sous votre nom.
open-application = Ouvrir { $application }
