sign-out-question = サインアウトしますか？
ends-session = このサイトでのセッションを終了します。
ends-session-and-asks = このサイトでのセッションを終了し、ここから開いた次のアプリケーションにも終了を求めます。
sign-out-there-yourself = アプリケーション側でサインアウトしてください
stay-signed-in = サインインしたままにする
session-is-over = セッションは終了しています
session-is-over-text = { $count ->
   *[other] このサイトでのセッションは自動的に終了しました。ここから開いた{ $count }個のアプリケーションが、このブラウザーでまだ開いている可能性があります。
}
sign-out-there-too = アプリケーションからもサインアウト
signed-out = サインアウトしました
signed-out-here = このサイトからサインアウトしました
signed-out-everywhere = すべてのアプリケーションからサインアウトしました
session-ended = このサイトでのセッションは終了しました。
session-ended-all-confirmed = このサイトでのセッションは終了しました。開いていたアプリケーションでも、セッションの終了を確認できました。
session-ended-still-open = { $count ->
   *[other] このサイトでのセッションは終了しました。{ $count }個のアプリケーションで、サインアウトを確認できませんでした。
}
signed-out-all-confirmed = このサイトからサインアウトしました。開いていたアプリケーションでも、セッションの終了を確認できました。通常は自動的に移動します。移動しない場合は、ボタンを押してください。
signed-out-still-open = { $count ->
   *[other] このサイトからサインアウトしました。{ $count }個のアプリケーションで、サインアウトを確認できませんでした。
}
goes-by-itself-in = { $wait }後に自動的に移動します。
signing-you-out = サインアウトしています
not-confirmed-yet = このサイトでのセッションは終了しました。{ $application }にもセッションの終了を求めましたが、まだ確認できていません。
now-ends-its-own = このサイトでのセッションは終了しました。続いて、{ $application }のセッションを終了します。通常は自動的に移動します。移動しない場合は、ボタンを押してください。
sign-out-of = { $application }からサインアウト
continue-without = { $application }をスキップして続行
state-ended = 終了済み
state-asked = 確認中
state-to-be-asked = 待機中
state-still-open = 未終了
state-not-confirmed = 未確認
could-not-end = セッションを終了できませんでした
no-valid-answer = 有効な応答がありませんでした
shared-computer = 共有パソコンでは、アプリケーションからもサインアウトしてください
shared-computer-text = 次に使う人が、あなたのアカウントのまま利用できてしまうおそれがあります。
open-application = { $application }を開く
