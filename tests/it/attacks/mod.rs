//! The attacks of the threat list, by their number. What another test holds already is named here.

use crate::support::house::{Database, on_each_database};

mod algorithms;
mod browser;
mod keys;
mod message;
mod posted;
mod transforms;
mod web;
mod wrapping;
mod xml;

type Attack = fn(&Database);

/// Rows that have a test of their own here.
const HERE: &[(u32, Attack)] = &[
    (1, message::a_response_goes_only_where_it_is_registered),
    (2, message::a_consumer_is_never_a_script),
    (3, browser::nothing_echoed_becomes_markup),
    (4, message::a_bad_signature_is_never_ignored),
    (5, message::parameters_are_never_ambiguous),
    (7, message::broken_combinations_are_refused_without_a_fault),
    (8, algorithms::no_weak_or_borrowed_algorithm_counts),
    (9, wrapping::what_is_wrapped_is_never_read),
    (10, keys::a_key_in_the_message_counts_for_nothing),
    (11, transforms::nothing_in_a_signature_is_fetched_or_run),
    (12, xml::nothing_is_fetched_or_expanded),
    (13, xml::entity_bombs_are_refused),
    (14, xml::deflate_bombs_are_refused_as_too_large),
    (15, xml::floods_of_depth_and_attributes_are_refused),
    (16, xml::one_id_twice_is_refused),
    (17, xml::a_cut_issuer_is_another_issuer),
    (18, xml::an_id_is_a_name_and_nothing_more),
    (19, browser::control_characters_do_not_enter),
    (32, browser::many_logins_at_once_leave_the_rest_alone),
    (35, browser::a_name_with_line_breaks_stays_one_value),
    (48, browser::waiting_costs_little),
    (49, web::one_request_is_never_read_as_two),
    (51, browser::no_parameter_leads_off_site),
    (52, web::files_and_inner_words_are_not_shown),
];

/// Rows that tests elsewhere hold.
const ELSEWHERE: &[(u32, &str)] = &[
    // row 4: sign_on_signed::a_changed_request_or_a_foreign_key_gets_our_own_page
    (
        4,
        "sign_on_signed::a_changed_request_or_a_foreign_key_gets_our_own_page",
    ),
    // row 6: sign_on_signed::every_algorithm_in_every_spelling_is_verified_over_the_octets_as_they_came
    (
        6,
        "sign_on_signed::every_algorithm_in_every_spelling_is_verified_over_the_octets_as_they_came",
    ),
    // row 8: sign_on_signed::weak_algorithms_and_key_confusion_are_refused
    (8, "sign_on_signed::weak_algorithms_and_key_confusion_are_refused"),
    // row 17: logout::nobody_else_ends_the_session
    (17, "logout::nobody_else_ends_the_session"),
    // row 18: response::hostile_names_arrive_letter_for_letter
    (18, "response::hostile_names_arrive_letter_for_letter"),
    // row 20: publish::every_page_is_framed_by_nobody_kept_by_nobody_and_runs_only_our_scripts
    (
        20,
        "publish::every_page_is_framed_by_nobody_kept_by_nobody_and_runs_only_our_scripts",
    ),
    // row 21: sign_on::the_self_posting_page_works_without_script_and_may_go_on_anywhere
    (
        21,
        "sign_on::the_self_posting_page_works_without_script_and_may_go_on_anywhere",
    ),
    // row 22: login::a_planted_cookie_is_dead_after_login
    (22, "login::a_planted_cookie_is_dead_after_login"),
    // row 23: login::only_the_whole_cookie_under_its_own_name_is_a_session
    (23, "login::only_the_whole_cookie_under_its_own_name_is_a_session"),
    // row 24: login::cookies_are_guarded_by_their_prefix_on_https_and_plain_on_loopback
    (
        24,
        "login::cookies_are_guarded_by_their_prefix_on_https_and_plain_on_loopback",
    ),
    // row 25: login::only_a_form_of_our_own_page_in_its_own_browser_is_believed
    (
        25,
        "login::only_a_form_of_our_own_page_in_its_own_browser_is_believed",
    ),
    // row 26: sign_on_again::from_another_browser_session_or_person_an_answered_request_is_never_answered
    (
        26,
        "sign_on_again::from_another_browser_session_or_person_an_answered_request_is_never_answered",
    ),
    (
        26,
        "logout::a_request_is_taken_once_and_leaves_a_new_session_alone",
    ),
    // row 27: logout::nobody_else_ends_the_session
    (27, "logout::nobody_else_ends_the_session"),
    // row 28: logout::stray_answers_end_in_a_page_and_nothing_loops_or_leaves_the_site
    (
        28,
        "logout::stray_answers_end_in_a_page_and_nothing_loops_or_leaves_the_site",
    ),
    // row 24: single_logout::posted::a_posted_request_begins_a_logout_and_posted_answers_carry_it_on
    (
        24,
        "single_logout::posted::a_posted_request_begins_a_logout_and_posted_answers_carry_it_on",
    ),
    // row 27: single_logout::posted::what_is_posted_unsigned_or_signed_by_another_ends_nothing_and_confirms_nothing
    (
        27,
        "single_logout::posted::what_is_posted_unsigned_or_signed_by_another_ends_nothing_and_confirms_nothing",
    ),
    // row 28: single_logout::answers::an_answer_that_nobody_waits_for_changes_nothing_and_leads_nowhere
    (
        28,
        "single_logout::answers::an_answer_that_nobody_waits_for_changes_nothing_and_leads_nowhere",
    ),
    // row 41: single_logout::chain::an_application_that_is_switched_off_is_still_told_but_ends_nobody_elses_session
    (
        41,
        "single_logout::chain::an_application_that_is_switched_off_is_still_told_but_ends_nobody_elses_session",
    ),
    // row 29: login::unknown_wrong_and_disabled_look_alike_and_cost_the_same
    (
        29,
        "login::unknown_wrong_and_disabled_look_alike_and_cost_the_same",
    ),
    // row 30: throttle::*
    (
        30,
        "throttle::guessing_is_stopped_before_anything_is_hashed_and_told_how_long",
    ),
    (30, "throttle::one_address_that_tries_many_names_is_stopped"),
    (30, "throttle::forwarded_addresses_of_strangers_do_not_help"),
    (30, "throttle::every_spelling_of_a_name_is_counted_as_one"),
    (30, "throttle::forty_at_once_are_counted_one_by_one"),
    // row 31: throttle::the_owner_gets_in_from_elsewhere_and_an_office_is_not_throttled_by_its_own_success
    (
        31,
        "throttle::the_owner_gets_in_from_elsewhere_and_an_office_is_not_throttled_by_its_own_success",
    ),
    (31, "throttle::a_known_device_passes_whatever_attackers_do"),
    (
        31,
        "lockout::a_pause_of_an_account_lets_one_try_pass_from_where_nobody_failed",
    ),
    // row 15, of which the harm is a message that is taken and dear
    (15, "posted::the_cheap_questions_are_asked_first"),
    // row 32, of which the harm is that nobody gets in
    (
        32,
        "busy::whoever_would_wait_too_long_is_told_to_come_back_and_a_known_device_has_a_place",
    ),
    (32, "busy::nothing_is_hashed_for_a_client_that_has_left"),
    (32, "busy::a_storm_from_one_address_holds_up_nobody_at_another"),
    // row 32, row 33: login::a_password_is_never_cut_and_a_huge_one_never_hashed
    (32, "login::a_password_is_never_cut_and_a_huge_one_never_hashed"),
    (33, "login::a_password_is_never_cut_and_a_huge_one_never_hashed"),
    // row 34: publish::no_header_moves_an_address_of_ours
    (34, "publish::no_header_moves_an_address_of_ours"),
    // row 35: cli::daemon::the_log_is_whole_lines_and_holds_no_secret
    (35, "cli::daemon::the_log_is_whole_lines_and_holds_no_secret"),
    // row 36: operating::what_lies_there_is_for_us_alone_and_wider_modes_are_refused
    (
        36,
        "operating::what_lies_there_is_for_us_alone_and_wider_modes_are_refused",
    ),
    // row 37: sources::addresses::nothing_is_fetched_from_where_it_should_not_be
    (
        37,
        "sources::addresses::nothing_is_fetched_from_where_it_should_not_be",
    ),
    // row 41: sign_on_again::a_disabled_application_or_person_is_refused_at_the_next_request
    (
        41,
        "sign_on_again::a_disabled_application_or_person_is_refused_at_the_next_request",
    ),
    // row 44: login::the_database_holds_no_token_as_the_browser_has_it
    (44, "login::the_database_holds_no_token_as_the_browser_has_it"),
    // row 45: publish::every_page_is_framed_by_nobody_kept_by_nobody_and_runs_only_our_scripts
    (
        45,
        "publish::every_page_is_framed_by_nobody_kept_by_nobody_and_runs_only_our_scripts",
    ),
    // row 47: sign_on::relay_state_comes_back_as_it_was, response::hostile_names_arrive_letter_for_letter
    (47, "sign_on::relay_state_comes_back_as_it_was"),
    (47, "response::hostile_names_arrive_letter_for_letter"),
    // row 48, of which the harm is that somebody else's sign-in is lost
    (
        48,
        "sign_on_again::what_strangers_begin_costs_nobody_a_sign_in_and_keeps_nothing_here",
    ),
];

/// The rows that must be held. Row 42, a hash chain over the audit log, is not among them yet: it comes later.
const ROWS: &[u32] = &[
    1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28,
    29, 30, 31, 32, 33, 34, 35, 36, 37, 41, 44, 45, 47, 48, 49, 51, 52,
];

#[test]
fn every_row_of_the_list_is_held() {
    for row in ROWS {
        let here = HERE.iter().any(|(held, _)| held == row);
        assert!(here || ELSEWHERE.iter().any(|(held, _)| held == row), "row {row}");
    }
    for (row, name) in ELSEWHERE {
        let (file, test) = name.rsplit_once("::").unwrap();
        let source = std::fs::read_to_string(format!("tests/it/{}.rs", file.replace("::", "/"))).unwrap();
        assert!(
            source.contains(&format!("#[test]\nfn {test}()")),
            "row {row}: there is no {name}"
        );
    }
}

/// One test a row, so that a failure names its number.
macro_rules! rows {
    ($($name:ident: $row:literal),* $(,)?) => {$(
        #[test]
        fn $name() {
            let (_, attack) = HERE.iter().find(|(row, _)| *row == $row).unwrap();
            on_each_database(attack);
        }
    )*

    #[test]
    fn every_attack_here_runs() {
        let run = [$($row),*];
        assert!(HERE.iter().all(|(row, _)| run.contains(row)) && run.len() == HERE.len());
    }};
}

rows!(
    row_01: 1, row_02: 2, row_03: 3, row_04: 4, row_05: 5, row_07: 7, row_08: 8, row_09: 9, row_10: 10, row_11: 11, row_12: 12, row_13: 13, row_14: 14, row_15: 15,
    row_16: 16, row_17: 17, row_18: 18, row_19: 19, row_32: 32, row_35: 35, row_48: 48, row_49: 49, row_51: 51,
    row_52: 52,
);
