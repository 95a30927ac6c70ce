# What went wrong, by code. `{ $application }` is the name of the application, or the text `the-application` where it is
# not known, and stands at the beginning of a sentence.
the-application = The application
a-name = { $name }
could-not-sign-in = We could not sign you in
could-not-sign-in-to = We could not sign you in to { $application }
could-not-sign-out = We could not sign you out
could-not-sign-out-of = We could not sign you out of { $application }
you-did-nothing-wrong = You did nothing wrong
send-code-to-administrator = Send the code below to an administrator of { $organisation }. They can fix this, and the code tells them where to look.
send-code-to-application = Send the code below to whoever looks after { $application }. They can fix this, and the code tells them where to look.
send-code-to-unknown-application = Send the code below to whoever looks after the application. They can fix this, and the code tells them where to look.
send-code-to-either = Send the code below to whoever looks after { $application }, or to an administrator of { $organisation }. They can fix this, and the code tells them where to look.
send-code-to-either-unknown = Send the code below to whoever looks after the application, or to an administrator of { $organisation }. They can fix this, and the code tells them where to look.
what-you-can-do = What you can do
if-that-does-not-help = { $fix } If that does not help, send the code below to an administrator of { $organisation }.
details-for-administrators = Details for administrators

# The messages, by code.
refusal-request-malformed = { $application } sent a request that cannot be read. It may have been cut on its way here.
refusal-request-too-large = { $application } sent a request that is larger than any sign-in needs.
refusal-request-missing = This address is for applications; nothing was sent along with it.
refusal-start-not-allowed = Sign-ins to this application start at the application itself.
refusal-issuer-unknown = The application that sent you is not registered here.
refusal-application-known = The application that sent you is known here, but not enabled yet.
refusal-metadata-expired = What is known here of the application has expired. To keep your account safe, we stopped.
refusal-issuer-ambiguous = Several applications share one name here, and this request does not say which of them sent you.
refusal-application-disabled = An administrator has switched this application off.
refusal-oidc-unreadable = { $application } sent a request that cannot be read.
refusal-client-unknown = The application that sent you is not registered here.
refusal-redirect-uri-unknown = { $application } asked for our answer at an address that is not registered.
refusal-redirect-uri-missing = { $application } is not set up here to the end.
refusal-acs-unknown = { $application } asked for our answer at an address that is not registered here. To keep your account safe, we stopped.
refusal-destination-wrong = { $application } addressed its request to a different sign-in address. To keep your account safe, we stopped.
refusal-signature-wrong = The request’s signature does not fit the application. To keep your account safe, we stopped.
refusal-signature-algorithm = The request is signed in a way that is no longer safe. To keep your account safe, we stopped.
refusal-signature-shape = The request is signed in a way that need not protect all of it. To keep your account safe, we stopped.
refusal-request-answered = This sign-in has ended: it was used before.
refusal-response-unexpected = An application sent an answer that was not expected here.
refusal-issuer-other = An application answered in another one’s name.
refusal-version-mismatch = The request is not of SAML version 2.0.
refusal-request-stale = The request was issued too long ago.
refusal-request-early = The request was issued in the future.
refusal-request-expired = The request has expired.
refusal-signature-missing = The request is not signed in a way that can be checked here.
refusal-binding-unsupported = The request asks for the answer in a way that is not done here.
refusal-nameid-policy = The request asks for a kind of name that is not given here.
refusal-acs-index-unknown = The request asks for the answer at an address by a number that is not registered here.
refusal-authn-context = The request asks for a way to sign in that there is not here.
refusal-no-passive = The person is not signed in, and the request allows no page.
refusal-subject-other = The request is about another person than the one who is signed in.
refusal-access-missing = The person is not among those who may use the application.
refusal-attribute-missing = The account lacks a value that the application requires.
refusal-scoping-other = The request lists other identity providers only.
refusal-request-unsupported = The request asks for something that is not done here.
refusal-session-unknown = The person whom the request names is not signed in there.

# What the person can do about it, by code.
fix-request-missing = Open the application itself, or your own page here, and start there.
fix-request-answered = Start again at the application.
fix-subject-other = Sign out here, and sign in as the person whom the application expects.
