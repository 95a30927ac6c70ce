use std::{collections::BTreeSet, iter};

use super::*;
use crate::model::{explanation::ResponsibleParty, remedy::Fix};

#[test]
fn an_unproven_sender_never_gets_a_status() {
    for refusal in [
        Refusal::BadSignature,
        Refusal::SignatureAlgorithm("x"),
        Refusal::SignatureShape("x"),
        Refusal::UnknownAcs,
        Refusal::WrongDestination,
        Refusal::UnknownIssuer,
        Refusal::ImportedEntityNotEnabled,
        Refusal::MetadataExpired,
        Refusal::ApplicationDisabled,
        Refusal::Replayed,
        Refusal::UnexpectedResponse,
        Refusal::WrongIssuer,
    ] {
        assert_eq!(refusal.status(), None, "{refusal}");
    }
    let (top, second) = Refusal::SignatureMissing.status().unwrap();
    assert!(top.ends_with(":Requester"), "{top}");
    let second = second.unwrap();
    assert!(second.ends_with(":RequestDenied"), "{second}");
}

#[test]
fn a_code_is_unique_and_short() {
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
    assert!(seen.len() >= 24, "{seen:?}");
}

#[test]
fn texts_are_sentences_and_a_status_message_is_one() {
    for one in all() {
        let fix = if let Fix::Words(words) = one.fix {
            Some(words)
        } else {
            None
        };
        for text in iter::once(one.message).chain(fix) {
            assert!(text.ends_with('.'), "{}: {text}", one.code);
            assert!(
                text.starts_with(|c: char| c.is_uppercase() || c == '`'),
                "{}: {text}",
                one.code
            );
        }
        assert!(!one.meaning.ends_with('.'), "{}", one.code);
        if one.status.is_some() {
            assert!(
                !one.message.contains(". "),
                "{}: the status message is one sentence",
                one.code
            );
            assert!(one.message.is_ascii() && one.message.len() <= 120, "{}", one.code);
        }
        if one.responsible == ResponsibleParty::User {
            assert!(
                fix.is_some_and(|words| !words.contains('`')),
                "{}: a person types no commands",
                one.code
            );
        }
    }
}
