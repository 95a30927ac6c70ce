//! Logs every statement that a request or a listing executes, where a test asks for it.

use std::{
    collections::BTreeSet,
    fs::OpenOptions,
    io::Write,
    path::PathBuf,
    sync::{Mutex, OnceLock},
    thread,
};

use diesel::connection::{Instrumentation, InstrumentationEvent, set_default_instrumentation};

/// Names the file that statements are appended to, one per line.
pub(crate) const LOG_FILE_VARIABLE: &str = "HALLPASS_TEST_STATEMENTS";

static FILE: OnceLock<Option<PathBuf>> = OnceLock::new();
static LOGGED: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

/// Enables the log from now on, if the variable is set in this process.
pub(crate) fn enable_if_configured() {
    let file = FILE.get_or_init(|| std::env::var_os(LOG_FILE_VARIABLE).map(PathBuf::from));
    if file.is_some() {
        set_default_instrumentation(|| Some(Box::new(log_statement) as Box<dyn Instrumentation>)).unwrap();
    }
}

fn log_statement(event: InstrumentationEvent<'_>) {
    // Tests call the provider on threads of their own, and housekeeping has named ones. All other threads serve
    // requests, or list what an administrator asks for.
    let is_logged = thread::current()
        .name()
        .is_some_and(|name| name.starts_with("tokio") || name.starts_with("actix") || name == "listing");
    let (InstrumentationEvent::StartQuery { query, .. }, true) = (event, is_logged) else {
        return;
    };
    let text = query.to_string();
    let statement = text.split(" -- binds: ").next().unwrap().replace('\n', " ");
    let is_new = LOGGED.lock().unwrap().insert(statement.clone());
    if let (true, Some(Some(path))) = (is_new, FILE.get()) {
        let mut file = OpenOptions::new().append(true).create(true).open(path).unwrap();
        file.write_all(format!("{statement}\n").as_bytes()).unwrap();
    }
}
