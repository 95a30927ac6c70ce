mail-test-subject = 【{ $organisation }】メール送信のテスト
mail-test-heading = メールは正常に届いています
mail-test-text = メールが届くことを確認するため、{ $address } の管理者がこのメッセージを送信しました。
mail-nothing-to-do = ご対応の必要はありません。

mail-invitation-subject = 【{ $organisation }】アカウントのご案内
mail-invitation-heading = { $name }さん、ようこそ
mail-invitation-text = { $organisation }のアカウントが作成されました。次のリンクを開いて、パスワードを設定してください。
mail-invitation-link = パスワードを設定する
mail-invitation-until = このリンクは{ $moment }まで有効で、1回だけ使えます。それ以降は、管理者に新しいリンクの発行をご依頼ください。
mail-invitation-then = パスワードの設定後は、{ $address } からサインインできます。

mail-recovery-subject = 【{ $organisation }】パスワードの再設定
mail-recovery-heading = パスワードの再設定
mail-recovery-text = { $name }さん、{ $address } のアカウントについて、パスワード再設定の依頼がありました。次のリンクを開いて、新しいパスワードを設定してください。
mail-recovery-link = 新しいパスワードを設定する
mail-recovery-until = このリンクは30分間有効で、1回だけ使えます。再設定するまで、現在のパスワードは変わりません。
mail-recovery-not-you = お心当たりがない場合、ご対応の必要はありません。

mail-password-changed-subject = 【{ $organisation }】パスワードが変更されました
mail-password-changed-heading = パスワードが変更されました
mail-password-changed-text = { $name }さん、{ $moment }に、{ $address } のアカウントのパスワードが変更されました。ほかのデバイスやブラウザーからは、すべてサインアウトされています。
mail-not-you = お心当たりがない場合は、すぐに管理者にご連絡ください。

mail-profile-changed-subject = 【{ $organisation }】プロフィールが変更されました
mail-profile-changed-heading = プロフィールが変更されました
mail-profile-changed-text = { $name }さん、{ $moment }に、{ $address } のアカウントの氏名、言語、または通知の設定が変更されました。

mail-new-device-subject = 【{ $organisation }】新しいデバイスからのサインイン
mail-new-device-heading = 新しいデバイスからのサインイン
mail-new-device-text = { $name }さん、{ $moment }に、「{ $device }」（IPアドレス：{ $network }）から、{ $address } のアカウントへのサインインがありました。
mail-unknown-device-text = { $name }さん、{ $moment }に、不明なブラウザー（IPアドレス：{ $network }）から、{ $address } のアカウントへのサインインがありました。
mail-new-device-not-you = ご本人によるサインインの場合、ご対応の必要はありません。お心当たりがない場合は、マイアカウントの画面でそのセッションを終了し、パスワードを変更したうえで、管理者にご連絡ください。

mail-factors-changed-subject = 2段階認証の設定が変更されました
mail-factors-changed-heading = 2段階認証の設定が変更されました
mail-factor-added = { $name }さん、{ $moment }に、{ $address } のアカウントの2段階認証に「{ $factor }」が追加されました。今後は、サインインの際にこの方法での本人確認を求められます。
mail-factor-removed = { $name }さん、{ $moment }に、{ $address } のアカウントの2段階認証から「{ $factor }」が削除されました。今後、サインインには使えません。
mail-factors-all-removed = { $name }さん、{ $moment }に、{ $address } のアカウントの2段階認証とリカバリーコードが、管理者によってすべて削除されました。
mail-recovery-codes-made = { $name }さん、{ $moment }に、{ $address } のアカウントの新しいリカバリーコードが作成されました。以前のコードはもう使えません。

mail-email-confirm-heading = 新しいメールアドレスの確認
mail-email-confirm-text = { $address } のアカウントのメールアドレスを、このアドレスに変更する依頼がありました。サインイン中のブラウザーで、次のリンクを開いてください。
mail-email-confirm-link = このアドレスを確認する
mail-email-confirm-until = このリンクは30分間有効で、1回だけ使えます。お心当たりがない場合、ご対応の必要はありません。

mail-email-taken-heading = お使いのメールアドレスへの変更依頼がありました
mail-email-taken-text = { $name }さん、{ $address } の別のアカウントから、メールアドレスをこのアドレスに変更する依頼がありました。このアドレスは、これまでどおりご自身のアカウントのものです。何も変更されておらず、ご自身が使用していることも相手には伝えていません。
mail-email-taken-closing = ご自身が別のアカウントで依頼した場合は、管理者にご相談ください。それ以外の場合、ご対応の必要はありません。

mail-email-changed-heading = メールアドレスが変更されました
mail-email-changed-text = { $name }さん、{ $address } のアカウントのメールアドレスが { $email } に変更されました。お心当たりがない場合は、次のリンクを開いてください。アドレスを元に戻し、すべてのセッションを終了できます。
mail-email-changed-link = 変更を取り消す
mail-email-changed-until = このリンクは{ $moment }まで有効で、1回だけ使えます。ご本人による変更の場合、ご対応の必要はありません。

mail-email-undone-heading = メールアドレスの変更が取り消されました
mail-email-undone-text = { $name }さん、{ $address } のアカウントのメールアドレスが { $email } に戻りました。すべてのデバイスやブラウザーからサインアウトされています。
mail-email-undone-removed = 変更後に設定されたパスワード、2段階認証の方法、リカバリーコードは使えなくなりました。
mail-email-undone-closing = 変更にお心当たりがない場合は、サインイン画面の「パスワードをお忘れですか？」から、すぐに新しいパスワードを設定し、管理者にご連絡ください。
