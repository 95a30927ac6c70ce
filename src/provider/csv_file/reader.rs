//! Reads a CSV file.

use std::{collections::BTreeSet, io::Read};

use csv::{ByteRecord, ReaderBuilder};

/// The largest file, in bytes.
pub const MAX_BYTES: u64 = 128 * 1024 * 1024;
/// The most rows of one file.
pub const MAX_ROWS: usize = 200_000;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// A column, as the first line of a file names it.
pub trait CsvColumn: Clone + Ord + 'static {
    /// Those of which a file has at least one: they tell whom or what a row means.
    const KEYS: &[Self];

    /// Parses a name as it stands in the first line, in any case; `None` if there is no such column.
    fn parse(name: &str) -> Option<Self>;

    /// Its name in the first line.
    fn name(&self) -> String;
}

/// A row, as the values of its cells.
pub trait CsvRow: Sized {
    type Column: CsvColumn;

    /// The line of the file, from 1.
    fn line(&self) -> u64;

    /// Reads the cells of a line, as many as there are columns. An error says what is wrong with them.
    fn parse(line: u64, columns: &[Self::Column], cells: &[&str]) -> Result<Self, String>;
}

/// The rows of a file, and the lines that could not be read.
#[derive(Debug)]
pub struct CsvFile<R> {
    pub rows: Vec<R>,
    pub errors: Vec<LineNote>,
}

/// Something about a line of a file.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct LineNote {
    /// From 1.
    pub line: u64,
    pub message: String,
}

/// Why a file is not taken at all.
#[derive(Debug, thiserror::Error)]
pub enum BadFile {
    #[error("the file cannot be read")]
    Read(#[from] std::io::Error),
    #[error("the file is larger than {} MB", MAX_BYTES / (1024 * 1024))]
    TooLarge,
    #[error("the file has more than {MAX_ROWS} rows")]
    TooManyRows,
    #[error("the file is empty; its first line names the columns")]
    Empty,
    #[error("the first line names no column that tells which is meant: {0}")]
    NoKey(String),
    #[error("the first line names `{0}`, which is no column")]
    UnknownColumn(String),
    #[error("the first line names {0} twice")]
    ColumnTwice(String),
    #[error("line {line} is no CSV: {message}")]
    NoCsv { line: u64, message: String },
}

/// Reads a file: UTF-8, with commas or semicolons, whose first line names the columns.
///
/// # Errors
///
/// If it is too large, or its first line cannot be understood. What is wrong with a row is in [`errors`](CsvFile::errors).
pub fn read_csv<R: CsvRow>(source: impl Read) -> Result<CsvFile<R>, BadFile> {
    let mut bytes = Vec::new();
    source.take(MAX_BYTES + 1).read_to_end(&mut bytes)?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length > MAX_BYTES) {
        return Err(BadFile::TooLarge);
    }
    let text = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&bytes);
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter(text))
        .from_reader(text);
    let mut record = ByteRecord::new();
    let no_csv = |error: &csv::Error| BadFile::NoCsv {
        line: error.position().map_or(1, csv::Position::line),
        message: error.to_string(),
    };
    if !reader
        .read_byte_record(&mut record)
        .map_err(|error| no_csv(&error))?
    {
        return Err(BadFile::Empty);
    }
    let columns = read_columns::<R::Column>(&record)?;
    let mut file = CsvFile {
        rows: Vec::new(),
        errors: Vec::new(),
    };
    let mut lines = LineCounter {
        text,
        offset: 0,
        line: 1,
    };
    while reader
        .read_byte_record(&mut record)
        .map_err(|error| no_csv(&error))?
    {
        let line = lines.line_at(record.position().map_or(0, csv::Position::byte));
        if file.rows.len() + file.errors.len() >= MAX_ROWS {
            return Err(BadFile::TooManyRows);
        }
        match read_row(line, &columns, &record) {
            Ok(Some(row)) => file.rows.push(row),
            Ok(None) => {}
            Err(message) => file.errors.push(LineNote { line, message }),
        }
    }
    Ok(file)
}

/// Finds the lines of records. The reader does not count the end of a line that has two bytes until it reads on.
struct LineCounter<'t> {
    text: &'t [u8],
    offset: usize,
    line: u64,
}

impl LineCounter<'_> {
    /// The line of the record that begins at `byte` or, if line ends and empty lines stand there, after them. Each
    /// record begins after the one before.
    fn line_at(&mut self, byte: u64) -> u64 {
        let start = usize::try_from(byte).unwrap_or(usize::MAX);
        let is_end = |byte: &u8| matches!(byte, b'\r' | b'\n');
        for (index, byte) in self.text.iter().enumerate().skip(self.offset) {
            if index >= start && !is_end(byte) {
                break;
            }
            self.line += u64::from(*byte == b'\n');
            self.offset = index + 1;
        }
        self.line
    }
}

fn read_columns<C: CsvColumn>(header: &ByteRecord) -> Result<Vec<C>, BadFile> {
    let mut columns = Vec::new();
    let mut seen = BTreeSet::new();
    for name in header {
        let name = String::from_utf8_lossy(name);
        let column = C::parse(&name).ok_or_else(|| BadFile::UnknownColumn(name.into_owned()))?;
        if !seen.insert(column.clone()) {
            return Err(BadFile::ColumnTwice(column.name()));
        }
        columns.push(column);
    }
    if C::KEYS.iter().any(|key| seen.contains(key)) {
        Ok(columns)
    } else {
        let keys: Vec<String> = C::KEYS.iter().map(C::name).collect();
        Err(BadFile::NoKey(keys.join(", ")))
    }
}

/// `None` for a line of empty cells, as spreadsheets leave them at the end.
fn read_row<R: CsvRow>(line: u64, columns: &[R::Column], record: &ByteRecord) -> Result<Option<R>, String> {
    let cells: Vec<&str> = record
        .iter()
        .map(std::str::from_utf8)
        .collect::<Result<_, _>>()
        .map_err(|_error| "it is not UTF-8: save the file as CSV UTF-8".to_owned())?;
    if cells.iter().all(|cell| cell.trim().is_empty()) {
        return Ok(None);
    }
    if cells.len() != columns.len() {
        return Err(format!(
            "it has {} cells, and the first line names {} columns",
            cells.len(),
            columns.len()
        ));
    }
    R::parse(line, columns, &cells).map(Some)
}

/// Spreadsheets separate by semicolons where a comma belongs to numbers.
fn delimiter(text: &[u8]) -> u8 {
    let header = text.split(|byte| *byte == b'\n').next().unwrap_or_default();
    if header.contains(&b';') && !header.contains(&b',') {
        b';'
    } else {
        b','
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
    enum Column {
        Key,
        Value,
    }

    impl CsvColumn for Column {
        const KEYS: &[Self] = &[Self::Key];

        fn parse(name: &str) -> Option<Self> {
            [Self::Key, Self::Value]
                .into_iter()
                .find(|column| column.name().eq_ignore_ascii_case(name))
        }

        fn name(&self) -> String {
            match self {
                Self::Key => "key".to_owned(),
                Self::Value => "value".to_owned(),
            }
        }
    }

    #[derive(Debug)]
    struct Row {
        line: u64,
        cells: Vec<String>,
    }

    impl CsvRow for Row {
        type Column = Column;

        fn line(&self) -> u64 {
            self.line
        }

        fn parse(line: u64, _columns: &[Column], cells: &[&str]) -> Result<Self, String> {
            if cells.contains(&"bad") {
                return Err("it is bad".to_owned());
            }
            Ok(Self {
                line,
                cells: cells.iter().map(|&cell| cell.to_owned()).collect(),
            })
        }
    }

    fn read(text: &str) -> CsvFile<Row> {
        read_csv(text.as_bytes()).unwrap()
    }

    #[test]
    fn rows_are_read_with_commas_semicolons_and_a_byte_order_mark() {
        for text in [
            "key,value\nada,\"Lovelace, Ada\"\n",
            "\u{feff}KEY;Value\r\nada;Lovelace, Ada\r\n;\r\n",
        ] {
            let file = read(text);
            assert_eq!((file.rows.len(), file.errors.len()), (1, 0), "{file:?}");
            assert_eq!(file.rows[0].line, 2);
            assert_eq!(file.rows[0].cells, ["ada", "Lovelace, Ada"]);
        }
    }

    #[test]
    fn lines_are_counted_whatever_ends_them() {
        for end in ["\n", "\r\n"] {
            let text = ["key", "a", "", "\"b\"", "", "", "c"].join(end);
            let lines: Vec<_> = read(&text).rows.iter().map(|row| row.line).collect();
            assert_eq!(lines, [2, 4, 7], "{end:?}");
        }
    }

    #[test]
    fn what_is_wrong_is_said_by_line() {
        let file = read("key,value\nada\n\"a\nb\",bad\nada,Ada\nbob,bad\n");
        let lines: Vec<_> = file.errors.iter().map(|note| note.line).collect();
        assert_eq!(lines, [2, 3, 6], "{:?}", file.errors);
        assert_eq!(file.rows.len(), 1);
        let latin = read_csv::<Row>(&b"key,value\nada,Ad\xe4\n"[..]).unwrap();
        assert!(latin.errors[0].message.contains("UTF-8"), "{latin:?}");
    }

    #[test]
    fn a_file_that_cannot_be_understood_is_refused_as_a_whole() {
        let error = |text: &str| read_csv::<Row>(text.as_bytes()).unwrap_err().to_string();
        for (text, why) in [
            ("", "is empty"),
            ("key,phone\n", "`phone`"),
            ("key,KEY\n", "key twice"),
            ("value\nAda\n", "tells which is meant: key"),
        ] {
            assert!(error(text).contains(why), "{text}: {}", error(text));
        }
        let many = format!("key\n{}", "a\n".repeat(MAX_ROWS + 1));
        assert!(error(&many).contains("more than"));
    }
}
