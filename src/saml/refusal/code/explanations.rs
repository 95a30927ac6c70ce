//! How a table of codes is written.

/// Defines a constant for each explanation, and a list of all of them.
macro_rules! explanations {
    ($list:ident: $($(#[$doc:meta])* $name:ident = $explanation:expr;)+) => {
        $($(#[$doc])* pub(in crate::saml::refusal) const $name: Explanation = $explanation;)+
        pub(in crate::saml::refusal) const $list: &[Explanation] = &[$($name),+];
    };
}
pub(super) use explanations;
