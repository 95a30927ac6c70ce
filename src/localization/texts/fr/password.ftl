new-password = Nouveau mot de passe
new-password-help = Au moins { $count } caractères. Quelques mots sans rapport entre eux conviennent bien.
show-new-password = Afficher le nouveau mot de passe
current-password = Mot de passe actuel
show-current-password = Afficher le mot de passe actuel
set-password = Enregistrer le mot de passe
password-same = C’est votre mot de passe actuel. Choisissez-en un autre.
password-too-short = Ce mot de passe est trop court. Utilisez au moins { $count } caractères : quelques mots à la suite conviennent bien.
password-empty = Saisissez un nouveau mot de passe.
password-too-long = Ce mot de passe est trop long pour être enregistré. Choisissez-en un plus court.
password-common = Ce mot de passe est trop courant : il fait partie des premiers que l’on essaie. Utilisez quelques mots sans rapport entre eux.
password-of-yours = Ce mot de passe reprend votre nom, votre adresse ou le nom de votre organisation. Utilisez quelques mots qui n’ont rien à voir avec eux.
password-pattern = Ce mot de passe est une répétition, une date ou une suite de touches du clavier. Utilisez quelques mots sans rapport entre eux.
password-control = Ce mot de passe contient un caractère impossible à saisir, comme une tabulation. Retirez-le.
busy-choosing = Trop de personnes se connectent en même temps. Rien n’a été modifié : ressaisissez votre nouveau mot de passe dans un instant.

# Pendant la connexion
choose-a-password = Choisissez un mot de passe
choose-own-password = Choisissez votre propre mot de passe
on-your-way-to = En route vers { $application }
choose-own-password-text = Votre mot de passe était correct, mais votre service informatique le connaît aussi. Choisissez-en maintenant un que personne d’autre ne connaît.
set-password-and-continue = Enregistrer et continuer

# Page du compte
your-password = Votre mot de passe
your-password-intro = Il vous sert à vous connecter ici et, à partir d’ici, à vos applications.
password-changed = Votre nouveau mot de passe est enregistré. Toutes vos autres sessions ont été fermées.
too-many-attempts-unchanged = Trop de tentatives ont échoué. Pour protéger les comptes, nous marquons une pause. Votre mot de passe reste inchangé.
busy-unchanged = Trop de personnes se connectent en même temps. Votre mot de passe reste inchangé.
current-password-wrong = Ce n’est pas votre mot de passe actuel. Saisissez-le de nouveau.
new-password-signs-out = Changer de mot de passe ferme toutes vos autres sessions. Les applications qui y sont ouvertes peuvent le rester.
change-password = Changer le mot de passe
change-password-after = Changer le mot de passe dans { $wait }

# Lien reçu
welcome = Bienvenue
welcome-name = Bienvenue, { $name }
pass-for = Votre accès à { $organisation }
choose-new-password = Choisissez un nouveau mot de passe
invitation-text = Un compte a été créé pour vous. Choisissez votre mot de passe, puis connectez-vous avec celui-ci.
recovery-text = Il remplace celui que vous avez oublié et ferme toutes vos autres sessions.
rescue-text = Ce lien a été créé par la personne qui administre ce serveur. Il vous donne le rôle de propriétaire, avec tous les droits.
link-works-until = Ce lien fonctionne une seule fois, jusqu’au { $moment }.

# Demande d’un lien
look-into-your-mail = Consultez votre messagerie
link-is-on-its-way = Si un compte correspond à cette adresse, un e-mail contenant un lien vient d’y être envoyé. Le lien fonctionne une seule fois, pendant 30 minutes.
no-mail-link = Rien reçu au bout de quelques minutes ? Regardez dans vos courriers indésirables et vérifiez que cette adresse est bien celle avec laquelle vous vous connectez. Sinon, { $help }.
no-mail = Rien reçu au bout de quelques minutes ? Regardez dans vos courriers indésirables et vérifiez que cette adresse est bien celle avec laquelle vous vous connectez. Sinon, adressez-vous à votre service informatique.
ask-for-help-inline = demandez de l’aide
nothing-was-sent = Rien n’a été envoyé
recovery-intro = Saisissez l’adresse avec laquelle vous vous connectez. Nous vous enverrons un lien pour choisir un nouveau mot de passe.
mail-me-a-link = Recevoir un lien par e-mail
back-to-sign-in = Retour à la connexion
