skip = 本文へスキップ
language = 言語
help-with-signing-in = サインインのヘルプ
get-help = ヘルプ
ask-for-help = サポートに問い合わせる
you = ユーザー
signed-in-as = { $name }としてサインイン中
your-account = マイアカウント
sign-out = サインアウト
email = メールアドレス
continue = 続行
cancel = キャンセル
back-to-applications = アプリケーション一覧に戻る
back-to-account = マイアカウントに戻る
go-to-applications = アプリケーション一覧へ
sign-in-again = もう一度サインイン
code-for-administrator = 管理者に伝えるコード
code-for-administrator-inline = 管理者に伝えるコード：{ $code }
copy = コピー
copy-the-code = コードをコピー
copied = コピーしました
please-wait = しばらくお待ちください
wait-then-try-again = { $wait }後にもう一度お試しください
wait-a-few-seconds = 数秒待ってから、もう一度お試しください
nothing-was-changed = 変更は保存されませんでした
form-expired = ページを長時間開いたままだったか、別のブラウザーで開いていました。もう一度入力してください。
not-you-tell-administrator = お心当たりがない場合は、次のコードを管理者にお伝えください：{ $code }
password-alone-is-known = お心当たりがない場合は、パスワードがほかの人に知られています。次のコードを管理者にお伝えください：{ $code }

seconds = { $count ->
   *[other] { $count }秒
}
minutes = { $count ->
   *[other] { $count }分
}

day = { $year }年{ $month ->
    [1] 1月
    [2] 2月
    [3] 3月
    [4] 4月
    [5] 5月
    [6] 6月
    [7] 7月
    [8] 8月
    [9] 9月
    [10] 10月
    [11] 11月
   *[12] 12月
}{ $day }日
moment = { $day } { $time }（UTC）
browser-on-system = { $system }の{ $browser }
