//! How mail is sent.

use crate::{
    config::reader::{ReadSecret, Reader, format_path, parse_path},
    model::language::Language,
    model::mail::{MailServer, MailSettings, Mailbox},
};

const URL: [&str; 2] = ["mail.url", "mail.url_file"];

/// Nothing where no server is named: then no mail is sent.
pub(super) fn read(
    reader: &mut Reader<'_>,
    read_secret: ReadSecret<'_>,
    organisation: &str,
    language: Language,
) -> Option<MailSettings> {
    let server = reader.url_or_file(
        URL,
        |text| MailServer::parse(text).map_err(str::to_owned),
        ToString::to_string,
        read_secret,
    );
    let ca_file = reader.optional("mail.ca_file", parse_path, |path| format_path(path));
    let from = reader.optional("mail.from", Mailbox::parse, ToString::to_string);
    let reply_to = reader.optional("mail.reply_to", Mailbox::parse, ToString::to_string);
    if from.is_none() && !reader.is_given("mail.from") {
        for key in URL {
            if reader.is_given(key) {
                let why = "mail needs a sender: set mail.from to an address that this server lets you send from, such as \"Fernweh <no-reply@fernweh.example>\"";
                reader.add_error(&URL, key, why);
            }
        }
    }
    Some(MailSettings {
        server: server?,
        ca_file,
        from: from?,
        reply_to,
        organisation: organisation.to_owned(),
        language,
    })
}
