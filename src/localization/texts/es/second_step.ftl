your-code = Su código
enter-your-code = Escriba su código
signing-in-to = Inicio de sesión en { $application }
too-many-wrong-codes = Se han escrito demasiados códigos incorrectos. Para proteger las cuentas, hacemos una pausa.
open-your-app = Abra la app de autenticación en su teléfono y escriba los seis dígitos que muestra para { $organisation }.
six-digit-code = Código de seis dígitos
wrong-code = Ese código no es correcto o ya se ha usado. Escriba el que se muestra ahora.
do-not-ask-for = { $days ->
    [one] No volver a preguntar en este dispositivo durante { $days } día
   *[other] No volver a preguntar en este dispositivo durante { $days } días
}
continue-after = Continuar dentro de { $wait }
no-phone = No tengo mi teléfono
recovery-code = Código de recuperación
recovery-code-help = Uno de los diez códigos que guardó en un lugar seguro. Cada uno funciona una sola vez.
use-recovery-code = Usar código de recuperación
no-recovery-code-link = ¿No tiene ninguno? { $help }: pueden eliminar lo que haya perdido para que usted configure otro método.
no-recovery-code = ¿No tiene ninguno? Consulte a su equipo de TI: pueden eliminar lo que haya perdido para que usted configure otro método.

add-your-phone = Añada su teléfono
too-many-codes-nothing-added = Se han escrito demasiados códigos incorrectos. Todavía no se ha añadido nada.
as-many-as-possible = Ha alcanzado el número máximo
as-many-as-possible-text = Elimine lo que ya no use y, después, añada lo nuevo.
nothing-was-added = No se ha añadido nada
nothing-was-added-text = La página ha estado abierta demasiado tiempo o se abrió en otro navegador. Escanee el nuevo código QR y elimine la entrada anterior de su app.
from-now-on-code = A partir de ahora, iniciará sesión con su contraseña y un código de su teléfono.
then-with-code = A partir de entonces, además de la contraseña, usará un código de su teléfono para iniciar sesión.
scan-with-app = Escanee el código con su app de autenticación
any-app = Sirve cualquier app que genere códigos de seis dígitos.
qr-code = Código QR para su app de autenticación
cannot-scan = No puedo escanearlo
type-the-key = En su lugar, escriba esta clave en la app, para la cuenta { $email }.
key = Clave
type-the-code = Escriba el código que muestra la app
wrong-first-code = Ese no es el código de esta clave. Escriba el que se muestra ahora; si vuelve a fallar, active la hora automática en su teléfono.
factor-name = Nombre (opcional)
factor-name-help = Para distinguirlo de otros más adelante; por ejemplo, «Teléfono del trabajo».
add-this-phone = Añadir este teléfono

recovery-codes = Códigos de recuperación
keep-these-codes = Guarde estos diez códigos
recovery-codes-text = Si pierde su teléfono, podrá entrar con uno de ellos. Cada uno funciona una sola vez. Solo los mostramos ahora.
recovery-codes-for = Para { $email } en { $address }
recovery-codes-made = Creados el { $day }. Los códigos anteriores ya no funcionan.
print = Imprimir
download = Descargar
good-places = Buenos lugares: un gestor de contraseñas o un papel en un cajón con llave. Un mal lugar: el teléfono al que deben sustituir.
put-somewhere-safe = Los he guardado en un lugar seguro
done = Listo
keep-this-sheet = Guarde esta hoja donde guarda su pasaporte. Tache cada código cuando lo use.
recovery-codes-file = Códigos de recuperación para { $email } en { $address }
recovery-codes-file-made = Creados el { $day }. Cada uno funciona una sola vez. Los códigos anteriores ya no funcionan.

second-step = Segundo paso
second-step-intro = Lo que usa para confirmar su identidad después de la contraseña. Tenga al menos dos, además de sus códigos de recuperación.
no-second-step = Inicia sesión solo con su contraseña. Si usa una llave de acceso, o si además se le pide un código de su teléfono, una contraseña robada no basta para entrar.
codes-last-used = Códigos de su teléfono · usados por última vez el { $day }
codes-added = Códigos de su teléfono · añadidos el { $day }
remove = Eliminar
remove-factor = Eliminar { $name }
authenticator-app = App de autenticación
passkey = Llave de acceso
recovery-codes-left = { $count ->
    [one] Queda { $count } de 10
   *[other] Quedan { $count } de 10
}
few-left = Quedan pocos
make-new-codes = Crear códigos nuevos
add-phone = Añadir su teléfono
add-another-phone = Añadir otro teléfono
devices-not-asked = Dispositivos de confianza
devices-not-asked-intro = En ellos eligió que no se le volviera a pedir un código.
devices-not-asked-text = ¿Ha perdido o prestado alguno? Puede hacer que se vuelva a pedir un código en todos los dispositivos.
ask-everywhere-again = Volver a pedirlo en todos
factor-added = Se ha añadido y funciona, como acaba de comprobar.
factor-removed = Se ha eliminado y ya no sirve para iniciar sesión aquí.
factor-is-last-way-in = No se ha eliminado nada: aquí ningún otro propietario puede iniciar sesión, y usted tampoco podría. Añada antes otra llave de acceso u otro teléfono.
devices-forgotten = A partir de ahora, se pedirá un código en todos los dispositivos.
factors-form-expired = No se ha cambiado nada: la página ha estado abierta demasiado tiempo o se abrió en otro navegador. Vuelva a intentarlo.
