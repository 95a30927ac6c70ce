sign-out-question = ¿Cerrar sesión?
ends-session = Se cerrará su sesión aquí.
ends-session-and-asks = Se cerrará su sesión aquí y se pedirá a las aplicaciones que abrió desde aquí que cierren la suya:
sign-out-there-yourself = Cierre sesión allí manualmente
stay-signed-in = Mantener la sesión abierta
session-is-over = La sesión aquí ha terminado
session-is-over-text = { $count ->
    [one] Ha terminado automáticamente. Es posible que una aplicación que se abrió desde ella siga abierta en este navegador.
   *[other] Ha terminado automáticamente. Es posible que { $count } aplicaciones que se abrieron desde ella sigan abiertas en este navegador.
}
sign-out-there-too = Cerrar sesión también allí
signed-out = Sesión cerrada
signed-out-here = Ha cerrado sesión aquí
signed-out-everywhere = Ha cerrado sesión en todas partes
session-ended = Su sesión aquí ha terminado.
session-ended-all-confirmed = Su sesión aquí ha terminado, y las aplicaciones que tenía abiertas han confirmado que su sesión también ha terminado en ellas.
session-ended-still-open = { $count ->
    [one] Su sesión aquí ha terminado. Una aplicación no ha confirmado que su sesión también se haya cerrado allí.
   *[other] Su sesión aquí ha terminado. { $count } aplicaciones no han confirmado que su sesión también se haya cerrado allí.
}
signed-out-all-confirmed = Ha cerrado sesión aquí, y las aplicaciones que tenía abiertas han confirmado que su sesión también ha terminado en ellas. Normalmente, su navegador continúa por sí solo; si no lo hace, pulse el botón.
signed-out-still-open = { $count ->
    [one] Ha cerrado sesión aquí. Una aplicación no ha confirmado que su sesión también se haya cerrado allí.
   *[other] Ha cerrado sesión aquí. { $count } aplicaciones no han confirmado que su sesión también se haya cerrado allí.
}
goes-by-itself-in = Su navegador irá allí por sí solo dentro de { $wait }.
signing-you-out = Cerrando su sesión
not-confirmed-yet = Su sesión aquí ha terminado. Se ha pedido a { $application } que cierre la suya, pero no lo ha confirmado.
now-ends-its-own = Su sesión aquí ha terminado. Ahora { $application } cierra la suya. Normalmente, su navegador continúa por sí solo; si no lo hace, pulse el botón.
sign-out-of = Cerrar sesión en { $application }
continue-without = Continuar sin { $application }
state-ended = Cerrada
state-asked = Cierre solicitado
state-to-be-asked = Cierre pendiente
state-still-open = Sigue abierta
state-not-confirmed = Sin confirmar
could-not-end = No ha podido cerrar la sesión
no-valid-answer = Sin respuesta válida
shared-computer = Si el dispositivo es compartido, cierre sesión también allí
shared-computer-text = Quien lo use después podría seguir entrando allí con su cuenta.
open-application = Abrir { $application }
