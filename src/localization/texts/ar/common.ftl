skip = الانتقال إلى المحتوى
language = اللغة
help-with-signing-in = مساعدة في تسجيل الدخول
get-help = الحصول على مساعدة
ask-for-help = طلب المساعدة
you = قائمة الحساب
signed-in-as = تم تسجيل الدخول باسم { $name }
your-account = حسابك
sign-out = تسجيل الخروج
email = البريد الإلكتروني
continue = متابعة
cancel = إلغاء
back-to-applications = العودة إلى تطبيقاتك
back-to-account = العودة إلى حسابك
go-to-applications = الانتقال إلى تطبيقاتي
sign-in-again = تسجيل الدخول مجددًا
code-for-administrator = الرمز المرجعي لمسؤول النظام
code-for-administrator-inline = الرمز المرجعي لمسؤول النظام: { $code }
copy = نسخ
copy-the-code = نسخ الرمز
copied = تم النسخ
please-wait = يُرجى الانتظار
wait-then-try-again = يُرجى الانتظار لمدة { $wait }، ثم المحاولة مجددًا
wait-a-few-seconds = يُرجى الانتظار بضع ثوانٍ، ثم المحاولة مجددًا
nothing-was-changed = لم يتغيّر أي شيء
form-expired = ظلت هذه الصفحة مفتوحة لفترة طويلة، أو فُتحت في متصفح آخر. يُرجى ملء النموذج مجددًا.
not-you-tell-administrator = إذا لم تكن هذه المحاولات منك، فيُرجى إبلاغ مسؤول النظام مع ذكر هذا الرمز المرجعي: { $code }
password-alone-is-known = إذا لم تكن هذه المحاولات منك، فهذا يعني أن شخصًا آخر يعرف كلمة مرورك. يُرجى إبلاغ مسؤول النظام مع ذكر هذا الرمز المرجعي: { $code }

seconds = { $count ->
    [zero] { $count } ثانية
    [one] ثانية واحدة
    [two] ثانيتين
    [few] { $count } ثوانٍ
    [many] { $count } ثانية
   *[other] { $count } ثانية
}
minutes = { $count ->
    [zero] { $count } دقيقة
    [one] دقيقة واحدة
    [two] دقيقتين
    [few] { $count } دقائق
    [many] { $count } دقيقة
   *[other] { $count } دقيقة
}

day = { $day } { $month ->
    [1] يناير
    [2] فبراير
    [3] مارس
    [4] أبريل
    [5] مايو
    [6] يونيو
    [7] يوليو
    [8] أغسطس
    [9] سبتمبر
    [10] أكتوبر
    [11] نوفمبر
   *[12] ديسمبر
} { $year }
moment = { $day } الساعة { $time } بتوقيت UTC
browser-on-system = { $browser } على { $system }
