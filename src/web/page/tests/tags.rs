//! Parses a page as a browser would, as far as our pages need it.

/// A tag and its attributes with their raw values; for a script, also its text.
#[derive(Debug)]
pub(super) struct Tag {
    pub(super) name: String,
    pub(super) attributes: Vec<(String, String)>,
    pub(super) script: String,
}

/// The tags of a page in order (html, 13.2.5).
pub(super) fn tags(html: &str) -> Vec<Tag> {
    let mut found = Vec::new();
    let mut rest = html;
    while let Some((_, after)) = rest.split_once('<') {
        let mut tag = Tag {
            name: String::new(),
            attributes: Vec::new(),
            script: String::new(),
        };
        (tag.name, rest) = until(after, |c| c.is_ascii_whitespace() || c == '>');
        loop {
            rest = rest.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '/');
            if let Some(end) = rest.strip_prefix('>') {
                rest = end;
                break;
            }
            let (attribute, after) = until(rest, |c| c.is_ascii_whitespace() || "=>/".contains(c));
            let (value, after) = match after.strip_prefix('=') {
                None => ("", after),
                Some(quoted) => quoted
                    .strip_prefix('"')
                    .and_then(|inside| inside.split_once('"'))
                    .expect("quotes"),
            };
            tag.attributes.push((attribute, value.to_owned()));
            rest = after;
        }
        if tag.name == "script" {
            let (script, after) = rest.split_once("</script>").expect("an end");
            script.clone_into(&mut tag.script);
            rest = after;
        }
        found.push(tag);
    }
    found
}

fn until(text: &str, is_end: impl Fn(char) -> bool) -> (String, &str) {
    let (name, rest) = text.split_at(text.find(is_end).expect("an end"));
    (name.to_owned(), rest)
}

pub(super) fn skeleton(html: &str) -> Vec<(String, Vec<String>, String)> {
    let shape = |tag: Tag| {
        (
            tag.name,
            tag.attributes.into_iter().map(|(name, _)| name).collect(),
            tag.script,
        )
    };
    tags(html).into_iter().map(shape).collect()
}

pub(super) fn unescaped(html: &str) -> String {
    [
        ("&#60;", "<"),
        ("&#62;", ">"),
        ("&#34;", "\""),
        ("&#39;", "'"),
        ("&#38;", "&"),
    ]
    .iter()
    .fold(html.to_owned(), |text, (escaped, plain)| {
        text.replace(escaped, plain)
    })
}
