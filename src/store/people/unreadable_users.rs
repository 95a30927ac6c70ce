//! People whose rows this version cannot read.

use diesel::prelude::*;

use crate::{
    model::user::User,
    store::{connection::Tx, database::Store, error::Error, people::users::Row, schema::users},
};

/// How many rows are read at once.
const PAGE: i64 = 1000;

impl Store {
    /// Reads everybody, and returns what is wrong with the rows that cannot be read, `limit` of them at most.
    pub fn unreadable_users(&self, limit: usize) -> Result<Vec<String>, Error> {
        let mut faults = Vec::new();
        let mut after = String::new();
        while faults.len() < limit {
            let ids = self.read(|tx| tx.user_ids_after(&after))?;
            let Some(last) = ids.last() else {
                break;
            };
            last.clone_into(&mut after);
            match self.read(|tx| tx.faults_of_users(&ids)) {
                Ok(found) => faults.extend(found),
                // A value that is not even of its column's type spoils the whole page.
                Err(error) if error.is_unreadable() => {
                    for id in &ids {
                        match self.read(|tx| tx.faults_of_users(std::slice::from_ref(id))) {
                            Ok(found) => faults.extend(found),
                            Err(error) if error.is_unreadable() => {
                                faults.push(format!("users {id} cannot be read"));
                            }
                            Err(error) => return Err(error),
                        }
                    }
                }
                Err(error) => return Err(error),
            }
        }
        faults.truncate(limit);
        Ok(faults)
    }
}

impl Tx {
    fn user_ids_after(&mut self, after: &str) -> Result<Vec<String>, Error> {
        Ok(users::table
            .filter(users::id.gt(after))
            .order(users::id)
            .limit(PAGE)
            .select(users::id)
            .load(&mut self.0)?)
    }

    fn faults_of_users(&mut self, ids: &[String]) -> Result<Vec<String>, Error> {
        let rows = users::table
            .filter(users::id.eq_any(ids))
            .select(Row::as_select())
            .load(&mut self.0)?;
        Ok(rows
            .into_iter()
            .filter_map(|row| User::try_from(row).err())
            .map(|error| error.to_string())
            .collect())
    }
}
