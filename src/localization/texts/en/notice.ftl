# Short pages that say one thing.
not-found = There is no page here
not-found-text = The address may be cut short, or the page is gone. To sign in to an application, begin there.
unreadable = This could not be read
unreadable-text = What your browser sent is too long, or not whole. Go back to where you came from and begin again there.
too-large = This is too long
too-large-text = What your browser sent is too long to be read here. Go back to where you came from and begin again there.
not-a-form = This is not a form
not-a-form-text = Only the forms on these pages are read here. Open the page in your browser, and send the form that it shows.
body-timeout = This took too long
body-timeout-text = What your browser sent did not arrive in time. Check your connection, then go back and send it again.
sign-in-over = Start again at the application
sign-in-over-text = This sign-in is over: it was finished before, or it waited too long. Go back to the application and sign in there.
not-top-level = Sign in on a page of its own
not-top-level-text = Another page tried to load this sign-in into itself. Open the application in a tab or window of its own, and sign in there.
busy = Too many people at once
busy-text = You did nothing wrong: more people want something here than can be served right now. Wait a few seconds, then load this page again.
link-expired = This link no longer works
link-expired-text = It works once, and for 30 minutes. Try to sign in; if you still have to wait, ask your administrator for another one.
password-link-expired-text = It works once, and not for long: 30 minutes, or 7 days if you were invited. If you have chosen your password, sign in with it; else ask for another link where you sign in, or ask your administrator.
no-cookie-sent = Your browser sent no cookie
no-cookie-sent-text = If cookies are switched off, allow them for this site in your browser’s settings: without them nobody can be signed in. If you began in another browser, go on there. Else go back to the application and sign in there.

# A failure of ours.
failed = This did not work
failed-text = Something went wrong on our side, not on yours. Wait a minute, then begin again where you came from. If it goes wrong again, send the code below to your administrator.
