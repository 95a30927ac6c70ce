//! Times and durations as XML Schema writes them.

use chrono::{DateTime, Datelike, NaiveDateTime, TimeDelta, Timelike, Utc};

use crate::xml::characters::trim;

/// An `xs:dateTime` (xml-schema 2, 3.2.7); without a zone it is UTC, as in messages.
pub(crate) fn parse_date_time(text: &str) -> Option<DateTime<Utc>> {
    let text = trim(text);
    if text.len() > MAX_DATE_TIME_LEN {
        return None;
    }
    // The end of a day may be written as its 24th hour.
    match text.split_once("T24:00:00") {
        Some((day, rest)) => {
            let rest = rest
                .strip_prefix('.')
                .map_or(rest, |fraction| fraction.trim_start_matches('0'));
            parse_without_hour_24(&format!("{day}T00:00:00{rest}"))?.checked_add_signed(TimeDelta::days(1))
        }
        None => parse_without_hour_24(text),
    }
}

/// The longest text that can be a time, in bytes: it comes from outside, and may be megabytes.
const MAX_DATE_TIME_LEN: usize = 64;

fn parse_without_hour_24(text: &str) -> Option<DateTime<Utc>> {
    let zoned = DateTime::parse_from_rfc3339(text).map(|time| time.to_utc());
    let bare = || NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f").map(|time| time.and_utc());
    let time = zoned.or_else(|_not_zoned| bare()).ok()?;
    // Years that sums with them would leave the calendar for are no times either.
    (1..=9999).contains(&time.year()).then_some(time)
}

/// A time as SAML writes it: UTC, `Z`, milliseconds (saml-core, 1.3.3). Written out rather than by a format
/// string, which is read anew each time.
pub fn format_date_time(at: DateTime<Utc>) -> String {
    let mut text = String::with_capacity("2026-01-31T23:59:59.999Z".len());
    for (value, digits, behind) in [
        (at.year().unsigned_abs(), 4, '-'),
        (at.month(), 2, '-'),
        (at.day(), 2, 'T'),
        (at.hour(), 2, ':'),
        (at.minute(), 2, ':'),
        (at.second(), 2, '.'),
        (at.timestamp_subsec_millis().min(999), 3, 'Z'),
    ] {
        push_number(&mut text, value, digits);
        text.push(behind);
    }
    text
}

/// Appends `value` with as many digits: its last ones, if it has more.
fn push_number(text: &mut String, value: u32, digits: u32) {
    for power in (0..digits).rev() {
        let digit = value / 10_u32.pow(power) % 10;
        text.extend(char::from_digit(digit, 10));
    }
}

/// The length of a year and of a month where a duration names them: it bounds a cache, and is no calendar.
const YEAR: i64 = 365 * DAY;
const MONTH: i64 = 30 * DAY;
const DAY: i64 = 24 * HOUR;
const HOUR: i64 = 60 * MINUTE;
const MINUTE: i64 = 60;

/// An `xs:duration` (xml-schema 2, 3.2.6), such as `P1DT12H` or `PT604800S`. Those below zero, and those of
/// more than a thousand years, are none.
pub(crate) fn parse_duration(text: &str) -> Option<TimeDelta> {
    let (date, time) = match trim(text).strip_prefix('P')?.split_once('T') {
        Some((_, "")) => return None,
        Some((date, time)) => (date, time),
        None => (trim(text).strip_prefix('P')?, ""),
    };
    if date.is_empty() && time.is_empty() {
        return None;
    }
    let days = sum_of_units(date, &[('Y', YEAR), ('M', MONTH), ('D', DAY)])?;
    let (whole, fraction) = match time.split_once('.') {
        None => (time.to_owned(), None),
        Some((whole, fraction)) => (format!("{whole}S"), Some(fraction.strip_suffix('S')?)),
    };
    let seconds = sum_of_units(&whole, &[('H', HOUR), ('M', MINUTE), ('S', 1)])?;
    let milliseconds = fraction.map_or(Some(0), milliseconds)?;
    let total = days.checked_add(seconds).filter(|sum| *sum <= 1000 * YEAR)?;
    TimeDelta::try_seconds(total)?.checked_add(&TimeDelta::milliseconds(milliseconds))
}

/// The sum of numbers that units follow, each unit at most once, in their order.
fn sum_of_units(text: &str, units: &[(char, i64)]) -> Option<i64> {
    let (mut rest, mut total) = (text, 0i64);
    for (unit, length) in units {
        let Some((number, after)) = rest.split_once(*unit) else {
            continue;
        };
        if !is_number(number) {
            return None;
        }
        total = total.checked_add(number.parse::<i64>().ok()?.checked_mul(*length)?)?;
        rest = after;
    }
    rest.is_empty().then_some(total)
}

fn milliseconds(fraction: &str) -> Option<i64> {
    let digits: String = fraction.chars().chain("00".chars()).take(3).collect();
    is_number(fraction).then(|| digits.parse().ok())?
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_date_time_is_utc_to_the_millisecond() {
        let at = "2026-03-04T05:06:07.089123Z".parse().unwrap();
        assert_eq!(format_date_time(at), "2026-03-04T05:06:07.089Z");
    }

    #[test]
    fn an_oversized_date_time_is_refused_at_once() {
        for text in [
            "T24:00:00".repeat(200_000),
            format!("2026-11-21T24:00:00.{}", "0".repeat(2_000_000)),
        ] {
            assert_eq!(parse_date_time(&text), None);
        }
        assert_eq!(parse_date_time("2026-11-21T24:00:00T24:00:00"), None);
        assert_eq!(
            parse_date_time("2026-11-21T24:00:00.000Z"),
            parse_date_time("2026-11-22T00:00:00Z")
        );
    }

    #[test]
    fn durations_are_read_in_every_legal_spelling() {
        for (text, seconds) in [
            ("PT604800S", 604_800),
            ("P7D", 604_800),
            (" PT1H ", 3600),
            ("P1DT12H", 129_600),
            ("P1Y2M3DT4H5M6S", 365 * 86_400 + 60 * 86_400 + 3 * 86_400 + 14_706),
            ("P1M", 30 * 86_400),
            ("PT1M", 60),
            ("P0Y0M0DT6H0M0.000S", 21_600),
            ("PT0S", 0),
            ("PT07H", 25_200),
        ] {
            assert_eq!(parse_duration(text), Some(TimeDelta::seconds(seconds)), "{text}");
        }
        assert_eq!(parse_duration("PT0.5S"), Some(TimeDelta::milliseconds(500)));
        assert_eq!(parse_duration("PT1.23456S"), Some(TimeDelta::milliseconds(1234)));
        for text in [
            "",
            "P",
            "PT",
            "P1",
            "1D",
            "P1S",
            "PT1D",
            "P1DT",
            "P1D1D",
            "PT1S1M",
            "-P1D",
            "P-1D",
            "P+1D",
            "P1.5D",
            "PT.5S",
            "PT1.S",
            "PT1.5",
            "P1H",
            "pt1s",
            "P99999999999999999999D",
            "P5000Y",
            "six hours",
        ] {
            assert_eq!(parse_duration(text), None, "{text}");
        }
    }

    #[test]
    fn the_twenty_fourth_hour_is_the_next_day() {
        let midnight = parse_date_time("2026-11-22T00:00:00Z");
        assert!(midnight.is_some());
        for text in [
            "2026-11-21T24:00:00Z",
            "2026-11-21T24:00:00.00Z",
            "2026-11-21T24:00:00",
            "2026-11-22T01:00:00+01:00",
        ] {
            assert_eq!(parse_date_time(text), midnight, "{text}");
        }
        for text in [
            "",
            "tomorrow",
            "2026-11-21",
            "2026-11-21T24:00:01Z",
            "+12026-11-21T00:00:00Z",
            "2026-02-30T00:00:00Z",
        ] {
            assert_eq!(parse_date_time(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn durations_round_trip(days in 0i64..300_000, seconds in 0i64..86_400) {
            let text = format!("P{days}DT{seconds}S");
            prop_assert_eq!(parse_duration(&text), Some(TimeDelta::seconds(days * 86_400 + seconds)));
        }

        #[test]
        fn no_text_breaks_the_reader(text in "[-+PYMDTHS0-9.: Z]{0,30}") {
            let _whatever = parse_duration(&text);
            let _whatever = parse_date_time(&text);
        }
    }
}
