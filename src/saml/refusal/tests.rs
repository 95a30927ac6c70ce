use std::collections::BTreeSet;

use super::*;
use crate::model::explanation::Mender;

#[test]
fn an_unproven_sender_is_never_answered() {
    for refusal in [
        Refusal::BadSignature,
        Refusal::Algorithm("x"),
        Refusal::SignatureShape("x"),
        Refusal::UnknownConsumer,
        Refusal::WrongDestination,
        Refusal::UnknownIssuer,
        Refusal::ApplicationKnown,
        Refusal::MetadataExpired,
        Refusal::ApplicationDisabled,
        Refusal::Replayed,
        Refusal::UnexpectedResponse,
        Refusal::OtherIssuer,
    ] {
        assert_eq!(refusal.status(), None, "{refusal}");
    }
    let (top, second) = Refusal::SignatureMissing.status().unwrap();
    assert!(top.ends_with(":Requester") && second.unwrap().ends_with(":RequestDenied"));
}

#[test]
fn a_code_is_said_once_and_is_short() {
    let mut seen = BTreeSet::new();
    for one in all() {
        assert!(seen.insert(one.code), "{} twice", one.code);
        assert!(one.code.len() <= 24, "{}", one.code);
        assert!(
            one.code
                .bytes()
                .all(|byte| byte.is_ascii_uppercase() || byte == b'-'),
            "{}",
            one.code
        );
    }
    assert!(seen.len() >= 24);
}

#[test]
fn the_words_are_sentences_and_what_is_sent_is_one() {
    for one in all() {
        for text in [one.wrong, one.mend] {
            assert!(text.ends_with('.'), "{}: {text}", one.code);
            assert!(
                text.starts_with(|c: char| c.is_uppercase() || c == '`'),
                "{}: {text}",
                one.code
            );
        }
        assert!(!one.means.ends_with('.'), "{}", one.code);
        if one.status.is_some() {
            assert!(
                !one.wrong.contains(". "),
                "{}: the status message is one sentence",
                one.code
            );
            assert!(one.wrong.is_ascii() && one.wrong.len() <= 120, "{}", one.code);
        }
        if one.who == Mender::Person {
            assert!(
                !one.mend.contains('`'),
                "{}: a person types no commands",
                one.code
            );
        }
    }
}
