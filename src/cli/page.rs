//! Long listings, of which a page at a time is in memory.

use anyhow::Result;

/// How many rows are listed for people, who look for one of them; a program gets all.
pub(super) const DEFAULT_LIMIT: u32 = 100;
/// How many rows are in memory at a time.
const PAGE: u32 = 500;

/// Calls `each` with at most `limit` rows in order. `read` reads at most so many rows after the one with a key. Returns
/// whether there are more.
pub(super) fn each_row<T, K>(
    limit: u32,
    mut read: impl FnMut(Option<K>, u32) -> Result<Vec<T>>,
    key: impl Fn(&T) -> K,
    mut each: impl FnMut(&T) -> Result<()>,
) -> Result<bool> {
    let count = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
    let (mut left, mut after) = (count(limit), None);
    loop {
        // One more than is left, to know whether there are more.
        let wanted = u32::try_from(left.saturating_add(1))
            .unwrap_or(u32::MAX)
            .min(PAGE);
        let rows = read(after, wanted)?;
        for row in rows.iter().take(left) {
            each(row)?;
        }
        if rows.len() > left {
            return Ok(true);
        }
        left -= rows.len();
        after = rows.last().map(&key);
        if rows.len() < count(wanted) {
            return Ok(false);
        }
    }
}

/// How many rows to list: a number, or `all`.
pub(super) fn parse_count(text: &str) -> Result<u32, String> {
    const MAX_COUNT: u32 = 100_000;
    if text == "all" {
        return Ok(u32::MAX);
    }
    text.parse()
        .ok()
        .filter(|number| (1..=MAX_COUNT).contains(number))
        .ok_or_else(|| format!("write a number from 1 to {MAX_COUNT}, or all"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_many_is_a_number_or_all() {
        assert_eq!((parse_count("1"), parse_count("all")), (Ok(1), Ok(u32::MAX)));
        for bad in ["0", "-1", "100001", "99999999999999999999", "many", ""] {
            assert!(parse_count(bad).unwrap_err().contains("or all"), "{bad:?}");
        }
    }

    #[test]
    fn every_row_comes_once_and_whether_there_are_more_is_known() {
        for (total, limit) in [
            (0, 3),
            (3, 3),
            (4, 3),
            (500, 500),
            (501, 500),
            (1300, 1000),
            (1300, u32::MAX),
        ] {
            let mut seen = Vec::new();
            let are_more = each_row(
                limit,
                |after: Option<u32>, count| {
                    let first = after.map_or(0, |after| after + 1);
                    Ok((first..total).take(count as usize).collect())
                },
                |row| *row,
                |row| {
                    seen.push(*row);
                    Ok(())
                },
            );
            assert_eq!(are_more.unwrap(), total > limit, "{total} {limit}");
            assert_eq!(seen, (0..total.min(limit)).collect::<Vec<_>>());
        }
    }
}
