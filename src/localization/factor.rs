//! What a second factor is called.

use crate::{
    localization::phrase::{Form, phrase},
    model::{
        language::Language,
        second_factor::{FactorName, SecondFactorKind},
    },
};

/// The name that its user chose, as it is; a default one in the language.
pub fn factor_name(language: Language, kind: SecondFactorKind, name: &FactorName) -> String {
    let Some(number) = name.default_number(kind) else {
        return name.to_string();
    };
    let id = match kind {
        SecondFactorKind::Totp => "authenticator-app",
        SecondFactorKind::Passkey => "passkey",
    };
    let default = phrase(language, id, Form::Plain);
    match number {
        1 => default.to_string(),
        number => format!("{default} {number}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_default_name_is_in_the_language_and_a_chosen_one_stays() {
        let of = |kind, number| FactorName::default_of(kind, number);
        let german = |kind, name: &FactorName| factor_name(Language::German, kind, name);
        let (totp, passkey) = (SecondFactorKind::Totp, SecondFactorKind::Passkey);
        assert_eq!(german(totp, &of(totp, 1)), "Authenticator-App");
        assert_eq!(german(totp, &of(totp, 3)), "Authenticator-App 3");
        assert_eq!(
            factor_name(Language::Japanese, passkey, &of(passkey, 2)),
            "パスキー 2"
        );
        assert_eq!(
            factor_name(Language::English, totp, &of(totp, 2)),
            "Authenticator app 2"
        );
        let own = FactorName::parse("Work phone").unwrap();
        assert_eq!(german(totp, &own), "Work phone");
    }
}
