# What many pages have. `{ $organisation }` is whose provider this is, `{ $application }` what somebody signs in to.
skip = Skip to content
language = Language
help-with-signing-in = Help with signing in
get-help = Get help
ask-for-help = Ask for help
you = You
signed-in-as = Signed in as { $name }
your-account = Your account
sign-out = Sign out
email = E-mail
continue = Continue
cancel = Cancel
back-to-applications = Back to your applications
back-to-account = Back to your account
go-to-applications = Go to my applications
sign-in-again = Sign in again
code-for-administrator = Code for your administrator
code-for-administrator-inline = Code for your administrator: { $code }
copy = Copy
copy-the-code = Copy the code
copied = Copied
please-wait = Please wait
wait-then-try-again = Please wait { $wait }, then try again
wait-a-few-seconds = Please wait a few seconds, then try again
nothing-was-changed = Nothing was changed
form-expired = This page was open for too long, or in another browser. Fill it in once more.
not-you-tell-administrator = If it was not you, tell your administrator, with this code: { $code }
password-alone-is-known = If it was not you, somebody else knows your password. Tell your administrator, with this code: { $code }

# Durations, after which something can be done.
seconds = { $count ->
    [one] { $count } second
   *[other] { $count } seconds
}
minutes = { $count ->
    [one] { $count } minute
   *[other] { $count } minutes
}

# A day, and a time of a day.
day = { $day } { $month ->
    [1] January
    [2] February
    [3] March
    [4] April
    [5] May
    [6] June
    [7] July
    [8] August
    [9] September
    [10] October
    [11] November
   *[12] December
} { $year }
moment = { $day }, { $time } UTC

# A browser, and the system that it runs on.
browser-on-system = { $browser } on { $system }
