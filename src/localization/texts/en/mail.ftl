# Mails. `{ $address }` is where people sign in; `{ $name }` is whom the mail greets.
mail-test-subject = { $organisation }: mail works
mail-test-heading = Mail works
mail-test-text = An administrator of { $address } had this message sent, to see that mail arrives.
mail-nothing-to-do = There is nothing for you to do.

mail-invitation-subject = Your account at { $organisation }
mail-invitation-heading = Welcome, { $name }
mail-invitation-text = You have an account at { $organisation }. Open this link to choose your password:
mail-invitation-link = Choose your password
mail-invitation-until = The link works once, until { $moment }. After that, ask your administrator for another one.
mail-invitation-then = You sign in at { $address } from then on.

mail-recovery-subject = { $organisation }: choose a new password
mail-recovery-heading = Choose a new password
mail-recovery-text = { $name }, somebody asked for a new password for your account at { $address }. Open this link to choose it:
mail-recovery-link = Choose a new password
mail-recovery-until = The link works once, for 30 minutes. Your password stays as it is until then.
mail-recovery-not-you = If it was not you, there is nothing for you to do.

mail-password-changed-subject = { $organisation }: your password was changed
mail-password-changed-heading = Your password was changed
mail-password-changed-text = { $name }, the password of your account at { $address } was changed on { $moment }. You were signed out everywhere else.
mail-not-you = If it was not you, tell your administrator at once.

mail-profile-changed-subject = { $organisation }: your profile was changed
mail-profile-changed-heading = Your profile was changed
mail-profile-changed-text = { $name }, the name, the language or the notices of your account at { $address } were changed on { $moment }.

mail-new-device-subject = { $organisation }: sign-in from a new device
mail-new-device-heading = Sign-in from a new device
mail-new-device-text = { $name }, on { $moment }, somebody signed in to your account at { $address } with { $device }, from the network address { $network }.
mail-unknown-device-text = { $name }, on { $moment }, somebody signed in to your account at { $address } with an unknown browser, from the network address { $network }.
mail-new-device-not-you = If it was you, there is nothing for you to do. If not, end that session on the page of your account, change your password, and tell your administrator.

mail-factors-changed-subject = Your second step was changed
mail-factors-changed-heading = Your second step was changed
mail-factor-added = { $name }, on { $moment }, for your account at { $address }: { $factor } was added. You are asked for it when you sign in.
mail-factor-removed = { $name }, on { $moment }, for your account at { $address }: { $factor } was removed. It no longer works.
mail-factors-all-removed = { $name }, on { $moment }, for your account at { $address }: all second steps and recovery codes were removed, by an administrator.
mail-recovery-codes-made = { $name }, on { $moment }, for your account at { $address }: new recovery codes were made. Those before no longer work.

mail-email-confirm-heading = Confirm your new e-mail address
mail-email-confirm-text = You asked for this address to be that of your account at { $address }. Open this link where you are signed in there:
mail-email-confirm-link = Confirm this address
mail-email-confirm-until = The link works once, for 30 minutes. If it was not you, there is nothing for you to do.

mail-email-taken-heading = Somebody asked for your e-mail address
mail-email-taken-text = { $name }, somebody with another account at { $address } asked for this address to be theirs. It is yours, and stays so: nothing was changed, and they were not told that you have it.
mail-email-taken-closing = If it was you, with another account, ask your administrator. Else there is nothing for you to do.

mail-email-changed-heading = Your e-mail address was changed
mail-email-changed-text = { $name }, the address of your account at { $address } is { $email } from now on. If it was not you, this link brings the old one back and ends everything that is open:
mail-email-changed-link = Undo the change
mail-email-changed-until = The link works once, until { $moment }. If it was you, there is nothing for you to do.

mail-email-undone-heading = A change of e-mail address was undone
mail-email-undone-text = { $name }, the address of your account at { $address } is { $email } again. Everybody was signed out.
mail-email-undone-removed = A password, second steps and recovery codes that were set since the change no longer work.
mail-email-undone-closing = If it was not you who changed it, choose a new password now, with “Forgot your password?” where you sign in, and tell your administrator.
