//! `application_users` and `application_groups`: who may use an application that is not open to everyone.

use diesel::prelude::*;

use crate::{
    model::{
        application::Slug,
        group::Group,
        id::{ApplicationId, GroupId, UserId},
        user::User,
    },
    store::{
        connection::{Tx, with_backend},
        error::{Error, RowContext},
        groups::rows::Row,
        people::users::Row as UserRow,
        schema::{application_groups, application_users, applications, group_members, groups, users},
    },
};

/// To whom an application is assigned.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Assignee {
    User(UserId),
    Group(GroupId),
}

impl Tx {
    /// Assigns an application; returns `false` if it is so already.
    pub fn assign_application(&mut self, application: ApplicationId, to: Assignee) -> Result<bool, Error> {
        let application = application.to_string();
        let rows = match to {
            Assignee::User(user) => {
                let row = (
                    application_users::application_id.eq(application),
                    application_users::user_id.eq(user.to_string()),
                );
                with_backend!(&mut self.0, |c| diesel::insert_into(application_users::table)
                    .values(row)
                    .on_conflict_do_nothing()
                    .execute(c))?
            }
            Assignee::Group(group) => {
                let row = (
                    application_groups::application_id.eq(application),
                    application_groups::group_id.eq(group.to_string()),
                );
                with_backend!(&mut self.0, |c| diesel::insert_into(application_groups::table)
                    .values(row)
                    .on_conflict_do_nothing()
                    .execute(c))?
            }
        };
        Ok(rows == 1)
    }

    /// Takes an assignment back; returns `false` if there is none.
    pub fn unassign_application(
        &mut self,
        application: ApplicationId,
        from: Assignee,
    ) -> Result<bool, Error> {
        let application = application.to_string();
        let rows = match from {
            Assignee::User(user) => {
                diesel::delete(application_users::table.find((application, user.to_string())))
                    .execute(&mut self.0)?
            }
            Assignee::Group(group) => {
                diesel::delete(application_groups::table.find((application, group.to_string())))
                    .execute(&mut self.0)?
            }
        };
        Ok(rows == 1)
    }

    /// The groups that an application is assigned to, by name.
    pub fn assigned_groups(&mut self, application: ApplicationId) -> Result<Vec<Group>, Error> {
        application_groups::table
            .inner_join(groups::table)
            .filter(application_groups::application_id.eq(application.to_string()))
            .order(groups::folded_name)
            .select(Row::as_select())
            .load(&mut self.0)?
            .into_iter()
            .map(Group::try_from)
            .collect()
    }

    /// At most `limit` users that an application is assigned to by themselves, by e-mail address.
    pub fn assigned_users(&mut self, application: ApplicationId, limit: i64) -> Result<Vec<User>, Error> {
        application_users::table
            .inner_join(users::table)
            .filter(application_users::application_id.eq(application.to_string()))
            .order(users::email)
            .limit(limit)
            .select(UserRow::as_select())
            .load(&mut self.0)?
            .into_iter()
            .map(User::try_from)
            .collect()
    }

    /// The applications that are assigned to a user, by themselves or by one of their groups, in no order.
    pub fn applications_assigned_to(&mut self, user: UserId) -> Result<Vec<ApplicationId>, Error> {
        let user = user.to_string();
        let mut ids = application_users::table
            .filter(application_users::user_id.eq(&user))
            .select(application_users::application_id)
            .load::<String>(&mut self.0)?;
        ids.extend(
            group_members::table
                .inner_join(
                    application_groups::table.on(application_groups::group_id.eq(group_members::group_id)),
                )
                .filter(group_members::user_id.eq(&user))
                .select(application_groups::application_id)
                .load::<String>(&mut self.0)?,
        );
        ids.sort_unstable();
        ids.dedup();
        ids.into_iter()
            .map(|id| RowContext::new("application_groups", &id).valid(id.parse()))
            .collect()
    }

    /// The applications that are assigned to a group, by their slugs.
    pub fn applications_of_group(&mut self, group: GroupId) -> Result<Vec<Slug>, Error> {
        application_groups::table
            .inner_join(applications::table.on(applications::id.eq(application_groups::application_id)))
            .filter(application_groups::group_id.eq(group.to_string()))
            .order(applications::slug)
            .select(SlugRow::as_select())
            .load(&mut self.0)?
            .into_iter()
            .map(|SlugRow { id, slug }| {
                RowContext::new("applications", &id)
                    .column("slug")
                    .valid(Slug::parse(&slug))
            })
            .collect()
    }

    /// Whether an application is assigned to a user, by themselves or by one of their groups.
    pub fn is_assigned(&mut self, application: ApplicationId, user: UserId) -> Result<bool, Error> {
        Ok(self.applications_assigned_to(user)?.contains(&application))
    }
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = applications)]
struct SlugRow {
    id: String,
    slug: String,
}
