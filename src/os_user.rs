//! Users of the operating system: whom this process acts as, and who typed the command.

use std::{fs, os::unix::fs::MetadataExt, path::Path};

/// A user of the operating system.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct OsUser {
    pub uid: u32,
    /// The primary group.
    pub gid: u32,
    /// A name, or `#` and the uid.
    pub name: String,
}

/// The user that this process acts as.
pub fn effective_uid() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// The owner of `path` if this process acts as root and that is somebody else.
pub fn other_owner_seen_by_root(path: &Path) -> Option<OsUser> {
    if effective_uid() != 0 {
        return None;
    }
    let metadata = fs::metadata(path).ok().filter(|metadata| metadata.uid() != 0)?;
    let passwd = fs::read_to_string("/etc/passwd").unwrap_or_default();
    Some(find_user(&passwd, metadata.uid()).unwrap_or_else(|| OsUser {
        uid: metadata.uid(),
        gid: metadata.gid(),
        name: format!("#{}", metadata.uid()),
    }))
}

/// Whether nobody but root can put another directory in the place of `path`: it is absolute, and each directory above it
/// belongs to root and cannot be written to by others, unless what is in it is safe from them (as in `/tmp`).
pub fn only_root_can_replace(path: &Path) -> bool {
    const WRITABLE_BY_OTHERS: u32 = 0o022;
    const STICKY: u32 = 0o1000;
    path.is_absolute()
        && path.ancestors().skip(1).all(|folder| {
            fs::metadata(folder).is_ok_and(|metadata| {
                let mode = metadata.mode();
                metadata.uid() == 0 && (mode & WRITABLE_BY_OTHERS == 0 || mode & STICKY != 0)
            })
        })
}

/// The name of the user that this process acts as.
pub fn own_name() -> String {
    user_name(effective_uid())
}

/// The user of the operating system who runs this command, and as which user if that is another: `anna as hallpass`.
/// The login uid that the kernel recorded takes precedence over the variables that sudo sets.
pub fn operator() -> String {
    format_operator(&own_name(), invoker().as_deref())
}

/// Whom the kernel, sudo or doas recorded as the user who typed this command.
#[expect(clippy::disallowed_methods, reason = "the invoker of sudo is not a setting")]
pub fn invoker() -> Option<String> {
    let login = fs::read_to_string("/proc/self/loginuid").ok();
    let login = login
        .and_then(|text| text.trim().parse::<u32>().ok())
        .filter(|uid| *uid != u32::MAX)
        .map(user_name);
    login.or_else(|| {
        let variables = ["SUDO_USER", "DOAS_USER"].into_iter();
        variables
            .filter_map(|name| std::env::var(name).ok())
            .find(|name| !name.is_empty())
    })
}

fn format_operator(own_user: &str, invoker: Option<&str>) -> String {
    match invoker {
        Some(person) if person != own_user => {
            let person: String = person.chars().take(64).collect();
            format!("{person} as {own_user}")
        }
        Some(_) | None => own_user.to_owned(),
    }
}

/// The user's name, or what `sudo -u` accepts in its place.
pub fn user_name(uid: u32) -> String {
    let passwd = fs::read_to_string("/etc/passwd").unwrap_or_default();
    find_user(&passwd, uid).map_or_else(|| format!("#{uid}"), |user| user.name)
}

fn find_user(passwd: &str, uid: u32) -> Option<OsUser> {
    passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        if fields.nth(1)?.parse() != Ok(uid) {
            return None;
        }
        let gid = fields.next()?.parse().ok()?;
        Some(OsUser {
            uid,
            gid,
            name: name.to_owned(),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uid_is_resolved_to_a_name() {
        let passwd =
            "root:x:0:0:root:/root:/bin/bash\n\nhallpass:x:998:997::/var/lib/hallpass:/usr/sbin/nologin\n";
        let hallpass = OsUser {
            uid: 998,
            gid: 997,
            name: "hallpass".to_owned(),
        };
        assert_eq!(find_user(passwd, 998), Some(hallpass));
        assert_eq!(find_user(passwd, 99), None);
    }

    #[test]
    fn the_operator_is_known_behind_sudo() {
        assert_eq!(format_operator("hallpass", Some("anna")), "anna as hallpass");
        assert_eq!(format_operator("root", Some("root")), "root");
        assert_eq!(format_operator("#1000", None), "#1000");
        assert_eq!(
            format_operator("root", Some(&"x".repeat(100))).len(),
            64 + " as root".len()
        );
        assert!(!operator().is_empty());
    }
}
