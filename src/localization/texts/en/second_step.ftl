# Asking for a code.
your-code = Your code
enter-your-code = Enter your code
signing-in-to = Signing in to { $application }
too-many-wrong-codes = There were too many wrong codes, so we pause to keep accounts safe.
open-your-app = Open the authenticator app on your phone and type the six digits it shows for { $organisation }.
six-digit-code = Six-digit code
wrong-code = That code is not right, or was used before. Type the one that is shown now.
do-not-ask-for = { $days ->
    [one] Do not ask on this device for { $days } day
   *[other] Do not ask on this device for { $days } days
}
continue-after = Continue after { $wait }
no-phone = I do not have my phone
recovery-code = Recovery code
recovery-code-help = One of the ten codes that you put somewhere safe. Each works once.
use-recovery-code = Use the recovery code
no-recovery-code-link = You have none? { $help }: they can remove what you have lost, and you set up another one.
no-recovery-code = You have none? Ask your administrator: they can remove what you have lost, and you set up another one.

# Setting up an authenticator app.
add-your-phone = Add your phone
too-many-codes-nothing-added = There were too many wrong codes. Nothing was added yet.
as-many-as-possible = You have as many as you can have
as-many-as-possible-text = Remove one that you no longer use, then add this one.
nothing-was-added = Nothing was added
nothing-was-added-text = The page was open for too long, or in another browser. Scan the new picture, and remove the old entry from your app.
from-now-on-code = From now on you sign in with your password and a code from your phone.
then-with-code = Besides your password, you then sign in with a code from your phone.
scan-with-app = Scan with your authenticator app
any-app = Any app that makes six-digit codes will do.
qr-code = QR code for your authenticator app
cannot-scan = I cannot scan it
type-the-key = Type this key into the app instead, for the account { $email }.
key = Key
type-the-code = Type the code it shows
wrong-first-code = That is not the code of this key. Type the one that is shown now; if it fails again, set the clock of your phone by the network.
factor-name = Name, if you like
factor-name-help = To tell it from others later, such as “Work phone”.
add-this-phone = Add this phone

# Recovery codes.
recovery-codes = Recovery codes
keep-these-codes = Keep these ten codes
recovery-codes-text = If you lose your phone, one of them lets you in. Each works once. We show them only now.
recovery-codes-for = For { $email } at { $address }
recovery-codes-made = Made on { $day }. Codes made earlier no longer work.
print = Print
download = Download
good-places = Good places: a password manager, or paper in a drawer you can lock. Not a good place: the phone they are meant to replace.
put-somewhere-safe = I have put them somewhere safe
done = Done
keep-this-sheet = Keep this sheet where you keep your passport. Cross out each code as you use it.
recovery-codes-file = Recovery codes for { $email } at { $address }
recovery-codes-file-made = Made on { $day }. Each works once. Codes made earlier no longer work.

# The list of what somebody signs in with after the password.
second-step = Second step
second-step-intro = What you confirm with after your password. Keep at least two, and your recovery codes.
no-second-step = You sign in with your password alone. With a passkey, or a code from your phone besides, a stolen password is not enough.
codes-last-used = Codes from your phone · last used on { $day }
codes-added = Codes from your phone · added on { $day }
remove = Remove
remove-factor = Remove { $name }
authenticator-app = Authenticator app
passkey = Passkey
recovery-codes-left = { $count } of 10 left
few-left = Few left
make-new-codes = Make new codes
add-phone = Add your phone
add-another-phone = Add another phone
devices-not-asked = Devices that are not asked
devices-not-asked-intro = Where you chose not to be asked for a code again.
devices-not-asked-text = Lost one, or lent it? From now on every device is asked for a code again.
ask-everywhere-again = Ask everywhere again
factor-added = It is added, and it works: you have just used it.
factor-removed = It is removed, and no longer works here.
factor-is-last-way-in = Nothing was removed: nobody else is an owner here who can sign in, and without it you could not. Add another passkey or phone first.
devices-forgotten = From now on every device is asked for a code.
factors-form-expired = Nothing was changed: the page was open for too long, or in another browser. Try again.
