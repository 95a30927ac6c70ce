mail-test-subject = { $organisation }: el correo funciona
mail-test-heading = El correo funciona
mail-test-text = Este mensaje se ha enviado desde la administración de { $address } para comprobar que el correo llega.
mail-nothing-to-do = No tiene que hacer nada.

mail-invitation-subject = Su cuenta en { $organisation }
mail-invitation-heading = Le damos la bienvenida, { $name }
mail-invitation-text = Ya tiene una cuenta en { $organisation }. Abra este enlace para elegir su contraseña:
mail-invitation-link = Elegir contraseña
mail-invitation-until = El enlace funciona una sola vez, hasta el { $moment }. Pasado ese plazo, pida otro a su equipo de TI.
mail-invitation-then = A partir de entonces, podrá iniciar sesión en { $address }.

mail-recovery-subject = { $organisation }: elija una nueva contraseña
mail-recovery-heading = Elija una nueva contraseña
mail-recovery-text = Hola, { $name }. Alguien ha solicitado una nueva contraseña para su cuenta en { $address }. Abra este enlace para elegirla:
mail-recovery-link = Elegir nueva contraseña
mail-recovery-until = El enlace funciona una sola vez y durante 30 minutos. Hasta que elija la nueva, su contraseña sigue siendo la misma.
mail-recovery-not-you = Si no ha sido usted, no tiene que hacer nada.

mail-password-changed-subject = { $organisation }: se ha cambiado su contraseña
mail-password-changed-heading = Se ha cambiado su contraseña
mail-password-changed-text = Hola, { $name }. La contraseña de su cuenta en { $address } se cambió el { $moment }. Se ha cerrado su sesión en todos los demás dispositivos y navegadores.
mail-not-you = Si no ha sido usted, avise de inmediato a su equipo de TI.

mail-profile-changed-subject = { $organisation }: se ha cambiado su perfil
mail-profile-changed-heading = Se ha cambiado su perfil
mail-profile-changed-text = Hola, { $name }. El nombre, el idioma o los avisos de su cuenta en { $address } se cambiaron el { $moment }.

mail-new-device-subject = { $organisation }: inicio de sesión desde un dispositivo nuevo
mail-new-device-heading = Inicio de sesión desde un dispositivo nuevo
mail-new-device-text = Hola, { $name }. El { $moment }, alguien inició sesión en su cuenta de { $address } con { $device }, desde la dirección IP { $network }.
mail-unknown-device-text = Hola, { $name }. El { $moment }, alguien inició sesión en su cuenta de { $address } con un navegador desconocido, desde la dirección IP { $network }.
mail-new-device-not-you = Si ha sido usted, no tiene que hacer nada. Si no, cierre esa sesión en la página de su cuenta, cambie su contraseña y avise a su equipo de TI.

mail-factors-changed-subject = Su segundo paso de verificación ha cambiado
mail-factors-changed-heading = Su segundo paso de verificación ha cambiado
mail-factor-added = Hola, { $name }. Se añadió «{ $factor }» a su cuenta en { $address } el { $moment }. A partir de ahora, se le pedirá al iniciar sesión.
mail-factor-removed = Hola, { $name }. Se eliminó «{ $factor }» de su cuenta en { $address } el { $moment }. Ya no sirve para iniciar sesión.
mail-factors-all-removed = Hola, { $name }. Su equipo de TI eliminó todos los segundos pasos y los códigos de recuperación de su cuenta en { $address } el { $moment }.
mail-recovery-codes-made = Hola, { $name }. Se crearon nuevos códigos de recuperación para su cuenta en { $address } el { $moment }. Los anteriores ya no funcionan.

mail-email-confirm-heading = Confirme su nueva dirección de correo electrónico
mail-email-confirm-text = Ha solicitado que esta sea la dirección de su cuenta en { $address }. Abra este enlace en el navegador con el que ha iniciado sesión allí:
mail-email-confirm-link = Confirmar esta dirección
mail-email-confirm-until = El enlace funciona una sola vez y durante 30 minutos. Si no ha sido usted, no tiene que hacer nada.

mail-email-taken-heading = Alguien ha solicitado su dirección de correo electrónico
mail-email-taken-text = Hola, { $name }. Alguien con otra cuenta en { $address } ha solicitado usar esta dirección. Es de usted y lo sigue siendo: no se ha cambiado nada, y a esa persona no se le ha dicho que la tiene usted.
mail-email-taken-closing = Si ha sido usted, con otra cuenta, consulte a su equipo de TI. Si no, no tiene que hacer nada.

mail-email-changed-heading = Se ha cambiado su dirección de correo electrónico
mail-email-changed-text = Hola, { $name }. A partir de ahora, la dirección de su cuenta en { $address } es { $email }. Si no ha sido usted, este enlace restablece la anterior y cierra todas las sesiones abiertas:
mail-email-changed-link = Deshacer el cambio
mail-email-changed-until = El enlace funciona una sola vez, hasta el { $moment }. Si ha sido usted, no tiene que hacer nada.

mail-email-undone-heading = Se ha deshecho un cambio de dirección de correo electrónico
mail-email-undone-text = Hola, { $name }. La dirección de su cuenta en { $address } vuelve a ser { $email }. Se han cerrado todas las sesiones.
mail-email-undone-removed = La contraseña, los segundos pasos y los códigos de recuperación definidos desde el cambio ya no son válidos.
mail-email-undone-closing = Si no fue usted quien cambió la dirección, elija ahora una nueva contraseña con «¿Ha olvidado su contraseña?» en la página de inicio de sesión y avise a su equipo de TI.
