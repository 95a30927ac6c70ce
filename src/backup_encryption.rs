//! Encrypts and decrypts backups in the age format (age-encryption.org/v1), which the program `age` reads and writes too.

use std::{
    fmt,
    fs::File,
    io::{self, BufReader, Read, Write},
    path::Path,
    str::FromStr,
};

use age::{DecryptError, Decryptor, EncryptError, Encryptor, Identity, IdentityFile, secrecy::SecretString};

use crate::model::secret::Secret;

/// How much scrypt works on a passphrase: 2 to the power of this, 128 MB of memory, about half a second.
const SCRYPT_LOG_N: u8 = 17;
/// What a file may ask of us: 4 GB of memory.
const MAX_SCRYPT_LOG_N: u8 = 22;
const CHUNK_LEN: usize = 64 * 1024;

/// A public key that a backup is encrypted to: `age1…`.
#[derive(Clone)]
pub struct Recipient(age::x25519::Recipient);

impl FromStr for Recipient {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        text.parse()
            .map(Self)
            // The text itself is not repeated: it may be a private key, and the line may go to a log.
            .map_err(|_parser_says_little| {
                if text
                    .trim_start()
                    .to_ascii_uppercase()
                    .starts_with("AGE-SECRET-KEY")
                {
                    Error::PrivateKeyAsRecipient
                } else {
                    Error::BadRecipient
                }
            })
    }
}

impl fmt::Debug for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Recipient({})", self.0)
    }
}

/// The recipients of a file with one in each line, as `age -R` reads it: empty lines and those that begin with `#` are
/// comments.
pub fn parse_recipients(text: &str) -> Result<Vec<Recipient>, Error> {
    text.lines()
        .map(str::trim)
        .zip(1..)
        .filter(|(line, _)| !line.is_empty() && !line.starts_with('#'))
        .map(|(text, line)| {
            text.parse().map_err(|source| Error::RecipientLine {
                line,
                source: Box::new(source),
            })
        })
        .collect()
}

/// What a backup is encrypted to.
#[derive(Debug)]
pub enum Lock {
    Passphrase(Secret<String>),
    /// Whoever has one of the keys can read it. At least one.
    Recipients(Vec<Recipient>),
}

/// What a backup is decrypted with.
#[derive(Debug)]
pub enum Unlock {
    Passphrase(Secret<String>),
    /// The text of a file with private keys, as `age-keygen` writes it.
    Identities(Secret<String>),
}

/// Why a backup cannot be encrypted or decrypted.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(
        "this is not a complete public key of age: one begins with age1 and has 62 characters; copy it again"
    )]
    BadRecipient,
    #[error(
        "this is a private key, which must not be on this machine: anybody who has it can open every backup. Make a new pair with age-keygen elsewhere, and give the public key, which begins with age1"
    )]
    PrivateKeyAsRecipient,
    #[error("line {line}: {source}")]
    RecipientLine {
        /// From 1.
        line: usize,
        source: Box<Self>,
    },
    #[error("there is no public key to encrypt to")]
    NoRecipient,
    #[error("this is no file of private keys, as age-keygen writes it: {0}")]
    BadIdentities(String),
    #[error("this file is not encrypted with age, so it is not a backup of Hallpass")]
    NotEncrypted,
    #[error("the passphrase is wrong")]
    WrongPassphrase,
    #[error("none of the given private keys fits: the backup was encrypted to another one")]
    NoMatchingKey,
    #[error("the backup was encrypted with a passphrase, not to a public key")]
    NeedsPassphrase,
    #[error("the backup was encrypted to a public key, not with a passphrase")]
    NeedsKey,
    #[error("the backup was cut short or changed: it ends or differs after {0} bytes of its content")]
    Damaged(u64),
    #[error("the backup cannot be decrypted: {0}")]
    Other(String),
    /// Reading the content, or writing the result.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Encrypts everything in `plain`.
pub fn encrypt(plain: &mut impl Read, lock: &Lock, into: &mut impl Write) -> Result<(), Error> {
    let encryptor = match lock {
        Lock::Passphrase(passphrase) => {
            let mut recipient = age::scrypt::Recipient::new(secret_string(passphrase));
            recipient.set_work_factor(SCRYPT_LOG_N);
            Encryptor::with_recipients(std::iter::once(&recipient as &dyn age::Recipient))
        }
        Lock::Recipients(recipients) => {
            let recipients = recipients
                .iter()
                .map(|recipient| &recipient.0 as &dyn age::Recipient);
            Encryptor::with_recipients(recipients)
        }
    };
    let encryptor = encryptor.map_err(|why| match why {
        EncryptError::MissingRecipients => Error::NoRecipient,
        other @ (EncryptError::EncryptedIdentities(_)
        | EncryptError::IncompatibleRecipients { .. }
        | EncryptError::InvalidRecipientLabels(_)
        | EncryptError::Io(_)
        | EncryptError::MixedRecipientAndPassphrase) => Error::Other(other.to_string()),
    })?;
    let mut sealed = encryptor.wrap_output(into)?;
    io::copy(plain, &mut sealed)?;
    sealed.finish()?;
    Ok(())
}

/// A file that was encrypted; nothing of its content is known yet.
pub struct EncryptedFile(Decryptor<BufReader<File>>);

impl fmt::Debug for EncryptedFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EncryptedFile")
    }
}

impl EncryptedFile {
    pub fn open(path: &Path) -> Result<Self, Error> {
        let file = File::open(path)?;
        match Decryptor::new_buffered(BufReader::new(file)) {
            Ok(decryptor) => Ok(Self(decryptor)),
            Err(DecryptError::Io(error)) if error.kind() != io::ErrorKind::UnexpectedEof => {
                Err(Error::Io(error))
            }
            Err(_) => Err(Error::NotEncrypted),
        }
    }

    /// Whether a passphrase opens it; else a private key does.
    pub fn needs_passphrase(&self) -> bool {
        self.0.is_scrypt()
    }

    /// Opens it; nothing is written before `unlock` is known to fit.
    pub fn unlock(self, unlock: &Unlock) -> Result<DecryptedReader, Error> {
        let reader = match (unlock, self.needs_passphrase()) {
            (Unlock::Passphrase(_), false) => return Err(Error::NeedsKey),
            (Unlock::Identities(_), true) => return Err(Error::NeedsPassphrase),
            (Unlock::Passphrase(passphrase), true) => {
                let mut identity = age::scrypt::Identity::new(secret_string(passphrase));
                identity.set_max_work_factor(MAX_SCRYPT_LOG_N);
                self.0.decrypt(std::iter::once(&identity as &dyn Identity))
            }
            (Unlock::Identities(text), false) => {
                let identities = IdentityFile::from_buffer(text.expose().as_bytes())
                    .map_err(|why| Error::BadIdentities(why.to_string()))?
                    .into_identities()
                    .map_err(|why| Error::BadIdentities(why.to_string()))?;
                self.0
                    .decrypt(identities.iter().map(|identity| &**identity as &dyn Identity))
            }
        };
        match reader {
            Ok(reader) => Ok(DecryptedReader(Box::new(reader))),
            Err(DecryptError::NoMatchingKeys) => Err(Error::NoMatchingKey),
            Err(DecryptError::DecryptionFailed | DecryptError::KeyDecryptionFailed) => {
                Err(Error::WrongPassphrase)
            }
            Err(other) => Err(Error::Other(other.to_string())),
        }
    }
}

/// The content of a backup.
pub struct DecryptedReader(Box<dyn Read>);

impl fmt::Debug for DecryptedReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DecryptedReader")
    }
}

impl DecryptedReader {
    /// Writes all of the content. Each chunk is checked before it is written, and the last one proves that nothing is
    /// missing.
    pub fn write_to(mut self, into: &mut impl Write) -> Result<(), Error> {
        let (mut chunk, mut written) = (vec![0; CHUNK_LEN], 0_u64);
        loop {
            let length = match self.0.read(&mut chunk) {
                Ok(0) => return Ok(()),
                Ok(length) => length,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                // The system's own errors have a number; those of the format have none.
                Err(error) if error.raw_os_error().is_some() => return Err(Error::Io(error)),
                Err(_) => return Err(Error::Damaged(written)),
            };
            into.write_all(chunk.get(..length).unwrap_or_default())?;
            written += u64::try_from(length).unwrap_or_default();
        }
    }
}

fn secret_string(secret: &Secret<String>) -> SecretString {
    SecretString::from(secret.expose().clone())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use age::secrecy::ExposeSecret;

    use super::*;

    fn sealed(lock: &Lock, content: &[u8]) -> (tempfile::TempDir, std::path::PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("backup.age");
        let mut file = File::create(&path).unwrap();
        encrypt(&mut &*content, lock, &mut file).unwrap();
        (dir, path)
    }

    fn opened(path: &Path, unlock: &Unlock) -> Result<Vec<u8>, Error> {
        let mut content = Vec::new();
        EncryptedFile::open(path)?
            .unlock(unlock)?
            .write_to(&mut content)?;
        Ok(content)
    }

    fn passphrase(text: &str) -> Secret<String> {
        Secret::new(text.to_owned())
    }

    #[test]
    fn a_passphrase_opens_what_it_has_locked_and_no_other_does() {
        let content = vec![7; 200_000];
        let (_dir, path) = sealed(&Lock::Passphrase(passphrase("one two")), &content);
        assert!(EncryptedFile::open(&path).unwrap().needs_passphrase());
        assert_eq!(
            opened(&path, &Unlock::Passphrase(passphrase("one two"))).unwrap(),
            content
        );
        let wrong = opened(&path, &Unlock::Passphrase(passphrase("one too")));
        assert!(matches!(wrong, Err(Error::WrongPassphrase)), "{wrong:?}");
        let key = opened(&path, &Unlock::Identities(passphrase("x")));
        assert!(matches!(key, Err(Error::NeedsPassphrase)), "{key:?}");
    }

    #[test]
    fn a_private_key_opens_what_was_locked_to_its_public_key_and_damage_is_noticed() {
        let (own, other) = (
            age::x25519::Identity::generate(),
            age::x25519::Identity::generate(),
        );
        let list = format!("# of the safe\n\n{}\n", own.to_public());
        let lock = Lock::Recipients(parse_recipients(&list).unwrap());
        let content = vec![7; 200_000];
        let (_dir, path) = sealed(&lock, &content);
        let unlock =
            |key: &age::x25519::Identity| Unlock::Identities(passphrase(key.to_string().expose_secret()));
        assert_eq!(opened(&path, &unlock(&own)).unwrap(), content);
        let wrong = opened(&path, &unlock(&other));
        assert!(matches!(wrong, Err(Error::NoMatchingKey)), "{wrong:?}");

        let whole = fs::read(&path).unwrap();
        for length in [whole.len() - 1, whole.len() / 2, whole.len() - 70_000] {
            fs::write(&path, &whole[..length]).unwrap();
            let cut = opened(&path, &unlock(&own));
            assert!(matches!(cut, Err(Error::Damaged(_))), "{length}: {cut:?}");
        }
        let mut changed = whole.clone();
        changed[150_000] ^= 1;
        fs::write(&path, changed).unwrap();
        let changed = opened(&path, &unlock(&own));
        assert!(matches!(changed, Err(Error::Damaged(131_072))), "{changed:?}");
        fs::write(&path, "SQLite format 3\0").unwrap();
        let foreign = opened(&path, &unlock(&own));
        assert!(matches!(foreign, Err(Error::NotEncrypted)), "{foreign:?}");
    }

    #[test]
    fn what_is_no_key_is_named() {
        let why = parse_recipients("# ours\nage1nonsense").unwrap_err().to_string();
        assert!(
            why.starts_with("line 2: ") && why.contains("62 characters"),
            "{why}"
        );
        let private = age::x25519::Identity::generate().to_string();
        let why = parse_recipients(private.expose_secret()).unwrap_err().to_string();
        assert!(
            why.contains("private key") && !why.contains("SECRET-KEY-1"),
            "{why}"
        );
        let (_dir, path) = sealed(
            &Lock::Recipients(vec![Recipient(age::x25519::Identity::generate().to_public())]),
            b"x",
        );
        let why = opened(&path, &Unlock::Identities(passphrase("no key")));
        assert!(matches!(why, Err(Error::BadIdentities(_))), "{why:?}");
    }
}
