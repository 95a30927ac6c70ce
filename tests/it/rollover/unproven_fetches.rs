//! Fetches from an address that anybody can guess, or by link previews: no evidence, but shown.

use chrono::TimeDelta;
use hallpass::model::actor::Actor;
use hallpass::provider::keys::{AdoptionEvidence, MIN_PUBLISHED_BEFORE_SIGNING};

use super::{adoption::metadata_path, expect_done, expect_refused, request_with_headers};
use crate::support::{assertions::assert_matches, sso_setup::SsoSetup, test_server::on_each_database};

const GUESSABLE_PATH: &str = "/saml/metadata/wiki";

#[test]
fn a_fetch_of_a_guessable_address_is_shown_but_does_not_confirm_adoption() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let provider = &setup.server.provider;
        let own_address = metadata_path(provider, "wiki");
        expect_done(provider.keys(&Actor::Itself).prepare_key(None).unwrap());
        provider.refresh_snapshot().unwrap();
        let address = setup.server.address;
        let another = own_address.replace(|c: char| c.is_ascii_digit(), "0");
        let published = request_with_headers(address, "GET", "/saml/metadata", &[]).body;
        let come = |target: &str, from: &str, agent: &str| {
            let headers = [("X-Forwarded-For", from), ("User-Agent", agent)];
            let fetched = request_with_headers(address, "GET", target, &headers);
            assert_eq!((fetched.status, fetched.body), (200, published.clone()));
        };
        let wiki_row = || {
            let found = provider.keys(&Actor::Itself).rollover().unwrap().adoptions;
            found
                .into_iter()
                .find(|adoption| adoption.slug == setup.wiki.slug)
                .unwrap()
        };
        // A fetch from an address that can be guessed is recorded after the response.
        let hints = |wanted: usize| {
            for _ in 0..1000 {
                if wiki_row().fetches.len() == wanted {
                    return wiki_row().fetches;
                }
                std::thread::sleep(std::time::Duration::from_millis(10));
            }
            panic!("{:?}", wiki_row().fetches)
        };
        come(GUESSABLE_PATH, "203.0.113.1", "curl/8");
        hints(1);
        come(GUESSABLE_PATH, "203.0.113.1", "another name of the same");
        come(&another, "203.0.113.2", "Shibboleth/3.4");
        let seen = hints(2);
        assert!(seen.iter().all(|fetch| !fetch.is_own), "{seen:?}");
        assert!(
            seen.iter()
                .any(|fetch| fetch.user_agent.as_deref() == Some("Shibboleth/3.4")),
            "{seen:?}"
        );
        assert_eq!(wiki_row().evidence, None, "anybody can have come");
        setup.server.clock.advance(MIN_PUBLISHED_BEFORE_SIGNING);
        expect_refused(provider.keys(&Actor::Itself).activate_key(false).unwrap());
        for n in 0..30 {
            setup.server.clock.advance(TimeDelta::seconds(1));
            come(GUESSABLE_PATH, &format!("203.0.113.{}", 100 + n), "flood");
        }
        setup.server.clock.advance(TimeDelta::seconds(1));
        come(GUESSABLE_PATH, "198.51.100.7", "the last");
        for _ in 0..1000 {
            if wiki_row()
                .fetches
                .iter()
                .any(|fetch| fetch.user_agent.as_deref() == Some("the last"))
            {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        let seen = wiki_row().fetches;
        // A few more where several are written at once.
        assert!(seen.len() < 20, "a flood is noted to an end: {}", seen.len());
        assert!(
            seen.iter()
                .any(|fetch| fetch.user_agent.as_deref() == Some("the last")),
            "and hides nobody: {seen:?}"
        );

        // Somebody has pasted the address into a chat.
        request_with_headers(
            address,
            "GET",
            &own_address,
            &[("User-Agent", "Slackbot-LinkExpanding 1.0")],
        );
        assert_eq!(wiki_row().evidence, None, "what looks at links is no application");
        for agent in ["a proxy", "the application"] {
            request_with_headers(address, "GET", &own_address, &[("User-Agent", agent)]);
        }
        let row = wiki_row();
        assert_matches!(
            &row.evidence,
            Some(AdoptionEvidence::Fetched { agent: Some(agent), .. }) if agent == "a proxy"
        );
        let own: Vec<_> = row.fetches.iter().filter(|fetch| fetch.is_own).collect();
        assert_eq!(own.len(), 3);
        expect_done(provider.keys(&Actor::Itself).activate_key(false).unwrap());
    });
}
