//! Which fetches of metadata were recorded already.

use std::{collections::BTreeSet, net::IpAddr};

use crate::model::{application::Slug, id::KeyId};

/// How many fetches are cached, so that they need no query.
const MAX_REMEMBERED: usize = 4096;

/// A fetcher, and the address that it used.
pub(in crate::provider) type FetcherIdentity = (Slug, Option<String>, IpAddr, Option<String>);

/// The fetchers seen so far, so that each needs only one query.
#[derive(Debug, Default)]
pub(in crate::provider) struct FetchLog {
    key: Option<KeyId>,
    fetches: BTreeSet<FetcherIdentity>,
}

impl FetchLog {
    pub(in crate::provider) fn contains(&self, key: KeyId, fetcher: &FetcherIdentity) -> bool {
        self.key == Some(key) && self.fetches.contains(fetcher)
    }

    pub(in crate::provider) fn add(&mut self, key: KeyId, fetcher: FetcherIdentity) {
        if self.key != Some(key) {
            self.key = Some(key);
            self.fetches.clear();
        }
        // A client may send a new `User-Agent` each time: what is not cached costs a query.
        if self.fetches.len() < MAX_REMEMBERED {
            self.fetches.insert(fetcher);
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;

    #[test]
    fn each_fetch_is_new_once_for_a_key() {
        let key = |chance: u8| KeyId::new(DateTime::UNIX_EPOCH, [chance; 10]);
        let from = |slug: &str, token: Option<&str>| {
            let address: IpAddr = [192, 0, 2, 1].into();
            (
                Slug::parse(slug).unwrap(),
                token.map(str::to_owned),
                address,
                None,
            )
        };
        let mut log = FetchLog::default();
        assert!(!log.contains(key(1), &from("wiki", None)));
        log.add(key(1), from("wiki", None));
        assert!(log.contains(key(1), &from("wiki", None)));
        assert!(!log.contains(key(1), &from("wiki", Some("x"))));
        assert!(!log.contains(key(1), &from("other", None)));
        assert!(!log.contains(key(2), &from("wiki", None)));
        log.add(key(2), from("other", None));
        for gone in [key(1), key(2)] {
            assert!(!log.contains(gone, &from("wiki", None)));
        }
        for n in 0..2 * MAX_REMEMBERED {
            log.add(key(2), from("wiki", Some(&n.to_string())));
        }
        assert_eq!(log.fetches.len(), MAX_REMEMBERED);
    }
}
