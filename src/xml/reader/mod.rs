//! XML as a stream, strictly: quick-xml cuts the bytes, and what it does not look at is looked at here.

pub(crate) mod chunked_reader;
pub(crate) mod namespace_scope;
pub(crate) mod start_tag;
pub(crate) mod token_reader;

#[cfg(test)]
mod tests;
