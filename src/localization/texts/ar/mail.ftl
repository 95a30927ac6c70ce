mail-test-subject = رسالة اختبار من { $organisation }: البريد يعمل
mail-test-heading = البريد الإلكتروني يعمل
mail-test-text = طلب أحد مسؤولي النظام في { $address } إرسال هذه الرسالة للتأكد من وصول البريد.
mail-nothing-to-do = لا يلزم منك أي إجراء.

mail-invitation-subject = حسابك لدى { $organisation }
mail-invitation-heading = مرحبًا { $name }
mail-invitation-text = تم إنشاء حساب لك لدى { $organisation }. لاختيار كلمة مرورك، يُرجى فتح هذا الرابط:
mail-invitation-link = اختيار كلمة المرور
mail-invitation-until = يعمل الرابط مرة واحدة فقط، حتى { $moment }. وبعد ذلك، يمكنك طلب رابط آخر من مسؤول النظام.
mail-invitation-then = بعد اختيار كلمة المرور، يمكنك تسجيل الدخول عبر { $address }.

mail-recovery-subject = كلمة مرور جديدة لحسابك لدى { $organisation }
mail-recovery-heading = اختيار كلمة مرور جديدة
mail-recovery-text = مرحبًا { $name }، تلقّينا طلبًا لتعيين كلمة مرور جديدة لحسابك على { $address }. لاختيارها، يُرجى فتح هذا الرابط:
mail-recovery-link = اختيار كلمة مرور جديدة
mail-recovery-until = يعمل الرابط مرة واحدة فقط خلال 30 دقيقة. وتبقى كلمة مرورك الحالية كما هي إلى أن يتم اختيار كلمة مرور جديدة.
mail-recovery-not-you = إذا لم يكن هذا الطلب منك، فلا يلزم منك أي إجراء.

mail-password-changed-subject = تم تغيير كلمة مرورك لدى { $organisation }
mail-password-changed-heading = تم تغيير كلمة مرورك
mail-password-changed-text = مرحبًا { $name }، تم تغيير كلمة مرور حسابك على { $address } بتاريخ { $moment }، وتم تسجيل خروجك من جميع الجلسات الأخرى.
mail-not-you = إذا لم يكن هذا التغيير منك، فيُرجى إبلاغ مسؤول النظام فورًا.

mail-profile-changed-subject = تم تعديل ملفك الشخصي لدى { $organisation }
mail-profile-changed-heading = تم تعديل ملفك الشخصي
mail-profile-changed-text = مرحبًا { $name }، تم بتاريخ { $moment } تغيير الاسم أو اللغة أو إعدادات الإشعارات في حسابك على { $address }.

mail-new-device-subject = تسجيل دخول من جهاز جديد إلى حسابك لدى { $organisation }
mail-new-device-heading = تسجيل دخول من جهاز جديد
mail-new-device-text = مرحبًا { $name }، تم بتاريخ { $moment } تسجيل الدخول إلى حسابك على { $address } باستخدام { $device }، من عنوان IP { $network }.
mail-unknown-device-text = مرحبًا { $name }، تم بتاريخ { $moment } تسجيل الدخول إلى حسابك على { $address } باستخدام متصفح غير معروف، من عنوان IP { $network }.
mail-new-device-not-you = إذا كان تسجيل الدخول هذا منك، فلا يلزم منك أي إجراء. وإلا فيُرجى إنهاء تلك الجلسة من صفحة حسابك، وتغيير كلمة مرورك، وإبلاغ مسؤول النظام.

mail-factors-changed-subject = تم تغيير خطوة التحقق الثانية لحسابك
mail-factors-changed-heading = تم تغيير خطوة التحقق الثانية لحسابك
mail-factor-added = مرحبًا { $name }، تمت بتاريخ { $moment } إضافة وسيلة تحقق إلى حسابك على { $address }: { $factor }. وستُطلب منك عند تسجيل الدخول.
mail-factor-removed = مرحبًا { $name }، تمت بتاريخ { $moment } إزالة وسيلة تحقق من حسابك على { $address }: { $factor }. ولم تعد صالحة للاستخدام.
mail-factors-all-removed = مرحبًا { $name }، أزال أحد مسؤولي النظام بتاريخ { $moment } جميع وسائل التحقق ورموز الاسترداد من حسابك على { $address }.
mail-recovery-codes-made = مرحبًا { $name }، تم بتاريخ { $moment } إنشاء رموز استرداد جديدة لحسابك على { $address }. ولم تعد الرموز السابقة صالحة.

mail-email-confirm-heading = تأكيد عنوان بريدك الإلكتروني الجديد
mail-email-confirm-text = تلقّينا طلبًا منك لاستخدام هذا العنوان في حسابك على { $address }. يُرجى فتح هذا الرابط في المتصفح الذي تم فيه تسجيل دخولك:
mail-email-confirm-link = تأكيد هذا العنوان
mail-email-confirm-until = يعمل الرابط مرة واحدة فقط خلال 30 دقيقة. إذا لم يكن هذا الطلب منك، فلا يلزم منك أي إجراء.

mail-email-taken-heading = تلقّينا طلبًا لاستخدام عنوان بريدك الإلكتروني
mail-email-taken-text = مرحبًا { $name }، تلقّينا طلبًا من حساب آخر على { $address } لاستخدام هذا العنوان. العنوان لك وسيبقى كذلك: لم يتغيّر أي شيء، ولم نُفصح لصاحب الطلب عن أن العنوان لك.
mail-email-taken-closing = إذا كان هذا الطلب منك عبر حساب آخر، فيُرجى التواصل مع مسؤول النظام. وإلا فلا يلزم منك أي إجراء.

mail-email-changed-heading = تم تغيير عنوان بريدك الإلكتروني
mail-email-changed-text = مرحبًا { $name }، تم تغيير عنوان البريد الإلكتروني لحسابك على { $address } إلى { $email }. إذا لم يكن هذا التغيير منك، فيمكنك عبر هذا الرابط استعادة العنوان السابق وإنهاء جميع الجلسات المفتوحة:
mail-email-changed-link = التراجع عن التغيير
mail-email-changed-until = يعمل الرابط مرة واحدة فقط، حتى { $moment }. إذا كان هذا التغيير منك، فلا يلزم منك أي إجراء.

mail-email-undone-heading = تم التراجع عن تغيير عنوان البريد الإلكتروني
mail-email-undone-text = مرحبًا { $name }، عاد عنوان البريد الإلكتروني لحسابك على { $address } إلى { $email }. وتم تسجيل الخروج من جميع جلسات الحساب.
mail-email-undone-removed = لم تعد كلمة المرور وخطوات التحقق الثانية ورموز الاسترداد التي تم تعيينها بعد التغيير صالحة.
mail-email-undone-closing = إذا لم يكن تغيير العنوان منك، فيُرجى اختيار كلمة مرور جديدة الآن عبر «هل نسيت كلمة المرور؟» في صفحة تسجيل الدخول، وإبلاغ مسؤول النظام.
