//! Where attempts come from: networks of many addresses, and networks of many users.

use crate::support::{
    browser::Browser,
    sign_in_attempts::{attempt_sign_in, browser_from},
    sql,
    sso_setup::{ADA, SsoSetup},
    test_server::{PASSWORD, on_each_database},
};

fn attempt_status(browser: &mut Browser, email: &str, password: &str) -> u16 {
    attempt_sign_in(browser, email, password).status
}

/// How many of `tries` wrong attempts, for names that nobody has, are checked.
fn attempts_checked(setup: &SsoSetup, tries: usize, address: impl Fn(usize) -> String) -> usize {
    (0..tries)
        .filter(|n| {
            let name = format!("n{n}-{}@fernweh.example", address(0).replace(':', "."));
            attempt_status(&mut browser_from(setup, &address(*n)), &name, "Spring2026!") == 200
        })
        .count()
}

#[test]
fn an_ipv6_network_has_the_attempt_limit_of_a_few_clients() {
    on_each_database(|database| {
        let setup = SsoSetup::with(database, &[("HALLPASS_THROTTLE_ADDRESS_FREE", "3")], |_, _| {});
        assert_eq!(
            attempts_checked(&setup, 30, |n| format!("2001:db8:1:{n:x}::1")),
            6,
            "a /56"
        );
        assert_eq!(
            attempts_checked(&setup, 30, |n| format!("2001:db8:2:{n:x}00::1")),
            12,
            "a /48"
        );
        assert_eq!(
            attempts_checked(&setup, 30, |n| format!("2001:db8:3:1:{n}::1")),
            3,
            "a /64"
        );
        assert_eq!(
            attempt_status(&mut browser_from(&setup, "2001:db8:4::1"), ADA, PASSWORD),
            303
        );
    });
}

#[test]
fn a_network_with_successful_sign_ins_has_a_higher_limit_for_thirty_days() {
    on_each_database(|database| {
        let setup = SsoSetup::with(database, &[("HALLPASS_THROTTLE_ADDRESS_FREE", "3")], |_, _| {});
        let office = "192.0.2.1";
        let mut known = browser_from(&setup, office);
        for n in 0..3 {
            let name = format!("person{n}@fernweh.example");
            setup.server.add_user(&name, "Some", "Body");
            for _twice in 0..2 {
                assert_eq!(
                    attempt_status(&mut browser_from(&setup, office), &name, PASSWORD),
                    303
                );
            }
        }
        assert_eq!(attempt_status(&mut known, ADA, PASSWORD), 303);
        let people = "SELECT count(*) AS n FROM network_people";
        assert_eq!(sql::number(&setup.server.settings, people), 4);
        assert_eq!(attempts_checked(&setup, 50, |_| office.to_owned()), 3 + 4 * 5);
        assert_eq!(
            attempt_status(&mut browser_from(&setup, office), ADA, PASSWORD),
            429
        );
        let portal = known.get("/");
        known.post("/logout", &[("csrf", &portal.field("csrf").unwrap())]);
        assert_eq!(
            attempt_status(&mut known, ADA, PASSWORD),
            303,
            "what others do from there holds up no known device"
        );

        setup.server.clock.advance(chrono::TimeDelta::days(31));
        assert_eq!(
            attempts_checked(&setup, 50, |_| office.to_owned()),
            3,
            "a network that nobody signs in from any more is as any other"
        );
        while setup.server.provider.run_housekeeping().unwrap() > 0 {}
        assert_eq!(sql::number(&setup.server.settings, people), 0);
    });
}

#[test]
fn a_known_device_is_throttled_separately_from_its_network() {
    on_each_database(|database| {
        let few = [
            ("HALLPASS_THROTTLE_ADDRESS_FREE", "4"),
            ("HALLPASS_THROTTLE_DEVICE_FREE", "2"),
            ("HALLPASS_THROTTLE_PAIR_FREE", "3"),
        ];
        let setup = SsoSetup::with(database, &few, |_, _| {});
        let mut known = browser_from(&setup, "192.0.2.1");
        assert_eq!(attempt_status(&mut known, ADA, PASSWORD), 303);
        let portal = known.get("/");
        known.post("/logout", &[("csrf", &portal.field("csrf").unwrap())]);
        attempts_checked(&setup, 30, |_| "192.0.2.1".to_owned());
        let statuses: Vec<u16> = (0..7).map(|_| attempt_status(&mut known, ADA, "wrong")).collect();
        assert_eq!(
            statuses,
            [200, 200, 200, 200, 200, 429, 429],
            "its own two, then those of the pair"
        );
    });
}
