//! Passwords that an attacker tries first: the well-known ones, the user's own names, and patterns of the keyboard.
//! The list is short on purpose: it names what is tried within the few attempts that the throttle allows.

use unicode_normalization::UnicodeNormalization;

use crate::model::user::{Email, NameComponent, NameComponents, UserName};

/// What is tried first, in lower case. A word also matches with digits and punctuation around it, and when it is
/// repeated.
const COMMON_PASSWORDS: &str = "\
    password passwort passw0rd p@ssw0rd p@ssword pa$$word pa$$w0rd passwd pass kennwort motdepasse contrasena \
    contraseña wachtwoord parola senha mypassword meinpasswort newpassword neuespasswort changeme changeit \
    changethis default standard secret geheim topsecret letmein letmeinnow openup opensesame sesam sesame welcome \
    willkommen bienvenue hello hallo hellothere helloworld hallowelt hallihallo admin administrator adminadmin root \
    superuser user username benutzer guest gast test tester testing testtest demo sample temp temporary login \
    loginlogin logon access computer internet server master company firma office qwerty qwertz azerty asdf abc abcd \
    iloveyou ichliebedich jetaime teamo sunshine princess prinzessin schatz schatzi superman batman starwars pokemon \
    dragon monkey shadow football fussball fußball baseball basketball hockey soccer bayern schalke liverpool \
    chelsea arsenal whatever trustno killer freedom spring summer autumn winter sommer herbst frühling fruehling \
    january february december januar februar dezember monday friday sunday montag freitag sonntag 1q2w3e4r \
    1q2w3e4r5t 1qaz2wsx 1qaz2wsx3edc qazwsxedc q1w2e3r4 q1w2e3r4t5 zaq12wsx 1a2b3c4d a1b2c3d4 !@#$%^&* !\"§$%&/( chatgpt openai \
    saml singlesignon sso identityprovider";

/// Sequences of neighbouring characters and keys.
const SEQUENCES: &str = "01234567890 abcdefghijklmnopqrstuvwxyz qwertyuiopasdfghjklzxcvbnm qwertzuiopüasdfghjklöäyxcvbnm \
    azertyuiopqsdfghjklmwxcvbn asdfghjklöä";

/// Sequences of keys from the top to the bottom of a keyboard.
const KEYBOARD_COLUMNS: &str =
    "1qaz 2wsx 3edc 4rfv 5tgb 6zhn 6yhn 7ujm 1qay 2wsx 3edc qaz wsx edc rfv tgb yhn ujm qay !qaz @wsx";

/// The shortest piece of a sequence that counts beside other pieces.
const MIN_SEQUENCE_LEN: usize = 3;

/// Words about a user and a site that are no secret there.
#[derive(Clone, Debug, Default)]
pub struct PasswordContext(Vec<String>);

impl PasswordContext {
    /// For one user: the address and its parts, the names in either order, the user name; and `site_names`, such as
    /// the organisation and the host.
    pub fn new(
        email: &Email,
        names: &NameComponents,
        user_name: Option<&UserName>,
        site_names: &[&str],
    ) -> Self {
        let given = names.given().map(NameComponent::as_str).unwrap_or_default();
        let family = names.family().map(NameComponent::as_str).unwrap_or_default();
        let address = email.as_str();
        let (local, domain) = address.split_once('@').unwrap_or((address, ""));
        let mut context_words = vec![
            address.to_owned(),
            local.to_owned(),
            given.to_owned(),
            family.to_owned(),
            format!("{given}{family}"),
            format!("{family}{given}"),
        ];
        context_words.extend(user_name.map(|name| name.as_str().to_owned()));
        for site_name in [domain].iter().chain(site_names) {
            context_words.push((*site_name).to_owned());
            // Labels of a host and words of a name; short ones, such as `de` and `and`, identify nothing.
            let parts = site_name
                .split(['.', ' ', '-'])
                .filter(|part| part.chars().count() > 3);
            context_words.extend(parts.map(str::to_owned));
        }
        let context_words = context_words.iter().map(|word| alphanumeric(&normalized(word)));
        Self(context_words.filter(|word| !word.is_empty()).collect())
    }
}

/// Why a password is blocked.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum BlockReason {
    /// It is well known.
    Common,
    /// It is the user's own address or name, or that of the site.
    ContextSpecific,
    /// One piece repeated, or a sequence of neighbours.
    Pattern,
}

/// Whether `password`, in NFC, is one that an attacker tries first; case does not matter.
pub(super) fn find_block_reason(password: &str, context: &PasswordContext) -> Option<BlockReason> {
    let text = normalized(password);
    let alphanumeric = alphanumeric(&text);
    let unit = repeated_unit(&alphanumeric);
    if is_pattern(&text, &alphanumeric, unit) {
        return Some(BlockReason::Pattern);
    }
    let without_digits = |text: &str| text.trim_matches(|c: char| c.is_numeric()).to_owned();
    let without_marks = text.trim_matches(|c: char| !c.is_alphabetic());
    let core = without_digits(&alphanumeric);
    let letters = without_leet(&text);
    let letters_core = without_leet(without_marks);
    let forms = [
        text.as_str(),
        without_marks,
        &alphanumeric,
        unit,
        &core,
        repeated_unit(&core),
        &letters,
        &letters_core,
    ];
    let is_one_of = |word: &str| !word.is_empty() && forms.contains(&word);
    if COMMON_PASSWORDS.split(' ').any(is_one_of) {
        Some(BlockReason::Common)
    } else if is_one_of("hallpass")
        || context
            .0
            .iter()
            .any(|word| is_one_of(word) || is_one_of(&without_digits(word)))
    {
        Some(BlockReason::ContextSpecific)
    } else {
        None
    }
}

/// The longest piece that makes a password a pattern when it is repeated; a longer one may be a word of its own.
const MAX_REPEATED_LEN: usize = 4;
/// The shortest sequence that nobody types by accident.
const MIN_SINGLE_SEQUENCE_LEN: usize = 6;

fn is_pattern(text: &str, alphanumeric: &str, unit: &str) -> bool {
    let is_short = |piece: &str| piece.chars().count() <= MAX_REPEATED_LEN;
    // Punctuation counts here: `!!!!!!!!` and `ab!ab!ab!`.
    if is_short(repeated_unit(text)) {
        return true;
    }
    if unit.len() < alphanumeric.len() && is_short(unit) {
        return true;
    }
    let backwards: String = unit.chars().rev().collect();
    if is_digit_sequence_with_letters(alphanumeric) || is_made_of_sequences(alphanumeric) {
        return true;
    }
    let is_sequence = SEQUENCES
        .split(' ')
        .any(|sequence| sequence.contains(unit) || sequence.contains(&backwards));
    is_sequence
        && !unit.is_empty()
        && (unit.chars().count() >= MIN_SINGLE_SEQUENCE_LEN || unit.len() < alphanumeric.len())
}

/// A sequence of digits, and a letter or two before or after it: `a1234567`, `12345678a`, `Aa123456`.
fn is_digit_sequence_with_letters(alphanumeric: &str) -> bool {
    let digits = alphanumeric.trim_matches(char::is_alphabetic);
    let letters = alphanumeric.chars().count() - digits.chars().count();
    let is_row = |sequence: &str| sequence.starts_with("0123456789") && sequence.repeat(2).contains(digits);
    (1..=2).contains(&letters) && digits.len() >= 5 && SEQUENCES.split(' ').any(is_row)
}

/// Only pieces of rows and columns of the keyboard, each of three keys or more: `qwer1234`, `1qaz2wsx`, `123qwe123`.
fn is_made_of_sequences(alphanumeric: &str) -> bool {
    let mut rest: Vec<char> = alphanumeric.chars().collect();
    let mut pieces = 0;
    while !rest.is_empty() {
        let longest = (MIN_SEQUENCE_LEN..=rest.len()).rev().find(|length| {
            let piece: String = rest.iter().take(*length).collect();
            let backwards: String = piece.chars().rev().collect();
            SEQUENCES
                .split(' ')
                .chain(KEYBOARD_COLUMNS.split(' '))
                .any(|sequence| sequence.contains(&piece) || sequence.contains(&backwards))
        });
        let Some(length) = longest else { return false };
        rest.drain(..length);
        pieces += 1;
    }
    pieces > 0
}

/// Replaces digits and punctuation that stand for letters, and removes other punctuation.
fn without_leet(text: &str) -> String {
    let letter = |c: char| match c {
        '0' => 'o',
        '1' | '!' => 'i',
        '3' | '€' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' => 't',
        c => c,
    };
    text.chars().map(letter).filter(|c| c.is_alphanumeric()).collect()
}

/// The piece that `text` repeats; all of it if it repeats none. The last repetition may be cut off.
fn repeated_unit(text: &str) -> &str {
    text.char_indices()
        .map(|(at, _)| at)
        .skip(1)
        .take_while(|at| 2 * at <= text.len())
        .find(|at| text.get(*at..).is_some_and(|rest| text.starts_with(rest)))
        .and_then(|at| text.get(..at))
        .unwrap_or(text)
}

fn normalized(text: &str) -> String {
    text.nfc().collect::<String>().to_lowercase().nfc().collect()
}

/// Letters and digits only.
fn alphanumeric(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn context_of_anna() -> PasswordContext {
        let name = |text| NameComponent::parse_optional("the name", text).unwrap();
        PasswordContext::new(
            &Email::parse("a.berger@fernweh.example").unwrap(),
            &NameComponents::new(name("Anna"), name("Bérger")).unwrap(),
            Some(&UserName::parse("annab-77").unwrap()),
            &["Fernweh Instruments", "login.fernweh.example"],
        )
    }

    fn assert_all(why: Option<BlockReason>, passwords: &[&str]) {
        for password in passwords {
            assert_eq!(find_block_reason(password, &context_of_anna()), why, "{password}");
        }
    }

    #[test]
    fn common_passwords_are_blocked_in_any_spelling() {
        assert_all(
            Some(BlockReason::Common),
            &[
                "password",
                "PassWort",
                "Password123!",
                "p@ssw0rd2026",
                "Pa$$word1",
                "123password",
                "passwordpassword",
                "Welcome2026",
                "admin12345",
                "!Sommer2026",
                "iloveyou",
                "1q2w3e4r",
                "!@#$%^&*",
                "let me in now",
                "CHATGPT2026",
                "ichliebedich",
            ],
        );
    }

    #[test]
    fn leet_spellings_and_sequences_with_letters_are_blocked() {
        assert_all(
            Some(BlockReason::Common),
            &["P4ssw0rd", "P455w0rd", "W3lc0me2026", "q1w2e3r4t5"],
        );
        assert_all(
            Some(BlockReason::Pattern),
            &[
                "Aa123456",
                "Aa@123456",
                "a1234567",
                "12345678a",
                "a123456789",
                "123456aa",
                "1234567q",
                "qwer1234",
                "1qaz@WSX",
                "1qazxsw2",
                "zaq1@WSX",
                "123qweasd",
                "123qwe123",
                "qwe12345",
                "asd12345",
                "qazwsx123",
            ],
        );
        assert_all(
            None,
            &["a8261094", "12 red apples", "qwertz is no song", "73hx921q"],
        );
    }

    #[test]
    fn names_of_the_user_and_the_site_are_blocked() {
        assert_all(
            Some(BlockReason::ContextSpecific),
            &[
                "a.berger@fernweh.example",
                "A.Berger@Fernweh.Example",
                "aberger2026",
                "anna bérger",
                "BÉRGER.Anna1",
                "be\u{301}rgeranna",
                "Anna123456",
                "annab-77",
                "annab777777",
                "fernweh2026!",
                "Fernweh Instruments",
                "hallpass1",
                "Hallpass",
                "login.fernweh.example",
                "instruments",
            ],
        );
    }

    #[test]
    fn repetitions_and_sequences_are_blocked() {
        assert_all(
            Some(BlockReason::Pattern),
            &[
                "aaaaaaaa",
                "!!!!!!!!",
                "abababab",
                "abcabcabc",
                "abc-abc-abc",
                "12341234",
                "1234512345",
                "12345678",
                "87654321",
                "1234567890",
                "abcdefgh",
                "qwertyuiop",
                "QWERTZUIOP",
                "poiuztrewq",
                "asdfghjkl",
                "1-2-3-4-5-6-7",
                "11111111111111111111",
            ],
        );
    }

    #[test]
    fn passwords_that_are_not_guessed_first_are_accepted() {
        assert_all(
            None,
            &[
                "correct horse battery",
                "another long password",
                "anna likes tea",
                "eight ch",
                "x!,;~?*+",
                "berge und täler",
                "my summer password",
                "12345678 geese",
                "Tr0ub4dor&3",
                "abcdefgh1jk",
                "hallpass is nice",
            ],
        );
        assert_eq!(
            find_block_reason("fernweh2026!", &PasswordContext::default()),
            None
        );
    }

    #[test]
    fn the_blocklist_is_normalized() {
        for word in COMMON_PASSWORDS.split(' ') {
            assert_eq!(normalized(word), word);
            assert!(
                find_block_reason(word, &PasswordContext::default()).is_some(),
                "{word}"
            );
        }
    }
}
