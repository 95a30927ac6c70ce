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
    for explanation in all() {
        assert!(seen.insert(explanation.code), "{} twice", explanation.code);
        assert!(explanation.code.len() <= 24, "{}", explanation.code);
        assert!(
            explanation
                .code
                .bytes()
                .all(|byte| byte.is_ascii_uppercase() || byte == b'-'),
            "{}",
            explanation.code
        );
    }
    assert!(seen.len() >= 24, "{seen:?}");
}

#[test]
fn texts_are_sentences_and_a_status_message_is_one() {
    for explanation in all() {
        let fix = if let Fix::Words(text) = explanation.fix {
            Some(text)
        } else {
            None
        };
        for text in iter::once(explanation.message).chain(fix) {
            assert!(text.ends_with('.'), "{}: {text}", explanation.code);
            assert!(
                text.starts_with(|c: char| c.is_uppercase() || c == '`'),
                "{}: {text}",
                explanation.code
            );
        }
        assert!(!explanation.meaning.ends_with('.'), "{}", explanation.code);
        if explanation.status.is_some() {
            assert!(
                !explanation.message.contains(". "),
                "{}: the status message is one sentence",
                explanation.code
            );
            assert!(
                explanation.message.is_ascii() && explanation.message.len() <= 120,
                "{}",
                explanation.code
            );
        }
        if explanation.responsible == ResponsibleParty::User {
            assert!(
                fix.is_some_and(|text| !text.contains('`')),
                "{}: a person types no commands",
                explanation.code
            );
        }
    }
}
