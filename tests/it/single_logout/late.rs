//! Sessions that grew old, applications that are gone, and cookies in the wrong hands.

use super::*;
use crate::support::house::on_each_database;

const TWO: [(&str, Takes); 2] = [("Wiki", Takes::Redirect), ("Mail", Takes::Redirect)];

/// Neither the person nor an application is named, and no address of one.
fn is_nameless(page: &Response) {
    for word in ["Mail", "mail.example", "Ada", "Lovelace", ADA] {
        assert!(!page.body.contains(word), "{word}: {}", page.body);
    }
}

#[test]
fn a_session_that_grew_old_still_tells_its_applications() {
    on_each_database(|database| {
        let town = Town::new(database, &TWO);
        let (mut browser, _) = town.opened(&[0, 1]);
        let csrf = browser.get("/").field("csrf").unwrap();
        town.house.clock.advance(TimeDelta::hours(9));
        town.house.provider.keep_house().unwrap();
        assert_eq!(browser.get("/").status, 303, "it signs nobody in any more");
        // Somebody else may sit there by now: nobody is named, and no application.
        let ask = browser.get("/logout");
        assert!(
            ask.body.contains("2 applications that were opened from it") && ask.field("csrf").is_some(),
            "{}",
            ask.body
        );
        is_nameless(&ask);
        let response = browser.post("/logout", &[("csrf", &csrf)]);
        let page = arrive(&mut browser, response);
        is_nameless(&page);
        let end = town.walk(&mut browser, page, &|_| Reply::Success);
        let End::Page(page) = end else { panic!("{end:?}") };
        is_nameless(&page);
        assert_eq!(
            badges(&page),
            pairs(&[("Application 1", "Ended"), ("Application 2", "Ended")])
        );
    });
}

#[test]
fn an_application_that_signs_out_after_a_working_day_hears_of_the_others() {
    on_each_database(|database| {
        let town = Town::new(database, &TWO);
        let (mut browser, indexes) = town.opened(&[0, 1]);
        town.house.clock.advance(TimeDelta::hours(9));
        town.house.provider.keep_house().unwrap();
        let response = browser.get(&town.request(0, "_late", indexes.first().map(String::as_str)));
        let page = arrive(&mut browser, response);
        is_nameless(&page);
        let end = town.walk(&mut browser, page, &|_| Reply::Failure);
        let End::Answer(_, back) = end else {
            panic!("{end:?}")
        };
        assert!(back.xml.contains("status:PartialLogout"), "{}", back.xml);
    });
}

#[test]
fn an_application_that_is_removed_meanwhile_counts_as_open() {
    on_each_database(|database| {
        let town = Town::new(database, &TWO);
        let (mut browser, _) = town.opened(&[0, 1]);
        let page = Town::sign_out(&mut browser);
        let gone = &town.peers[1].application.slug;
        town.house.provider.remove_application(gone).unwrap();
        let end = town.walk(&mut browser, page, &|_| Reply::Success);
        let End::Page(page) = end else { panic!("{end:?}") };
        assert!(!page.body.contains("signed out everywhere"), "{}", page.body);
        assert!(
            page.body.contains("An application that was removed"),
            "{}",
            page.body
        );
    });
}

#[test]
fn a_logout_that_an_application_began_is_not_taken_over_by_a_session_that_it_ended() {
    on_each_database(|database| {
        let town = Town::new(database, &TWO);
        let (mut laptop, one) = town.opened(&[0, 1]);
        let (mut phone, two) = town.opened(&[0]);
        let csrf = phone.get("/").field("csrf").unwrap();
        // Both sessions end, and the laptop is led to the others.
        let both = format!("{}</samlp:SessionIndex><samlp:SessionIndex>{}", one[0], two[0]);
        let response = laptop.get(&town.request(0, "_all", Some(&both)));
        let page = arrive(&mut laptop, response);
        let response = phone.post("/logout", &[("csrf", &csrf)]);
        assert_eq!(
            response.status, 200,
            "the phone is signed out, and has nobody to ask"
        );
        let end = town.walk(&mut laptop, page, &|_| Reply::Success);
        assert!(matches!(end, End::Answer(_, back) if back.xml.contains("status:Success")));
    });
}
