//! A cell of a CSV file: what a spreadsheet would compute, and several values in one.

/// What a spreadsheet may take for the beginning of a formula (OWASP, CSV injection), and what says that one follows.
const FORMULA_STARTS: [char; 7] = ['=', '+', '-', '@', '\t', '\r', QUOTE];
/// Makes a text of whatever follows, for spreadsheets.
const QUOTE: char = '\'';
const SEPARATOR: char = ';';
const ESCAPE: char = '\\';

/// The text in a form that no spreadsheet computes. [`restored`] reads it back.
pub fn neutralised(text: &str) -> String {
    if text.starts_with(FORMULA_STARTS) {
        format!("{QUOTE}{text}")
    } else {
        text.to_owned()
    }
}

/// The text of a cell, without what [`neutralised`] has added.
pub fn restored(cell: &str) -> &str {
    cell.strip_prefix(QUOTE)
        .filter(|text| text.starts_with(FORMULA_STARTS))
        .unwrap_or(cell)
}

/// Several values in one cell, with semicolons between them.
pub fn joined<'v>(values: impl IntoIterator<Item = &'v str>) -> String {
    let mut text = String::new();
    for (index, value) in values.into_iter().enumerate() {
        if index > 0 {
            text.push(SEPARATOR);
        }
        for c in value.chars() {
            if c == SEPARATOR || c == ESCAPE {
                text.push(ESCAPE);
            }
            text.push(c);
        }
    }
    text
}

/// The values of a cell, without white space around them and without empty ones.
pub fn split(cell: &str) -> Vec<String> {
    let mut values = vec![String::new()];
    let mut chars = cell.chars();
    while let Some(c) = chars.next() {
        let c = match c {
            SEPARATOR => {
                values.push(String::new());
                continue;
            }
            ESCAPE => chars.next().unwrap_or(ESCAPE),
            c => c,
        };
        if let Some(value) = values.last_mut() {
            value.push(c);
        }
    }
    values
        .into_iter()
        .map(|value| value.trim().to_owned())
        .filter(|value| !value.is_empty())
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn formulas_become_texts_and_names_stay() {
        for (text, cell) in [
            ("=1+1", "'=1+1"),
            ("+49 30", "'+49 30"),
            ("-1", "'-1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\t=1", "'\t=1"),
            ("'=1", "''=1"),
            ("'t Hooft", "''t Hooft"),
            ("Ada", "Ada"),
            ("", ""),
        ] {
            assert_eq!(neutralised(text), cell);
        }
        // As others write it.
        assert_eq!(restored("'t Hooft"), "'t Hooft");
        assert_eq!(restored("'"), "'");
    }

    #[test]
    fn several_values_are_separated_by_semicolons() {
        assert_eq!(split(r" a ; b\;c;; d\\ ;"), ["a", "b;c", r"d\"]);
        assert_eq!(split(" "), Vec::<String>::new());
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(text in r"[=+\-@\t\r';\\a-z ]{0,6}") {
            let cell = neutralised(&text);
            prop_assert_eq!(restored(&cell), text);
        }

        #[test]
        fn values_that_are_joined_are_split(values in proptest::collection::vec(r"[a-z;\\'=]{1,5}", 0..4)) {
            prop_assert_eq!(split(&joined(values.iter().map(String::as_str))), values);
        }
    }
}
