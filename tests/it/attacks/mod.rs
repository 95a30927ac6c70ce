//! The attacks of the threat list, by their number. Attacks that another test covers are listed here.

use crate::support::test_server::{Database, on_each_database};

mod algorithms;
mod browser;
mod keys;
mod message;
mod signed_setup;
mod transforms;
mod web;
mod wrapping;
mod xml;

type Attack = fn(&Database);

/// Rows that have a test of their own here.
const TESTED_HERE: &[(u32, Attack)] = &[
    (1, message::a_response_goes_only_where_it_is_registered),
    (2, message::an_acs_url_is_never_a_script),
    (3, browser::nothing_echoed_becomes_markup),
    (4, message::a_bad_signature_is_never_ignored),
    (5, message::parameters_are_never_ambiguous),
    (
        7,
        message::broken_combinations_are_refused_without_an_internal_error,
    ),
    (8, algorithms::no_weak_or_substituted_algorithm_is_accepted),
    (9, wrapping::signature_wrapping_is_refused),
    (10, keys::a_key_in_the_message_is_not_trusted),
    (11, transforms::no_transform_or_reference_is_fetched_or_executed),
    (12, xml::nothing_is_fetched_or_expanded),
    (13, xml::entity_bombs_are_refused),
    (14, xml::deflate_bombs_are_refused_as_too_large),
    (15, xml::floods_of_depth_and_attributes_are_refused),
    (16, xml::one_id_twice_is_refused),
    (17, xml::a_truncated_issuer_is_another_issuer),
    (18, xml::an_id_is_an_ncname),
    (19, browser::control_characters_are_rejected),
    (32, browser::concurrent_sign_ins_do_not_block_other_requests),
    (35, browser::a_name_with_line_breaks_stays_one_value),
    (48, browser::pending_sign_ins_cost_little),
    (49, web::one_request_is_never_read_as_two),
    (51, browser::no_parameter_redirects_off_site),
    (52, web::files_and_internal_details_are_not_shown),
];

/// Rows that tests elsewhere cover.
const TESTED_ELSEWHERE: &[(u32, &str)] = &[
    (
        4,
        "sso_signed::a_changed_request_or_an_unregistered_key_gets_our_error_page",
    ),
    (
        6,
        "sso_signed::every_algorithm_and_percent_encoding_is_verified_over_the_received_octets",
    ),
    (8, "sso_signed::weak_algorithms_and_key_confusion_are_refused"),
    (17, "logout::only_a_participants_signed_request_ends_the_session"),
    (18, "response::hostile_names_arrive_unchanged"),
    (
        20,
        "publish::every_page_forbids_framing_and_caching_and_runs_only_our_scripts",
    ),
    (
        21,
        "sso::the_self_posting_page_works_without_script_and_for_any_acs",
    ),
    (22, "sign_in::a_planted_cookie_is_replaced_at_sign_in"),
    (
        23,
        "sign_in::only_the_exact_cookie_under_its_own_name_is_a_session",
    ),
    (
        24,
        "sign_in::cookies_have_the_host_prefix_on_https_and_none_on_loopback",
    ),
    (25, "sign_in::only_our_own_form_in_the_same_browser_is_accepted"),
    (
        26,
        "sso_resumed::a_request_is_never_answered_again_for_another_browser_session_or_user",
    ),
    (26, "logout::a_replayed_logout_request_does_not_end_a_new_session"),
    (27, "logout::only_a_participants_signed_request_ends_the_session"),
    (
        28,
        "logout::unsolicited_logout_responses_get_a_page_without_redirect",
    ),
    (
        24,
        "single_logout::posted::a_posted_request_begins_a_logout_and_posted_responses_advance_it",
    ),
    (
        27,
        "single_logout::posted::an_unsigned_or_wrongly_signed_post_ends_and_confirms_nothing",
    ),
    (
        28,
        "single_logout::responses::an_unsolicited_response_changes_nothing_and_does_not_redirect",
    ),
    (
        41,
        "single_logout::chain::a_disabled_application_still_receives_logout_requests_but_cannot_start_a_logout",
    ),
    (
        29,
        "sign_in::unknown_wrong_and_disabled_get_the_same_page_at_the_same_cost",
    ),
    (
        30,
        "throttle::guessing_is_stopped_before_hashing_and_gets_retry_after",
    ),
    (30, "throttle::one_address_that_tries_many_emails_is_throttled"),
    (30, "throttle::x_forwarded_for_from_untrusted_peers_is_ignored"),
    (30, "throttle::every_spelling_of_an_email_is_counted_as_one"),
    (30, "throttle::forty_concurrent_attempts_are_each_counted"),
    (
        31,
        "throttle::the_owner_can_sign_in_from_elsewhere_and_an_office_is_not_throttled_by_successes",
    ),
    (31, "throttle::a_known_device_is_not_blocked_by_attackers"),
    (
        31,
        "lockout::a_paused_account_allows_one_attempt_from_an_address_without_failures",
    ),
    // row 15: the harm is an expensive message that is accepted
    (15, "sso_posted::cheap_checks_run_first"),
    // row 32: the harm is that nobody can sign in
    (
        32,
        "busy::an_overloaded_server_answers_retry_later_and_reserves_capacity_for_known_devices",
    ),
    (32, "busy::no_password_is_hashed_for_a_disconnected_client"),
    (32, "busy::a_flood_from_one_address_does_not_delay_another"),
    (
        32,
        "sign_in::a_password_is_never_truncated_and_a_huge_one_never_hashed",
    ),
    (
        33,
        "sign_in::a_password_is_never_truncated_and_a_huge_one_never_hashed",
    ),
    (34, "publish::no_request_header_changes_our_urls"),
    (35, "cli::daemon::the_log_has_whole_lines_and_no_secret"),
    (
        36,
        "operating::data_files_are_private_and_wider_modes_are_refused",
    ),
    (
        37,
        "sources::addresses::nothing_is_fetched_from_a_forbidden_address",
    ),
    (
        41,
        "sso_resumed::a_disabled_application_or_user_is_refused_at_the_next_request",
    ),
    (44, "sign_in::the_database_stores_only_hashes_of_browser_tokens"),
    (
        45,
        "publish::every_page_forbids_framing_and_caching_and_runs_only_our_scripts",
    ),
    (47, "sso::relay_state_is_returned_unchanged"),
    (47, "response::hostile_names_arrive_unchanged"),
    // row 48: the harm is that another user's sign-in is lost
    (
        48,
        "sso_resumed::anonymous_requests_evict_no_pending_sign_in_and_store_nothing",
    ),
    (
        38,
        "cli::registration::authn_requests_signed_without_a_key_does_not_allow_unsigned_requests",
    ),
    (
        38,
        "sources::refresh::a_signature_requirement_is_not_dropped_automatically",
    ),
    (
        42,
        "audit_chain::whichever_row_is_changed_removed_or_swapped_is_named",
    ),
    (
        43,
        "rollover::load::every_response_verifies_with_a_key_that_every_replica_had_published",
    ),
    (
        46,
        "rollover::ring::an_expiring_certificate_is_reported_in_health_and_status_and_blocks_nothing",
    ),
    (
        50,
        "name_ids::a_persistent_name_id_is_stable_per_user_and_differs_between_service_providers",
    ),
    (53, "links::the_answer_is_the_same_for_an_address_that_nobody_has"),
    (
        53,
        "links::three_mails_an_hour_go_to_a_person_and_twenty_requests_come_from_an_address",
    ),
    (
        54,
        "links::somebody_who_was_invited_chooses_a_password_once_and_signs_in",
    ),
    (54, "links::of_two_who_use_a_link_at_the_same_moment_one_succeeds"),
    (55, "roles::nobody_takes_over_somebody_who_may_do_more"),
    (55, "roles::a_sensitive_act_asks_for_a_fresh_authentication"),
    (
        56,
        "roles::no_sequence_of_changes_leaves_nobody_who_can_administer",
    ),
    (
        56,
        "roles::of_two_owners_who_lose_their_role_at_the_same_moment_one_keeps_it",
    ),
    (
        57,
        "second_factors::wrong_codes_are_counted_together_however_many_devices_a_password_makes_known",
    ),
    (
        57,
        "second_factors::wrong_codes_pause_the_account_and_a_right_password_refunds_nothing",
    ),
    (
        58,
        "second_factors::a_right_password_alone_reaches_nothing_and_its_ticket_is_good_for_one_browser_and_step",
    ),
    (
        58,
        "second_factors::a_ticket_ends_when_somebody_is_switched_off_and_a_secret_is_enrolled_once",
    ),
    (
        58,
        "second_factors::recovery_codes_are_no_second_factor_by_themselves",
    ),
    (
        58,
        "second_factors::a_remembered_device_changes_no_password_and_finds_its_way_to_the_code",
    ),
    (
        59,
        "second_factors::force_authn_is_answered_by_what_is_proved_after_the_request_alone",
    ),
    (
        59,
        "second_factors::a_device_is_remembered_only_where_that_is_allowed_and_wished_and_proves_nothing",
    ),
    (
        60,
        "passkeys::a_challenge_is_good_once_for_one_browser_one_purpose_and_five_minutes",
    ),
    (
        60,
        "passkeys::what_is_not_the_answer_of_the_persons_own_passkey_here_is_refused",
    ),
    (
        61,
        "passkeys::what_is_not_the_answer_of_the_persons_own_passkey_here_is_refused",
    ),
    (
        61,
        "passkeys::a_new_passkey_is_stored_only_if_it_is_what_the_page_asked_for",
    ),
    (62, "passkeys::a_passkey_lets_in_only_who_may_sign_in"),
    (
        62,
        "passkeys::a_passkey_is_removed_by_its_person_or_by_an_administrator",
    ),
    (
        62,
        "second_factors::what_was_proved_by_a_phone_that_was_removed_begins_no_session",
    ),
    (
        63,
        "passkeys::an_address_that_would_lose_passkeys_is_refused_until_it_is_said_to_be_meant",
    ),
    (64, "email_guard::an_address_that_is_pinned_is_nobody_elses"),
    (
        65,
        "email_change::a_new_address_holds_once_its_link_was_opened_by_the_person_who_asked",
    ),
    (
        65,
        "email_change::an_address_is_asked_for_soon_after_a_sign_in_and_only_of_a_listed_domain",
    ),
    (
        65,
        "email_change::whoever_is_not_signed_in_signs_in_and_then_sees_the_link",
    ),
    (
        66,
        "email_change::the_old_address_undoes_a_change_for_a_week_and_ends_every_session",
    ),
    (
        66,
        "email_change::the_old_address_wins_over_whoever_changed_it_twice",
    ),
    (
        66,
        "email_change::what_lets_somebody_in_and_was_set_since_the_change_is_gone_with_it",
    ),
    (
        66,
        "email_change::an_address_that_can_be_brought_back_is_nobody_elses_and_an_administrator_decides_last",
    ),
    (
        67,
        "email_change::who_asks_does_not_learn_whether_somebody_has_the_address_and_cannot_flood_them",
    ),
    (
        67,
        "email_change_refusals::nobody_can_use_up_what_others_may_ask_for",
    ),
    (
        68,
        "oidc::authorize::nobody_is_sent_to_an_address_that_is_not_registered",
    ),
    (
        69,
        "oidc::tokens::a_code_works_once_for_its_client_its_address_and_its_verifier",
    ),
    (
        70,
        "oidc::tokens::a_refresh_token_has_its_turn_a_grace_and_then_ends_all",
    ),
    (
        71,
        "oidc::tokens::tokens_are_introspected_by_their_client_alone_and_can_be_revoked",
    ),
    (71, "oidc::authorize::the_person_of_an_id_token_hint_is_asked_for"),
    (
        72,
        "oidc::tokens::a_refresh_token_outlives_the_session_and_not_the_right_to_the_application",
    ),
    (
        72,
        "oidc::clients::an_application_that_is_switched_off_gives_nothing",
    ),
];

/// The rows that must be covered. Rows 39 and 40 are about an administration over HTTP, which does not exist yet.
const THREAT_NUMBERS: &[u32] = &[
    1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28,
    29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56,
    57, 58, 59, 60, 61, 62, 63, 64, 65, 66, 67, 68, 69, 70, 71, 72,
];

/// Each row and a test that covers it, as docs/security.md names them.
pub(crate) fn rows_and_tests() -> impl Iterator<Item = (u32, String)> {
    let here = TESTED_HERE
        .iter()
        .map(|(row, _)| (*row, format!("attacks::row_{row:02}")));
    here.chain(
        TESTED_ELSEWHERE
            .iter()
            .map(|(row, test)| (*row, (*test).to_owned())),
    )
}

#[test]
fn every_threat_has_a_test() {
    for row in THREAT_NUMBERS {
        let here = TESTED_HERE.iter().any(|(held, _)| held == row);
        assert!(
            here || TESTED_ELSEWHERE.iter().any(|(held, _)| held == row),
            "row {row}"
        );
    }
    for (row, name) in TESTED_ELSEWHERE {
        let (file, test) = name.rsplit_once("::").unwrap();
        let source = std::fs::read_to_string(format!("tests/it/{}.rs", file.replace("::", "/"))).unwrap();
        assert!(
            source.contains(&format!("#[test]\nfn {test}()")),
            "row {row}: there is no {name}"
        );
    }
}

/// One test per row, so that a failure names its number.
macro_rules! rows {
    ($($name:ident: $row:literal),* $(,)?) => {$(
        #[test]
        fn $name() {
            let (_, attack) = TESTED_HERE.iter().find(|(row, _)| *row == $row).unwrap();
            on_each_database(attack);
        }
    )*

    #[test]
    fn every_attack_test_runs() {
        let run = [$($row),*];
        let here: Vec<u32> = TESTED_HERE.iter().map(|(row, _)| *row).collect();
        assert!(
            here.iter().all(|row| run.contains(row)) && run.len() == here.len(),
            "{run:?} run of {here:?}"
        );
    }};
}

rows!(
    row_01: 1, row_02: 2, row_03: 3, row_04: 4, row_05: 5, row_07: 7, row_08: 8, row_09: 9, row_10: 10, row_11: 11, row_12: 12, row_13: 13, row_14: 14, row_15: 15,
    row_16: 16, row_17: 17, row_18: 18, row_19: 19, row_32: 32, row_35: 35, row_48: 48, row_49: 49, row_51: 51,
    row_52: 52,
);
