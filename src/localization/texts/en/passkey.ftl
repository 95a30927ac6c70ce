# Passkeys: signing in with one, alone or after the password.
or = or
sign-in-with-passkey = Sign in with a passkey
passkey-did-not-work-here = That passkey did not work here
sign-in-otherwise = Sign in with your password, or with another passkey.
passkey-should-have-worked = If it should have worked, tell your administrator, with this code: { $code }
took-too-long = That took too long
passkey-took-too-long = The page was open for more than five minutes. Use your passkey once more.
your-passkey = Your passkey
confirm-with-passkey = Confirm with your passkey
device-asks = Your device now asks for your finger, your face or its PIN. Nothing of that leaves your device.
passkey-did-not-work = That passkey did not work. Try again, or use another way.
use-my-passkey = Use my passkey
use-code-from-phone = Use a code from my phone
too-many-wrong-answers = There were too many wrong answers, so we pause to keep accounts safe.
passkey-not-here = My passkey is not here
neither-here = I have neither here
wrong-recovery-code = That code is not right, or was used before.

# What the page says if the browser gives no answer.
passkey-cancelled = Nothing was confirmed: it was cancelled, or took too long. Try again.
passkey-known-here = There is a passkey for this account on this device already.
passkey-unfit = This device or this address cannot be used for it. Try another device.
passkey-unsupported = This browser knows no passkeys. Try another one.

# Adding one.
add-passkey = Add a passkey
passkey-not-confirmed = Your device did not confirm that it is you. Let it ask for your finger, your face or its PIN, or try another device.
passkey-known-on-device = There is a passkey for this account on that device already.
too-many-tries-nothing-added = There were too many tries. Nothing was added yet.
page-was-open-too-long = The page was open for too long, or in another browser. Try again.
more-than-password = From now on you need more than your password to sign in.
what-a-passkey-is = A passkey lives on your device, or in what keeps your passwords. You sign in with your finger, your face or a PIN, and need no password.
passkey-name-help = To tell it from others later, such as “Laptop”.
passkey-needs-script = A passkey needs JavaScript, which is switched off in this browser.
use-phone-instead = Use my phone instead
use-passkey-instead = Use a passkey instead

# In the list.
passkey-last-used = Passkey · last used on { $day }
passkey-added = Passkey · added on { $day }
