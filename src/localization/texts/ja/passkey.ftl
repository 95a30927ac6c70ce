or = または
sign-in-with-passkey = パスキーでサインイン
passkey-did-not-work-here = このパスキーではサインインできませんでした
sign-in-otherwise = パスワード、または別のパスキーでサインインしてください。
passkey-should-have-worked = 使えるはずのパスキーの場合は、次のコードを管理者にお伝えください：{ $code }
took-too-long = 時間切れになりました
passkey-took-too-long = ページを開いてから5分を過ぎました。パスキーをもう一度使用してください。
your-passkey = パスキー
confirm-with-passkey = パスキーで本人確認
device-asks = デバイスで、指紋、顔、またはPINによる本人確認を行います。これらの情報がデバイスの外に送信されることはありません。
passkey-did-not-work = このパスキーでは確認できませんでした。もう一度試すか、別の方法をお使いください。
use-my-passkey = パスキーを使う
use-code-from-phone = スマートフォンのコードを使う
too-many-wrong-answers = 確認の失敗が続いたため、アカウントを守るために受け付けを一時停止しています。
passkey-not-here = パスキーが手元にない場合
neither-here = どちらも手元にない場合
wrong-recovery-code = コードが正しくないか、すでに使用されています。

passkey-cancelled = 確認が完了しませんでした。キャンセルされたか、時間切れになりました。もう一度お試しください。
passkey-known-here = このデバイスには、このアカウントのパスキーがすでにあります。
passkey-unfit = このデバイスまたはこのURLでは、パスキーを使用できません。別のデバイスでお試しください。
passkey-unsupported = このブラウザーはパスキーに対応していません。別のブラウザーでお試しください。

add-passkey = パスキーを追加
passkey-not-confirmed = デバイスで本人確認が行われませんでした。指紋、顔、またはPINで確認するか、別のデバイスでお試しください。
passkey-known-on-device = そのデバイスには、このアカウントのパスキーがすでにあります。
too-many-tries-nothing-added = 試行回数が多すぎます。まだ何も追加されていません。
page-was-open-too-long = ページを長時間開いたままだったか、別のブラウザーで開いていました。もう一度お試しください。
more-than-password = 今後は、パスワードだけではサインインできません。
what-a-passkey-is = パスキーは、お使いのデバイスやパスワードマネージャーに保存されます。指紋、顔、またはPINでサインインでき、パスワードの入力は不要です。
passkey-name-help = あとで見分けるための名前です（例：ノートパソコン）。
passkey-needs-script = パスキーにはJavaScriptが必要ですが、このブラウザーでは無効になっています。
use-phone-instead = 代わりにスマートフォンを使う
use-passkey-instead = 代わりにパスキーを使う

passkey-last-used = パスキー · 最終使用日：{ $day }
passkey-added = パスキー · 追加日：{ $day }
