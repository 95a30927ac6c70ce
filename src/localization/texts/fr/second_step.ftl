your-code = Votre code
enter-your-code = Saisissez votre code
signing-in-to = Connexion à { $application }
too-many-wrong-codes = Trop de codes incorrects ont été saisis. Pour protéger les comptes, nous marquons une pause.
open-your-app = Ouvrez l’application d’authentification sur votre téléphone et saisissez les six chiffres qu’elle affiche pour { $organisation }.
six-digit-code = Code à six chiffres
wrong-code = Ce code est incorrect ou a déjà été utilisé. Saisissez celui qui s’affiche maintenant.
do-not-ask-for = { $days ->
    [one] Ne plus demander sur cet appareil pendant { $days } jour
   *[other] Ne plus demander sur cet appareil pendant { $days } jours
}
continue-after = Continuer dans { $wait }
no-phone = Je n’ai pas mon téléphone
recovery-code = Code de récupération
recovery-code-help = L’un des dix codes que vous avez mis en lieu sûr. Chacun ne sert qu’une fois.
use-recovery-code = Utiliser le code de récupération
no-recovery-code-link = Vous n’en avez pas ? { $help } : le moyen de validation perdu peut être retiré de votre compte, et vous pourrez en ajouter un autre.
no-recovery-code = Vous n’en avez pas ? Adressez-vous à votre service informatique : il peut retirer le moyen de validation perdu, et vous pourrez en ajouter un autre.

# Ajout d’une application d’authentification
add-your-phone = Ajoutez votre téléphone
too-many-codes-nothing-added = Trop de codes incorrects ont été saisis. Rien n’a encore été ajouté.
as-many-as-possible = Nombre maximal atteint
as-many-as-possible-text = Retirez un moyen que vous n’utilisez plus, puis ajoutez le nouveau.
nothing-was-added = Rien n’a été ajouté
nothing-was-added-text = La page est restée ouverte trop longtemps, ou a été ouverte dans un autre navigateur. Scannez le nouveau QR code et supprimez l’ancienne entrée dans votre application.
from-now-on-code = Désormais, vous vous connecterez avec votre mot de passe et un code de votre téléphone.
then-with-code = En plus de votre mot de passe, un code de votre téléphone vous sera demandé à la connexion.
scan-with-app = Scannez avec votre application d’authentification
any-app = Toute application qui génère des codes à six chiffres convient.
qr-code = QR code pour votre application d’authentification
cannot-scan = Je ne peux pas le scanner
type-the-key = Saisissez plutôt cette clé dans l’application, pour le compte { $email }.
key = Clé
type-the-code = Saisissez le code affiché
wrong-first-code = Ce code ne correspond pas à cette clé. Saisissez celui qui s’affiche maintenant ; si cela échoue encore, activez le réglage automatique de l’heure sur votre téléphone.
factor-name = Nom (facultatif)
factor-name-help = Pour le distinguer des autres plus tard, par exemple « Téléphone pro ».
add-this-phone = Ajouter ce téléphone

# Codes de récupération
recovery-codes = Codes de récupération
keep-these-codes = Conservez ces dix codes
recovery-codes-text = Si vous perdez votre téléphone, l’un d’eux vous permettra de vous connecter. Chacun ne sert qu’une fois. Nous ne les affichons que maintenant.
recovery-codes-for = Pour { $email } sur { $address }
recovery-codes-made = Créés le { $day }. Les codes créés auparavant ne fonctionnent plus.
print = Imprimer
download = Télécharger
good-places = Bons endroits : un gestionnaire de mots de passe, ou une feuille dans un tiroir qui ferme à clé. À éviter : le téléphone qu’ils sont censés remplacer.
put-somewhere-safe = Je les ai mis en lieu sûr
done = Terminé
keep-this-sheet = Rangez cette feuille avec votre passeport. Barrez chaque code après l’avoir utilisé.
recovery-codes-file = Codes de récupération pour { $email } sur { $address }
recovery-codes-file-made = Créés le { $day }. Chacun ne sert qu’une fois. Les codes créés auparavant ne fonctionnent plus.

# Validation en deux étapes
second-step = Validation en deux étapes
second-step-intro = Ce qui vous est demandé après votre mot de passe. Gardez au moins deux moyens de validation, ainsi que vos codes de récupération.
no-second-step = Vous vous connectez uniquement avec votre mot de passe. Avec une clé d’accès, ou avec un code de votre téléphone en plus, un mot de passe volé ne suffit plus.
codes-last-used = Codes de votre téléphone · dernière utilisation le { $day }
codes-added = Codes de votre téléphone · ajout le { $day }
remove = Retirer
remove-factor = Retirer { $name }
authenticator-app = Application d’authentification
passkey = Clé d’accès
recovery-codes-left = Encore { $count } sur 10
few-left = Il en reste peu
make-new-codes = Créer de nouveaux codes
add-phone = Ajouter votre téléphone
add-another-phone = Ajouter un autre téléphone
devices-not-asked = Appareils dispensés de code
devices-not-asked-intro = Les appareils sur lesquels vous avez choisi de ne plus saisir de code.
devices-not-asked-text = Vous en avez perdu ou prêté un ? Redemandez un code sur tous vos appareils.
ask-everywhere-again = Redemander un code partout
factor-added = Le moyen de validation est ajouté et fonctionne : vous venez de l’utiliser.
factor-removed = Le moyen de validation est retiré et ne fonctionne plus ici.
factor-is-last-way-in = Rien n’a été retiré : aucun autre propriétaire ne peut se connecter ici, et vous ne le pourriez plus non plus. Ajoutez d’abord une autre clé d’accès ou un autre téléphone.
devices-forgotten = Désormais, un code est demandé sur tous vos appareils.
factors-form-expired = Rien n’a été modifié : la page est restée ouverte trop longtemps, ou a été ouverte dans un autre navigateur. Réessayez.
