//! How soon an attacker would guess a password: the well-known ones, the user's own names, patterns of the keyboard,
//! and whatever few frequent words make up.

use zxcvbn::{Entropy, Score, matching::patterns::MatchPattern, zxcvbn};

use crate::credential::context::{PasswordContext, folded};

/// What the English lists of zxcvbn lack: words that are tried first in other languages, rows of other keyboards, and
/// what this page is about.
const MORE_COMMON: &str = "\
    passwort kennwort motdepasse contrasena contraseña wachtwoord parola senha meinpasswort neuespasswort geheim sesam \
    willkommen bienvenue benutzer gast firma hallo hallihallo hallowelt ichliebedich jetaime teamo prinzessin schatz \
    schatzi fussball fußball sommer herbst frühling fruehling januar februar dezember montag freitag sonntag bayern \
    schalke letmeinnow opensesame helloworld hellothere loginlogin changethis topsecret chatgpt openai saml \
    singlesignon identityprovider hallpass qwertz qwertzuiop qwertzuiopü asdfghjklöä yxcvbnm azerty azertyuiop \
    qsdfghjklm wxcvbn 1qay 2wsx 3edc 4rfv 5tgb 6zhn 7ujm !qay \"§$%&/(";

/// How much of a password is estimated, in characters. What is strong up to here is strong, and an estimate of more
/// may take longer than a hash.
const MAX_ESTIMATED: usize = 48;

/// The fewest characters that are estimated without what stands around them.
const MIN_WITHOUT_FILLING: usize = 8;

/// Why a password would be guessed soon.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Weakness {
    /// It is well known, or a few frequent words.
    Common,
    /// It is the user's own address or name, or that of the site.
    ContextSpecific,
    /// One piece repeated, or a sequence of neighbours.
    Pattern,
}

/// Finds out whether `password`, in NFC, would be guessed before it has `least`; case does not matter much.
pub(super) fn find_weakness(password: &str, least: Score, context: &PasswordContext) -> Option<Weakness> {
    let common: Vec<&str> = MORE_COMMON.split(' ').collect();
    let with_context: Vec<&str> = context.words().chain(common.iter().copied()).collect();
    let folded = folded(password);
    for text in [Some(password.to_owned()), without_filling(&folded)]
        .into_iter()
        .flatten()
    {
        let text: String = text.chars().take(MAX_ESTIMATED).collect();
        let estimate = zxcvbn(&text, &with_context);
        if estimate.score() >= least {
            continue;
        }
        let without_context = zxcvbn(&text, &common);
        return Some(if without_context.score() >= least {
            Weakness::ContextSpecific
        } else if is_pattern(&without_context) {
            Weakness::Pattern
        } else if is_context_word(&folded, context) {
            Weakness::ContextSpecific
        } else {
            Weakness::Common
        });
    }
    None
}

/// A text without what adorns it at its ends and the one character that parts it, as in `1-2-3-4-5-6-7-8!`. Of
/// several kinds inside, each is a part of its own, and in a short text each counts.
fn without_filling(text: &str) -> Option<String> {
    let trimmed = text.trim_matches(|c: char| !c.is_alphanumeric());
    let mut filling: Vec<char> = trimmed.chars().filter(|c| !c.is_alphanumeric()).collect();
    filling.sort_unstable();
    filling.dedup();
    let kept: String = match filling.as_slice() {
        [only] => trimmed.chars().filter(|c| c != only).collect(),
        [] | [_, ..] => trimmed.to_owned(),
    };
    (kept != text && kept.chars().count() >= MIN_WITHOUT_FILLING).then_some(kept)
}

/// Whether no word is in it, and something else than chance.
fn is_pattern(estimate: &Entropy) -> bool {
    let is_regular = |pattern: &MatchPattern| match pattern {
        MatchPattern::Spatial(_)
        | MatchPattern::Repeat(_)
        | MatchPattern::Sequence(_)
        | MatchPattern::Regex(_)
        | MatchPattern::Date(_) => true,
        MatchPattern::Dictionary(_) | MatchPattern::BruteForce => false,
    };
    let patterns = || estimate.sequence().iter().map(|found| &found.pattern);
    let has_word = patterns().any(|pattern| matches!(pattern, MatchPattern::Dictionary(_)));
    !has_word && patterns().any(is_regular)
}

fn is_context_word(folded: &str, context: &PasswordContext) -> bool {
    context
        .words()
        .any(|word| word.len() > 3 && folded.contains(word))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::user::{Email, NameComponent, NameComponents, UserName};

    fn context_of_anna() -> PasswordContext {
        let name = |text| NameComponent::parse_optional("the name", text).unwrap();
        PasswordContext::new(
            &Email::parse("a.berger@fernweh.example").unwrap(),
            &NameComponents::new(name("Anna"), name("Bérger")).unwrap(),
            Some(&UserName::parse("annab-77").unwrap()),
            &["Fernweh Instruments", "login.fernweh.example"],
        )
    }

    fn assert_all(least: Score, expected: Option<Weakness>, passwords: &[&str]) {
        for password in passwords {
            let found = find_weakness(password, least, &context_of_anna());
            assert_eq!(found, expected, "{password}");
        }
    }

    #[test]
    fn common_passwords_are_weak_in_any_spelling() {
        assert_all(
            Score::Two,
            Some(Weakness::Common),
            &[
                "password",
                "PassWort",
                "Password123!",
                "p@ssw0rd2026",
                "Pa$$word1",
                "Welcome2026",
                "admin12345",
                "!Sommer2026",
                "iloveyou",
                "1q2w3e4r",
                "let me in now",
                "CHATGPT2026",
                "ichliebedich",
                "P4ssw0rd",
                "W3lc0me2026",
                "q1w2e3r4t5",
                "Aa@123456",
                "12345678a",
                "qwer1234",
                "1qaz@WSX",
                "123qweasd",
                "Meinpasswort-1234",
                "QWERTZUIOP",
                "poiuztrewq",
                "12345678",
                "Hallpass!",
            ],
        );
    }

    #[test]
    fn a_long_password_may_be_weak_too() {
        assert_all(
            Score::Three,
            Some(Weakness::Common),
            &["Willkommen2026!!", "qwertzuiopasdfghjkl", "1-2-3-4-5-6-7-8-9"],
        );
        assert_all(
            Score::Three,
            Some(Weakness::Pattern),
            &[
                "aaaaaaaaaaaaaaaaaaaa",
                "abcdefghijklmnop",
                "ab!ab!ab!ab!ab!ab!",
                "Sommer2026Sommer2026",
            ],
        );
    }

    #[test]
    fn names_of_the_user_and_the_site_are_weak() {
        assert_all(
            Score::Three,
            Some(Weakness::ContextSpecific),
            &[
                "a.berger@fernweh.example",
                "A.Berger@Fernweh.Example",
                "aberger2026",
                "anna bérger",
                "BÉRGER.Anna1",
                "bérgeranna",
                "annab-77",
                "annab777777",
                "fernweh2026!",
                "Fernweh Instruments",
                "Fernweh Instruments 2026",
                "login.fernweh.example",
            ],
        );
        let nobody = PasswordContext::default();
        assert_eq!(find_weakness("Fernweh Instruments", Score::Three, &nobody), None);
    }

    #[test]
    fn repetitions_and_sequences_are_weak() {
        assert_all(
            Score::Two,
            Some(Weakness::Pattern),
            &[
                "aaaaaaaa",
                "!!!!!!!!",
                "abababab",
                "abcabcabc",
                "abc-abc-abc",
                "abcdefgh",
                "11111111111111111111",
            ],
        );
    }

    #[test]
    fn passwords_that_are_not_guessed_soon_are_strong() {
        assert_all(
            Score::Three,
            None,
            &[
                "correct horse battery",
                "another long password",
                "anna likes tea",
                "berge und täler",
                "my summer password",
                "qwertz is no song",
                "hallpass is nice",
                "青い机の上に猫がいます今日",
                "k3jd92ksla0d",
                "k$3!j%d9*2m(q_x",
            ],
        );
        assert_all(Score::Two, None, &["73hx921q", "x!,;~?*+", "a8261094"]);
    }

    proptest! {
        #[test]
        fn any_text_is_estimated_without_a_panic(text: String) {
            let _ = find_weakness(&text, Score::Three, &context_of_anna());
        }
    }
}
