# Choosing a password.
new-password = New password
new-password-help = { $count } characters or more. A few words that do not belong together do well.
show-new-password = Show new password
current-password = Current password
show-current-password = Show current password
set-password = Set password
password-same = This is your current password. Choose a different one.
password-too-short = This is too short. Take { $count } characters or more: a few words in a row do well.
password-empty = Type a new password.
password-too-long = This is longer than we can keep. Take a shorter one.
password-common = This is too common: it is among those that are tried first. Use a few words that do not belong together.
password-of-yours = This is made of your own name or address, or of the name of this place. Use a few words that have nothing to do with them.
password-pattern = This is one piece over and over, a date or a row of keys. Use a few words that do not belong together.
password-control = This contains a character that cannot be typed, such as a tab. Leave it out.
busy-choosing = More people are signing in than we can check at once. Nothing was changed: type your new password once more in a moment.

# In the middle of a sign-in.
choose-a-password = Choose a password
choose-own-password = Choose your own password
on-your-way-to = On your way to { $application }
choose-own-password-text = Your password was right. Your administrator knows it too, so from now on you use one that only you know.
set-password-and-continue = Set password and continue

# On the person's own page.
your-password = Your password
your-password-intro = You sign in with it here, and from here to your applications.
password-changed = Your new password is set. You have been signed out everywhere else.
too-many-attempts-unchanged = There were too many failed attempts, so we pause to keep accounts safe. Your password is as it was.
busy-unchanged = More people are signing in than we can check at once. Your password is as it was.
current-password-wrong = This is not your current password. Type it once more.
new-password-signs-out = A new password signs you out everywhere else. Applications that are open there may stay open.
change-password = Change password
change-password-after = Change password after { $wait }

# Behind a link.
welcome = Welcome
welcome-name = Welcome, { $name }
pass-for = Your pass for { $organisation }
choose-new-password = Choose a new password
invitation-text = You have an account here. Choose your password, then sign in with it.
recovery-text = It replaces the one you have forgotten, and signs you out everywhere else.
rescue-text = Whoever administers this server made this link. With it you are an owner here: you may do everything.
link-works-until = This link works once, until { $moment }.

# Asking for a link.
look-into-your-mail = Look into your mail
link-is-on-its-way = If there is an account with that address, a mail with a link is on its way to it. The link works once, for 30 minutes.
no-mail-link = Nothing after a few minutes? Look where your mail program puts what it takes for spam, and check that the address is the one you sign in with. Else { $help }.
no-mail = Nothing after a few minutes? Look where your mail program puts what it takes for spam, and check that the address is the one you sign in with. Else ask your administrator.
ask-for-help-inline = ask for help
nothing-was-sent = Nothing was sent
recovery-intro = Type the address that you sign in with. We mail you a link to choose a new password.
mail-me-a-link = Mail me a link
back-to-sign-in = Back to sign-in
