# Signing out.
sign-out-question = Sign out?
ends-session = This ends your session here.
ends-session-and-asks = This ends your session here, and asks what you opened from here to end its own:
sign-out-there-yourself = You have to sign out there yourself
stay-signed-in = Stay signed in
session-is-over = The session here is over
session-is-over-text = { $count ->
    [one] It ended by itself. One application that was opened from it may still be open in this browser.
   *[other] It ended by itself. { $count } applications that were opened from it may still be open in this browser.
}
sign-out-there-too = Sign out there too
signed-out = Signed out
signed-out-here = You are signed out here
signed-out-everywhere = You are signed out everywhere
session-ended = Your session here has ended.
session-ended-all-confirmed = Your session here has ended, and what you had open has confirmed that its session ended too.
session-ended-still-open = { $count ->
    [one] Your session here has ended. One application did not confirm that you are signed out there too.
   *[other] Your session here has ended. { $count } applications did not confirm that you are signed out there too.
}
signed-out-all-confirmed = You are signed out here, and what you had open has confirmed that its session ended too. Your browser normally moves on by itself; if it does not, press the button.
signed-out-still-open = { $count ->
    [one] You are signed out here. One application did not confirm that you are signed out there too.
   *[other] You are signed out here. { $count } applications did not confirm that you are signed out there too.
}
goes-by-itself-in = Your browser goes there by itself in { $wait }.
signing-you-out = Signing you out
not-confirmed-yet = Your session here has ended. { $application } was asked to end its own, and has not confirmed it.
now-ends-its-own = Your session here has ended. Now { $application } ends its own. Your browser normally moves on by itself; if it does not, press the button.
sign-out-of = Sign out of { $application }
continue-without = Continue without { $application }
state-ended = Ended
state-asked = Asked
state-to-be-asked = To be asked
state-still-open = Still open
state-not-confirmed = Not confirmed
could-not-end = It could not end its session
no-valid-answer = No valid answer
shared-computer = On a shared computer, sign out there too
shared-computer-text = Whoever uses it next could still be in there as you.
open-application = Open { $application }
