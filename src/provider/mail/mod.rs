//! Mail to people: queued with the change that it tells of, and sent by the worker of jobs.

mod deliver;
mod queue;
mod test_mail;
