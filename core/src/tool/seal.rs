//! Cookies made for a test or a move.

use alloc::{
    borrow::ToOwned,
    format,
    string::{String, ToString},
    vec::Vec,
};
use core::fmt::Write;

use super::{kind::Kind, open::box_key, settings::Settings};
use crate::{
    crypto::{Digest, secretbox},
    encoding::{base64, percent_encode},
    entropy::{Entropy, draw, random_id},
    error::{ConfigError, Reason, SealError},
    format::{Cipher, IronKey, IronSeal, SealContext, iron_seal, keygrip_sign},
    keyring::Keyring,
    meta::Meta,
    payload::{
        Dialect, Text, Writer, scan,
        tree::{Map, Node, Value},
    },
};

/// Why there is no cookie: the settings', or what should go into it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MintError {
    /// The keys or the settings do not fit the format.
    Config(ConfigError),
    /// The payload can't be a session of the format.
    Seal(SealError),
}

impl From<ConfigError> for MintError {
    fn from(error: ConfigError) -> Self {
        Self::Config(error)
    }
}

impl From<SealError> for MintError {
    fn from(error: SealError) -> Self {
        Self::Seal(error)
    }
}

/// A session for a cookie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    /// JSON; for the formats with an id, the id, or nothing for a new one.
    pub body: String,
    /// How the JSON is spelled.
    pub dialect: Dialect,
    /// Times, id and user, as far as the format carries them.
    pub meta: Meta,
}

/// The cookies, by name and value: one, or two where the signature lies beside it.
pub fn mint(
    kind: Kind,
    settings: &Settings<'_>,
    keys: &Keyring,
    content: &Content,
    entropy: &mut dyn Entropy,
) -> Result<Vec<(String, String)>, MintError> {
    let name = settings.name.unwrap_or("session");
    let body = if kind.is_id() { id(content, entropy)? } else { respelled(kind, content)? };
    let value = match kind {
        Kind::FastifySession => fastify(&body, keys),
        Kind::CookieSession | Kind::KoaSession => return Ok(beside(kind, name, &body, content, keys)),
        Kind::Iron | Kind::IronSession => iron(kind, &body, content, keys, entropy)?,
        Kind::SecureSession => secure(&body, keys, entropy)?,
        Kind::Id | Kind::DjangoId | Kind::UuidId => body,
        Kind::Jwt | Kind::Paseto => {
            let message = format!("a cookie of the format {} can't be made: choose another", kind.name());
            return Err(ConfigError::new("option", message).into());
        }
        _ => {
            let format = settings.spec(kind).build(keys)?;
            format.seal(&SealContext { name, body: &body, meta: &content.meta }, entropy)?
        }
    };
    Ok(Vec::from([(name.to_owned(), value)]))
}

fn id(content: &Content, entropy: &mut dyn Entropy) -> Result<String, SealError> {
    if content.body.is_empty() {
        return Ok(random_id(entropy, crate::format::Id::BYTES)?);
    }
    let is_plain = |byte: u8| byte.is_ascii_graphic() && !b"\",;\\".contains(&byte);
    if !content.body.bytes().all(is_plain) {
        return Err(SealError::new(Reason::Malformed, "an id must be plain ASCII without spaces and ;,\"\\"));
    }
    Ok(content.body.clone())
}

fn first(keys: &Keyring) -> &[u8] {
    keys.iter().next().unwrap_or_default()
}

fn fastify(id: &str, keys: &Keyring) -> String {
    let signature = keygrip_sign(Digest::Sha256, first(keys), id.as_bytes());
    percent_encode(&format!("{id}.{}", signature.replace('-', "+").replace('_', "/")))
}

/// koa-session has its end inside, or says that there is none.
fn beside(kind: Kind, name: &str, body: &str, content: &Content, keys: &Keyring) -> Vec<(String, String)> {
    let mut body = body.to_owned();
    if kind == Kind::KoaSession && !body.contains("\"_expire\"") && !body.contains("\"_session\"") {
        let issued = content.meta.issued.unwrap_or_default();
        let mark = content.meta.expires.map_or_else(
            || "\"_session\":true".to_string(),
            |end| format!("\"_expire\":{},\"_maxAge\":{}", end.0, end.0.saturating_sub(issued.0)),
        );
        let comma = if body == "{}" { "" } else { "," };
        body.truncate(body.len() - 1);
        let _ = write!(body, "{comma}{mark}}}");
    }
    let value = base64(body.as_bytes());
    let signature = keygrip_sign(Digest::Sha1, first(keys), format!("{name}={value}").as_bytes());
    Vec::from([(name.to_owned(), value), (format!("{name}.sig"), signature)])
}

fn iron(
    kind: Kind,
    body: &str,
    content: &Content,
    keys: &Keyring,
    entropy: &mut dyn Entropy,
) -> Result<String, MintError> {
    let password = first(keys);
    if password.len() < 32 {
        let message = "iron needs a secret of at least 32 bytes: make one with `shortcrust keygen`";
        return Err(ConfigError::new("secret", message).into());
    }
    let mut salt = || -> Result<String, SealError> { Ok(hex(&draw::<32>(entropy)?)) };
    let (salt, mac_salt) = (salt()?, salt()?);
    let iv: [u8; 16] = draw(entropy).map_err(SealError::from)?;
    let expiration = content.meta.expires.map_or_else(String::new, |end| end.0.to_string());
    let is_sessions = kind == Kind::IronSession;
    let seal = IronSeal {
        payload: body.as_bytes(),
        password_id: if is_sessions { "1" } else { "" },
        salt: &salt,
        iv: &iv,
        expiration: &expiration,
        mac_salt: &mac_salt,
    };
    let key = IronKey::Password { password, iterations: 1 };
    let token = iron_seal(Cipher::Aes256Cbc, key, key, &seal)
        .ok_or_else(|| SealError::new(Reason::Internal, "the cipher refused its key"))?;
    Ok(if is_sessions { format!("{token}~2") } else { token })
}

pub(super) fn hex(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        let _ = write!(out, "{byte:02x}");
    }
    out
}

/// The time of writing is in the session, as @fastify/secure-session has it.
fn secure(body: &str, keys: &Keyring, entropy: &mut dyn Entropy) -> Result<String, SealError> {
    let nonce: [u8; secretbox::NONCE] = draw(entropy)?;
    let boxed = secretbox::seal(&box_key(first(keys)), &nonce, body.as_bytes());
    Ok(percent_encode(&format!("{};{}", base64(&boxed), base64(&nonce))))
}

/// The payload as the format's framework would spell it. What only a tag can say becomes what JSON has: a tuple a list,
/// everything else its text.
fn respelled(kind: Kind, content: &Content) -> Result<String, SealError> {
    let refused = |reason| SealError::new(reason, "the payload is not a JSON object, or nests too deep");
    let facts = scan(&content.body, content.dialect).map_err(refused)?;
    if facts.non_finite && !matches!(kind, Kind::Flask | Kind::Starlette | Kind::Django) {
        return Err(SealError::not_finite());
    }
    let tags = content.dialect == Dialect::Tagged;
    let node = Node::parse(&content.body, tags).map_err(refused)?;
    let writer = Writer::new(true);
    let writer = if kind == Kind::Starlette { writer.spaced() } else { writer };
    let to_tags = super::inspect::dialect(kind) == Dialect::Tagged;
    let mut speller = Speller { text: &content.body, to_tags, writer };
    speller.node(&node);
    let mut body = speller.writer.finish();
    if let (Kind::SecureSession, Some(issued), false) = (kind, content.meta.issued, body.contains("\"__ts\""))
    {
        let comma = if body == "{}" { "" } else { "," };
        body.truncate(body.len() - 1);
        let _ = write!(body, "{comma}\"__ts\":{}}}", issued.secs());
    }
    Ok(body)
}

struct Speller<'t> {
    text: &'t str,
    to_tags: bool,
    writer: Writer,
}

/// Depth is bounded by the reader: 200 levels.
impl Speller<'_> {
    fn node(&mut self, node: &Node) {
        match &node.value {
            Value::Map(map) => self.map(map),
            Value::Tuple(items) if self.to_tags => {
                self.writer.begin_tuple();
                self.items(items);
                self.writer.end_tuple();
            }
            Value::List(items) | Value::Tuple(items) => {
                self.writer.begin_list();
                self.items(items);
                self.writer.end_list();
            }
            Value::Bytes(_) | Value::Datetime(..) | Value::Markup(_) | Value::Uuid(_) if self.to_tags => {
                self.writer.raw(&self.text[node.range.clone()]);
            }
            Value::Text(text) | Value::Datetime(text, _) | Value::Markup(text) => {
                self.writer.text(Text::from(text.as_slice()));
            }
            Value::Bytes(bytes) => self.writer.text(Text::Utf8(&base64(bytes))),
            Value::Uuid(bytes) => self.writer.text(Text::Utf8(&uuid(*bytes))),
            Value::Bool(_) | Value::Null | Value::Number(_) => {
                self.writer.raw(&self.text[node.range.clone()]);
            }
        }
    }

    fn items(&mut self, items: &[Node]) {
        for item in items {
            self.node(item);
        }
    }

    fn map(&mut self, map: &Map) {
        let only = match map.entries() {
            [entry] if self.to_tags => Some(Text::from(entry.key.as_slice())),
            _ => None,
        };
        let scope = self.writer.begin_map(only);
        for entry in map.entries() {
            self.writer.key(scope, Text::from(entry.key.as_slice()));
            self.node(&entry.value);
        }
        self.writer.end_map(scope);
    }
}

fn uuid(bytes: [u8; 16]) -> String {
    let digits = hex(&bytes);
    [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]].join("-")
}
