use std::fmt::Write;

use proptest::prelude::*;
use roxmltree::Document;

use crate::xml::{c14n, error::StreamError, tree::Element};
use crate::xml::{
    c14n::stream::{RenderedNamespaces, StreamCanonicalizer},
    reader::{
        chunked_reader::{ChunkDigests, ChunkedReader, MAX_TOKEN},
        token_reader::{MAX_DEPTH, TokenReader, XmlToken},
    },
};

/// The canonical form of a whole document.
fn canonicalize(text: &[u8], which: &RenderedNamespaces, chunk: usize) -> Result<String, StreamError> {
    let source = ChunkedReader::new(text, 1 << 30).with_chunk_size(chunk);
    let mut tokens = TokenReader::new(source);
    let mut canonical = StreamCanonicalizer::new(which.clone());
    loop {
        match tokens.next()? {
            XmlToken::Start(tag, scope) => canonical.open(&tag, scope)?,
            XmlToken::End(name) => canonical.close(name),
            XmlToken::Text(text) => canonical.text(text),
            XmlToken::Ignored => {}
            XmlToken::Eof => return Ok(canonical.out),
        }
    }
}

fn canonicalize_exclusive(text: &str) -> String {
    canonicalize(text.as_bytes(), &RenderedNamespaces::exclusive(&[]), 64).unwrap()
}

/// What is written by hand here was compared with xmlsec1; `tests/it/aggregate.rs` compares on.
#[test]
fn the_canonical_form_is_that_of_the_recommendation() {
    for (text, form) in [
        // Declarations stand where they are used, each once, sorted; what nobody uses falls away.
        (
            "<a:r xmlns:b='urn:b' xmlns:a='urn:a' xmlns:c='urn:c'><b:x/><b:x><a:y/></b:x></a:r>",
            "<a:r xmlns:a=\"urn:a\"><b:x xmlns:b=\"urn:b\"></b:x><b:x xmlns:b=\"urn:b\"><a:y></a:y></b:x></a:r>",
        ),
        // The default namespace is undeclared where it stood, and only there.
        (
            "<r xmlns='urn:r'><x xmlns=''><y/></x><p:z xmlns:p='urn:p'><w/></p:z></r>",
            "<r xmlns=\"urn:r\"><x xmlns=\"\"><y></y></x><p:z xmlns:p=\"urn:p\"><w></w></p:z></r>",
        ),
        ("<r><x xmlns=''/></r>", "<r><x></x></r>"),
        // A prefix that stands for something else further down is declared again.
        (
            "<p:r xmlns:p='urn:1'><p:x xmlns:p='urn:2'><p:y xmlns:p='urn:1'/></p:x><p:z/></p:r>",
            "<p:r xmlns:p=\"urn:1\"><p:x xmlns:p=\"urn:2\"><p:y xmlns:p=\"urn:1\"></p:y></p:x><p:z></p:z></p:r>",
        ),
        // Attributes are sorted by namespace, not by prefix; those without one come first.
        (
            "<r xmlns:z='urn:a' xmlns:a='urn:z' a:q='1' z:q='2' xml:lang='en' b='3' a='4'/>",
            "<r xmlns:a=\"urn:z\" xmlns:z=\"urn:a\" a=\"4\" b=\"3\" xml:lang=\"en\" z:q=\"2\" a:q=\"1\"></r>",
        ),
        // White space in attributes is a blank each, unless it came by reference; line ends are one character.
        (
            "<r a='\t1\r\n2\n3\r4' b=\"&#9;&#10;&#13;'&quot;&apos;&lt;&gt;&amp;\">\r\n\r&#13;\"'&gt;&lt;&amp;&#xE4;</r>",
            "<r a=\" 1 2 3 4\" b=\"&#x9;&#xA;&#xD;'&quot;'&lt;>&amp;\">\n\n&#xD;\"'&gt;&lt;&amp;ä</r>",
        ),
        // Comments, CDATA and the declaration leave nothing behind but text.
        (
            "\u{feff}<?xml version='1.0' encoding='utf-8'?>\n<!-- a --><r>x<!-- b -->y<![CDATA[<z>&amp;\r\n]]></r>\n<!-- c -->",
            "<r>xy&lt;z&gt;&amp;amp;\n</r>",
        ),
        ("<r\n  a = '1'\tb\r\n='2' ></r >", "<r a=\"1\" b=\"2\"></r>"),
    ] {
        assert_eq!(canonicalize_exclusive(text), form, "{text}");
        assert_eq!(canonicalize_exclusive(form), form, "canonical is canonical");
    }
}

#[test]
fn listed_prefixes_are_declared_as_they_come() {
    let text = "<r xmlns='urn:r' xmlns:u='urn:u' xmlns:v='urn:v'><p:x xmlns:p='urn:p'><y xmlns='' xmlns:u='urn:2'/></p:x></r>";
    let listed =
        |list: &[&str]| canonicalize(text.as_bytes(), &RenderedNamespaces::exclusive(list), 64).unwrap();
    assert_eq!(
        listed(&["u", "nobody", "xml"]),
        "<r xmlns=\"urn:r\" xmlns:u=\"urn:u\"><p:x xmlns:p=\"urn:p\"><y xmlns=\"\" xmlns:u=\"urn:2\"></y></p:x></r>"
    );
    assert_eq!(
        listed(&["#default", "p"]),
        "<r xmlns=\"urn:r\"><p:x xmlns:p=\"urn:p\"><y xmlns=\"\"></y></p:x></r>"
    );
    assert_eq!(
        canonicalize(text.as_bytes(), &RenderedNamespaces::All, 64).unwrap(),
        "<r xmlns=\"urn:r\" xmlns:u=\"urn:u\" xmlns:v=\"urn:v\"><p:x xmlns:p=\"urn:p\"><y xmlns=\"\" xmlns:u=\"urn:2\"></y></p:x></r>"
    );
}

#[test]
fn what_has_no_canonical_form_is_refused() {
    for bad in [
        "<r xmlns='relative'/>",
        "<r xmlns='http://a:b/'/>",
        "<r xmlns='urn:%4'/>",
        "<r xmlns:p='../x'/>",
        "<r xmlns:p='http://[x'/>",
        "<r xmlns:p='http://'/>",
        "<r xmlns:p='a b:c'/>",
        "<r xmlns:p='urn:a b'/>",
        "<r xmlns:p='urn:a#b#c'/>",
        "<?x y?><r/>",
        "<r><?x y?></r>",
        "<!DOCTYPE r><r/>",
    ] {
        assert!(
            canonicalize(bad.as_bytes(), &RenderedNamespaces::exclusive(&[]), 64).is_err(),
            "{bad}"
        );
    }
}

#[test]
fn memory_is_bounded_whatever_the_file() {
    let long = "x".repeat(MAX_TOKEN + 200_000);
    for (bad, why) in [
        (format!("<r>{long}</r>"), "2 MB"),
        (format!("<r a='{long}'/>"), "2 MB"),
        (format!("<r><!--{long}--></r>"), "2 MB"),
        (format!("<r><![CDATA[{long}]]></r>"), "2 MB"),
        (format!("<{long}/>"), "2 MB"),
        (format!("<{}/>", "x".repeat(2000)), "name"),
        (format!("<r>&{long}"), "2 MB"),
        ("<a>".repeat(MAX_DEPTH + 1), "deep"),
        (
            format!(
                "<r {}/>",
                (0..300).fold(String::new(), |mut all, n| {
                    write!(all, " a{n}=''").unwrap();
                    all
                })
            ),
            "attribute",
        ),
    ] {
        let why_not = canonicalize(bad.as_bytes(), &RenderedNamespaces::exclusive(&[]), 1 << 16).unwrap_err();
        assert!(why_not.to_string().contains(why), "{why_not}");
    }
    let small = ChunkedReader::new(&b"<r>0123456789</r>"[..], 10).with_chunk_size(4);
    let mut tokens = TokenReader::new(small);
    let refused = loop {
        match tokens.next() {
            Ok(_) => {}
            Err(why) => break why,
        }
    };
    assert!(matches!(refused, StreamError::TooLong(_)), "{refused:?}");
}

#[test]
fn a_file_that_changed_since_it_was_recorded_is_refused() {
    let text = "<r><a/><b/><c/><d/></r>";
    let read = |source: ChunkedReader<&[u8]>| -> Result<_, StreamError> {
        let mut tokens = TokenReader::new(source.with_chunk_size(8));
        while !matches!(tokens.next()?, XmlToken::Eof) {}
        Ok(tokens.into_inner().into_chunk_digests())
    };
    let recorded = read(ChunkedReader::recording(text.as_bytes(), 1000)).unwrap();
    assert_eq!(recorded.len(), text.len().div_ceil(8));
    let unchanged = read(ChunkedReader::comparing(
        text.as_bytes(),
        1000,
        ChunkDigests::clone(&recorded),
    ));
    assert!(unchanged.is_ok(), "{unchanged:?}");
    for other in [
        "<r><a/><b/><c/><e/></r>",
        "<r><a/><b/><c/></r>",
        "<r><a/><b/><c/><d/></r> ",
        "<r><a/></r>",
    ] {
        let again = read(ChunkedReader::comparing(
            other.as_bytes(),
            1000,
            ChunkDigests::clone(&recorded),
        ));
        assert!(matches!(again, Err(StreamError::Changed)), "{other}");
    }
}

/// An element with children, out of few names, so that they meet.
fn element() -> impl Strategy<Value = String> {
    let declaration = prop_oneof![
        Just(""),
        Just(" xmlns=\"urn:d\""),
        Just(" xmlns=''"),
        Just(" xmlns:p='urn:p'"),
        Just(" xmlns:p='urn:q'\n xmlns:q='urn:p'"),
    ];
    let attribute = prop_oneof![
        Just(""),
        Just(" a='1'"),
        Just(" b=' \t&#9;&amp;'  a='&#x2014;'"),
        Just(" p:a='2' a='3'"),
        Just(" xml:lang='de'"),
    ];
    let name = prop_oneof![Just("e"), Just("p:e"), Just("q:e")];
    let text = prop_oneof![
        Just(""),
        Just("t\r\n"),
        Just("&lt;ü&#13;"),
        Just("<!-- c -->"),
        Just("<![CDATA[<&]]>"),
    ];
    let leaf = (name.clone(), declaration.clone(), attribute.clone(), text.clone()).prop_map(
        |(name, declaration, attribute, text)| format!("<{name}{declaration}{attribute}>{text}</{name}>"),
    );
    leaf.prop_recursive(5, 40, 5, move |inner| {
        (
            name.clone(),
            declaration.clone(),
            attribute.clone(),
            text.clone(),
            prop::collection::vec(inner, 0..5),
        )
            .prop_map(|(name, declaration, attribute, text, inside)| {
                format!(
                    "<{name}{declaration}{attribute}>{text}{}</{name}>",
                    inside.concat()
                )
            })
    })
}

proptest! {
    #[test]
    fn chunk_size_makes_no_difference(text in element(), chunk in 3usize..80) {
        let text = format!("<r xmlns:q='urn:0' xmlns:p='urn:1'>{text}</r>");
        let whole = canonicalize(text.as_bytes(), &RenderedNamespaces::exclusive(&[]), 1 << 16);
        let pieces = canonicalize(text.as_bytes(), &RenderedNamespaces::exclusive(&[]), chunk);
        prop_assert_eq!(whole.unwrap(), pieces.unwrap());
    }

    #[test]
    fn canonical_form_is_a_fixed_point_and_keeps_the_infoset(text in element()) {
        let text = format!("<r xmlns:q='urn:0' xmlns:p='urn:1'>{text}</r>");
        let form = canonicalize_exclusive(&text);
        prop_assert_eq!(&canonicalize_exclusive(&form), &form);
        let (before, after) = (Document::parse(&text).unwrap(), Document::parse(&form).unwrap());
        prop_assert_eq!(infoset(&before), infoset(&after));
    }

    /// What streams by here and what is walked as a tree there are two writers of one form.
    #[test]
    fn stream_and_tree_canonicalizers_agree(text in element(), listed in prop::sample::subsequence(vec!["p", "q", "#default", "nobody"], 0..4)) {
        // Messages are read with their line ends changed already.
        let text = format!("<r xmlns:q='urn:0' xmlns:p='urn:1'>{text}</r>").replace('\r', "");
        let document = Document::parse(&text).unwrap();
        let tree = c14n::tree::exclusive(Element::from_node(document.root_element()), None, &listed);
        let stream = canonicalize(text.as_bytes(), &RenderedNamespaces::exclusive(&listed), 1 << 16);
        prop_assert_eq!(stream.unwrap(), tree.unwrap());
    }

    #[test]
    fn what_the_strict_parser_refuses_is_refused(text in "[<>/a&;=\"'!x \\[\\]?:-]{0,24}") {
        for text in [format!("<r xmlns:a='urn:a'>{text}</r>"), format!("<r {text}/>"), text] {
            if canonicalize(text.as_bytes(), &RenderedNamespaces::exclusive(&[]), 1 << 16).is_ok() {
                prop_assert!(Document::parse(&text).is_ok(), "{}", text);
            }
        }
    }
}

/// What a document says, whatever its prefixes.
fn infoset(document: &Document<'_>) -> Vec<String> {
    let of = |node: roxmltree::Node<'_, '_>| {
        let mut attributes: Vec<_> = node
            .attributes()
            .map(|attribute| {
                format!(
                    "{:?}",
                    (attribute.namespace(), attribute.name(), attribute.value())
                )
            })
            .collect();
        attributes.sort();
        let text: String = node
            .children()
            .filter_map(|child| child.text().filter(|_text| child.is_text()))
            .collect();
        format!(
            "{:?} {:?} {attributes:?} {text:?}",
            node.tag_name().namespace().unwrap_or_default(),
            node.tag_name().name()
        )
    };
    document
        .descendants()
        .filter(roxmltree::Node::is_element)
        .map(of)
        .collect()
}
