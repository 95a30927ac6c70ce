# The page on which people sign in.
sign-in = Sign in
sign-in-to = Sign in to { $application }
sign-in-after = Sign in after { $wait }
password = Password
show-password = Show password
forgot-password = Forgot your password?
too-many-attempts = There were too many failed attempts, so we pause to keep accounts safe.
busy-signing-in = More people are signing in than we can check at once. What you typed was not looked at: type your password once more in a moment.
no-cookies-kept = Your browser keeps no cookies for this page
no-cookies-kept-text = Without them nobody can be signed in. Allow cookies for this site in your browser’s settings, then load this page again.
password-is-set = Your password is set
password-is-set-text = Sign in with it to go on.
no-longer-signed-in = You are no longer signed in
no-longer-signed-in-text = You signed out, or your time here was over. Sign in again to go on.
application-asks-again = { $application } asks you to sign in again
application-asks-again-text = It wants to be sure that it is you. Type your password once more.
confirm-it-is-you = Please confirm that it is you
confirm-it-is-you-text = Before you change how you sign in, type your password once more.
wrong-credentials = That e-mail and password do not belong together. Check both, then try again.
still-no-way-in-link = Still no way in? { $help }, with this code: { $code }
still-no-way-in = Still no way in? Ask your administrator, with this code: { $code }
forgotten-it-link = Forgotten it? { $help }, with this code: { $code }
forgotten-it = Forgotten it? Ask your administrator for a new one, with this code: { $code }

# The page that takes somebody to an application, and the one that takes them back.
taking-you-to = Taking you to { $application }
going-back-to = Going back to { $application }
signed-in-moving-on = You are signed in. Your browser normally moves on by itself; if it does not, press the button.
refused-moving-on = We could not do what the application asked for, and are telling it why. Your browser normally moves on by itself; if it does not, press the button.
signed-out-moving-on = You are signed out here, and we are telling the application. Your browser normally moves on by itself; if it does not, press the button.
continue-to = Continue to { $application }
go-back-to = Go back to { $application }
application-learns = { $application } learns your name and { $email }

# Somebody may not use an application.
no-access-title = No access to { $application } yet
no-access = You do not have access to { $application } yet
no-access-one-group = Your account is fine, and you are signed in. { $application } is open to the group { $group }, and you are not in it.
no-access-groups = Your account is fine, and you are signed in. { $application } is open to the groups { $groups }, and you are not in them.
no-access-people = Your account is fine, and you are signed in. { $application } is open to chosen people, and you are not one of them.
two-names = { $first } and { $second }
three-names = { $first }, { $second } and { $third }
ask-for-access-of = If you need it, ask an administrator of { $organisation } for access.
ask-for-access = Ask for access

# A link that lets a browser through.
use-this-browser = Use this browser
sign-in-from-this-browser = Sign in from this browser?
device-link-text = Your administrator gave you this link because other people’s failed attempts kept you out. With it, this browser is let through, and you sign in with your password as usual. It works once: open it in the browser that you use.
