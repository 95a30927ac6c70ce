//! What is accepted as somebody's new password.

use crate::{
    credential::{PasswordContext, password::Password, rules::PasswordRules},
    model::user::{Email, NameComponents, User, UserName},
    provider::core::Provider,
};

pub use crate::credential::rules::BadPassword;

/// For whom a password is new.
#[derive(Clone, Copy, Debug)]
pub struct PasswordOwner<'a> {
    pub email: &'a Email,
    pub names: &'a NameComponents,
    pub user_name: Option<&'a UserName>,
}

impl<'a> From<&'a User> for PasswordOwner<'a> {
    fn from(user: &'a User) -> Self {
        Self {
            email: &user.email,
            names: &user.names,
            user_name: user.user_name.as_ref(),
        }
    }
}

impl Provider {
    /// Parses a new password of `owner`. It may be made of nothing that anybody knows of them, of `organisation` or of
    /// our address.
    pub fn parse_new_password(
        &self,
        input: &str,
        owner: PasswordOwner<'_>,
        organisation: &str,
    ) -> Result<Password, BadPassword> {
        let site_names = [organisation, self.endpoints().base.host()];
        let context = PasswordContext::new(owner.email, owner.names, owner.user_name, &site_names);
        Password::parse_new(input, self.password_rules(), &context)
    }

    /// The fewest characters of a new password.
    pub fn min_password_length(&self) -> usize {
        self.password_rules().min_characters()
    }

    /// Nobody has a second factor here.
    fn password_rules(&self) -> PasswordRules {
        PasswordRules::only_factor(self.policy().min_password_length)
    }
}
