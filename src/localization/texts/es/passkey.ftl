or = o
sign-in-with-passkey = Iniciar sesión con una llave de acceso
passkey-did-not-work-here = Esa llave de acceso no ha funcionado aquí
sign-in-otherwise = Inicie sesión con su contraseña o con otra llave de acceso.
passkey-should-have-worked = Si debería haber funcionado, avise a su equipo de TI e indique este código: { $code }
took-too-long = Ha pasado demasiado tiempo
passkey-took-too-long = La página ha estado abierta más de cinco minutos. Vuelva a usar su llave de acceso.
your-passkey = Su llave de acceso
confirm-with-passkey = Confirme con su llave de acceso
device-asks = Su dispositivo le pedirá ahora la huella, el rostro o el PIN. Nada de esto sale del dispositivo.
passkey-did-not-work = Esa llave de acceso no ha funcionado. Vuelva a intentarlo o use otro método.
use-my-passkey = Usar mi llave de acceso
use-code-from-phone = Usar un código de mi teléfono
too-many-wrong-answers = Ha habido demasiados intentos fallidos. Para proteger las cuentas, hacemos una pausa.
passkey-not-here = No tengo a mano mi llave de acceso
neither-here = No tengo a mano ni la llave de acceso ni el teléfono
wrong-recovery-code = Ese código no es correcto o ya se ha usado.

passkey-cancelled = No se ha confirmado nada: se canceló o pasó demasiado tiempo. Vuelva a intentarlo.
passkey-known-here = Este dispositivo ya tiene una llave de acceso para esta cuenta.
passkey-unfit = No es posible hacerlo con este dispositivo o desde esta dirección. Pruebe con otro dispositivo.
passkey-unsupported = Este navegador no admite llaves de acceso. Pruebe con otro.

add-passkey = Añadir una llave de acceso
passkey-not-confirmed = Su dispositivo no ha confirmado que es usted. Permita que le pida la huella, el rostro o el PIN, o pruebe con otro dispositivo.
passkey-known-on-device = Ese dispositivo ya tiene una llave de acceso para esta cuenta.
too-many-tries-nothing-added = Ha habido demasiados intentos. Todavía no se ha añadido nada.
page-was-open-too-long = La página ha estado abierta demasiado tiempo o se abrió en otro navegador. Vuelva a intentarlo.
more-than-password = A partir de ahora, necesitará algo más que su contraseña para iniciar sesión.
what-a-passkey-is = Una llave de acceso se guarda en su dispositivo o en su gestor de contraseñas. Le permite iniciar sesión con la huella, el rostro o un PIN, sin contraseña.
passkey-name-help = Para distinguirla de otras más adelante; por ejemplo, «Portátil».
passkey-needs-script = Las llaves de acceso necesitan JavaScript, que está desactivado en este navegador.
use-phone-instead = Usar mi teléfono en su lugar
use-passkey-instead = Usar una llave de acceso en su lugar

passkey-last-used = Llave de acceso · usada por última vez el { $day }
passkey-added = Llave de acceso · añadida el { $day }
