//! Characters, names and references (xml, 2.2, 2.3, 4.1).

/// The five entities that need no declaration (xml, 4.6).
const PREDEFINED: [(&str, char); 5] = [
    ("amp", '&'),
    ("lt", '<'),
    ("gt", '>'),
    ("quot", '"'),
    ("apos", '\''),
];

/// White space (xml, 2.3), and nothing that merely looks like it.
pub(crate) const WHITESPACE: [char; 4] = [' ', '\t', '\n', '\r'];

/// `text` without the white space around it.
pub(crate) fn trim(text: &str) -> &str {
    text.trim_matches(WHITESPACE)
}

/// Whether a document may hold `c` (xml, 2.2).
pub(crate) const fn is_char(c: char) -> bool {
    (c >= ' ' || matches!(c, '\t' | '\n' | '\r')) && !matches!(c, '\u{fffe}' | '\u{ffff}')
}

/// Whether a document may hold all of `text`.
pub(crate) fn are_chars(text: &str) -> bool {
    // Nearly every text is plain ASCII, and then a look at its bytes tells.
    text.bytes()
        .all(|b| (b' '..0x80).contains(&b) || matches!(b, b'\t' | b'\n' | b'\r'))
        || text.chars().all(is_char)
}

/// Whether `text` is a name without a colon (xml-names, 3).
pub(crate) fn is_nc_name(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next().is_some_and(is_name_start_char)
        && chars.all(|c| is_name_start_char(c) || is_name_continue_char(c))
}

/// The character that the reference `&name;` stands for.
pub(crate) fn resolve_reference(name: &str) -> Option<char> {
    let Some(number) = name.strip_prefix('#') else {
        return PREDEFINED
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, c)| *c);
    };
    let (digits, radix) = match number.strip_prefix('x') {
        Some(hex) => (hex, 16),
        None => (number, 10),
    };
    // `from_str_radix` would take a sign.
    if digits.is_empty() || !digits.chars().all(|c| c.is_digit(radix)) {
        return None;
    }
    let code = u32::from_str_radix(digits, radix).ok()?;
    char::from_u32(code).filter(|c| is_char(*c))
}

const fn is_name_start_char(c: char) -> bool {
    matches!(c,
        'A'..='Z' | '_' | 'a'..='z'
        | '\u{c0}'..='\u{d6}' | '\u{d8}'..='\u{f6}' | '\u{f8}'..='\u{2ff}'
        | '\u{370}'..='\u{37d}' | '\u{37f}'..='\u{1fff}' | '\u{200c}'..='\u{200d}'
        | '\u{2070}'..='\u{218f}' | '\u{2c00}'..='\u{2fef}' | '\u{3001}'..='\u{d7ff}'
        | '\u{f900}'..='\u{fdcf}' | '\u{fdf0}'..='\u{fffd}' | '\u{10000}'..='\u{effff}')
}

const fn is_name_continue_char(c: char) -> bool {
    matches!(c, '-' | '.' | '0'..='9' | '\u{b7}' | '\u{300}'..='\u{36f}' | '\u{203f}'..='\u{2040}')
}
