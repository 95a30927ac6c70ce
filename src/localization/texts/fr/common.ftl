skip = Aller au contenu
language = Langue
help-with-signing-in = Aide à la connexion
get-help = Obtenir de l’aide
ask-for-help = Demandez de l’aide
you = Vous
signed-in-as = Compte connecté : { $name }
your-account = Votre compte
sign-out = Se déconnecter
email = Adresse e-mail
continue = Continuer
cancel = Annuler
back-to-applications = Retour à vos applications
back-to-account = Retour à votre compte
go-to-applications = Accéder à mes applications
sign-in-again = Se reconnecter
code-for-administrator = Code pour votre service informatique
code-for-administrator-inline = Code pour votre service informatique : { $code }
copy = Copier
copy-the-code = Copier le code
copied = Copié
please-wait = Veuillez patienter
wait-then-try-again = Veuillez patienter { $wait }, puis réessayez
wait-a-few-seconds = Veuillez patienter quelques secondes, puis réessayez
nothing-was-changed = Rien n’a été modifié
form-expired = Cette page est restée ouverte trop longtemps, ou a été ouverte dans un autre navigateur. Remplissez-la de nouveau.
not-you-tell-administrator = Si ce n’était pas vous, prévenez votre service informatique en lui indiquant ce code : { $code }
password-alone-is-known = Si ce n’était pas vous, quelqu’un d’autre connaît votre mot de passe. Prévenez votre service informatique en lui indiquant ce code : { $code }

# Durées
seconds = { $count ->
    [one] { $count } seconde
   *[other] { $count } secondes
}
minutes = { $count ->
    [one] { $count } minute
   *[other] { $count } minutes
}

# Dates
day = { $day ->
    [1] 1er
   *[other] { $day }
} { $month ->
    [1] janvier
    [2] février
    [3] mars
    [4] avril
    [5] mai
    [6] juin
    [7] juillet
    [8] août
    [9] septembre
    [10] octobre
    [11] novembre
   *[12] décembre
} { $year }
moment = { $day } à { $time } UTC
browser-on-system = { $browser } sous { $system }
