//! What several pages show: the house, an application, a person.

/// Whose provider this is; on every page.
#[derive(Clone, Copy, Debug)]
pub struct Brand<'a> {
    /// The name of the organisation.
    pub organisation: &'a str,
    /// Where its people get help, when it said so: an address of `https:` or `mailto:`.
    pub help_url: Option<&'a str>,
}

/// An application as people recognise it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AppMark {
    /// Its name.
    pub name: String,
    /// The letters that stand for it.
    pub initials: String,
    /// The colour of the letters, 1 to 8.
    pub tint: u8,
}

impl AppMark {
    /// The mark of the application with this name and id.
    pub fn new(name: &str, id: &str) -> Self {
        Self {
            name: name.to_owned(),
            initials: initials(name),
            tint: tint(id),
        }
    }
}

/// The person whom a page is for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct UserMark {
    /// Given and family name.
    pub full_name: String,
    /// The e-mail address.
    pub email: String,
    /// The letters that stand for the person.
    pub initials: String,
    /// The colour of the letters, 1 to 8.
    pub tint: u8,
}

impl UserMark {
    /// The mark of the person with these names, address and id.
    pub fn new(full_name: &str, email: &str, id: &str) -> Self {
        Self {
            full_name: full_name.to_owned(),
            email: email.to_owned(),
            initials: initials(full_name),
            tint: tint(id),
        }
    }
}

/// The first letter of the first and of the last word, or of the only one.
pub fn initials(name: &str) -> String {
    let mut letters = name
        .split_whitespace()
        .filter_map(|word| word.chars().find(|c| c.is_alphanumeric()));
    let first = letters.next();
    let picked: String = first
        .into_iter()
        .chain(letters.next_back())
        .flat_map(char::to_uppercase)
        .collect();
    if picked.is_empty() {
        "·".to_owned()
    } else {
        picked
    }
}

/// One of the eight colours of the style sheet, always the same for one id.
pub fn tint(id: &str) -> u8 {
    let sum = id
        .bytes()
        .fold(0_u8, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte));
    // The upper bits: multiplied by 31, the lowest ones only tell how many odd bytes there were.
    (sum >> 5) + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn initials_are_letters_of_the_first_and_last_word() {
        for (name, letters) in [
            ("Mira Castellane", "MC"),
            ("ChatGPT", "C"),
            ("Ana María de la Cruz", "AC"),
            ("عبد الله", "عا"),
            ("élodie", "É"),
            ("<script> \"x\"", "SX"),
            ("李 小龍", "李小"),
            ("…", "·"),
            ("", "·"),
        ] {
            assert_eq!(initials(name), letters, "{name}");
        }
    }

    #[test]
    fn every_id_has_one_of_eight_tints_and_all_are_used() {
        let mut seen = std::collections::BTreeSet::new();
        for n in 0..200 {
            let id = format!("0190f3c2-7a10-7{n:03x}-8000-0123456789ab");
            assert_eq!(tint(&id), tint(&id));
            seen.insert(tint(&id));
        }
        assert_eq!(seen, (1..=8).collect());
    }
}
