//! Renders pages to HTML.

/// A page that can be rendered.
pub trait Page: askama::Template {
    /// The page as HTML; a minimal page if rendering fails.
    fn html(&self) -> String {
        self.render().unwrap_or_else(|error| {
            // Writing into a String cannot fail, so only a value whose `Display` returns an error
            // leads here.
            tracing::error!(%error, "a page could not be written");
            "<!doctype html><title>This did not work</title><p>This did not work. Begin again where you came from."
                .to_owned()
        })
    }
}

impl<T: askama::Template> Page for T {}
