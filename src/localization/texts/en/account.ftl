# The person's own page.
profile = Profile
profile-intro-own = Applications see your name and your e-mail.
profile-intro = Applications see your name and your e-mail. Your e-mail is kept by your administrator.
language-of-browser = As your browser asks
new-device-mail-on = You get a mail when you sign in on a new device.
new-device-mail-off = No mail when you sign in on a new device.
change-profile = Change profile
first-name = First name
last-name = Last name
language-help = Of mails to you, and of these pages wherever you sign in.
tell-new-device = Mail me when somebody signs in to my account on a new device
save = Save
name-missing = Your first and last name cannot be left out here. If one is wrong, write the right one.
bad-name = A name has up to { $count } characters, in one line.
profile-saved = Your profile is saved.
profile-unchanged = There was nothing to change.
profile-stale = Somebody else changed your account at the same time. Look at it, then try again.
password-set-on = Last changed on { $day }.
no-password = You have no password.
second-step-none = None: you sign in with your password alone.
second-step-count = { $count ->
    [one] { $count } set up, besides your recovery codes.
   *[other] { $count } set up, besides your recovery codes.
}
manage-second-step = Manage second step
your-sessions = Where you are signed in
your-sessions-intro = Something you do not know? End it and change your password.
unknown-browser = Unknown browser
session-here = Network address { $address }
session-elsewhere = Network address { $address } · last used on { $moment }
session-last-used = Last used on { $moment }
entered-applications = Opened from there: { $applications }
this-one = This one
end-session = End
end-session-in = End the session in { $device }
end-all-others = End all others
session-was-ended = It is ended. What was open from there may stay open until its own session ends.
all-others-ended = All others are ended. What was open from there may stay open until its own session ends.
your-data = What applications know
your-data-intro = The applications that you have opened, and what each was told of you.
known-there-as = Knows you as { $name }
known-there-as-with-email = Knows you as { $name }, with { $email }
first-opened = First opened on { $day }
no-application-opened = You have not opened any application yet.
