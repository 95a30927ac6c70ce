//! From a page to its text.

/// A page that can be sent.
pub trait Page: askama::Template {
    /// The whole page as HTML.
    fn html(&self) -> String {
        self.render().unwrap_or_else(|error| {
            // Writing into a String cannot fail, so only a value that refuses to be printed leads here.
            tracing::error!(%error, "a page could not be written");
            "<!doctype html><title>This did not work</title><p>This did not work. Begin again where you came from."
                .to_owned()
        })
    }
}

impl<T: askama::Template> Page for T {}
