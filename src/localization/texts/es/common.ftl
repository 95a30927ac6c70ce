skip = Ir al contenido
language = Idioma
help-with-signing-in = Ayuda para iniciar sesión
get-help = Obtener ayuda
ask-for-help = Pida ayuda
you = Su perfil
signed-in-as = Sesión iniciada como { $name }
your-account = Su cuenta
sign-out = Cerrar sesión
email = Correo electrónico
continue = Continuar
cancel = Cancelar
back-to-applications = Volver a sus aplicaciones
back-to-account = Volver a su cuenta
go-to-applications = Ir a mis aplicaciones
sign-in-again = Volver a iniciar sesión
code-for-administrator = Código para su equipo de TI
code-for-administrator-inline = Código para su equipo de TI: { $code }
copy = Copiar
copy-the-code = Copiar el código
copied = Copiado
please-wait = Espere un momento
wait-then-try-again = Espere { $wait } y vuelva a intentarlo
wait-a-few-seconds = Espere unos segundos y vuelva a intentarlo
nothing-was-changed = No se ha cambiado nada
form-expired = Esta página ha estado abierta demasiado tiempo o se abrió en otro navegador. Complétela de nuevo.
not-you-tell-administrator = Si no ha sido usted, avise a su equipo de TI e indique este código: { $code }
password-alone-is-known = Si no ha sido usted, otra persona conoce su contraseña. Avise a su equipo de TI e indique este código: { $code }

seconds = { $count ->
    [one] { $count } segundo
   *[other] { $count } segundos
}
minutes = { $count ->
    [one] { $count } minuto
   *[other] { $count } minutos
}

day = { $day } de { $month ->
    [1] enero
    [2] febrero
    [3] marzo
    [4] abril
    [5] mayo
    [6] junio
    [7] julio
    [8] agosto
    [9] septiembre
    [10] octubre
    [11] noviembre
   *[12] diciembre
} de { $year }
moment = { $day }, { $time } UTC
browser-on-system = { $browser } en { $system }
