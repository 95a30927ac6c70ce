or = ou
sign-in-with-passkey = Se connecter avec une clé d’accès
passkey-did-not-work-here = Cette clé d’accès n’a pas fonctionné ici
sign-in-otherwise = Connectez-vous avec votre mot de passe ou avec une autre clé d’accès.
passkey-should-have-worked = Votre clé d’accès aurait dû fonctionner ? Prévenez votre service informatique en lui indiquant ce code : { $code }
took-too-long = Le délai est dépassé
passkey-took-too-long = La page est restée ouverte plus de cinq minutes. Utilisez de nouveau votre clé d’accès.
your-passkey = Votre clé d’accès
confirm-with-passkey = Confirmez avec votre clé d’accès
device-asks = Votre appareil vous demande maintenant votre empreinte digitale, votre visage ou son code PIN. Rien de tout cela ne quitte votre appareil.
passkey-did-not-work = Cette clé d’accès n’a pas fonctionné. Réessayez ou utilisez une autre méthode.
use-my-passkey = Utiliser ma clé d’accès
use-code-from-phone = Utiliser un code de mon téléphone
too-many-wrong-answers = Trop de réponses incorrectes ont été données. Pour protéger les comptes, nous marquons une pause.
passkey-not-here = Je n’ai pas ma clé d’accès ici
neither-here = Je n’ai ni ma clé d’accès ni mon téléphone ici
wrong-recovery-code = Ce code est incorrect ou a déjà été utilisé.

# Messages du navigateur
passkey-cancelled = Rien n’a été confirmé : l’opération a été annulée ou a pris trop de temps. Réessayez.
passkey-known-here = Cet appareil contient déjà une clé d’accès pour ce compte.
passkey-unfit = Les clés d’accès ne peuvent pas être utilisées sur cet appareil ou à cette adresse. Essayez avec un autre appareil.
passkey-unsupported = Ce navigateur ne prend pas en charge les clés d’accès. Essayez-en un autre.

# Ajout d’une clé d’accès
add-passkey = Ajouter une clé d’accès
passkey-not-confirmed = Votre appareil n’a pas confirmé qu’il s’agit bien de vous. Laissez-le vous demander votre empreinte digitale, votre visage ou son code PIN, ou essayez avec un autre appareil.
passkey-known-on-device = L’appareil utilisé contient déjà une clé d’accès pour ce compte.
too-many-tries-nothing-added = Il y a eu trop de tentatives. Rien n’a encore été ajouté.
page-was-open-too-long = La page est restée ouverte trop longtemps, ou a été ouverte dans un autre navigateur. Réessayez.
more-than-password = Désormais, votre mot de passe ne suffit plus pour vous connecter.
what-a-passkey-is = Une clé d’accès est enregistrée sur votre appareil ou dans votre gestionnaire de mots de passe. Vous vous connectez avec votre empreinte digitale, votre visage ou un code PIN, sans mot de passe.
passkey-name-help = Pour la distinguer des autres plus tard, par exemple « Ordinateur portable ».
passkey-needs-script = Les clés d’accès nécessitent JavaScript, qui est désactivé dans ce navigateur.
use-phone-instead = Utiliser plutôt mon téléphone
use-passkey-instead = Utiliser plutôt une clé d’accès

# Dans la liste
passkey-last-used = Clé d’accès · dernière utilisation le { $day }
passkey-added = Clé d’accès · ajout le { $day }
